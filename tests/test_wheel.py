"""The wheel carries the content and the situations as data of the package, and works without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[1]
USE = """
import cds_service, sys
from pathlib import Path
from cds_service import fixtures
from cds_service.tools.asking import answer_body
from cds_service.edition import Edition
from cds_service.base.folders import content_root, fixtures_root
from cds_service.site.settings import Settings

home = Path(sys.argv[1]).resolve()
for place in (Path(cds_service.__file__), content_root(), fixtures_root()):
    assert home in place.resolve().parents, place
situation = fixtures.load("zoledronic-acid-dose-above-row")
edition = Edition.load(Settings())
story = situation.story
response = answer_body(edition, story.service, situation.request, situation.at, story.language).response
print(len(fixtures.names()), *(card.source.topic.code for card in response.cards))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as ``pip wheel`` would build it, without a build environment to fetch."""
    folder = tmp_path_factory.mktemp("dist")
    (made,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    return Path(made)


@pytest.fixture(scope="module")
def names(wheel: Path) -> Iterator[list[str]]:
    with zipfile.ZipFile(wheel) as archive:
        yield archive.namelist()


def test_nothing_else_importable_is_installed(names: list[str]) -> None:
    tops = {name.split("/", 1)[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"cds_service"}


@pytest.mark.parametrize("folder", ["cards", "fhir_fixtures"])
def test_the_data_are_inside_the_package(names: list[str], folder: str) -> None:
    files = [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    shipped = {f"cds_service/{path.relative_to(ROOT).as_posix()}" for path in files}
    assert shipped
    assert shipped - set(names) == set()


def test_the_package_is_typed_and_licensed(names: list[str]) -> None:
    assert "cds_service/py.typed" in names
    assert {"LICENSE", "NOTICE"} <= {Path(name).name for name in names if ".dist-info/licenses/" in name}
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_an_installed_wheel_answers_a_situation(wheel: Path, tmp_path: Path) -> None:
    """Installed into a folder of its own beside the dependencies of this environment, away from the checkout."""
    home = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(home)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV", "CDS_"))}
    ran = subprocess.run(
        [sys.executable, "-c", USE, str(home)],
        cwd=tmp_path,
        env=env | {"PYTHONPATH": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    count, *topics = ran.stdout.split()
    assert int(count) >= 60
    assert "bisphosphonate-renal-dose" in topics


def test_an_installed_wheel_brings_its_fixtures_to_pytest(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(home)
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "COV", "CDS_"))
    }
    asked = [sys.executable, "-m", "pytest", "-c", os.devnull, "--fixtures", "--rootdir", str(tmp_path), str(tmp_path)]
    ran = subprocess.run(
        asked, cwd=tmp_path, env=env | {"PYTHONPATH": str(home)}, capture_output=True, text=True, check=False
    )
    for name in ("cds_server", "cds_situation", "assert_card"):
        assert name in ran.stdout, ran.stdout + ran.stderr
