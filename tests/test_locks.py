"""The locks are complete, and nothing is resolved: what an index offers tomorrow changes no installation."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-fhir.lock"]
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(\[[\w,-]+\])?==(\S+)( ; [^\\\n]+)?", re.MULTILINE)
NEWER = "9999"


def pinned(lock: str) -> dict[str, tuple[str, str]]:
    """Name -> (version, marker) of a lock."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {canonicalize_name(m[1]): (m[3], (m[4] or "").strip(" ;")) for m in PINNED.finditer(text)}


# Complete


def needed(requirements: list[str]) -> Iterator[str]:
    """The names that requirements need here, extras and markers followed through what is installed."""
    todo, seen = [Requirement(r) for r in requirements], set[tuple[str, frozenset[str]]]()
    while todo:
        requirement = todo.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        yield name
        for text in metadata.requires(name) or []:
            further = Requirement(text)
            if further.marker is None or any(further.marker.evaluate({"extra": e}) for e in (*extras, "")):
                todo.append(further)


@pytest.mark.parametrize(("lock", "extras"), [("requirements.lock", []), ("requirements-dev.lock", ["dev"])])
def test_a_lock_pins_everything_that_is_needed(lock: str, extras: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(r for e in extras for r in project["optional-dependencies"][e])]
    assert set(needed(asked)) - set(pinned(lock)) == set()


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


def commands() -> list[str]:
    """Every installation of the Makefile, as make would run it."""
    targets = [".venv/serve.stamp", ".venv/test.stamp", ".venv-fhir/stamp"]
    said = subprocess.run(
        ["make", "--dry-run", "--always-make", *targets], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [line for line in said.splitlines() if " -m pip install " in line or " pip install " in line]


def test_every_lock_is_installed_as_it_stands() -> None:
    installs = [line for line in commands() if ".lock" in line]
    assert {lock for line in installs for lock in LOCKS if line.endswith(f" {lock}")} == set(LOCKS)
    for line in installs:
        assert {"--require-hashes", "--no-deps"} <= set(line.split()), line
    (editable,) = [line for line in commands() if ".lock" not in line]
    assert {"--no-deps", "--no-build-isolation"} <= set(editable.split())


def stub(folder: Path, name: str, version: str, requires: list[str]) -> str:
    """An empty wheel with these requirements; its hash."""
    safe = name.replace("-", "_")
    path = folder / f"{safe}-{version}-py3-none-any.whl"
    info = f"{safe}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {r}\n" for r in requires)
    extras = {e for r in requires for e in re.findall(r"extra == ['\"]([\w-]+)['\"]", r)}
    provides = "".join(f"Provides-Extra: {e}\n" for e in sorted(extras))
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{provides}{needs}"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index with what the dev lock pins, and a newer release of everything; and that lock with its hashes."""
    folder = tmp_path_factory.mktemp("index")
    lines = []
    for name, (version, marker) in pinned("requirements-dev.lock").items():
        try:
            requires = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # of another platform
            requires = []
        digest = stub(folder, name, version, requires)
        stub(folder, name, NEWER, [])
        lines.append(f"{name}=={version}{f' ; {marker}' if marker else ''} --hash=sha256:{digest}")
    (folder / "stub.lock").write_text("\n".join(lines), encoding="utf-8")
    return folder


def install(index: Path, folder: Path, flags: list[str]) -> subprocess.CompletedProcess[str]:
    """Into an empty environment with its own pip, from this index only."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    asked = [*flags, "--no-index", "--find-links", str(index), "-r", str(index / "stub.lock")]
    return subprocess.run([python, "-m", "pip", "install", *asked], capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="the Makefile is for systems with bin/")
def test_a_newer_release_of_everything_changes_no_installation(index: Path, tmp_path: Path) -> None:
    (line,) = [each for each in commands() if each.endswith(" requirements-dev.lock")]
    flags = [word for word in line.split() if word.startswith("--")]
    done = install(index, tmp_path / "env", flags)
    assert done.returncode == 0, done.stderr
    site = tmp_path / "env" / "lib"
    assert not list(site.rglob(f"*-{NEWER}.dist-info"))
    assert list(site.rglob("coverage-*.dist-info"))


def test_the_same_installation_with_resolving_fails(index: Path, tmp_path: Path) -> None:
    """What broke once: an extra that the lock does not name is looked for anew, and found unpinned."""
    done = install(index, tmp_path / "env", ["--quiet", "--require-hashes"])
    assert done.returncode != 0
    assert "hash" in done.stderr.lower()
