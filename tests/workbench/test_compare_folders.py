"""The page Compare with folders of content: which may be chosen, what differs, and the strips of both versions."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.base.folders import content_root
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.web.app import create_app
from cds_service.workbench.contents import Contents
from tests.build import NOW

FIRST = "zoledronic-acid-dose-above-row"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``lower``: 3.2 mg in the row of Table 2 that gives 3.3; ``broken``: an unknown key; ``other``: no content."""
    root = tmp_path_factory.mktemp("versions")
    for name, old, new in (
        ("lower", r"dose: 3\.3\b", "dose: 3.2"),
        ("broken", r"\A", "nobody: knows\n"),
    ):
        shutil.copytree(content_root(), root / name)
        file = root / name / "recommendations" / "bisphosphonate-renal-dose.yaml"
        text, count = re.subn(old, new, file.read_text(encoding="utf-8"), count=1)
        assert count == 1
        file.write_text(text, encoding="utf-8")
    (root / "other").mkdir()
    shutil.copytree(content_root(), root.parent / "outside-7741", dirs_exist_ok=True)
    return root


@pytest.fixture(scope="module")
def client(edition: Edition, folders: Path) -> FlaskClient:
    return create_app(Settings(compare_dir=folders), edition, lambda: NOW).test_client()


def compared(client: FlaskClient, **form: str) -> Any:
    return client.post("/workbench/compare.json", data=form)


def test_only_folders_of_content_are_offered_and_only_where_a_setting_names_them(
    client: FlaskClient, edition: Edition
) -> None:
    page = client.get("/workbench/compare").text
    assert re.findall(r"<option>(\w+)</option>", page) == ["broken", "lower"]
    without = create_app(Settings(), edition, lambda: NOW).test_client()
    assert "CDS_COMPARE_DIR" in without.get("/workbench/compare").text
    assert compared(without, folder="lower").status_code == 404


@pytest.mark.parametrize(
    "name", ["../outside-7741", "/etc", ".", "..", "other", "lower/", "./lower", "lower\x00", "LOWER"]
)
def test_no_path_of_the_browser_is_ever_opened(client: FlaskClient, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("cds_service.workbench.contents.Edition.load", lambda *_: pytest.fail("it was opened"))
    assert compared(client, folder=name).status_code == 404
    strips = client.get("/workbench/compare/strips.json", query_string={"folder": name, "situation": FIRST})
    assert strips.status_code == 404


def test_a_folder_is_compared_in_the_direction_asked_for(client: FlaskClient) -> None:
    older, newer = (compared(client, folder="lower", newer=it).get_json() for it in ("", "folder"))

    def words(found: Any) -> list[list[str]]:
        changes = next(s["changes"] for s in found["difference"]["situations"] if s["name"] == FIRST)
        return [w for part in changes[0]["parts"] if part["member"] == "summary" for w in part["words"]]

    assert {"gone": "3.2", "new": "3.3"}.items() <= {kind: it for kind, it in words(older) if kind != "same"}.items()
    assert {"gone": "3.3", "new": "3.2"}.items() <= {kind: it for kind, it in words(newer) if kind != "same"}.items()
    assert older["version"]
    page = client.post("/workbench/compare", data={"folder": "lower", "newer": "folder"}).text
    assert "<del>3.3</del><ins>3.2</ins>" in page
    assert f"compare/strips?lang=en&amp;situation={FIRST}&amp;folder=lower" in page


def test_the_strips_of_both_versions_stand_one_above_the_other(client: FlaskClient) -> None:
    query = {"folder": "lower", "situation": FIRST, "lang": "en"}
    found = client.get("/workbench/compare/strips.json", query_string=query).get_json()

    dose = next(pair for pair in found["strips"] if pair["running"]["knob"]["key"] == "dose")
    free = [
        [(s["low"], s["high"]) for s in dose[version]["segments"] if s["urgency"] == "none"]
        for version in ("other", "running")
    ]
    assert free == [[("3.2", "3.2")], [("3.3", "3.3")]]
    page = client.get("/workbench/compare/strips", query_string=query).text
    shown = page[page.index('data-beside="dose"') :]
    assert 0 < shown.index("<dt>lower") < shown.index("<dt>Running content")
    # What is alike in both is drawn once, and comes last.
    assert page.index('data-beside="dose"') < page.index("the same in both")


def test_a_folder_that_cannot_run_is_told_with_file_and_line_and_no_path(client: FlaskClient, folders: Path) -> None:
    page = client.post("/workbench/compare", data={"folder": "broken"})
    assert page.status_code == 200
    assert "recommendations/bisphosphonate-renal-dose.yaml" in page.text
    assert str(folders) not in page.text
    strips = client.get("/workbench/compare/strips", query_string={"folder": "broken", "situation": FIRST})
    assert "recommendations/bisphosphonate-renal-dose.yaml" in strips.text


def test_a_situation_that_is_refused_has_no_strips_and_does_no_harm(client: FlaskClient) -> None:
    for name in ("draft-of-another-patient", "nothing-ordered"):
        answer = client.get("/workbench/compare/strips", query_string={"folder": "lower", "situation": name})
        assert (answer.status_code, "states no number" in answer.text) == (200, True)


def test_a_version_is_loaded_again_only_when_its_files_change(
    edition: Edition, folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folders / "lower", tmp_path / "draft")
    contents, loads = Contents(edition, Settings(compare_dir=tmp_path), None), []  # type: ignore[arg-type]
    monkeypatch.setattr("cds_service.workbench.contents.answers_of", lambda _: {})
    monkeypatch.setattr("cds_service.workbench.contents.Edition.load", lambda *_: loads.append(1) or edition)
    contents.version("draft")
    contents.version("draft")
    assert len(loads) == 1
    file = tmp_path / "draft" / "recommendations" / "bisphosphonate-renal-dose.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "# another\n", encoding="utf-8")
    contents.version("draft")
    assert len(loads) == 2
