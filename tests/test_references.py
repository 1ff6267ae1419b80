"""References as they are written, and which one leads to a treatment's Medication."""

import msgspec
import pytest

from cds_service.fhir.references import medication_reference, type_and_id
from cds_service.fhir.structs import MedicationRequest
from tests.build import Json


@pytest.mark.parametrize(
    ("written", "short"),
    [
        ("Medication/1", "Medication/1"),
        ("Medication/1/_history/2", "Medication/1"),
        ("https://fhir.example.org/r4/Medication/1", "Medication/1"),
        ("urn:uuid:0c3b", "urn:uuid:0c3b"),
    ],
)
def test_a_reference_is_shortened_to_type_and_id(written: str, short: str) -> None:
    assert type_and_id(written) == short


@pytest.mark.parametrize(
    ("members", "leads_to"),
    [
        ({"medicationReference": {"reference": "Medication/r4"}}, "Medication/r4"),
        ({"medication": {"reference": {"reference": "Medication/r5"}}}, "Medication/r5"),
        ({"medication": {"reference": "Medication/bare"}}, "Medication/bare"),
        (
            {"medicationReference": {"reference": "Medication/r4"}, "medication": {"concept": {"text": "x"}}},
            "Medication/r4",
        ),
        (
            {"medicationReference": {"reference": "Medication/r4"}, "medication": {"reference": "Medication/r5"}},
            "Medication/r5",
        ),
        ({"medicationCodeableConcept": {"text": "x"}}, None),
    ],
)
def test_the_medication_of_a_treatment(members: Json, leads_to: str | None) -> None:
    treatment = msgspec.convert({"resourceType": "MedicationRequest"} | members, MedicationRequest)
    reference = medication_reference(treatment)
    assert (reference and reference.reference) == leads_to
