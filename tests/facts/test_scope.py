"""Whom the guideline is about, by what is on record and what is ordered."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.evaluate.scope import at_oncology_dose, scope_of
from tests.asked import answered
from tests.build import (
    BONE_METASTASIS,
    ICD10CM,
    LUNG_CANCER,
    SNOMED,
    Json,
    bundle,
    condition,
    denosumab,
    prefetch,
    request,
    zoledronic,
)

BREAST = condition("C50.911")
MYELOMA = condition("C90.00")
OSTEOPOROSIS = condition("M81.0")
REASON = {"reasonCode": [{"coding": [{"system": ICD10CM, "code": "M81.0"}]}]}
EXAM = {
    "resourceType": "ServiceRequest",
    "id": "s",
    "status": "draft",
    "code": {"coding": [{"system": SNOMED, "code": "34043003"}]},
}


PAST_PRIMARIES = ("乳腺癌术后", "前列腺癌根治术后", "history of breast cancer", "prior breast cancer")


@pytest.mark.parametrize("text", PAST_PRIMARIES)
def test_a_bone_metastasis_beside_a_primary_of_the_past_is_not_of_an_unknown_one(scope: Any, text: str) -> None:
    past = condition("C50.911") | {"code": {"text": text}}
    assert scope(denosumab(), BONE_METASTASIS, past) == "other-primary"
    assert scope(denosumab(), BONE_METASTASIS, LUNG_CANCER, past) == "lung-cancer"
    assert scope(denosumab(), past) == "no-diagnosis"


def test_a_resolved_primary_is_one_of_the_past_and_a_denied_one_none(scope: Any) -> None:
    over = BREAST | {"clinicalStatus": {"coding": [{"code": "resolved"}]}}
    assert scope(denosumab(), BONE_METASTASIS, over) == "other-primary"
    assert scope(denosumab(), BONE_METASTASIS, BREAST | {"code": {"text": "无乳腺癌"}}) == "primary-not-recorded"
    assert scope(denosumab(), BONE_METASTASIS, BREAST | {"code": {"text": "母亲乳腺癌"}}) == "primary-not-recorded"


@pytest.fixture
def scope(edition: Edition) -> Any:
    def read(draft: Json, *conditions: Json) -> str:
        body = request(draft, zoledronic(id="anchor"), prefetch=prefetch(conditions=bundle(*conditions)))
        findings = answered(edition, body).findings
        assert findings is not None
        return scope_of(findings.facts.orders.all[0], findings.facts)

    return read


@pytest.mark.parametrize(
    ("draft", "conditions", "expected"),
    [
        (zoledronic(4), [LUNG_CANCER, BONE_METASTASIS], "lung-cancer"),
        (zoledronic(4), [LUNG_CANCER], "lung-cancer"),
        (zoledronic(4), [LUNG_CANCER, BREAST], "lung-cancer"),
        (zoledronic(4), [BONE_METASTASIS], "primary-not-recorded"),
        (zoledronic(4), [BONE_METASTASIS, BREAST], "other-primary"),
        (zoledronic(4), [MYELOMA], "other-primary"),
        (zoledronic(4), [], "no-diagnosis"),
        (zoledronic(4), [condition("I10")], "no-diagnosis"),
        (zoledronic(4), [LUNG_CANCER | {"verificationStatus": {"coding": [{"code": "refuted"}]}}], "no-diagnosis"),
        (zoledronic(4), [LUNG_CANCER | {"clinicalStatus": {"coding": [{"code": "resolved"}]}}], "no-diagnosis"),
        (EXAM, [OSTEOPOROSIS], "no-diagnosis"),
        (EXAM, [LUNG_CANCER, OSTEOPOROSIS], "lung-cancer"),
    ],
)
def test_scope(scope: Any, draft: Json, conditions: list[Json], expected: str) -> None:
    assert scope(draft, *conditions) == expected


@pytest.mark.parametrize(
    ("draft", "conditions", "expected"),
    [
        (zoledronic(5), [OSTEOPOROSIS], "osteoporosis"),
        (zoledronic(4), [OSTEOPOROSIS], "no-diagnosis"),
        (zoledronic(5) | REASON, [], "osteoporosis"),
        (denosumab(60), [LUNG_CANCER, OSTEOPOROSIS], "osteoporosis"),
        (denosumab(60) | REASON, [LUNG_CANCER], "osteoporosis"),
        (denosumab(120), [LUNG_CANCER, OSTEOPOROSIS], "lung-cancer"),
        (zoledronic(4), [LUNG_CANCER, OSTEOPOROSIS], "lung-cancer"),
        (denosumab(60), [LUNG_CANCER, BONE_METASTASIS, OSTEOPOROSIS], "lung-cancer"),
        (denosumab(60), [BONE_METASTASIS, OSTEOPOROSIS], "primary-not-recorded"),
    ],
)
def test_osteoporosis_explains_an_order_unless_oncology_does(
    scope: Any, draft: Json, conditions: list[Json], expected: str
) -> None:
    assert scope(draft, *conditions) == expected


def test_a_service_has_no_oncology_dose(edition: Edition) -> None:
    body = request(EXAM, zoledronic(4))
    findings = answered(edition, body).findings
    assert findings is not None
    assert [at_oncology_dose(order) for order in findings.facts.orders] == [False, True]
