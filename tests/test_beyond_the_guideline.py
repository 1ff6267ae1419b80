"""Of whom the guideline is not about nothing is said, also where data did not come that would not have changed it."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.answer import Answer, answer
from cds_service.base.kinds import NOT_EVALUATED
from cds_service.call.problems import DataNotObtained
from cds_service.caller import Caller
from cds_service.edition import Edition
from cds_service.evaluate.outcome import NoAdvice
from cds_service.tools.asking import answer_body
from cds_service.trust.gate import ANYBODY
from tests.asked import answered, call_of
from tests.build import (
    BONE_METASTASIS,
    KEYS,
    LUNG_CANCER,
    NOW,
    PATIENT,
    Json,
    bundle,
    condition,
    encoded,
    order,
    patient,
    prefetch,
    request,
    zoledronic,
)  # fmt: skip

FAILED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
BREAST, OSTEOPOROSIS = condition("C50.911"), condition("M81.0")
UNREADABLE = {"id": "u", "subject": {"reference": f"Patient/{PATIENT}"}, "code": "no concept"}
RECLAST, PROLIA = zoledronic(5), order("993449", 60)
# The patient and the order: nobody the guideline is about.
BEYOND = [((BREAST, BONE_METASTASIS), zoledronic()), ((OSTEOPOROSIS,), RECLAST), ((OSTEOPOROSIS,), PROLIA)]
OTHERS = [key for key in KEYS if key != "conditions"]


def ask(edition: Edition, conditions: tuple[Json, ...], draft: Json, **members: Any) -> Answer:
    return answered(edition, request(draft, prefetch=prefetch(conditions=bundle(*conditions)) | members))


def said(found: Answer) -> set[str]:
    """Why each topic says nothing; the kind of outcome of one that has another."""
    assert found.findings
    return {o.because if isinstance(o := f.outcome, NoAdvice) else type(o).__name__ for f in found.findings.all}


def topics(found: Answer) -> list[str]:
    return [card.source.topic.code for card in found.response.cards]


@pytest.mark.parametrize("key", OTHERS)
@pytest.mark.parametrize(("conditions", "draft"), BEYOND)
def test_no_card_misses_data_for_whom_the_guideline_is_not_about(
    edition: Edition, conditions: tuple[Json, ...], draft: Json, key: str
) -> None:
    found = ask(edition, conditions, draft, **{key: FAILED})
    assert (topics(found), found.unmet) == ([], ())
    assert said(found) == {"out-of-scope"}


@pytest.mark.parametrize("key", ["patient", "laboratory", "medicationRequests", "procedures"])
def test_of_whom_it_is_about_the_same_data_are_missed(edition: Edition, key: str) -> None:
    assert NOT_EVALUATED in topics(ask(edition, (LUNG_CANCER,), zoledronic(), **{key: FAILED}))


@pytest.mark.parametrize("kind", ["Observation", "Procedure"])
def test_nor_what_could_not_be_read(edition: Edition, kind: str) -> None:
    broken = {"procedures": bundle({"resourceType": kind} | UNREADABLE)}
    assert topics(ask(edition, (BREAST, BONE_METASTASIS), zoledronic(), **broken)) == []
    assert NOT_EVALUATED in topics(ask(edition, (LUNG_CANCER, BONE_METASTASIS), zoledronic(), **broken))


@pytest.mark.parametrize(
    "members",
    [
        {"conditions": FAILED},
        {"conditions": bundle(BREAST, FAILED)},
        {"conditions": bundle(BREAST, next_link=True)},
        {"conditions": bundle(BREAST, {"resourceType": "Condition"} | UNREADABLE)},
    ],
)
def test_a_diagnosis_that_did_not_come_may_be_the_lung_cancer(edition: Edition, members: Json) -> None:
    told = prefetch(**members, laboratory=FAILED)
    assert NOT_EVALUATED in topics(answered(edition, request(zoledronic(), prefetch=told)))


def test_a_client_that_refuses_is_not_refused_for_it(edition: Edition) -> None:
    def refusing(*conditions: Json) -> Answer:
        told = prefetch(conditions=bundle(*conditions), laboratory=FAILED)
        strict = Caller(who=ANYBODY, client=None, missing_data="refuse")
        return answer(edition, strict, call_of(request(zoledronic(), prefetch=told)), NOW)

    assert topics(refusing(BREAST)) == []
    with pytest.raises(DataNotObtained):
        refusing(LUNG_CANCER)


def chart(edition: Edition, conditions: Json, **told: Any) -> Answer:
    context = {"userId": "Practitioner/doc-1", "patientId": PATIENT}
    known = {"patient": patient(), "conditions": conditions, "observations": bundle()} | told
    body = request() | {"hook": "patient-view", "context": context, "prefetch": known}
    return answer_body(edition, "bone-metastasis-review", encoded(body), NOW)


@pytest.mark.parametrize("key", ["patient", "observations", "medicationRequests"])
def test_nor_does_an_opened_chart_that_the_gate_ends(edition: Edition, key: str) -> None:
    found = chart(edition, bundle(condition("I10")), **{key: FAILED})
    assert topics(found) == []
    assert said(found) == {"out-of-scope"}
    assert found.findings
    assert len(found.findings.all) > 10


def test_the_gate_of_a_chart_says_why(edition: Edition) -> None:
    dead = chart(edition, bundle(LUNG_CANCER), patient=patient(deceasedBoolean=True))
    assert said(dead) == {"dead"}
