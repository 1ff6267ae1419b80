"""Two versions of the content compared, and the site that opens from disk."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cds_service import fixtures
from cds_service.base.folders import content_root
from cds_service.base.kinds import LANGUAGES
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.tools.cli import main
from cds_service.web.app import create_app
from cds_service.web.openapi import openapi
from cds_service.workbench import situations
from cds_service.workbench.compare import Answers, NotARecording, answers_of, compared, recorded
from cds_service.workbench.export import export_site
from tests.build import NOW

FEW = ("zoledronic-acid-dose-above-row", "denosumab-calcium-low", "chinese-dose-in-words", "nothing-in-scope")


@pytest.fixture(scope="module")
def running(edition: Edition) -> Answers:
    return answers_of(edition)


def ndjson(answers: Answers) -> str:
    lines = ({"name": s, "language": tag, "cards": cards} for (s, tag), cards in answers.items())
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)


def test_the_same_content_differs_in_nothing(running: Answers) -> None:
    found = compared(recorded(ndjson(running)), running)
    assert (found.situations, found.only_old, found.only_new) == ((), (), ())


def test_a_recording_names_its_language_as_anybody_writes_it(running: Answers) -> None:
    others = ndjson(running).replace('"language": "zh-CN"', '"language": "zh"')
    assert others != ndjson(running)
    assert recorded(others).keys() == running.keys()


def test_one_number_changed_concerns_just_the_situations_on_it(
    edition: Edition, running: Answers, tmp_path: Path
) -> None:
    """Table 2 gives 3.3 mg in the row of 40 to 49; another folder says 3.2."""
    folder = tmp_path / "cards"
    shutil.copytree(content_root(), folder)
    file = folder / "recommendations" / "bisphosphonate-renal-dose.yaml"
    text = file.read_text(encoding="utf-8")
    assert len(re.findall(r"dose: 3\.3\b", text)) == 1
    file.write_text(re.sub(r"dose: 3\.3\b", "dose: 3.2", text), encoding="utf-8")
    changed = answers_of(Edition.load(Settings(), folder))
    found = compared(running, changed)
    names = {each.name for each in found.situations}
    assert "zoledronic-acid-dose-above-row" in names
    say = {name for (name, _), cards in running.items() if _ROW.search(json.dumps([_said(c) for c in cards]))}
    order = {each.name for each in fixtures.situations() if _ROW.search(each.request.decode())}
    assert say <= names <= say | order
    # What offers a dose of the table: at the order, and where treatment is begun or changed.
    assert set(found.by_topic) <= {"bisphosphonate-renal-dose", "start-bma", "bisphosphonate-after-second-sre"}
    assert "bisphosphonate-renal-dose" in found.by_topic
    (card,) = next(s for s in found.situations if s.name == "zoledronic-acid-dose-above-row").changes
    summary = next(p for p in card.parts if p.member == "summary")
    assert ("gone", "3.3") in summary.words
    assert ("new", "3.2") in summary.words


_ROW = re.compile(r"(?<!\d)3\.3(?!\d)")


def _said(card: dict[str, Any]) -> list[Any]:
    return [card["summary"], card["detail"], [s["label"] for s in card.get("suggestions", ())]]


def test_new_gone_and_changed_are_told_apart(running: Answers) -> None:
    key = ("zoledronic-acid-dose-above-row", "en")
    (card,) = running[key]
    found = compared({key: ()}, {key: (card,)})
    assert (found.count("new"), found.count("gone"), found.count("changed")) == (1, 0, 0)
    assert compared({key: (card,)}, {key: ()}).count("gone") == 1
    assert compared({key: (card,)}, {key: ({**card, "indicator": "info"},)}).count("changed") == 1
    assert compared({key: (card,), ("x", "en"): ()}, {key: (card,)}).only_old == ("x",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "{",
        "[]",
        "3",
        '{"name": 3, "cards": []}',
        '{"cards": []}',
        '{"name": "x"}',
        '{"name": "x", "cards": [3]}',
        "[" * 5000,
    ],
)
def test_what_is_no_recording_is_told_by_its_line(text: str) -> None:
    with pytest.raises(NotARecording):
        recorded(text)


@pytest.mark.parametrize("card", [{}, {"source": 3}, {"suggestions": [3], "summary": 7}, {"uuid": None, "detail": []}])
def test_odd_cards_of_a_recording_do_no_harm(running: Answers, edition: Edition, card: Any) -> None:
    key = ("zoledronic-acid-dose-above-row", "en")
    line = json.dumps({"name": key[0], "cards": [card]})
    assert compared(recorded(line), {key: running[key]}).count("new") == 1
    client = create_app(Settings(), edition, lambda: NOW).test_client()
    assert client.post("/workbench/compare", data={"recording": line}).status_code == 200


def test_the_page_shows_what_differs_word_by_word(edition: Edition, running: Answers) -> None:
    text = ndjson(running).replace("to 3.3 mg", "to 3.7 mg")
    client = create_app(Settings(), edition, lambda: NOW).test_client()
    page = client.post("/workbench/compare", data={"recording": text}).text
    assert "<del>3.7</del><ins>3.3</ins>" in page
    assert "This is not a recording" in client.post("/workbench/compare", data={"recording": "x"}).text


def test_the_command_says_it_and_ends_with_one(
    quiet: None, running: Answers, edition: Edition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cds_service.edition.Edition.load", lambda *_: edition)
    file = tmp_path / "old.ndjson"
    file.write_text(ndjson(running), encoding="utf-8")
    same = CliRunner().invoke(main, ["diff", str(file), "running"])
    assert (same.exit_code, same.output.splitlines()[0]) == (0, "0 new, 0 gone, 0 changed, in 0 situations")
    file.write_text(ndjson(running).replace("to 3.3 mg", "to 3.7 mg"), encoding="utf-8")
    other = CliRunner().invoke(main, ["diff", str(file)])
    assert other.exit_code == 1
    assert "[-3.7-]{+3.3+}" in other.output
    told = json.loads(CliRunner().invoke(main, ["diff", str(file), "running", "--json"]).output)
    assert told["situations"]
    for wrong in (str(tmp_path / "nowhere"), str(tmp_path)):
        monkeypatch.undo()
        result = CliRunner().invoke(main, ["diff", wrong, str(file)])
        assert result.exit_code == 1
        assert "Traceback" not in result.output


# The site


class Addresses(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.ids: set[str | None] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.ids.add(said.get("id"))
        self.found += [said[name] or "" for name in ("href", "src", "action") if name in said]


@pytest.fixture(scope="module")
def site(edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of a few situations."""
    folder = tmp_path_factory.mktemp("site")
    few = tuple(each for each in situations.catalogue() if each.name in FEW)
    with pytest.MonkeyPatch.context() as patched:
        for module in ("export", "knowledge"):
            patched.setattr(f"cds_service.workbench.{module}.catalogue", lambda: few)
        written = export_site(edition, folder, openapi(edition, feedback=True, open_door=True))
    assert written == len(list(folder.rglob("*.html")))
    return folder


def test_every_link_of_the_export_leads_to_a_file_or_to_a_source(site: Path) -> None:
    pages = {page: Addresses(page.read_text(encoding="utf-8")) for page in site.rglob("*.html")}
    assert len(pages) > 50
    for page, told in pages.items():
        for address in told.found:
            if address.startswith("https://"):
                continue
            path, _, place = address.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.is_file(), (page, address)
            assert site in target.parents
            if place:
                assert place in pages[target].ids, (page, address)


def test_the_export_needs_no_script_and_no_network(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "<script" not in text
        assert not re.findall(r'<(?:link|img)[^>]*"https?:', text)
    assert sorted(p.name for p in (site / "static").iterdir()) == ["bench.css", "icon.svg"]


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_situation_of_the_export_has_its_card_why_and_where_it_changes(site: Path, tag: str) -> None:
    page = (site / tag / "try" / "zoledronic-acid-dose-above-row.html").read_text(encoding="utf-8")
    assert f'<html lang="{tag}">' in page
    assert "0.87 – 1.03" in page
    assert "45.2 mL/min" in page
    assert ("将唑来膦酸改为 3.3 mg" if tag == "zh-CN" else "Change zoledronic acid to 3.3 mg") in page
    assert len(fixtures.names()) > len(FEW)
