"""The chapter of distress: screens for depression, anxiety and distress, from results and from questionnaires.

A total that nobody states is not added up from its items. Whether a score is positive is the topic's to say: cut-offs
are published by others. Item 9 of the PHQ-9 stands by itself, whatever the total.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TypeVar

from cds_service.base.kinds import Missing, RequestText
from cds_service.facts.answers import answers
from cds_service.facts.explained import Fact, reference
from cds_service.facts.score_text import Written
from cds_service.facts.scored import INSTRUMENTS, ITEM_9, Scored, Scores, whole
from cds_service.facts.scored import KEYS as SCORE_KEYS
from cds_service.facts.told import Number, ago, exact
from cds_service.facts.window import within
from cds_service.fhir.answered import QuestionnaireResponse
from cds_service.knowledge.model import File
from cds_service.knowledge.terminology import Terminology

KEYS = SCORE_KEYS
LOOK_BACK = {"observations": "distress"}
TOLD = 5  # screens that the explanation tells
# The highest total of each; a number above it is of another scale.
TOPS = {
    "phq-9": 27, "phq-2": 6, "gad-7": 21, "hads": 42, "hads-anxiety": 21, "hads-depression": 21,
    "distress-thermometer": 10,
}  # fmt: skip
ITEM_TOP = 3
ASKED = (*INSTRUMENTS, ITEM_9)


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen done. ``score``: None where none is stated, or where the instrument has no cut-off here."""

    instrument: str
    score: Fraction | None
    when: date
    ref: RequestText
    preliminary: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """An answer to item 9 of the PHQ-9; ``score`` 1 stands for any positive answer in words."""

    score: Fraction
    when: date
    ref: RequestText


S = TypeVar("S", Screen, Item)


@dataclass(frozen=True)
class Distress:
    """Newest first."""

    screens: tuple[Screen, ...]
    items: tuple[Item, ...]
    today: date
    unusable: tuple[Missing, ...] = ()

    def done(self, days: int) -> Screen | None:
        """The newest screen of the window, with or without a score."""
        return next((s for s in self.screens if within(s.when, self.today, days)), None)

    def newest(self, days: int) -> tuple[Screen, ...]:
        """The newest scored screen of each instrument in the window."""
        found: dict[str, Screen] = {}
        for screen in self.screens:
            if screen.score is not None and within(screen.when, self.today, days):
                found.setdefault(screen.instrument, screen)
        return tuple(found.values())

    def item(self, days: int) -> Item | None:
        """The newest answer to item 9 in the window."""
        return next((i for i in self.items if within(i.when, self.today, days)), None)


def distress(
    scores: Scores, responses: Iterable[QuestionnaireResponse], terminology: Terminology, written: Written, today: date
) -> Distress:
    """From the scores of the record and from questionnaires answered."""
    answered = answers(responses, terminology, frozenset(ASKED))
    told = [*(s for name in ASKED for s in scores.get(name, ())), *answered]
    screens: list[Screen] = []
    items: list[Item] = []
    unusable: list[Missing] = []
    for score in told:
        if score.when is None or score.when > today or (score.why and score.why != "no-value"):
            unusable.append(Missing(score.concept, score.why or "undated", score.shown, score.when))
        elif score.concept == ITEM_9:
            if (value := _item(score, written)) is not None:
                items.append(Item(value, score.when, score.ref))
            else:
                unusable.append(Missing(score.concept, "not-a-number", score.shown, score.when))
        else:
            screens.append(Screen(score.concept, _total(score, written), score.when, score.ref, score.preliminary))
    return Distress(_newest(screens), _newest(items), today, tuple(unusable))


def _newest(found: Sequence[S]) -> tuple[S, ...]:
    """Newest first; of one day the higher first, so that order of sending makes no difference."""
    return tuple(sorted(found, key=lambda s: (s.when, -1 if s.score is None else s.score, s.ref), reverse=True))


def _total(score: Scored, written: Written) -> Fraction | None:
    top = TOPS.get(score.concept)
    if top is None or score.why:
        return None
    value, _ = whole(score, written)
    return value if value is not None and value.denominator == 1 and 0 <= value <= top else None


def _item(score: Scored, written: Written) -> Fraction | None:
    if score.number is None and (said := written.thoughts(score.words)) is not None:
        return Fraction(said)
    value, _ = whole(score, written)
    return value if value is not None and value.denominator == 1 and 0 <= value <= ITEM_TOP else None


def explained(distress: Distress) -> Iterator[Fact]:
    """That a screen was done and when. What it scored is left to a card, where a site may hide it."""
    for number, screen in enumerate(distress.screens[:TOLD]):
        windows = tuple(LOOK_BACK.values()) if number == 0 else ()
        yield Fact("screen", {"screen": screen}, when=screen.when, ref=reference(screen.ref), windows=windows)
    if distress.items:
        first = distress.items[0]
        yield Fact("screen-item", {"item": first}, when=first.when, ref=reference(first.ref))
    for problem in distress.unusable[:TOLD]:
        yield Fact("score-unusable", {"problem": problem, "shown": None}, when=problem.when)


class ScreenGiven(File, frozen=True):
    instrument: str
    score: Number | None = None
    days_ago: int = 5


class DistressGiven(File, frozen=True):
    """What a case may say of screens for distress."""

    screens: list[ScreenGiven] = []
    item_9: int | None = None
    item_9_days_ago: int = 5

    def told(self, today: date) -> Distress:
        screens = [
            Screen(s.instrument, exact(s.score), when, RequestText(f"Observation/screen-{number}"))
            for number, s in enumerate(self.screens)
            if (when := ago(s.days_ago))
        ]
        day, item = ago(self.item_9_days_ago), exact(self.item_9)
        items = [Item(item, day, RequestText("Observation/item"))] if item is not None and day else []
        return Distress(_newest(screens), tuple(items), today)
