"""What ``validate`` tells a harness author of each resource: where it stands, what is wrong, what the reader does."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.tools.validate import Report, resources_of
from cds_service.tools.validate import validate as judge
from tests.build import (
    NOW,
    Json,
    bundle,
    clearance,
    condition,
    dental_exam,
    observation,
    order,
    patient,
    prefetch,
    request,
    zoledronic,
)

OTHER = {"reference": "Patient/someone-else"}


@cache
def edition() -> Edition:
    return Edition.load(Settings())


def validate(body: Any, version: str) -> Iterator[Report]:
    return judge(body, version, edition(), NOW)


def report(resource: Json, version: str = "R4", patient_id: str = "pat-1") -> Report:
    """The report on one resource prefetched for a patient."""
    body = {"context": {"patientId": patient_id}, "prefetch": {"laboratory": bundle(resource)}}
    (found,) = validate(body, version)
    return found


def test_every_resource_of_a_request_is_told_with_its_path() -> None:
    found = {r.where: r.kind for r in validate(request(zoledronic()), "R4")}
    assert found["context.draftOrders.entry[0].resource"] == "MedicationRequest"
    assert found["prefetch.patient"] == "Patient"
    assert found["prefetch.laboratory.entry[1].resource"] == "Observation"


def test_a_good_request_is_valid_and_read() -> None:
    for each in validate(request(zoledronic(), prefetch=prefetch(medicationRequests=bundle())), "R4"):
        assert each.valid, each
        assert each.reader.startswith("read as ")


def test_a_bare_resource_or_bundle_can_be_judged() -> None:
    (one,) = validate(patient(), "R4")
    assert (one.where, one.kind, one.valid, one.reader) == ("$", "Patient", True, "read as Patient")
    assert [r.where for r in validate(bundle(patient(), clearance(90)), "R4")] == [
        "entry[0].resource",
        "entry[1].resource",
    ]


def test_a_file_that_is_no_request_has_no_resources() -> None:
    assert list(resources_of([1, "x", None])) == []
    assert list(validate({"context": None}, "R4")) == []


def test_a_broken_member_is_named_and_its_value_is_not() -> None:
    found = report(clearance(90) | {"status": "secret-4711"} | {"valueQuantity": {"value": "many-4711"}})
    assert not found.valid
    assert any("value" in error for error in found.errors)
    assert "4711" not in str(found)


@pytest.mark.parametrize(
    ("resource", "reader"),
    [
        (clearance(90) | {"valueQuantity": "ninety"}, "left out: the member $.valueQuantity has the wrong JSON type"),
        (clearance(90) | {"subject": OTHER}, "left out: it is of another patient"),
        ({"resourceType": "Basic", "code": {"text": "x"}}, "not read: no rule needs this type"),
        (clearance(90) | {"vendorField": 1}, "read as creatinine-clearance-measured: 90 mL/min, 2026-02-28"),
    ],
)
def test_what_the_reader_does(resource: Json, reader: str) -> None:
    assert report(resource).reader == reader


def test_without_a_patient_in_the_context_nobody_is_another() -> None:
    assert report(clearance(90) | {"subject": OTHER}, patient_id="").reader.startswith("read as ")


def test_a_member_nobody_knows_is_invalid_and_read_all_the_same() -> None:
    found = report(clearance(90) | {"vendorField": 1})
    assert (found.valid, found.reader) == (False, "read as creatinine-clearance-measured: 90 mL/min, 2026-02-28")
    assert "vendorField" in " ".join(found.errors)


def test_r5_is_judged_as_r5() -> None:
    r5 = order("77655", 4)
    r5["medication"] = {"concept": r5.pop("medicationCodeableConcept")}
    assert report(r5, "R5").valid
    assert not report(r5, "R4").valid
    assert not report(r5, "R4B").valid
    assert not report(order("77655", 4), "R5").valid


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "NoSuchType"},
        {"resourceType": 5},
        {"resourceType": None},
        zoledronic(contained=[{"resourceType": "NoSuchType"}]),
        zoledronic(contained=[5]),
    ],
)
def test_what_the_models_cannot_judge_is_told_not_raised(resource: Any) -> None:
    found = report(resource)
    assert not found.valid
    assert found.errors


def test_what_cannot_be_decoded_at_all_is_left_out() -> None:
    nested: Any = []
    for _ in range(5_000):
        nested = [nested]
    assert report(clearance(90) | {"note": nested}).reader == "left out: it cannot be decoded"


@pytest.mark.parametrize(
    ("resource", "verdict"),
    [
        (observation("2160-0", 1, "furlong"), "read as creatinine: not usable (unit-unknown)"),
        (observation("718-7", 12, "g/dL"), "read; no code list names it"),
        (condition("C34.11"), "read as lung-cancer (active)"),
        (condition("C34.11", verificationStatus="refuted"), "read; no code list names it"),
        (zoledronic(), "read as zoledronic-acid"),
        (dental_exam(), "read as dental-examination"),
        ({"resourceType": "OperationOutcome"}, "read; no code list names it"),
    ],
)
def test_what_a_resource_means_to_the_rules_is_said(resource: Json, verdict: str) -> None:
    assert report(resource).reader == verdict
