"""Precedence between topics: a card stands in for another of the same order, never for a more urgent one."""

from __future__ import annotations

from cds_service.edition import Edition
from tests.asked import answered
from tests.build import (
    BONE_METASTASIS,
    LUNG_CANCER,
    Json,
    bundle,
    calcium,
    clearance,
    condition,
    observation,
    prefetch,
    request,
    zoledronic,
)


def topics(edition: Edition, body: Json) -> list[str]:
    found = answered(edition, body)
    return [card.source.topic.code for card in found.response.cards]


def injured(*laboratory: Json) -> Json:
    conditions = bundle(LUNG_CANCER, BONE_METASTASIS, condition("N17.9"))
    return request(zoledronic(), prefetch=prefetch(conditions=conditions, laboratory=bundle(*laboratory, calcium(2.3))))


def test_an_unsteady_creatinine_replaces_a_dose(edition: Edition) -> None:
    assert topics(edition, injured(clearance(45))) == ["renal-function-unstable"]


def test_it_does_not_hide_that_a_drug_is_not_recommended(edition: Edition) -> None:
    (card,) = answered(edition, injured(clearance(25))).response.cards
    assert (card.source.topic.code, card.indicator) == ("bisphosphonate-renal-dose", "critical")
    assert [s.actions[0].type for s in card.suggestions or ()] == ["delete"]
    assert "Creatinine is not steady" in (card.detail or "")


def test_a_creatinine_rise_replaces_the_dose_of_a_repeat(edition: Edition) -> None:
    given = {
        "resourceType": "MedicationAdministration",
        "id": "given",
        "status": "completed",
        "medicationCodeableConcept": {"text": "zoledronic acid"},
        "effectiveDateTime": "2026-01-20",
    }
    rising = [observation("2160-0", 1.0, "mg/dL", 42), observation("2160-0", 1.6, "mg/dL", 1), clearance(45, 1)]
    found = prefetch(laboratory=bundle(*rising, calcium(2.3)), medicationAdministrations=bundle(given))
    assert topics(edition, request(zoledronic(), prefetch=found)) == ["creatinine-rise-hold"]
