"""doctor, unmatched and export epic-sheet, as someone at a terminal uses them; and the counter."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import pytest

from cds_service.call.hook import read_hook
from cds_service.deliver.unmatched import UnmatchedCounter
from cds_service.edition import Edition
from cds_service.fixtures import load
from cds_service.tools.doctor.site import unused
from tests.asked import BONE, HOOKS, orders_of
from tests.commands import run
from tests.site.made import EXAMPLE, known_of, site

TODAY = date(2026, 3, 1)
SITUATION = "zoledronic-acid-dose-above-row"
DENTAL = "dental-exam-before-bma"


pytestmark = pytest.mark.usefixtures("quiet")


def written(folder: Path, text: str) -> str:
    file = folder / "site.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def without_clock(said: str) -> list[str]:
    """A minute may have passed between two examinations."""
    return [line for line in said.splitlines() if "clock: " not in line]


def test_doctor_finds_the_example_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    around = {"CDS_PUBLIC_URL": "https://cds.example", "CDS_PROXIES": "127.0.0.1", "PORT": "0"}
    monkeypatch.setattr("os.environ", dict(os.environ) | around)
    given = run("doctor", "--offline", "--site", str(EXAMPLE))
    assert given.exit_code == 0
    assert f"ok: site file: {EXAMPLE}: usable" in given.stdout.splitlines()

    monkeypatch.setattr("os.environ", dict(os.environ) | {"CDS_SITE_FILE": str(EXAMPLE)})
    assert without_clock(run("doctor", "--offline").stdout) == without_clock(given.stdout)


def test_doctor_says_everything_that_is_wrong(tmp_path: Path) -> None:
    file = written(tmp_path, "windows:\n  renal: 0\ntopics:\n  dose: off\n")
    result = run("doctor", "--offline", "--site", file)

    assert result.exit_code == 1
    wrong = [line for line in result.stdout.splitlines() if line.startswith("wrong: ")]
    assert [line.split(":")[2] for line in wrong] == ["2", "4"]


def test_doctor_wants_a_file_of_the_form_of_one(tmp_path: Path) -> None:
    broken = run("doctor", "--offline", "--site", written(tmp_path, "widows: {}\n"))
    assert broken.exit_code == 1
    assert "did you mean 'windows'" in broken.stdout


def test_doctor_names_what_has_no_effect(edition: Edition) -> None:
    made = site(
        clients=[{"name": "a", "private": True, "links": ["https://a.example"], "popup_topics": [DENTAL]}],
        codes=[
            {"system": "http://loinc.org", "code": "2160-0", "concept": "creatinine", "domain": "observation"},
            {"system": "http://loinc.org", "code": "2160-0", "concept": "egfr", "domain": "observation"},
            {"system": "https://his.example.org", "code": "1", "concept": "egfr", "domain": "observation"},
        ],
        names=[{"text": "唑来膦酸", "lang": "zh", "concept": "zoledronic-acid", "domain": "drug"}],
        parameters={DENTAL: {"look_back": 180}},
        topics={DENTAL: "off"},
        windows={"renal": 28, "calcium": 14},
        preference_list={"creatinine": []},
    )
    found = {
        ".".join(map(str, where)): what for where, what in unused(made, known_of(edition), edition.terminology, TODAY)
    }

    assert found == {
        "clients.0.links": "a: links counts for the profile oracle only",
        "clients.0.popup_topics": "a: popup_topics counts for the profile oracle only",
        "clients.0.private": "a: there are no fhir_servers or keys that could be private",
        "codes.0": "2160-0 is recognised as creatinine without it",
        "codes.1": "2160-0 is recognised as creatinine too: is egfr meant as well?",
        "names.0": "唑来膦酸 is recognised as zoledronic-acid without it",
        f"parameters.{DENTAL}": f"{DENTAL} is off",
        f"parameters.{DENTAL}.look_back": "look_back is 180 anyway",
        "windows.renal": "renal is 28 anyway",
        "preference_list": "no client has the profile epic",
    }


def request_with(folder: Path, name: str, *texts: str) -> str:
    """A request whose only drafts are uncoded drug orders of these texts, and a service order nobody knows."""
    body = json.loads(load(SITUATION).request)
    patient = body["context"]["patientId"]
    common = {"status": "draft", "intent": "order", "subject": {"reference": f"Patient/{patient}"}}
    drafts = [{"resourceType": "MedicationRequest", **common, "medicationCodeableConcept": {"text": t}} for t in texts]
    drafts.append({"resourceType": "ServiceRequest", **common, "code": {"text": "some scan"}})
    drafts.append({"resourceType": "ServiceRequest", **common, "code": {"text": "口腔检查"}})
    body["context"]["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": d} for d in drafts]}
    file = folder / name
    file.write_text(json.dumps(body), encoding="utf-8")
    return str(file)


def test_unmatched_lists_texts_with_counts(tmp_path: Path) -> None:
    one = request_with(tmp_path, "1.json", "drug  nobody knows", "唑来膦酸", "another one")
    two = request_with(tmp_path, "2.json", "drug nobody knows")
    result = run("unmatched", one, two)

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "2\tdrug\tdrug nobody knows",
        "2\tprocedure\tsome scan",
        "1\tdrug\tanother one",
    ]


def test_unmatched_names_a_file_it_cannot_read_and_goes_on(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("[]", encoding="utf-8")
    result = run("unmatched", str(broken), request_with(tmp_path, "1.json", "x"))

    assert result.exit_code == 1
    assert "not read" in result.stderr
    assert "1\tdrug\tx" in result.stdout


def test_the_counter_counts_and_keeps_no_text(edition: Edition, tmp_path: Path) -> None:
    counter = UnmatchedCounter()
    file = request_with(tmp_path, "1.json", "a", "b", "唑来膦酸")
    call = read_hook(Path(file).read_bytes(), BONE, HOOKS)
    counter.observe(orders_of(edition, call))

    assert counter.counts() == {"drug": 2, "procedure": 1, "other-patient": 0}
    assert UnmatchedCounter().counts() == {"drug": 0, "procedure": 0, "other-patient": 0}


def test_the_sheet_has_every_row_an_analyst_types(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {"CDS_SITE_FILE": str(EXAMPLE)})
    text = run("export", "epic-sheet", "--base-url", "https://cds.example.org/").stdout

    assert "| https://cds.example.org/cds-services/bone-modifying-agents | order-sign |" in text
    for key, template in edition.prefetch("bone-modifying-agents").items():
        assert f"| {key} | {template} |" in text
    for topic in edition.recommendations:
        assert f"| {topic.replace('-', '')} | {topic} | " in text
    for code in edition.knowledge.guideline.override_reasons.display:
        assert f"| {code} | " in text
    assert "PL-2 (Pamidronate 60 mg, 60 mg)" in text
    assert "Vitamin D, 800 to 1200 IU, oral, every 1 d | none |" in text


def test_the_sheet_needs_no_site_file_but_a_usable_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run("export", "epic-sheet", "--base-url", "https://cds.example.org").exit_code == 0

    monkeypatch.setattr("os.environ", {"CDS_SITE_FILE": written(tmp_path, "topics: {dose: off}\n")})
    assert "there is no topic" in run("export", "epic-sheet", "--base-url", "https://cds.example.org").stderr


def test_a_site_that_sets_nothing_has_nothing_without_effect(edition: Edition) -> None:
    assert list(unused(site(), known_of(edition), edition.terminology, TODAY)) == []
