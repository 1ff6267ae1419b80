"""Problems together: of one patient with several of them no answer says a measured number twice, and none says how to
give what another card says is not to be given. The situations hold a few together; here they meet at random."""

from __future__ import annotations

import random

import pytest

from cds_service.answer import Answer
from cds_service.base.kinds import LANGUAGES, LanguageTag
from cds_service.edition import Edition
from cds_service.evaluate.outcome import CreateDrug, ReviseOrder
from cds_service.facts.subjects import DrugOrder
from tests.asked import answered
from tests.build import (
    BONE_METASTASIS,
    LUNG_CANCER,
    Json,
    ago,
    bundle,
    condition,
    denosumab,
    dental_exam,
    observation,
    order,
    patient,
    prefetch,
    request,
    zoledronic,
)
from tests.contradictions import repeated

COMBINATIONS = range(250)


def _some(chance: random.Random, *resources: Json, share: float = 0.2) -> list[Json]:
    return [r for r in resources if chance.random() < share]


def _drug(name: str, dose: float | None = None, **changes: object) -> Json:
    named = {"id": name.replace(" ", "-"), "medicationCodeableConcept": {"text": name}}
    return order("", dose) | named | changes


def _results(chance: random.Random) -> list[Json]:
    found = [observation("29463-7", chance.choice([42, 60, 95]), "kg", chance.choice([3, 40]))]
    if value := chance.choice([None, 60, 90, 150, 220, 350]):
        found.append(observation("14682-9", value, "umol/L", chance.choice([1, 5, 20])))
        found += _some(chance, observation("14682-9", value - chance.choice([5, 30, 50]), "umol/L", 60), share=0.4)
    if value := chance.choice([None, 1.6, 1.85, 1.95, 2.05, 2.3, 2.9, 3.1]):
        found.append(observation("2000-8", value, "mmol/L", chance.choice([1, 6, 20])))
    if value := chance.choice([None, 28, 35, 48]):
        found.append(observation("1751-7", value, "g/L", chance.choice([1, 6])))
    return found + _some(chance, observation("1995-0", chance.choice([0.9, 1.2]), "mmol/L", 1))


def _history(chance: random.Random) -> Json:
    days = chance.choice([5, 30, 90])
    drugs = ("zoledronic acid", "denosumab", "ibuprofen", "cisplatin", "calcium carbonate", "cholecalciferol")
    problems = (condition("E11.9"), condition("M87.180"), condition("N18.5"))
    active = [_drug(name, status="active", authoredOn=ago(days)) for name in drugs]
    return {
        "patient": patient(),
        "conditions": bundle(LUNG_CANCER, *_some(chance, BONE_METASTASIS, share=0.9), *_some(chance, *problems)),
        "laboratory": bundle(*_results(chance)),
        "medicationRequests": bundle(*_some(chance, *active)),
        "procedures": bundle(*_some(chance, dental_exam(chance.choice([20, 300])), share=0.5)),
    }


def _drafts(chance: random.Random) -> list[Json]:
    fast = {"timing": {"repeat": {"duration": 5, "durationUnit": "min"}}}
    drugs = [zoledronic(), zoledronic(), denosumab(), denosumab(60), _drug("ibandronate", 6), _drug("pamidronate", 90)]
    one = chance.choice(drugs)
    if chance.random() < 0.3:
        one["dosageInstruction"][0] |= fast
    return [one, *_some(chance, _drug("calcium carbonate 600 mg"), share=0.5)]


@pytest.fixture(scope="module", params=LANGUAGES)
def told(edition: Edition, request: pytest.FixtureRequest) -> list[Answer]:
    """The answers to all combinations, each of one bone-modifying drug, some with a supplement."""
    language: LanguageTag = request.param
    return [answered(edition, _asked(random.Random(seed)), language) for seed in COMBINATIONS]


def _asked(chance: random.Random) -> Json:
    return request(*_drafts(chance), prefetch=prefetch(**_history(chance)))


def test_no_measured_number_stands_on_two_cards(told: list[Answer]) -> None:
    screens = [[f"{card.summary} {card.detail}" for card in each.response.cards] for each in told]
    assert {n: found for n, screen in enumerate(screens) if (found := repeated(screen))} == {}
    assert sum(len(screen) > 2 for screen in screens) > 100


def test_nothing_is_dosed_or_offered_that_another_card_says_not_to_give(told: list[Answer]) -> None:
    withheld = 0
    for n, each in enumerate(told):
        advice = each.findings.advice if each.findings else ()
        no = {f.subject.key for f, a in advice if f.topic.recommendation.withheld_by(a.say)}
        withheld += bool(no)
        acts = [act for _, a in advice for s in a.suggestions for act in s.acts]
        assert not [act for act in acts if isinstance(act, ReviseOrder) and act.order.key in no], n
        own = {s.drug for s in each.subjects if isinstance(s, DrugOrder) and s.key in no}
        assert not [act for act in acts if isinstance(act, CreateDrug) and act.orderable in own], n
    assert withheld > 25
