"""The record of one call below the line: whose a resource is, which drafts are refused, and what is required."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cds_service.call.decode import decode
from cds_service.call.hook import Authorization, HookCall
from cds_service.call.problems import BadRequest
from cds_service.fhir.examined import Appointment
from cds_service.fhir.structs import Medication, MedicationRequest, Observation, Patient, Resource
from cds_service.record.completeness import Completeness
from cds_service.record.read import Record, draft_resources, foreign, unmet
from cds_service.record.whose import belongs, same_patient
from tests.asked import call_of, record_of
from tests.build import PATIENT, bundle, clearance, order, patient, prefetch, request, zoledronic


def call(*drafts: dict[str, Any], **members: Any) -> HookCall:
    return call_of(request(*drafts, **members))


# Whose it is


@pytest.mark.parametrize(
    ("reference", "ours"),
    [
        ("Patient/pat-1", True),
        ("Patient/pat-1/_history/2", True),
        ("https://ehr.example.org/Patient/pat-1/", True),
        ("pat-1", True),
        ("urn:uuid:5", True),
        ("#p", True),
        ("Patient/pat-10", False),
        ("Patient/pat-1x", False),
        ("Patient/", False),
        ("", False),
    ],
)
def test_same_patient(reference: str, ours: bool) -> None:
    assert same_patient(reference, PATIENT) is ours


def actor(*references: str) -> Resource:
    participant = [{"actor": {"reference": r}} for r in references] + [{}, {"actor": {"display": "Dr"}}]
    return msgspec.convert({"resourceType": "Appointment", "participant": participant}, Appointment)


def test_an_appointment_belongs_to_the_patients_among_its_participants() -> None:
    assert belongs(actor("Practitioner/1"), PATIENT)
    assert belongs(actor("Practitioner/1", "Patient/pat-1"), PATIENT)
    assert not belongs(actor("Patient/other"), PATIENT)


def test_a_patient_without_an_id_is_the_patient() -> None:
    assert belongs(Patient(), PATIENT)
    assert not belongs(Patient(id="other"), PATIENT)


# Drafts


def test_drafts_keep_their_position_and_others_are_passed_over() -> None:
    drafts = draft_resources(call({"resourceType": "NutritionOrder", "id": "n"}, zoledronic()))
    assert [(position, type(resource)) for position, _, resource in drafts] == [(1, MedicationRequest)]


@pytest.mark.parametrize("draft", [zoledronic(status=5), {"id": "untyped"}, {"resourceType": None}])
def test_a_draft_that_cannot_be_read_is_refused(draft: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as caught:
        draft_resources(call(zoledronic(), draft))
    assert caught.value.where == "context.draftOrders.entry[1].resource"


def test_drafts_of_another_patient_are_told_apart() -> None:
    asked = call(zoledronic(), zoledronic(subject={"reference": "Patient/other"}))
    assert foreign(asked, draft_resources(asked)) == {1}


# What is required


@pytest.mark.parametrize(
    ("known", "refused"),
    [
        (Completeness("obtained"), False),
        (Completeness("none"), False),
        (Completeness("incomplete", "more-pages", "2026-01-31"), False),
        (Completeness("incomplete", "more-pages", "2026-02-01"), True),
        (Completeness("incomplete", "more-pages"), True),
        (Completeness("incomplete", "failed"), True),
        (Completeness("not-obtained", "failed"), True),
        (Completeness("not-obtained"), True),
    ],
)
def test_what_is_required_must_be_known_since_before_the_look_back(known: Completeness, refused: bool) -> None:
    record = Record({}, needs={"laboratory": known, "conditions": Completeness("none")})
    causes = unmet(record, ["laboratory", "conditions"], {"laboratory": "2026-02-01", "conditions": None})
    assert causes == ((("prefetch.laboratory", known.cause or "absent"),) if refused else ())


# What is found


def test_resources_are_found_by_type_and_by_reference() -> None:
    medication = {"resourceType": "Medication", "id": "m", "code": {"text": "x"}}
    own = bundle(medication)
    own["entry"][0]["fullUrl"] = "urn:uuid:1"
    body = prefetch(laboratory=bundle(clearance(90)), other=medication, theirOwn=own)
    record = record_of(call(zoledronic(), prefetch=body), ["laboratory", "x"])
    (found,) = record.all(Medication)
    assert record.by_ref["Medication/m"] is found
    assert record.by_ref["urn:uuid:1"] in (found, msgspec.convert(medication, Medication))
    assert len(record.all(Observation)) == 1
    assert record.needs == {"laboratory": Completeness("obtained"), "x": Completeness("not-obtained", "absent")}
    assert record.all(Appointment) == ()


def test_of_a_resource_that_came_twice_the_first_stays() -> None:
    twice = bundle(order("77655", 4), order("77655", 5))
    record = record_of(call(zoledronic(), prefetch=prefetch(medicationRequests=twice)), [])
    assert len(record.all(MedicationRequest)) == 1


# The request around it


def test_a_patient_id_may_come_as_a_reference() -> None:
    body = request(zoledronic())
    body["context"]["patientId"] = f"Patient/{PATIENT}"
    read = call_of(body)
    assert read.patient_id == PATIENT
    assert record_of(call(zoledronic(), prefetch={"patient": patient()}), []).other_patient == 0


@pytest.mark.parametrize("patient_id", ["", "   ", "x" * 257])
def test_an_empty_or_endless_patient_id_is_refused(patient_id: str) -> None:
    body = request(zoledronic())
    body["context"]["patientId"] = patient_id
    with pytest.raises(BadRequest) as caught:
        call_of(body)
    assert caught.value.where == "context.patientId"


def test_the_access_token_does_not_show() -> None:
    assert "secret-4711" not in repr(Authorization("secret-4711"))


@pytest.mark.parametrize(
    "body", [b'{"a": "secret-4711"', b'{"a": "secret-4711"}', b"[" * 5_000, b"\xff\xfe4711", b'{"a": NaN, "b": 4711}']
)
def test_no_problem_holds_a_value_of_the_request(body: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        decode(body, msgspec.json.Decoder(dict[str, int]), "")
    problem = caught.value
    assert "4711" not in f"{problem}{problem.what}{problem.where}{problem.remedy}"
