"""Results that a laboratory sends inside their report, and not by themselves."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.edition import Edition
from tests.asked import answered
from tests.build import PATIENT, Json, ago, bundle, calcium, observation, prefetch, request, zoledronic

WEIGHT = observation("29463-7", 60, "kg")
CREATININE = {"code": {"text": "血肌酐"}, "valueQuantity": {"value": 105, "unit": "μmol/L"}}
FLUID = {"resourceType": "Specimen", "id": "s", "type": {"text": "胸水"}}


def topics(edition: Edition, *inside: Json, **report: Any) -> list[str]:
    """What is said of 4 mg with these resources inside a report, beside a normal calcium and a weight."""
    told: Json = {
        "resourceType": "DiagnosticReport",
        "id": "chem",
        "status": "final",
        "code": {"text": "生化"},
        "subject": {"reference": f"Patient/{PATIENT}"},
        "effectiveDateTime": ago(2),
        "contained": list(inside),
    }
    laboratory = bundle(told | report, calcium(2.3))
    found = answered(
        edition, request(zoledronic(), prefetch=prefetch(laboratory=laboratory, measurements=bundle(WEIGHT)))
    )
    return [card.source.topic.code for card in found.response.cards]


def result(**members: Any) -> Json:
    return {"resourceType": "Observation", "id": "1", **CREATININE, **members}


DOSE, MISSING = ["bisphosphonate-renal-dose"], ["renal-function-missing"]


@pytest.mark.parametrize(
    ("inside", "report", "expected"),
    [
        ([result()], {}, DOSE),
        ([result(status="final", effectiveDateTime=ago(3))], {"effectiveDateTime": ago(60)}, DOSE),
        ([{"resourceType": "Organization", "id": "o"}, result()], {}, DOSE),
        ([result()], {"effectiveDateTime": None, "issued": f"{ago(2)}T08:00:00Z"}, DOSE),
        ([result(effectiveDateTime=ago(60))], {}, MISSING),
        ([result()], {"status": "entered-in-error"}, MISSING),
        ([result(status="cancelled")], {}, MISSING),
        ([result(), FLUID], {"specimen": [{"reference": "#s"}]}, MISSING),
        ([result(specimen={"reference": "#s"}), FLUID], {}, MISSING),
        ([result(subject={"reference": "Patient/other"})], {}, MISSING),
        ([result()], {"subject": {"reference": "Patient/other"}}, MISSING),
    ],
)
def test_a_result_inside_a_report_counts_as_one_of_its_own(
    edition: Edition, inside: list[Json], report: Json, expected: list[str]
) -> None:
    assert topics(edition, *inside, **report) == expected


def test_results_of_one_name_in_two_reports_are_two(edition: Edition) -> None:
    def report(name: str, days: int, value: int) -> Json:
        creatinine = result(valueQuantity={"value": value, "unit": "μmol/L"})
        return {
            "resourceType": "DiagnosticReport", "id": name, "status": "final", "effectiveDateTime": ago(days),
            "contained": [creatinine],
        }  # fmt: skip

    laboratory = bundle(report("a", 6, 78), report("b", 2, 110), calcium(2.3))
    body = request(zoledronic(), prefetch=prefetch(laboratory=laboratory, measurements=bundle(WEIGHT)))
    (card,) = answered(edition, body).response.cards
    assert card.source.topic.code == "renal-function-unstable"
    assert "78 μmol/L" in (card.detail or "")


def test_of_two_versions_of_a_report_the_results_of_the_newer_count_and_of_one_sent_twice_each_once(
    edition: Edition,
) -> None:
    def report(version: str, value: float, status: str = "final") -> Json:
        inside = result(valueQuantity={"value": value, "unit": "μmol/L"})
        return {
            "resourceType": "DiagnosticReport", "id": "chem", "status": status, "code": {"text": "生化"},
            "meta": {"versionId": version, "lastUpdated": f"{ago(2)}T0{version}:00:00Z"},
            "subject": {"reference": f"Patient/{PATIENT}"}, "effectiveDateTime": ago(2), "contained": [inside],
        }  # fmt: skip

    def creatinines(*reports: Json) -> list[str]:
        told = prefetch(laboratory=bundle(*reports, calcium(2.3)), measurements=bundle(WEIGHT))
        found = answered(edition, request(zoledronic(), prefetch=told)).findings
        assert found
        return [str(each.shown) for each in found.facts.results.get("creatinine", ())]

    old, new, withdrawn = report("1", 70), report("2", 105), report("3", 105, "entered-in-error")
    assert creatinines(old, old) == ["70 μmol/L"]
    assert creatinines(old, new) == creatinines(new, old) == ["105 μmol/L"]
    assert creatinines(new, withdrawn) == []
