"""Records as clients assemble them: versions, totals, batches, what the patient reports, active on paper only."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.edition import Edition
from tests.build import Json, ago, bundle, denosumab, observation, prefetch, zoledronic
from tests.field.asking import (
    CALCIUM,
    CONCURRENT,
    CREATININE,
    DOSE,
    HYPOCALCAEMIA,
    MISSING,
    UNSAID,
    WEIGHT,
    cards,
    laboratory,
)

SUPPLEMENT = "calcium-vitamin-d-supplement"


def version(resource: Json, number: str) -> Json:
    return resource | {"meta": {"versionId": number}}


@pytest.mark.parametrize(("first", "second"), [("1", "2"), ("9", "10"), ('W/"1"', 'W/"2"'), ('"9"', 'W/"10"')])
@pytest.mark.parametrize("swapped", [False, True])
def test_the_newer_version_counts(edition: Edition, first: str, second: str, *, swapped: bool) -> None:
    low = CALCIUM | {"valueQuantity": {"value": 1.6, "unit": "mmol/L"}}
    both = [version(CALCIUM, first), version(low, second)]
    found = cards(edition, denosumab(), laboratory=laboratory(*(both[::-1] if swapped else both)))
    assert found[HYPOCALCAEMIA].indicator == "critical"


def test_a_version_that_takes_a_result_back_counts_too(edition: Edition) -> None:
    taken_back = version(CREATININE | {"status": "entered-in-error"}, "2")
    found = cards(edition, zoledronic(), laboratory=laboratory(version(CREATININE, "1"), taken_back, CALCIUM))
    assert DOSE not in found


def test_weights_have_versions(edition: Edition) -> None:
    heavy = version(WEIGHT | {"valueQuantity": {"value": 80, "unit": "kg"}}, "1")
    found = cards(edition, zoledronic(), measurements=bundle(version(WEIGHT, "2"), heavy))
    assert "45.2" in found[DOSE].summary


@pytest.mark.parametrize("total", [45, "45"])
@pytest.mark.parametrize(("language", "said"), [("en", "only partly obtained"), ("zh-CN", "仅取得一部分")])
@pytest.mark.parametrize("key", ["laboratory", "conditions"])
def test_more_than_came_is_said_to_be_there(edition: Edition, total: Any, language: Any, said: str, key: str) -> None:
    whole = prefetch(laboratory=laboratory(CREATININE, CALCIUM))[key] | {"total": total}
    card = cards(edition, zoledronic(), language=language, **{key: whole})[UNSAID]
    assert (card.indicator, said in card.summary) == ("warning", True)


def test_what_did_not_come_at_all_is_told_apart(edition: Edition) -> None:
    failed = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    short = laboratory(CREATININE) | {"total": 45}
    card = cards(edition, zoledronic(), laboratory=short, conditions=failed)[UNSAID]
    assert "Not obtained: diagnoses." in card.detail
    assert "more of it than was sent: laboratory results." in card.detail


def in_batch(*answers: Json, status: str = "200 OK") -> Json:
    entries: list[Json] = [{"resource": answer, "response": {"status": "200 OK"}} for answer in answers]
    return {"resourceType": "Bundle", "type": "batch-response", "entry": [*entries, {"response": {"status": status}}]}


def test_a_batch_is_opened_however_deep(edition: Edition) -> None:
    for found in (
        in_batch(laboratory(CREATININE), laboratory(CALCIUM)),
        bundle(bundle(bundle(CREATININE, CALCIUM))),
        laboratory(CREATININE, CALCIUM) | {"type": "history"},
    ):
        assert "45.2" in cards(edition, zoledronic(), laboratory=found)[DOSE].summary


@pytest.mark.parametrize("status", ["404", "500 Internal Server Error"])
def test_a_part_of_a_batch_that_failed_is_missing(edition: Edition, status: str) -> None:
    found = in_batch(laboratory(CREATININE), status=status)
    assert "laboratory results" in cards(edition, zoledronic(), laboratory=found)[UNSAID].summary


@pytest.mark.parametrize("value", [[CREATININE], {"resourceType": "List"}, {"resourceType": "Parameters"}])
def test_what_nobody_reads_is_not_an_empty_record(edition: Edition, value: Any) -> None:
    assert "could not be obtained" in cards(edition, zoledronic(), laboratory=value)[UNSAID].summary


def of(text: str, **members: Any) -> Json:
    """A prescription under a name."""
    return {
        "resourceType": "MedicationRequest",
        "id": text,
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": text},
        "subject": {"reference": "Patient/pat-1"},
        "authoredOn": ago(20),
    } | members


def both(**members: Any) -> Json:
    return bundle(of("calcium carbonate", **members), of("vitamin D3", **members))


@pytest.mark.parametrize(
    "told",
    [
        {"reportedBoolean": True},
        {"reportedBoolean": "true"},
        {"reported": True},
        {"reportedReference": {"display": "x"}},
    ],
    ids=str,
)
def test_what_the_patient_reports_is_treatment(edition: Edition, told: Json) -> None:
    assert SUPPLEMENT not in cards(edition, denosumab(), medicationRequests=both(intent="plan", **told))


@pytest.mark.parametrize("told", [{}, {"reportedBoolean": False}, {"reported": False}], ids=str)
def test_a_plan_nobody_reports_is_none(edition: Edition, told: Json) -> None:
    assert SUPPLEMENT in cards(edition, denosumab(), medicationRequests=both(intent="plan", **told))


def test_a_reported_drug_is_one_of_two(edition: Edition) -> None:
    reported = bundle(of("denosumab 120 mg", intent="plan", reportedBoolean=True))
    assert CONCURRENT in cards(edition, zoledronic(), medicationRequests=reported)


LONG_AGO = {"start": ago(1500), "end": ago(1000)}


def every_four_weeks(**repeat: Any) -> Json:
    return {"dosageInstruction": [{"timing": {"repeat": {"frequency": 1, "period": 4, "periodUnit": "wk"} | repeat}}]}


OVER: list[Json] = [
    every_four_weeks(boundsPeriod=LONG_AGO),
    every_four_weeks(boundsDuration={"value": 6, "code": "mo"}),
    every_four_weeks(boundsRange={"high": {"value": 90, "code": "d"}}),
    every_four_weeks(count=1),
    {"dosageInstruction": [{"timing": {"event": [ago(1400)]}}]},
    {"dispenseRequest": {"validityPeriod": LONG_AGO}},
    {"effectiveDosePeriod": LONG_AGO},
    {"status": "ended"},
]


@pytest.mark.parametrize("members", OVER, ids=str)
@pytest.mark.parametrize(("drug", "order"), [("denosumab 120 mg", zoledronic()), ("zoledronic acid 4 mg", denosumab())])
def test_what_ended_by_its_own_words_is_not_active(edition: Edition, members: Json, drug: str, order: Json) -> None:
    old = of(drug, authoredOn=ago(1500), **members)
    assert CONCURRENT not in cards(edition, order, medicationRequests=bundle(old))
    going_on = of(drug, authoredOn=ago(60), **every_four_weeks())
    assert CONCURRENT in cards(edition, order, medicationRequests=bundle(going_on))


@pytest.mark.parametrize(("days", "active"), [(30, True), (99, True), (101, False), (400, False)])
def test_a_last_dose_long_ago_ends_it(edition: Edition, days: int, *, active: bool) -> None:
    given = {
        "resourceType": "MedicationAdministration",
        "id": "dose",
        "status": "completed",
        "medicationCodeableConcept": {"text": "denosumab 120 mg"},
        "subject": {"reference": "Patient/pat-1"},
        "effectiveDateTime": ago(days),
    }
    going_on = of("denosumab 120 mg", authoredOn=ago(1500), **every_four_weeks())
    found = cards(edition, zoledronic(), medicationRequests=bundle(going_on), medicationAdministrations=bundle(given))
    assert (CONCURRENT in found) is active


def test_results_of_another_patient_are_none(edition: Edition) -> None:
    theirs = observation("2160-0", 2.4, "mg/dL", 0, id="theirs", subject={"reference": "Patient/other"})
    assert "45.2" in cards(edition, zoledronic(), laboratory=laboratory(CREATININE, theirs, CALCIUM))[DOSE].summary


@pytest.mark.parametrize(
    ("language", "said", "unsaid"),
    [("en", "not among the data sent", "not on record"), ("zh-CN", "资料未见", "无记录")],
)
def test_what_a_filter_may_have_hidden_is_not_called_absent(
    edition: Edition, language: Any, said: str, unsaid: str
) -> None:
    """Our search for results filters by category and code: an empty answer says nothing of the record."""
    for order, topic in ((zoledronic(), MISSING), (denosumab(), HYPOCALCAEMIA)):
        card = cards(edition, order, language=language, laboratory=bundle(), measurements=bundle())[topic]
        assert said in card.detail
        assert unsaid not in card.detail
