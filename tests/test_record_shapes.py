"""Shapes in which records really come: two versions, a batch, a total without its rest, a filter."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.fetch import obtain
from cds_service.fetch.search import unfiltered
from cds_service.fhir.structs import MedicationRequest, Observation
from cds_service.record.fetched import Fetched
from tests.asked import answered, call_of, record_of
from tests.build import (
    KEYS,
    NOW,
    Json,
    bundle,
    calcium,
    clearance,
    encoded,
    observation,
    order,
    patient,
    prefetch,
    request,
    zoledronic,
)
from tests.test_same_patient import nowhere

__all__ = ["nowhere"]  # a fixture


def version(resource: Json, number: str | None = None, updated: str | None = None) -> Json:
    return resource | {"meta": {"versionId": number, "lastUpdated": updated}}


CR = observation("2160-0", 1.0, "mg/dL", id="cr")
CORRECTED = CR | {"valueQuantity": {"value": 2.4, "unit": "mg/dL"}, "status": "corrected"}
EARLY, LATE = "2026-02-28T08:00:00Z", "2026-02-28T17:30:00+08:00"


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (version(CR, "1"), version(CORRECTED, "2")),
        (version(CR, "9"), version(CORRECTED, "10")),
        (version(CR, updated=EARLY), version(CORRECTED, updated=LATE)),
        (version(CR, "1", LATE), version(CORRECTED, "2", EARLY)),
        (version(CR, "x", EARLY), version(CORRECTED, "w", LATE)),
        (version(CR, "1" * 400, EARLY), version(CORRECTED, "2", LATE)),
    ],
)
@pytest.mark.parametrize("swapped", [False, True])
def test_of_two_versions_of_a_result_the_newer_stands(older: Json, newer: Json, *, swapped: bool) -> None:
    found = bundle(*([newer, older] if swapped else [older, newer]))
    record = record_of(call_of(request(zoledronic(), prefetch={"laboratory": found})), ["laboratory"])
    (one,) = record.all(Observation)
    assert one.status == "corrected"


def test_the_newer_version_stands_across_keys_and_for_every_type() -> None:
    first, second = order("77655", 4, status="active"), order("77655", 4, status="stopped")
    found = {"medicationRequests": bundle(version(second, "2")), "own": bundle(version(first, "1"))}
    record = record_of(call_of(request(zoledronic(), prefetch=found)), KEYS)
    assert [r.status for r in record.all(MedicationRequest)] == ["stopped"]


def test_of_two_that_do_not_say_the_first_stays() -> None:
    found = bundle(CR, CORRECTED)
    record = record_of(call_of(request(zoledronic(), prefetch={"laboratory": found})), ["laboratory"])
    assert [o.status for o in record.all(Observation)] == ["final"]


def in_batch(*answers: Json, outcome: Json | None = None) -> Json:
    entries = [{"resource": answer, "response": {"status": "200 OK"}} for answer in answers]
    entries += [{"response": {"status": "404"}, "resource": outcome}] if outcome else []
    return {"resourceType": "Bundle", "type": "batch-response", "entry": entries}


def test_a_bundle_in_a_bundle_is_opened(edition: Edition) -> None:
    batch = in_batch(bundle(clearance(25)), bundle(calcium(2.3)))
    found = answered(edition, request(zoledronic(), prefetch=prefetch(laboratory=batch)))
    assert "bisphosphonate-renal-dose" in [c.source.topic.code for c in found.response.cards]
    assert found.record.needs["laboratory"].state == "obtained"


def test_a_bundle_in_a_bundle_is_as_complete_as_it_says() -> None:
    def state(laboratory: Json) -> str:
        call = call_of(request(zoledronic(), prefetch={"laboratory": laboratory}))
        return record_of(call, ["laboratory"]).needs["laboratory"].state

    assert state(in_batch(bundle())) == "none"
    assert state(in_batch(bundle(), bundle(CR))) == "obtained"
    assert state(in_batch(bundle(CR, next_link=True), bundle())) == "incomplete"
    failed = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    assert state(in_batch(bundle(CR), outcome=failed)) == "incomplete"


def test_a_total_above_what_came_without_a_next_link_is_incomplete(edition: Edition) -> None:
    some = bundle(clearance(90, days_ago=2), calcium(2.3, days_ago=3)) | {"total": 45}
    found = answered(edition, request(zoledronic(), prefetch=prefetch(laboratory=some)))
    assert found.unmet == (("prefetch.laboratory", "more-pages"),)
    enough = bundle(clearance(90, days_ago=2), calcium(2.3, days_ago=60)) | {"total": 45}
    assert answered(edition, request(zoledronic(), prefetch=prefetch(laboratory=enough))).findings is not None
    exact = bundle(clearance(90), calcium(2.3)) | {"total": 2}
    assert answered(edition, request(zoledronic(), prefetch=prefetch(laboratory=exact))).findings is not None


@pytest.mark.parametrize(
    ("template", "wider"),
    [
        (
            "Observation?patient=p&category=laboratory&_sort=-date&_count=1000",
            "Observation?patient=p&_sort=-date&_count=200",
        ),
        ("Observation?patient=p&code=http://loinc.org|1,2&_sort=-date", "Observation?patient=p&_sort=-date&_count=200"),
        ("Condition?patient=p", "Condition?patient=p"),
        ("Patient/p", "Patient/p"),
        ("Observation?patient=p&_count=5", "Observation?patient=p&_count=5"),
    ],
)
def test_the_search_without_its_filters(template: str, wider: str) -> None:
    assert unfiltered(template) == wider


def test_a_filtered_search_that_finds_nothing_is_asked_once_without_its_filter(
    edition: Edition, nowhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cds_service.answer import answer  # noqa: PLC0415  # beside ``answered`` only here
    from cds_service.caller import Caller  # noqa: PLC0415

    searches: list[str] = []

    def fetched(needs: dict[str, str], *_: object) -> dict[str, Fetched]:
        searches.extend(needs.values())
        found = {k: bundle() if "category" in s or "code=" in s else bundle(clearance(25)) for k, s in needs.items()}
        return {k: Fetched((encoded(found[k]),), complete=True, cause=None) for k in needs}

    monkeypatch.setattr(obtain, "fetch", fetched)
    less = {k: v for k, v in prefetch().items() if k not in ("laboratory", "measurements")}
    found = answer(edition, Caller(), call_of(request(zoledronic(), prefetch=less)), NOW, nowhere)
    assert "bisphosphonate-renal-dose" in [c.source.topic.code for c in found.response.cards]
    laboratory = [s for s in searches if s.startswith("Observation") and "code=" not in s]
    assert [("category" in s) for s in laboratory] == [True, False, False]
    assert all("_count=200" in s for s in searches if "category" not in s and "code" not in s)


def test_the_patient_may_come_twice() -> None:
    both = {"patient": version(patient(), "1"), "own": version(patient(gender="male"), "2")}
    record = record_of(call_of(request(zoledronic(), prefetch=both)), ["patient"])
    assert record.needs["patient"].state == "obtained"
