"""Words of the ward that changed an answer: each as a whole request."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice
from cds_service.tools.asking import answer_body
from tests.build import BONE_METASTASIS, LUNG_CANCER, NOW, Json, ago, bundle, encoded, observation, patient, request

PAIN = observation("72514-3", 5, "{score}", 2)


def drug(name: str, dose: str, **members: Any) -> Json:
    made: Json = {"resourceType": "MedicationRequest", "id": f"d-{name}", "status": "draft", "intent": "order"}
    named = {"medicationCodeableConcept": {"text": name}, "subject": {"reference": "Patient/pat-1"}}
    return made | named | {"dosageInstruction": [{"text": dose}]} | members


def outcome(edition: Edition, topic: str, draft: Json, *taken: Json) -> object:
    told = {"patient": patient(), "conditions": bundle(LUNG_CANCER, BONE_METASTASIS), "observations": bundle(PAIN)}
    told |= {key: bundle() for key in ("medicationStatements", "medicationAdministrations", "encounters")}
    body = request(draft) | {"prefetch": told | {"medicationRequests": bundle(*taken)}}
    found = answer_body(edition, "cancer-pain", encoded(body), NOW, "en").findings
    assert found
    return next(f.outcome for f in found.all if f.code == topic)


@pytest.mark.parametrize(
    ("name", "dose", "because"),
    [
        ("双氯芬酸二乙胺乳胶剂", "外用 tid", None),
        ("对乙酰氨基酚片", "0.5g 体温>38.5℃时口服", "not-for-pain"),
        ("对乙酰氨基酚片", "0.5g 疼痛或发热时口服", "advise"),
        ("塞来昔布胶囊", "0.2g bid", "advise"),
    ],
)
def test_what_an_analgesic_is_for(edition: Edition, name: str, dose: str, because: str | None) -> None:
    if because is None:
        with pytest.raises(AssertionError):
            outcome(edition, "opioid-first-line", drug(name, dose))
        return
    found = outcome(edition, "opioid-first-line", drug(name, dose))
    assert isinstance(found, Advise) if because == "advise" else found == NoAdvice(because)


def test_a_combination_with_codeine_holds_acetaminophen(edition: Edition) -> None:
    taken = drug("氨酚可待因片", "1片 q6h", id="m", status="active", authoredOn=ago(5))
    found = outcome(edition, "acetaminophen-daily-maximum", drug("对乙酰氨基酚片", "0.5g q6h"), taken)
    assert isinstance(found, CannotTell)
