"""Bodies of 2 to 1,000 synthetic resources, for the bench: orders that are signed, a chart that is opened."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]
LARGE = 200  # from so many resources on the patient has fifteen treatments
LOINC = "http://loinc.org"
# What a hospital's laboratory feed is mostly made of: a few results the rules read among many they do not.
LABORATORY = [
    ("718-7", "Hemoglobin", 12.1, "g/dL"),
    ("2951-2", "Sodium", 139, "mmol/L"),
    ("2823-3", "Potassium", 4.1, "mmol/L"),
    ("6690-2", "Leukocytes", 6.2, "10*3/uL"),
    ("2160-0", "Creatinine", 1.1, "mg/dL"),
    ("17861-6", "Calcium", 9.4, "mg/dL"),
    ("1751-7", "Albumin", 4.0, "g/dL"),
    ("1742-6", "Alanine aminotransferase", 22, "U/L"),
    ("777-3", "Platelets", 240, "10*3/uL"),
    ("6768-6", "Alkaline phosphatase", 130, "U/L"),
]


def _bundle(resources: list[Json]) -> Json:
    entries = [
        {"fullUrl": f"https://ehr.example.org/fhir/{r['resourceType']}/{r['id']}", "resource": r} for r in resources
    ]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}


def _laboratory(number: int, now: datetime) -> Json:
    code, name, value, unit = LABORATORY[number % len(LABORATORY)]
    when = now - timedelta(days=1 + number // len(LABORATORY), minutes=number)
    return {
        "resourceType": "Observation",
        "id": f"lab-{number}",
        "meta": {"versionId": "1", "lastUpdated": when.isoformat(timespec="seconds")},
        "status": "final",
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}
        ],
        "code": {"coding": [{"system": LOINC, "code": code, "display": name}], "text": name},
        "subject": {"reference": "Patient/bench"},
        "effectiveDateTime": when.isoformat(timespec="seconds"),
        "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
        "referenceRange": [{"low": {"value": 1, "unit": unit}, "high": {"value": 500, "unit": unit}}],
        "performer": [{"reference": "Organization/laboratory", "display": "Central laboratory"}],
    }


def _fixed(now: datetime) -> list[tuple[str, Json]]:
    subject = {"reference": "Patient/bench"}
    icd = "http://hl7.org/fhir/sid/icd-10-cm"
    return [
        ("patient", {"resourceType": "Patient", "id": "bench", "gender": "female", "birthDate": "1960-05-17"}),
        ("conditions", {"resourceType": "Condition", "id": "lung", "subject": subject, "code": {"coding": [{"system": icd, "code": "C34.11"}]}}),
        ("conditions", {"resourceType": "Condition", "id": "bone", "subject": subject, "code": {"coding": [{"system": icd, "code": "C79.51"}]}}),
        ("measurements", {
            "resourceType": "Observation", "id": "weight", "status": "final", "subject": subject,
            "code": {"coding": [{"system": LOINC, "code": "29463-7"}]},
            "effectiveDateTime": (now - timedelta(days=3)).isoformat(timespec="seconds"),
            "valueQuantity": {"value": 58, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
        }),
        ("medicationRequests", {
            "resourceType": "MedicationRequest", "id": "supplement", "status": "active", "intent": "order", "subject": subject,
            "medicationCodeableConcept": {"text": "Calcium carbonate 600 mg with vitamin D3 tablet"}, "authoredOn": (now - timedelta(days=40)).isoformat(timespec="seconds"),
        }),
        ("procedures", {
            "resourceType": "Procedure", "id": "exam", "status": "completed", "subject": subject,
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": "34043003"}]},
            "performedDateTime": (now - timedelta(days=60)).isoformat(timespec="seconds"),
        }),
    ]  # fmt: skip


# What a patient of a cancer ward is on: the bench reads them as any record's treatment is read.
TREATMENTS = [
    "Osimertinib 80 mg tablet", "Omeprazole 20 mg capsule", "Amlodipine 5 mg tablet", "Metformin 500 mg tablet",
    "Morphine sulfate 10 mg extended release tablet", "Ondansetron 8 mg tablet", "Dexamethasone 4 mg tablet",
    "Atorvastatin 20 mg tablet", "Furosemide 20 mg tablet", "Lactulose oral solution", "Paracetamol 500 mg tablet",
    "Enoxaparin 40 mg injection", "Potassium chloride 600 mg tablet", "Zopiclone 7.5 mg tablet",
]  # fmt: skip


def _treatment(number: int, now: datetime) -> Json:
    return {
        "resourceType": "MedicationRequest",
        "id": f"treatment-{number}",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/bench"},
        "medicationCodeableConcept": {"text": TREATMENTS[number]},
        "authoredOn": (now - timedelta(days=10 + number)).isoformat(timespec="seconds"),
        "dosageInstruction": [{
            "text": "one by mouth once daily", "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
            "route": {"coding": [{"system": "http://snomed.info/sct", "code": "26643006", "display": "Oral route"}]},
            "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet"}}],
        }],
    }  # fmt: skip


# What an imaging department writes; many more words than a result. Read by the services beside bone drugs.
REPORTS = [
    ("Comparison with the previous examination. Lungs: the mass of the right upper lobe measures 3.2 x 2.8 cm. No pleural "
    "effusion. Mediastinal lymph nodes are not enlarged. Liver and adrenal glands are unremarkable. Bones: multiple "
    "osteolytic lesions of the spine and pelvis, consistent with metastases. No pathological fracture is seen."),
    ("右肺上叶占位，大小约3.2×2.8cm，较前相仿。纵隔淋巴结未见肿大。肝、双侧肾上腺未见明显异常。胸腰椎及骨盆多发溶骨性破坏，考虑转移。"
    "未见明确病理性骨折征象。请结合临床。"),
]  # fmt: skip
REPORTED = 12


def _report(number: int, now: datetime) -> Json:
    return {
        "resourceType": "DiagnosticReport",
        "id": f"report-{number}",
        "status": "final",
        "subject": {"reference": "Patient/bench"},
        "code": {"coding": [{"system": LOINC, "code": "24627-2", "display": "CT Chest"}], "text": "CT Chest"},
        "effectiveDateTime": (now - timedelta(days=20 + 30 * number)).isoformat(timespec="seconds"),
        "conclusion": REPORTS[number % len(REPORTS)],
    }


def _pain(now: datetime) -> Json:
    return {
        "resourceType": "Observation",
        "id": "pain",
        "status": "final",
        "subject": {"reference": "Patient/bench"},
        "code": {"coding": [{"system": LOINC, "code": "72514-3"}]},
        "effectiveDateTime": (now - timedelta(days=1)).isoformat(timespec="seconds"),
        "valueQuantity": {"value": 8, "unit": "{score}"},
    }


def _found(resources: int, now: datetime, keys: list[str], beside: int = 0) -> dict[str, list[Json]]:
    """So many resources, by their prefetch keys; ``beside``: of them others that are added."""
    found: dict[str, list[Json]] = {key: [] for key in keys}
    for key, resource in itertools.islice(_fixed(now), resources):
        found[key].append(resource)
    treated = len(TREATMENTS) if resources >= LARGE else 0
    found["medicationRequests"] += [_treatment(number, now) for number in range(treated)]
    for number in range(max(0, resources - len(_fixed(now)) - treated - beside)):
        found["laboratory"].append(_laboratory(number, now))
    return found


def _call(hook: str, context: Json, found: dict[str, list[Json]]) -> bytes:
    prefetch: Json = {key: _bundle(some) for key, some in found.items()}
    prefetch["patient"] = found["patient"][0]
    return json.dumps({
        "hook": hook,
        "hookInstance": "6f1d8b0c-9d43-4f8e-8a39-0e5b6a4a1c11",
        "context": {"userId": "Practitioner/bench", "patientId": "bench"} | context,
        "prefetch": prefetch,
    }).encode()  # fmt: skip


def order(resources: int, now: datetime) -> bytes:
    """An order-sign request with about ``resources`` prefetched resources, and zoledronic acid 4 mg in the drafts."""
    keys = ["patient", "conditions", "laboratory", "measurements", "medicationRequests", "medicationStatements",
            "medicationAdministrations", "procedures", "serviceRequests", "appointments"]  # fmt: skip
    drafts = {"draftOrders": {"resourceType": "Bundle", "entry": [{"resource": {
        "resourceType": "MedicationRequest", "id": "order", "status": "draft", "intent": "order",
        "subject": {"reference": "Patient/bench"},
        "medicationCodeableConcept": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "1114085"}], "text": "zoledronic acid 4 MG in 100 ML"},
        "dosageInstruction": [{"doseAndRate": [{"doseQuantity": {"value": 4, "unit": "mg"}}]}],
    }}]}}  # fmt: skip
    return _call("order-sign", drafts, _found(resources, now, keys))


def chart(resources: int, now: datetime) -> bytes:
    """A patient-view request of the same patient: all results under one key, as discovery asks for them."""
    keys = ["patient", "conditions", "laboratory", "measurements", "reports", "encounters", "medicationRequests",
            "medicationStatements", "medicationAdministrations", "procedures", "serviceRequests"]  # fmt: skip
    found = _found(resources, now, keys)
    found["observations"] = found.pop("measurements") + found.pop("laboratory")
    return _call("patient-view", {}, found)


def _asked(resources: int, now: datetime, draft: Json) -> bytes:
    """An order-sign request of one of the services beside bone drugs: all results under one key; a large record holds a
    dozen reports among them."""
    keys = ["patient", "conditions", "laboratory", "measurements", "reports", "medicationRequests", "medicationStatements",
            "medicationAdministrations", "procedures", "serviceRequests", "encounters"]  # fmt: skip
    reports = [_report(number, now) for number in range(REPORTED if resources >= LARGE else 0)]
    pain = [_pain(now)] if resources >= LARGE else []
    found = _found(resources, now, keys, len(reports) + len(pain))
    found["observations"] = found.pop("measurements") + pain + found.pop("laboratory")
    found["reports"] += reports
    about = {"id": "order", "status": "draft", "intent": "order", "subject": {"reference": "Patient/bench"}}
    return _call(
        "order-sign", {"draftOrders": {"resourceType": "Bundle", "entry": [{"resource": about | draft}]}}, found
    )


def analgesic(resources: int, now: datetime) -> bytes:
    """Acetaminophen 1 g every 4 hours: too much."""
    dosage = {
        "timing": {"repeat": {"frequency": 1, "period": 4, "periodUnit": "h"}},
        "doseAndRate": [{"doseQuantity": {"value": 1000, "unit": "mg"}}],
    }
    drug = {
        "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "198440"}],
        "text": "Acetaminophen 500 MG Oral Tablet",
    }
    return _asked(resources, now, {"resourceType": "MedicationRequest", "medicationCodeableConcept": drug, "dosageInstruction": [dosage]})  # fmt: skip


def imaging(resources: int, now: datetime) -> bytes:
    """A bone scan to judge response."""
    code = {"coding": [{"system": LOINC, "code": "39818-0"}], "text": "Bone scan, whole body"}
    reason = [{"text": "Response assessment after 3 months of treatment"}]
    return _asked(resources, now, {"resourceType": "ServiceRequest", "code": code, "reasonCode": reason})


def local(resources: int, now: datetime) -> bytes:
    """Radiotherapy of a painful bone in ten fractions."""
    code = {"text": "External beam radiotherapy left femur, 30 Gy in 10 fractions"}
    return _asked(resources, now, {"resourceType": "ServiceRequest", "code": code, "reasonCode": [{"text": "Bone pain"}]})  # fmt: skip


def other(resources: int, now: datetime) -> bytes:
    """The same chart of a patient without cancer: it ends at the gate."""
    body = json.loads(chart(resources, now))
    body["prefetch"]["conditions"] = _bundle([])
    return json.dumps(body).encode()
