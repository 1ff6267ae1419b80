"""No answer has two cards that contradict each other or repeat a number (the ward: ``test_burden.py``)."""

from __future__ import annotations

import msgspec
import pytest

from cds_service import fixtures
from cds_service.base.kinds import LANGUAGES, LanguageTag
from cds_service.call.problems import CallProblem
from cds_service.edition import Edition
from cds_service.evaluate.findings import Findings
from cds_service.tools.asking import answer_body
from tests.contradictions import faults, opposed, repeated


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
