"""What an opened chart is silent about because somebody has seen to it, or because it is no lesion: whole requests."""

from __future__ import annotations

import pytest

from cds_service.edition import Edition
from cds_service.evaluate.outcome import Advise
from cds_service.tools.asking import answer_body
from tests.build import BONE_METASTASIS, LUNG_CANCER, NOW, PATIENT, Json, ago, bundle, encoded, patient, request

KEYS = (
    "observations", "reports", "medicationRequests", "medicationStatements", "medicationAdministrations", "procedures",
    "serviceRequests", "encounters",
)  # fmt: skip
SUBJECT = {"subject": {"reference": f"Patient/{PATIENT}"}}


def told(kind: str, text: str, days_ago: int, **members: object) -> Json:
    """A resource told by its name alone, of a day."""
    day = {"Condition": "onsetDateTime", "ServiceRequest": "authoredOn", "MedicationRequest": "authoredOn"}
    named = "medicationCodeableConcept" if kind == "MedicationRequest" else "code"
    status: dict[str, object] = {} if kind == "Condition" else {"status": members.pop("status", "active")}
    made = {"resourceType": kind, "id": f"r{abs(hash(text))}", named: {"text": text}, **SUBJECT, **status}
    return made | {day.get(kind, "effectiveDateTime"): ago(days_ago), "intent": "order"} | members


def said(edition: Edition, topic: str, *diagnoses: Json, **found: Json) -> str | None:
    """What the card says; None: no card."""
    asked = request(hook="order-sign") | {"hook": "patient-view"}
    asked["context"] = {"userId": "Practitioner/doc-1", "patientId": PATIENT}
    asked["prefetch"] = {"patient": patient(), "conditions": bundle(LUNG_CANCER, *diagnoses)}
    asked["prefetch"] |= {key: bundle(*([found[key]] if key in found else [])) for key in KEYS}
    findings = answer_body(edition, "bone-metastasis-review", encoded(asked), NOW, "en").findings
    assert findings
    outcome = next(f.outcome for f in findings.all if f.code == topic)
    return outcome.say if isinstance(outcome, Advise) else None


BROKEN = told("Condition", "Pathologic fracture of left femoral neck", 4)


@pytest.mark.parametrize(
    ("request_", "card"),
    [
        ("IP CONSULT TO ORTHOPEDICS", None), ("转骨科治疗", None), ("Left hip hemiarthroplasty", None),
        ("Intramedullary nailing right femur", "default"), ("IP CONSULT TO DERMATOLOGY", "default"),
    ],
)  # fmt: skip
def test_a_surgeon_who_was_asked(edition: Edition, request_: str, card: str | None) -> None:
    asked = told("ServiceRequest", request_, 1)
    assert said(edition, "surgical-evaluation", BONE_METASTASIS, BROKEN, serviceRequests=asked) == card


@pytest.mark.parametrize(
    ("report", "card"),
    [
        ("T12椎体孤立血管瘤", None), ("右股骨孤立性骨囊肿", None), ("Single bone island in the left ilium.", None),
        ("Solitary sclerotic focus in the left acetabulum, likely bone island.", None),
        ("Solitary sclerotic lesion in the L2 vertebra, hemangioma unlikely.", "default"),
        ("Solitary lesion in the L2 vertebra, suspicious for metastasis rather than hemangioma.", "default"),
        ("Solitary focus in the T8 vertebra, degenerative change in the L5 vertebra.", "default"),
            ("右股骨孤立性骨质破坏，余退行性变", "default"),
    ],
)  # fmt: skip
def test_a_solitary_lesion_that_is_harmless(edition: Edition, report: str, card: str | None) -> None:
    reports = told("DiagnosticReport", "CT", 3, status="final", conclusion=report)
    assert said(edition, "solitary-lesion-biopsy", reports=reports) == card


@pytest.mark.parametrize(
    ("panel", "drug", "card"),
    [
        ("Basic metabolic panel", "Xgeva 120 mg", "due"), ("生化全套", "地舒单抗 120mg", "due"),
        ("肾功能", "唑来膦酸 4mg", "due"), ("肝功能", "唑来膦酸 4mg", "due"),
    ],
)  # fmt: skip
def test_panels_order_their_tests(edition: Edition, panel: str, drug: str, card: str) -> None:
    drugs = told("MedicationRequest", drug, 20)
    asked = told("ServiceRequest", panel, 0)
    assert said(edition, "bma-monitoring", BONE_METASTASIS, medicationRequests=drugs, serviceRequests=asked) == card


@pytest.mark.parametrize(
    ("question", "card"),
    [
        ({"linkId": "/72514-3", "answer": [{"valueInteger": 3}]}, "mild"),
        ({"linkId": "1", "text": "Pain (0-10)", "answer": [{"valueDecimal": 3}]}, "mild"),
        ({"linkId": "1", "text": "Pain", "answer": [{"valueInteger": 3}]}, None),
        ({"linkId": "1", "text": "Headache pain score (0-10)", "answer": [{"valueInteger": 3}]}, None),
    ],
)
def test_pain_in_a_questionnaire(edition: Edition, question: Json, card: str | None) -> None:
    answered = {"resourceType": "QuestionnaireResponse", "id": "q", "status": "completed", "authored": ago(1)}
    answered |= SUBJECT | {"item": [question]}
    assert said(edition, "analgesia-ladder", BONE_METASTASIS, observations=answered) == card


@pytest.mark.parametrize(("name", "card"), [("Pain score", "mild"), ("Patient's stated pain goal", None)])
def test_a_goal_is_no_score(edition: Edition, name: str, card: str | None) -> None:
    scored = told("Observation", name, 1, status="final", valueInteger=3)
    assert said(edition, "analgesia-ladder", BONE_METASTASIS, observations=scored) == card


@pytest.mark.parametrize(
    ("drug", "card"),
    [("carboplatin AUC 5 IV", "fracture"), ("amivantamab", "fracture"), ("赛沃替尼片", "fracture"), ("aspirin", None)],
)
def test_whether_the_cancer_is_treated(edition: Edition, drug: str, card: str | None) -> None:
    drugs = told("MedicationRequest", drug, 60)
    assert said(edition, "refractory-pain-radiotherapy", BONE_METASTASIS, BROKEN, medicationRequests=drugs) == card


@pytest.mark.parametrize(
    ("request_", "card"),
    [("IP CONSULT TO PSYCHIATRY", None), ("精神卫生科会诊", None), ("Referral to podiatry", "positive")],
)
def test_care_for_the_mind_that_was_asked_for(edition: Edition, request_: str, card: str | None) -> None:
    scored = told("Observation", "PHQ-9", 5, status="final", valueInteger=15)
    asked = told("ServiceRequest", request_, 3)
    assert said(edition, "psychological-support", BONE_METASTASIS, observations=scored, serviceRequests=asked) == card
