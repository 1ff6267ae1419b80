"""The command line: check, validate, fixture, fixtures and codelists, as someone at a terminal uses them."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cds_service import fixtures
from cds_service.base.clock import local_now
from cds_service.base.complaints import ContentError, SettingsError
from cds_service.base.folders import content_root, fixtures_root
from cds_service.edition import Edition
from cds_service.knowledge.terminology import Terminology
from cds_service.review import pages
from cds_service.tools.dates import all_old
from cds_service.web import serve as server
from tests.build import NOW, Json, bundle, clearance, encoded, order, prefetch, request, zoledronic
from tests.commands import run, run_on

SITUATION = "zoledronic-acid-dose-above-row"


pytestmark = pytest.mark.usefixtures("quiet")


def ok(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def topics(output: str) -> list[str]:
    return [card["source"]["topic"]["code"] for card in json.loads(output)["cards"]]


@pytest.fixture
def body(tmp_path: Path) -> Any:
    """Writes a request to a file."""

    def write(made: Json | bytes) -> str:
        file = tmp_path / "body.json"
        file.write_bytes(made if isinstance(made, bytes) else encoded(made))
        return str(file)

    return write


# check


def test_check_answers_a_situation_as_it_is_expected() -> None:
    assert json.loads(ok("check", SITUATION)) == fixtures.load(SITUATION).response


def test_check_answers_a_file_at_a_stated_time(body: Any) -> None:
    file = body(request(zoledronic(), prefetch=prefetch(laboratory=bundle(clearance(45)))))
    assert "bisphosphonate-renal-dose" in topics(ok("check", file, "--at", NOW.isoformat()))
    late = topics(ok("check", file, "--at", "2027-03-02"))
    assert "renal-function-missing" in late, "a year later the result is too old"


def test_check_takes_the_present_when_nothing_is_said(body: Any) -> None:
    assert topics(ok("check", body(request(order("83367", 20))))) == []


def test_check_speaks_the_language_asked_for() -> None:
    english, chinese = (json.loads(ok("check", SITUATION, "--language", tag)) for tag in ("en", "zh-CN"))
    assert english["cards"][0]["uuid"] == chinese["cards"][0]["uuid"]
    assert not re.search("[\u4e00-\u9fff]", english["cards"][0]["summary"])
    assert re.search("[\u4e00-\u9fff]", chinese["cards"][0]["summary"])


def test_explain_says_in_words_which_rule_said_what_on_which_facts() -> None:
    said = ok("check", SITUATION, "--explain")
    assert "orders zoledronic acid (selected), “zoledronic acid”, dose 4 mg" in said
    assert re.search(r"Creatinine clearance [\d.]+ mL/min", said)
    assert re.search(r"bisphosphonate-renal-dose on \S+: ADVISE \(\w+\) ", said)
    assert re.search(r"dental-exam-before-bma on \S+: no advice\. \w+", said)


def test_explain_says_what_could_not_be_told(body: Any) -> None:
    incomplete = {k: v for k, v in prefetch().items() if k not in ("procedures", "serviceRequests")}
    other = clearance(20, days_ago=1) | {"subject": {"reference": "Patient/other"}}
    broken = clearance(20, days_ago=3) | {"valueQuantity": "x"}
    incomplete["laboratory"] = bundle(other, broken)
    service = {"resourceType": "ServiceRequest", "id": "s", "status": "revoked", "code": {"text": "口腔检查"}}
    unknown = {"resourceType": "ServiceRequest", "id": "u", "code": {"text": "x"}}
    every = {"repeat": {"period": 4, "periodUnit": "wk", "duration": 15, "durationUnit": "min"}}
    drafts = [
        zoledronic(dosageInstruction=[{"text": "every 4 weeks over 15 min IV"}]),
        order("77655", 4, id="timed", dosageInstruction=[{"route": {"text": "IV"}, "timing": every}]),
        order("0", 1, id="other"),
        service,
        unknown,
    ]
    said = ok("check", body(request(*drafts, prefetch=incomplete)), "--at", NOW.isoformat(), "--explain")
    for words in (
        "no dose (its text is not one unmistakable number with a unit)",
        "intravenous, every 28 days, over 15 min",
        "a drug that is not recognised",
        "s stops dental examination",
        "a procedure that is not recognised",
        "Creatinine clearance not known: serum creatinine not among the data sent",
        "Calcium not known: serum calcium not among the data sent",
        "Observation: 1 could not be read",
        "1 resource of another patient was dropped",
        "Not wholly obtained: procedures not obtained",
        "dental-exam-before-bma on order-77655: cannot tell. Missing: procedures not obtained",
    ):
        assert words in said, words


def test_explain_of_nothing_in_scope(body: Any) -> None:
    assert "no rule was asked" in ok("check", body(request(order("83367", 20))), "--explain")


def test_check_of_a_refused_call_shows_the_outcome_and_the_status(body: Any) -> None:
    result = run("check", body(request(zoledronic(), hook="patient-view")), "--at", NOW.isoformat())
    assert result.exit_code == 1
    assert json.loads(result.stdout)["resourceType"] == "OperationOutcome"
    assert "400" in result.stderr
    assert run("check", body(b"{")).exit_code == 1
    assert "404" in run("check", SITUATION, "--service", "nothing").stderr


@pytest.mark.parametrize("command", ["check", "validate"])
def test_a_name_that_is_not_there_is_told_the_three_nearest(command: str) -> None:
    result = run(command, SITUATION.replace("row", "rwo"))
    assert result.exit_code == 1
    near = re.search(r"Near to it: (.*?)\. ", result.stderr)
    assert near
    assert near[1].split(", ")[0] == SITUATION
    assert len(near[1].split(", ")) == 3
    assert set(near[1].split(", ")) <= set(fixtures.names())


def test_a_file_that_is_not_there_is_told_those_beside_it(tmp_path: Path) -> None:
    for name in ("request.json", "notes.txt"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    said = run("check", str(tmp_path / "requst.json")).stderr
    assert f"Near to it: {tmp_path / 'request.json'}." in said
    assert "notes.txt" not in said


def test_the_folder_of_a_situation_is_the_situation_and_another_is_none(tmp_path: Path) -> None:
    assert ok("check", f"{fixtures_root() / SITUATION}/") == ok("check", SITUATION)
    assert "is a folder" in run("check", str(tmp_path)).stderr


def test_standard_input_is_read_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    body = fixtures.load(SITUATION).request
    at = fixtures.load(SITUATION).at.isoformat()
    assert topics(run_on(body, "check", "-", "--at", at).stdout) == topics(ok("check", SITUATION))
    assert run_on(body, "validate", "-").stdout == ok("validate", SITUATION)
    monkeypatch.setattr("os.environ", {"CDS_MAX_BODY_BYTES": "1024"})
    refused = run_on(body, "check", "-")
    assert refused.exit_code == 1
    assert "standard input is larger than 1024 bytes" in refused.stderr


def test_a_request_that_is_kept_too_long_is_told_so_and_a_fresh_one_is_not(body: Any, edition: Edition) -> None:
    situation = fixtures.load(SITUATION)
    file = body(situation.request)
    assert "every date of this request is old: the newest is 2026-03-02" in run("check", file).stderr
    assert run("check", file, "--at", situation.at.isoformat()).stderr == ""
    assert run("check", body(situation.request_at(local_now()))).stderr == ""
    # As old as the shortest look-back, 7 days, and it may be meant as it is.
    for days, old in ((7, False), (8, True)):
        body_of = situation.request_at(NOW - timedelta(days=days))
        assert bool(all_old(body_of, NOW, edition.readers.measurements.windows.values())) is old


@pytest.mark.parametrize("tag", ["zh", "zh-CN", "ZH"])
def test_chinese_is_chinese_however_it_is_written(tag: str) -> None:
    assert ok("check", SITUATION, "--language", tag) == ok("check", SITUATION, "--language", "zh-CN")


def test_a_time_that_is_none_is_refused() -> None:
    result = run("check", SITUATION, "--at", "yesterday")
    assert result.exit_code == 2
    assert "ISO 8601" in result.stderr


# What stops every command


@pytest.mark.parametrize("command", [["check", SITUATION], ["serve"]])
def test_a_setting_that_is_not_understood_is_told(monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    monkeypatch.setattr("os.environ", {"CDS_DEFAULT_LANGUAGE": "tlh"})
    result = run(*command)
    assert result.exit_code == 1
    assert "CDS_DEFAULT_LANGUAGE" in result.stderr
    assert "Traceback" not in result.output


def test_content_that_is_broken_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Edition:
        raise ContentError(Path("cards/x.yaml"), 3, "it is broken", "mend it")

    monkeypatch.undo()
    monkeypatch.setattr(Edition, "load", broken)
    result = run("check", SITUATION)
    assert result.exit_code == 1
    assert "x.yaml" in result.stderr
    assert "mend it" in result.stderr


# validate


def test_validate_names_the_member_and_the_reader_s_verdict(body: Any) -> None:
    broken = clearance(90) | {"valueQuantity": "ninety"}
    result = run("validate", body({"prefetch": {"laboratory": bundle(clearance(80), broken)}}))
    assert result.exit_code == 1
    assert "prefetch.laboratory.entry[0].resource Observation: valid; reader: read" in result.stdout
    assert "prefetch.laboratory.entry[1].resource Observation: invalid; reader: left out: the member" in result.stdout
    assert "valueQuantity" in result.stdout
    assert "ninety" not in result.stdout


def test_validate_of_good_resources_ends_well(body: Any) -> None:
    ok("validate", body(bundle(clearance(80))))
    r5 = order("77655", 4)
    r5["medication"] = {"concept": r5.pop("medicationCodeableConcept")}
    ok("validate", "--fhir-version", "R5", body(r5))


def test_validate_of_what_is_not_json(body: Any) -> None:
    result = run("validate", body(b"{"))
    assert result.exit_code == 1
    assert "not JSON" in result.stderr


# fixtures


def test_a_fixture_is_printed_with_its_dates_moved() -> None:
    situation = fixtures.load(SITUATION)
    later = situation.at + timedelta(days=365)
    before, after = situation.request.decode(), ok("fixture", SITUATION, "--at", later.isoformat())
    pattern = re.compile(r'"(\d{4}-\d{2}-\d{2})')
    moved = [str(date.fromisoformat(day) + timedelta(days=365)) for day in pattern.findall(before)]
    assert pattern.findall(after) == moved
    assert moved
    assert pattern.sub("", after).strip() == pattern.sub("", before).strip()


def test_a_fixture_piped_to_check_tells_the_same_today(body: Any) -> None:
    today = ok("fixture", SITUATION)
    expected = [card["source"]["topic"]["code"] for card in fixtures.load(SITUATION).response["cards"]]
    assert topics(ok("check", body(today.encode()))) == expected


def test_every_situation_can_be_moved() -> None:
    for situation in fixtures.situations():
        json.loads(situation.request_at(NOW))


def test_the_situations_are_listed_with_their_titles() -> None:
    lines = ok("fixtures").splitlines()
    assert len(lines) == len(fixtures.names())
    assert f"{SITUATION}: {fixtures.load(SITUATION).story.title}" in lines


def test_a_fixture_that_is_not_there() -> None:
    result = run("fixture", "nothing-of-the-kind")
    assert result.exit_code == 1
    assert "nothing-ordered" in result.stderr
    assert len(result.stderr) < 300, "three names, not all of them"


# codelists


def test_accept_records_a_reviewed_list(tmp_path: Path) -> None:
    lists = Path(shutil.copytree(content_root() / "codelists", tmp_path / "codelists"))
    file = lists / "narlumosbart.csv"
    file.write_text(
        file.read_text(encoding="utf-8") + "text:en,narlumo test,,exact,M,,low-confidence,,,,\n", encoding="utf-8"
    )
    with pytest.raises(ContentError, match="narlumosbart"):
        Terminology.load(lists)
    assert "accepted narlumosbart.csv" in ok("codelists", "--accept", str(file))
    assert Terminology.load(lists).match("drug", [], "narlumo test")


def test_accept_needs_a_file_that_is_there() -> None:
    assert run("codelists", "--accept", "nowhere.csv").exit_code == 2
    assert run("codelists").exit_code == 2


# review and serve hand over


def test_review_tells_a_stale_page_and_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Edition] = []
    monkeypatch.setattr(pages, "stale_pages", lambda edition: ["infusion-time.md"])
    monkeypatch.setattr(pages, "write_pages", written.append)
    stale = run("review", "--check")
    assert stale.exit_code == 1
    assert "infusion-time.md" in stale.stderr
    assert written == []
    assert "(1 changed)" in ok("review")
    assert len(written) == 1
    monkeypatch.setattr(pages, "stale_pages", lambda edition: [])
    assert ok("review", "--check") == "checked review pages\n"


def test_serve_tells_a_setting_only_the_server_can_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise SettingsError("PORT", "it is taken", "use another")

    monkeypatch.setattr(server, "serve", refuse)
    result = run("serve")
    assert result.exit_code == 1
    assert "use another" in result.stderr
