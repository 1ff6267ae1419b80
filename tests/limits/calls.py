"""A call that reads one resource of any kind, in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cds_service.fhir.structs import Resource
from tests import build
from tests.build import Json, bundle

SUBJECT = {"reference": f"Patient/{build.PATIENT}"}
RESULT = build.calcium(2.3)
DOSAGE = {
    "text": "4 mg every 4 weeks",
    "route": {"text": "intravenous"},
    "timing": {"repeat": {"frequency": 1, "period": 4, "periodUnit": "wk", "duration": 15, "durationUnit": "min"}},
    "doseAndRate": [{"doseQuantity": {"value": 4, "unit": "mg"}}],
}
DRUG = {"coding": [{"system": build.RXNORM, "code": "77655", "display": "zoledronic acid"}], "text": "zoledronic acid"}
TREATMENT = {"subject": SUBJECT, "medicationCodeableConcept": DRUG}
EXAM = {"coding": [{"system": build.SNOMED, "code": "34043003"}], "text": "dental examination"}

# One resource of each kind that means something, so that its members are looked at.
MEANT: dict[str, tuple[str, Json]] = {
    "Patient": ("patient", build.patient()),
    "Condition": ("conditions", build.LUNG_CANCER | {"clinicalStatus": {"coding": [{"code": "active"}]}}),
    "Observation": (
        "laboratory",
        RESULT | {"component": [{k: RESULT[k] for k in ("code", "valueQuantity", "referenceRange")}]},
    ),
    "Specimen": ("laboratory", {"subject": SUBJECT, "type": {"text": "serum"}}),
    "Medication": ("medications", {"code": DRUG}),
    "MedicationRequest": (
        "medicationRequests",
        TREATMENT | {"status": "active", "intent": "order", "authoredOn": build.ago(9), "dosageInstruction": [DOSAGE]},
    ),
    "MedicationStatement": (
        "medicationStatements",
        TREATMENT | {"status": "active", "effectiveDateTime": build.ago(9), "dosage": [DOSAGE]},
    ),
    "MedicationAdministration": (
        "medicationAdministrations",
        TREATMENT | {"status": "completed", "effectiveDateTime": build.ago(9), "dosage": [DOSAGE]},
    ),
    "ServiceRequest": ("serviceRequests", {"status": "active", "intent": "order", "subject": SUBJECT, "code": EXAM}),
    "Procedure": ("procedures", build.dental_exam()),
    "Appointment": ("appointments", {"status": "booked", "serviceType": [EXAM], "start": build.ago(-3)}),
    "DiagnosticReport": (
        "reports",
        {
            "status": "final",
            "code": {"text": "骨扫描"},
            "subject": SUBJECT,
            "effectiveDateTime": build.ago(9),
            "conclusion": "骨转移",
        },
    ),
    "BodyStructure": ("bodyStructures", {"location": {"text": "femur"}, "patient": SUBJECT}),
    "Encounter": ("encounters", {"status": "finished", "subject": SUBJECT, "period": {"start": build.ago(9)}}),
    "QuestionnaireResponse": (
        "questionnaires",
        {
            "status": "completed",
            "questionnaire": "http://loinc.org/q/44249-1",
            "subject": SUBJECT,
            "authored": build.ago(9),
            "item": [{"linkId": "/44261-6", "answer": [{"valueInteger": 9}]}],
        },
    ),
    "AllergyIntolerance": ("allergies", {"code": {"text": "denosumab"}, "patient": SUBJECT}),
    "OperationOutcome": ("procedures", {"issue": [{"severity": "error", "code": "exception"}]}),
    "Bundle": ("procedures", {"type": "searchset", "entry": [{"resource": build.dental_exam()}]}),
}
DRAFTS = ("MedicationRequest", "ServiceRequest", "Medication")


def calls(kind: type[Resource], change: Callable[[Json], Json]) -> dict[str, Json]:
    """Calls that bring the changed resource, by where: on record, and as a draft where it can be one."""
    name = kind.__name__
    key, meant = MEANT[name]
    given = change({"resourceType": name, "id": "given", **meant})
    alone = name in ("Patient", "Bundle", "OperationOutcome")
    referring = build.zoledronic(medicationReference={"reference": "Medication/given"})
    del referring["medicationCodeableConcept"]
    draft: Any = referring if name == "Medication" else build.zoledronic()
    # A specimen is looked at where a result names it.
    beside = [RESULT | {"specimen": {"reference": "Specimen/given"}}] if name == "Specimen" else []
    found = build.prefetch(**{key: given if alone else bundle(given, *beside)})
    made = {"record": build.request(draft, prefetch=found)}
    if name in DRAFTS:
        made["draft"] = build.request(draft, given)
    return made
