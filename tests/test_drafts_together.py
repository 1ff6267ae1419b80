"""Several bone-modifying drugs in one set of drafts: whatever the patient has, no measured number and no sentence
stands on two cards, what is the same for the drugs is said once, and nothing that was found of any of them is lost."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations

import pytest

from cds_service.answer import Answer
from cds_service.base.kinds import LANGUAGES, URGENCY, LanguageTag
from cds_service.base.numbers import plain_number
from cds_service.edition import Edition
from cds_service.evaluate.outcome import Advise
from cds_service.facts.subjects import DrugOrder
from cds_service.render.cards import card_uuid
from cds_service.render.model import Card
from tests.asked import answered
from tests.build import (
    BONE_METASTASIS,
    LUNG_CANCER,
    Json,
    ago,
    bundle,
    clearance,
    condition,
    dental_exam,
    observation,
    order,
    patient,
    prefetch,
    request,
)
from tests.contradictions import repeated

FAST = {"timing": {"repeat": {"duration": 5, "durationUnit": "min"}}}
DRAFTS = (
    ("zoledronic acid", 4), ("zoledronic acid", 5), ("pamidronate", 90), ("ibandronate", 6), ("incadronate", 10),
    ("clodronate", None), ("denosumab", 120), ("denosumab", 60), ("narlumosbart", 120),
)  # fmt: skip
# What is the same for every drug.
OF_THE_PATIENT = {"renal-risk-factors", "dental-exam-before-bma", "calcium-vitamin-d-supplement"}
SETS = (*combinations(DRAFTS, 2), *random.Random(7).sample(list(combinations(DRAFTS, 3)), 40))
PATIENTS = range(6)


def _drug(name: str, dose: float | None = None, **changes: object) -> Json:
    named = {"id": f"{name}-{dose}".replace(" ", "-"), "medicationCodeableConcept": {"text": name}}
    return order("", dose) | named | changes


def _patient(chance: random.Random) -> Json:
    kidneys = [
        [clearance(chance.choice([20, 42, 55, 90]))],
        [observation("14682-9", chance.choice([90, 170, 500]), "umol/L"), observation("29463-7", 60, "kg")],
        [
            observation("14682-9", 90, "umol/L", 6),
            observation("14682-9", 160, "umol/L"),
            observation("29463-7", 60, "kg"),
        ],
        [observation("33914-3", 22, "mL/min/{1.73_m2}")],
        [],
    ]
    calcium = [observation("2000-8", v, "mmol/L", chance.choice([1, 6])) for v in (1.7, 1.95, 2.3, 2.9)]
    problems = (condition("E11.9"), condition("M87.180"), condition("N18.5"), condition("Z99.2"), condition("E83.51"))
    given = _drug(
        "zoledronic acid", status="completed", resourceType="MedicationAdministration", effectiveDateTime=ago(60)
    )
    taken = (
        _drug("ibuprofen", status="active", authoredOn=ago(9)),
        _drug("denosumab", status="active", authoredOn=ago(9)),
    )
    return {
        "patient": patient(birthDate=chance.choice(["1950-03-01", "1976-03-01"])),
        "conditions": bundle(LUNG_CANCER, *_some(chance, BONE_METASTASIS, share=0.8), *_some(chance, *problems)),
        "laboratory": bundle(*chance.choice(kidneys), *chance.sample(calcium, chance.choice([0, 1, 1]))),
        "medicationRequests": bundle(*_some(chance, *taken)),
        "medicationAdministrations": bundle(*_some(chance, given)),
        "procedures": bundle(*_some(chance, dental_exam(), share=0.4)),
    }


def _some(chance: random.Random, *resources: Json, share: float = 0.2) -> list[Json]:
    return [r for r in resources if chance.random() < share]


@pytest.fixture(scope="module", params=LANGUAGES)
def told(edition: Edition, request: pytest.FixtureRequest) -> dict[str, Answer]:
    """By what is ordered of whom, the answer; one draft in six is infused in five minutes."""
    language: LanguageTag = request.param
    found = {}
    for n, drugs in enumerate(SETS):
        for one in PATIENTS:
            chance = random.Random(100 * n + one)
            found[f"{drugs} {one}"] = answered(edition, _asked(chance, drugs), language)
    return found


def _asked(chance: random.Random, drugs: tuple[tuple[str, float | None], ...]) -> Json:
    drafts = [_drug(*each) for each in drugs]
    for draft in drafts:
        if "dosageInstruction" in draft and chance.random() < 0.16:
            draft["dosageInstruction"][0] |= FAST
    return request(*drafts, prefetch=prefetch(**_patient(chance)))


def _paragraphs(answer: Answer) -> list[str]:
    """The paragraphs of all cards but for sources."""
    cards = [set((card.detail or "").split("\n\n")) for card in answer.response.cards]
    return [line for card in cards for line in card if not line.startswith("**")]


def test_no_number_and_no_sentence_stands_on_two_cards(told: dict[str, Answer]) -> None:
    numbers = {
        name: found
        for name, each in told.items()
        if (found := repeated(f"{c.summary} {c.detail}" for c in each.response.cards))
    }
    assert numbers == {}
    twice = {
        name: [line for line, times in Counter(_paragraphs(each)).items() if times > 1] for name, each in told.items()
    }
    assert {name: lines for name, lines in twice.items() if lines} == {}


def test_a_matter_has_one_card_for_all_drafts(told: dict[str, Answer]) -> None:
    joined = 0
    for name, each in told.items():
        assert each.findings
        about = [(f.topic.recommendation.matter, f.subject.key) for f, _ in each.findings.advice]
        several = {m for m, subject in about for other, also in about if m and m == other and subject != also}
        assert not several, name
        joined += any(f.joined_to for f in each.findings.all)
    assert joined > 150


def test_nothing_that_was_found_of_a_draft_is_lost(edition: Edition, told: dict[str, Answer]) -> None:
    """What is said on another order's card is counted there, names its drug and its dose, and is never more urgent."""
    doses = 0
    for name, each in told.items():
        assert each.findings
        drugs = edition.wordings[each.caller.language].language.shared.drugs
        cards = {uuid: card for card in each.response.cards for uuid in _counted(card)}
        for found in (f for f in each.findings.all if f.joined_to is not None and not f.replaced_by):
            card, said = cards[str(card_uuid(each.call.hook_instance, found.code, found.subject.key))], found.outcome
            assert isinstance(found.subject, DrugOrder)
            assert isinstance(said, Advise)
            text = f"{card.summary} {card.detail}".lower()
            assert URGENCY.index(card.indicator) >= URGENCY.index(said.indicator), name
            if found.code not in OF_THE_PATIENT:
                assert drugs[found.subject.drug].lower() in text, (name, found.code)
            if row := said.data.get("row"):
                assert f"{plain_number(row)} mg" in text, name
                doses += 1
    assert doses > 15


