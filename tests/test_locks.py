"""The locks are complete, and nothing is resolved: what an index offers tomorrow changes no installation."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
# What installs each lock.
LOCKS = {
    "requirements.lock": ".venv/serve.stamp",
    "requirements-dev.lock": ".venv/test.stamp",
    "requirements-fhir.lock": ".venv-fhir/stamp",
    "requirements-supply.lock": "build/supply/stamp",
    "requirements-generated.lock": "build/generated/stamp",
    "requirements-docs.lock": "build/sphinx/stamp",
}
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(\[[\w,-]+\])?==(\S+)( ; [^\\\n]+)?", re.MULTILINE)


def pinned(lock: str) -> dict[str, tuple[str, str]]:
    """Name -> (version, marker) of a lock."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {canonicalize_name(m[1]): (m[3], (m[4] or "").strip(" ;")) for m in PINNED.finditer(text)}


# Complete


Requires = Callable[[str], list[str]]


def requires_here(name: str) -> list[str]:
    return metadata.requires(name) or []


def requires_at(site: Path) -> Requires:
    """What the packages in another environment require."""
    found = {canonicalize_name(d.name): d.requires or [] for d in metadata.distributions(path=[str(site)])}
    return found.__getitem__


def needed(requirements: list[str], requires: Requires = requires_here) -> Iterator[str]:
    """The names that requirements need here, extras and markers followed through what is installed."""
    todo, seen = [Requirement(r) for r in requirements], set[tuple[str, frozenset[str]]]()
    while todo:
        requirement = todo.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        yield name
        for text in requires(name):
            further = Requirement(text)
            if further.marker is None or any(further.marker.evaluate({"extra": e}) for e in (*extras, "")):
                todo.append(further)


@pytest.mark.parametrize(("lock", "extras"), [("requirements.lock", []), ("requirements-dev.lock", ["dev"])])
def test_a_lock_pins_everything_that_is_needed(lock: str, extras: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(r for e in extras for r in project["optional-dependencies"][e])]
    assert set(needed(asked)) - set(pinned(lock)) == set()


def test_the_lock_of_the_fhir_server_pins_everything_that_is_needed() -> None:
    (site,) = (ROOT / ".venv-fhir" / "lib").glob("python*/site-packages")
    lines = (ROOT / "tests" / "fhir_server" / "requirements.in").read_text(encoding="utf-8").splitlines()
    asked = [line for line in lines if line and not line.startswith("#")]
    assert set(needed(asked, requires_at(site))) - set(pinned("requirements-fhir.lock")) == set()


