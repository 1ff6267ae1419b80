"""Requests and resources for tests: small builders with sane defaults, all synthetic."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PATIENT = "pat-1"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
UCUM = "http://unitsofmeasure.org"
SERVICE = "/cds-services/bone-modifying-agents"
KEYS = (
    "patient", "conditions", "laboratory", "measurements", "medicationRequests", "medicationStatements",
    "medicationAdministrations", "procedures", "serviceRequests", "appointments",
)  # fmt: skip


def ago(days: int) -> str:
    """The date ``days`` before the evaluation time."""
    return (NOW - timedelta(days=days)).date().isoformat()


def bundle(*resources: Json, next_link: bool = False) -> Json:
    """A searchset of these resources."""
    made: Json = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": r} for r in resources]}
    if next_link:
        made["link"] = [{"relation": "next", "url": "https://ehr.example.org/fhir?page=2"}]
    return made


def patient(**changes: Any) -> Json:
    return {"resourceType": "Patient", "id": PATIENT, "gender": "female", "birthDate": "1966-03-01"} | changes


def condition(code: str, system: str = ICD10CM, **changes: Any) -> Json:
    return {
        "resourceType": "Condition",
        "id": f"cond-{code}",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"coding": [{"system": system, "code": code}]},
        "subject": {"reference": f"Patient/{PATIENT}"},
    } | changes


LUNG_CANCER = condition("C34.11")
BONE_METASTASIS = condition("C79.51")


def observation(code: str, value: float | str, unit: str, days_ago: int = 2, **changes: Any) -> Json:
    return {
        "resourceType": "Observation",
        "id": f"obs-{code}-{days_ago}",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": f"Patient/{PATIENT}"},
        "effectiveDateTime": f"{ago(days_ago)}T08:00:00Z",
        "valueQuantity": {"value": value, "unit": unit},
    } | changes


def clearance(value: float, days_ago: int = 2) -> Json:
    """A measured 24 h creatinine clearance."""
    return observation("2164-2", value, "mL/min", days_ago)


def calcium(value: float, days_ago: int = 2) -> Json:
    """An albumin-corrected calcium, mmol/L, with the laboratory's own range."""
    own = [{"low": {"value": 2.11, "unit": "mmol/L"}, "high": {"value": 2.52, "unit": "mmol/L"}}]
    return observation("29265-6", value, "mmol/L", days_ago, referenceRange=own)


def dental_exam(days_ago: int = 30) -> Json:
    return {
        "resourceType": "Procedure",
        "id": "exam",
        "status": "completed",
        "code": {"coding": [{"system": SNOMED, "code": "34043003"}]},
        "subject": {"reference": f"Patient/{PATIENT}"},
        "performedDateTime": ago(days_ago),
    }


def order(rxnorm: str, dose: float | None, unit: str = "mg", **changes: Any) -> Json:
    """A draft MedicationRequest by RXCUI."""
    made: Json = {
        "resourceType": "MedicationRequest",
        "id": f"order-{rxnorm}",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": {"coding": [{"system": RXNORM, "code": rxnorm}]},
        "subject": {"reference": f"Patient/{PATIENT}"},
    }
    if dose is not None:
        made["dosageInstruction"] = [{"doseAndRate": [{"doseQuantity": {"value": dose, "unit": unit}}]}]
    return made | changes


def zoledronic(dose: float | None = 4, **changes: Any) -> Json:
    return order("77655", dose, **changes)


def denosumab(dose: float | None = 120, **changes: Any) -> Json:
    return order("993449", dose, **changes)


def prefetch(**changes: Any) -> Json:
    """Everything obtained: lung cancer, bone metastasis, clearance 90, calcium normal, examined, supplemented."""
    supplements = [
        {
            "resourceType": "MedicationRequest",
            "id": name.replace(" ", "-"),
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": {"text": name},
            "subject": {"reference": f"Patient/{PATIENT}"},
            "authoredOn": ago(20),
        }
        for name in ("calcium carbonate", "cholecalciferol")
    ]
    full: Json = {key: bundle() for key in KEYS}
    full |= {
        "patient": patient(),
        "conditions": bundle(LUNG_CANCER, BONE_METASTASIS),
        "laboratory": bundle(clearance(90), calcium(2.3)),
        "medicationRequests": bundle(*supplements),
        "procedures": bundle(dental_exam()),
    }
    return full | changes


def request(*drafts: Json, hook: str = "order-sign", selections: list[str] | None = None, **members: Any) -> Json:
    """A CDS Hooks request with these draft orders; ``members`` replace or add top-level members."""
    context: Json = {
        "userId": "Practitioner/doc-1",
        "patientId": PATIENT,
        "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": d} for d in drafts]},
    }
    if hook == "order-select":
        context["selections"] = [f"{d['resourceType']}/{d['id']}" for d in drafts] if selections is None else selections
    return {
        "hook": hook,
        "hookInstance": "8d0f3b1e-7f60-4d5a-9c3e-0b6c5a1d2e3f",
        "context": context,
        "prefetch": prefetch(),
    } | members


def encoded(body: Json) -> bytes:
    return json.dumps(body).encode()