def _counted(card: Card) -> list[str]:
    """The ids of a card and of what it holds."""
    return [card.uuid, *(held.uuid for listed in (card.extension or {}).values() for held in listed)]


def test_of_three_drafts_the_last_names_all(edition: Edition) -> None:
    body = request(_drug("zoledronic acid", 4), _drug("ibandronate", 6), _drug("denosumab", 120))
    (card,) = [c for c in answered(edition, body).response.cards if c.source.topic.code == "concurrent-bma"]
    assert card.summary == "Several bone-modifying drugs ordered together: denosumab, zoledronic acid, ibandronate"
    assert [s.actions[0].resource_id for s in card.suggestions or ()] == [
        "MedicationRequest/denosumab-120", "MedicationRequest/zoledronic-acid-4", "MedicationRequest/ibandronate-6",
    ]  # fmt: skip


def test_what_forbids_one_drug_is_not_lost_on_the_card_of_another(edition: Edition) -> None:
    results = [
        observation("14682-9", 500, "umol/L"),
        observation("29463-7", 60, "kg"),
        observation("2000-8", 2.3, "mmol/L"),
    ]
    known = prefetch(laboratory=bundle(*results), conditions=bundle(LUNG_CANCER, BONE_METASTASIS, condition("Z99.2")))
    body = request(_drug("zoledronic acid", 4), _drug("ibandronate", 6), prefetch=known)
    (card,) = [c for c in answered(edition, body).response.cards if c.source.topic.code == "ibandronate-label-limit"]
    assert "Nor give zoledronic acid: Table 2 does not recommend it" in (card.detail or "")
    assert [s.actions[0].resource_id for s in card.suggestions or ()] == [
        "MedicationRequest/ibandronate-6", "MedicationRequest/zoledronic-acid-4",
    ]  # fmt: skip
