"""What stands on one screen goes together: no answer has two cards that contradict each other or repeat a number, and
the findings and cards of every situation hold against each other (the ward: ``test_burden.py``).

Each pair was once met: a drug offered that a low calcium forbids, a dose beside "hold", a third drug beside two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import pytest

from cds_service import fixtures
from cds_service.answer import Answer
from cds_service.base.kinds import LANGUAGES, LanguageTag
from cds_service.base.numbers import plain_number
from cds_service.call.problems import CallProblem
from cds_service.edition import Edition
from cds_service.evaluate.findings import Finding, Findings
from cds_service.evaluate.outcome import Advise, CreateDrug, DeleteOrder
from cds_service.evaluate.triggers import BONE_MODIFYING
from cds_service.facts.subjects import DrugOrder
from cds_service.tools.asking import answer_body
from tests.contradictions import faults, opposed, repeated

LOW_CALCIUM = {"denosumab-hypocalcaemia", "bisphosphonate-hypocalcaemia"}
INFUSION = {"infusion-time", "pamidronate-infusion-time"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_situation_has_two_cards_that_contradict_or_repeat_a_number(edition: Edition, language: LanguageTag) -> None:
    found, answered = {}, 0
    for situation in fixtures.situations():
        try:
            answer = answer_body(edition, situation.story.service, situation.request, situation.at, language)
        except CallProblem:
            continue
        answered += len(answer.response.cards) > 1
        if wrong := faults(answer):
            found[situation.name] = wrong
    assert found == {}
    assert answered >= 8


def test_a_number_on_two_cards_is_found() -> None:
    assert repeated(["Clearance 45.2 mL/min.", "Risk: 45.2 mL/min"]) == ["45.2 mL/min"]
    assert repeated(["肌酐 114 μmol/L", "肌酐 114 μmol/L（升高 44）"]) == ["114 μmol/L"]
    assert repeated(["45.2 mL/min, 45.2 mL/min", "45 mL/min", "2.05 mmol/L", "2.05 mg/dL"]) == []


def test_cards_that_no_other_replaces_would_be_found(edition: Edition) -> None:
    """Without precedence the rules do contradict each other: a rise that holds the drug, and a dose of it."""
    found = []
    for situation in fixtures.situations():
        try:
            answer = answer_body(edition, situation.story.service, situation.request, situation.at)
        except CallProblem:
            continue
        if answer.findings:
            bare = tuple(msgspec.structs.replace(each, replaced_by=None) for each in answer.findings.all)
            found += opposed(Findings(answer.findings.facts, bare).advice)
    assert any("takes it away" in each for each in found)


@dataclass(frozen=True)
class Told:
    """One situation's answer; ``advice``: its cards with what they come from."""

    name: str
    answer: Answer
    advice: tuple[tuple[Finding, Advise], ...]

    def offered(self) -> Iterator[str]:
        """The drugs that its buttons create."""
        acts = (act for _, said in self.advice for s in said.suggestions for act in s.acts)
        yield from (act.orderable for act in acts if isinstance(act, CreateDrug))

    def withheld(self) -> Iterator[tuple[Finding, Advise]]:
        """The cards that say that their drug is not to be given now."""
        yield from ((f, a) for f, a in self.advice if f.topic.recommendation.withheld_by(a.say))

    def texts(self) -> Iterator[str]:
        yield from (card.detail or "" for card in self.answer.response.cards)


@pytest.fixture(scope="module")
def told(edition: Edition) -> list[Told]:
    """Every situation that is answered, in English."""
    found = []
    for situation in fixtures.situations():
        if situation.story.status == 200:
            answer = answer_body(edition, situation.story.service, situation.request, situation.at, "en")
            found.append(Told(situation.name, answer, answer.findings.advice if answer.findings else ()))
    return found


@pytest.fixture(scope="module")
def bone_modifying(edition: Edition) -> set[str]:
    drugs = edition.knowledge.guideline.drugs.drugs
    return {name for name, drug in drugs.items() if drug.group in BONE_MODIFYING}


def test_nothing_is_offered_that_a_low_calcium_forbids(told: list[Told], bone_modifying: set[str]) -> None:
    low = [it for it in told if any(f.code in LOW_CALCIUM and a.say.startswith("low") for f, a in it.advice)]
    assert len(low) > 5
    assert [it.name for it in low if bone_modifying & set(it.offered())] == []


def test_no_dose_to_give_stands_beside_hold_or_do_not_give(told: list[Told], edition: Edition) -> None:
    language = edition.wordings["en"].language
    carried = 0
    for it in told:
        assert it.answer.findings or not it.advice
        for holder, _ in it.withheld():
            assert it.answer.findings
            for finding, said in it.answer.findings.carried(holder):
                if isinstance(finding.subject, DrugOrder) and "row" in said.data:
                    carried += 1
                    drug = language.shared.drugs[finding.subject.drug]
                    dose = f"{drug} {plain_number(said.data['row'])} mg"  # type: ignore[arg-type]
                    assert not [text for text in it.texts() if dose in text], it.name
    assert carried > 3


def test_nobody_is_told_how_to_infuse_what_is_not_to_be_given(told: list[Told]) -> None:
    withheld = {(it.name, f.subject.key) for it in told for f, _ in it.withheld()}
    assert len(withheld) > 10
    assert not [
        it.name for it in told for f, _ in it.advice if f.code in INFUSION and (it.name, f.subject.key) in withheld
    ]


def test_no_drug_is_offered_beside_two_that_are_ordered(told: list[Told], bone_modifying: set[str]) -> None:
    together = 0
    for it in told:
        drafts = [s for s in it.answer.subjects if isinstance(s, DrugOrder) and not s.stops]
        modifying = [s.drug for s in drafts if bone_modifying & set(s.drugs)]
        if len(modifying) > 1:
            together += 1
            assert not bone_modifying & set(it.offered()), it.name
    assert together > 2


def test_either_of_two_drugs_ordered_together_can_be_removed(told: list[Told]) -> None:
    cards = [a for it in told for f, a in it.advice if f.code == "concurrent-bma" and a.say.endswith("together")]
    assert cards
    for said in cards:
        removed = {act.order.key for s in said.suggestions for act in s.acts if isinstance(act, DeleteOrder)}
        assert len(removed) == 2


def test_no_supplement_is_asked_for_while_calcium_is_high(told: list[Told]) -> None:
    high = [it for it in told if it.answer.findings and it.answer.findings.facts.hypercalcaemic]
    assert len(high) > 3
    for it in high:
        assert not [text for text in it.texts() if "make sure calcium and vitamin D are given" in text], it.name
        assert not {"calcium-supplement", "vitamin-d"} & set(it.offered()), it.name
