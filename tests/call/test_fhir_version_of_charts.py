"""Which version of FHIR a caller speaks when a chart is opened: told by the shapes of what it prefetched."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.answer import Answer
from cds_service.edition import Edition
from cds_service.tools.asking import answer_body
from tests.build import NOW, PATIENT, Json, bundle, encoded, request

SUBJECT = {"reference": f"Patient/{PATIENT}"}
BONE_PAIN = {"resourceType": "Condition", "id": "pain", "code": {"text": "Bone pain"}, "subject": SUBJECT}
CANCER = {"resourceType": "Condition", "id": "cancer", "code": {"text": "Lung cancer"}, "subject": SUBJECT}


def opened(**prefetch: Any) -> Json:
    body = request(hook="order-sign")
    body |= {"hook": "patient-view", "context": {"userId": "Practitioner/doc-1", "patientId": PATIENT}}
    patient = {"resourceType": "Patient", "id": PATIENT, "birthDate": "1960-01-01"}
    empty = {key: bundle() for key in ("observations", "reports", "procedures", "serviceRequests", "encounters")}
    return body | {"prefetch": {"patient": patient, "conditions": bundle(CANCER, BONE_PAIN)} | empty | prefetch}


def suggested(edition: Edition, body: Json) -> Any:
    answered: Answer = answer_body(edition, "bone-metastasis-review", encoded(body), NOW, "en")
    card = next(c for c in answered.response.cards if c.source.topic.code == "bone-metastasis-screening")
    assert card.suggestions
    return card.suggestions[0].actions[0].resource


@pytest.mark.parametrize(
    ("key", "resource", "version"),
    [
        ("medicationRequests", {"resourceType": "MedicationRequest", "medication": {"concept": {"text": "X"}}}, "R5"),
        ("medicationRequests", {"resourceType": "MedicationRequest", "medicationCodeableConcept": {"text": "X"}}, "R4"),
        ("serviceRequests", {"resourceType": "ServiceRequest", "code": {"concept": {"text": "X"}}}, "R5"),
        ("serviceRequests", {"resourceType": "ServiceRequest", "code": {"text": "X"}}, "R4"),
        ("procedures", {"resourceType": "Procedure", "occurrenceDateTime": "2020-01-01"}, "R5"),
        ("procedures", {"resourceType": "Procedure", "performedDateTime": "2020-01-01"}, "R4"),
        ("encounters", {"resourceType": "Encounter", "actualPeriod": {"start": "2020-01-01"}}, "R5"),
        ("encounters", {"resourceType": "Encounter", "period": {"start": "2020-01-01"}}, "R4"),
    ],
)
def test_a_chart_is_answered_in_the_version_of_its_record(
    edition: Edition, key: str, resource: Json, version: str
) -> None:
    told = suggested(
        edition, opened(**{key: bundle({"id": "r1", "status": "completed", "subject": SUBJECT} | resource)})
    )
    assert ("concept" in told["code"]) is (version == "R5")