def test_the_npm_lock_names_what_is_installed_by_content() -> None:
    """``npm ci`` refuses what differs from the lock; a package without integrity would be taken as it comes."""
    folder = ROOT / "tests" / "acceptance"
    asked = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    wanted = asked["dependencies"] | asked["optionalDependencies"]
    assert {name: lock[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert [name for name, package in lock.items() if name and not package["integrity"].startswith("sha512-")] == []


def test_what_is_installed_is_what_is_pinned() -> None:
    """Else the test above would judge other packages than a newcomer's."""
    wrong = {}
    for name, (version, marker) in pinned("requirements-dev.lock").items():
        if not marker or Requirement(f"x ; {marker}").marker.evaluate():  # type: ignore[union-attr]  # it has one
            wrong |= {} if metadata.version(name) == version else {name: (metadata.version(name), version)}
    assert wrong == {}


def test_an_editable_install_builds_with_what_is_pinned() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    assert {canonicalize_name(Requirement(r).name) for r in build} | {"editables"} <= set(
        pinned("requirements-dev.lock")
    )


# Nothing resolved


def installations(*targets: str) -> list[str]:
    """Every installation of these targets, as make would run it."""
    said = subprocess.run(
        ["make", "--dry-run", "--always-make", *targets], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [line for line in said.splitlines() if re.search(r" -m pip (--python \S+ )?install ", line)]


def test_there_is_no_other_lock() -> None:
    assert {path.name for path in ROOT.glob("*.lock")} == set(LOCKS)


def test_every_lock_is_installed_as_it_stands() -> None:
    installs = installations(*LOCKS.values(), "build/runtime/stamp")
    (editable,) = [line for line in installs if ".lock" not in line]
    assert {"--no-deps", "--no-build-isolation"} <= set(editable.split())
    installs.remove(editable)
    assert {line.rsplit(maxsplit=1)[1] for line in installs} == set(LOCKS)
    for line in installs:
        # Wheels only: what is built from source is built with whatever build tools are the newest.
        assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(line.split()), line


def test_what_writes_the_locks_is_pinned_and_does_not_need_them() -> None:
    (line,) = installations("lock")
    assert re.search(r" --no-deps .*uv==[0-9.]+$", line), line
    written = {line.rsplit(maxsplit=1)[1] for line in MAKEFILE.splitlines() if "$(COMPILE)" in line}
    assert written == set(LOCKS)


# In an environment that is the reader's own, or by the lock of a checkout that is.
OF_THE_READER = ("pip install pytest PATH_OF_THE_CHECKOUT", "npm ci --ignore-scripts")


def test_nothing_else_installs_packages() -> None:
    """A command in a document or in CI that resolves would work until the next release of anything."""
    files = [
        *ROOT.glob("*.md"),
        *(path for path in (ROOT / "deploy").rglob("*") if path.is_file() and path.suffix != ".png"),
        *(ROOT / ".ci").iterdir(),
        *(ROOT / "cards").glob("*.md"),
    ]
    found = [
        f"{file.name}: {line}"
        for file in files
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.search(r"\b(pip3?|pipx|uv|npm|poetry) (install|add|i|ci)\b", line)
        and not any(command in line for command in OF_THE_READER)
    ]
    assert found == []


NEWER = "9999"
BODY = "whole = True\n"


def stub(folder: Path, name: str, version: str, requires: list[str]) -> str:
    """A wheel of one module with these requirements, as a line of a lock."""
    safe = name.replace("-", "_")
    info = f"{safe}-{version}.dist-info"
    extras = sorted({e for r in requires for e in re.findall(r"extra == ['\"]([\w-]+)['\"]", r)})
    said = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    said += [*(f"Provides-Extra: {e}" for e in extras), *(f"Requires-Dist: {r}" for r in requires)]
    path = folder / f"{safe}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"stub_{safe}.py", BODY)
        wheel.writestr(f"{info}/METADATA", "\n".join(said) + "\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index with what the dev lock pins, and a newer release of everything; and that lock with its hashes."""
    folder = tmp_path_factory.mktemp("index")
    lines = []
    for name, (version, marker) in pinned("requirements-dev.lock").items():
        try:
            requires = requires_here(name)
        except metadata.PackageNotFoundError:  # of another platform
            requires = []
        pin, digest = stub(folder, name, version, requires).split()
        stub(folder, name, NEWER, [])
        lines.append(f"{pin}{f' ; {marker}' if marker else ''} {digest}")
    (folder / "stub.lock").write_text("\n".join(lines), encoding="utf-8")
    return folder


def make(project: Path, index: Path, lock: str, makefile: str = MAKEFILE) -> subprocess.CompletedProcess[str]:
    """``make`` what a server needs of a project with this lock and Makefile, from this index only."""
    (project / "Makefile").write_text(makefile, encoding="utf-8")
    (project / "requirements.lock").write_text(lock, encoding="utf-8")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON", "COV", "MAKE"))}
    env |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index)}
    asked = ["make", f"PYTHON={sys.executable}", ".venv/serve.stamp"]
    return subprocess.run(asked, cwd=project, env=env, capture_output=True, text=True, check=False)


def test_a_newer_release_of_everything_changes_no_installation(index: Path, tmp_path: Path) -> None:
    done = make(tmp_path, index, (index / "stub.lock").read_text(encoding="utf-8"))
    assert done.returncode == 0, done.stderr
    (site,) = (tmp_path / ".venv" / "lib").glob("python*/site-packages")
    assert not list(site.glob(f"*-{NEWER}.dist-info"))
    assert {"coverage", "pytest-cov"} <= {canonicalize_name(d.name) for d in metadata.distributions(path=[str(site)])}


def test_the_same_installation_with_resolving_fails(index: Path, tmp_path: Path) -> None:
    """What broke once: an extra that the lock does not name is looked for anew, and found unpinned."""
    lines = (index / "stub.lock").read_text(encoding="utf-8").splitlines()
    lock = "\n".join(
        line for line in lines if re.match(r"(coverage|pytest-cov|pytest|pluggy|iniconfig|packaging|pygments)=", line)
    )
    assert "--no-deps" in MAKEFILE
    done = make(tmp_path, index, lock, MAKEFILE.replace(" --no-deps", ""))
    assert done.returncode != 0
    assert "coverage[toml]" in done.stderr


def test_an_installation_that_was_broken_off_is_made_anew(tmp_path: Path) -> None:
    """pip takes a package for installed whose files have not all arrived."""
    index = tmp_path / "index"
    index.mkdir()
    lock = "\n".join(stub(index, name, "1", []) for name in ("one", "two"))
    first = make(tmp_path, index, lock)
    assert first.returncode == 0, first.stderr

    broken = make(tmp_path, index, f"{lock}\nthree==1 --hash=sha256:{'0' * 64}")
    assert broken.returncode != 0
    (module,) = (tmp_path / ".venv" / "lib").glob("python*/site-packages/stub_one.py")
    module.unlink()

    again = make(tmp_path, index, lock)
    assert again.returncode == 0, again.stderr
    assert module.read_text(encoding="utf-8") == BODY
