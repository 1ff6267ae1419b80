"""Where the answer changes along one number of a request: found by asking, as the walks of the review pages do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import groupby, pairwise

import msgspec

from cds_service.base.kinds import URGENCY
from cds_service.call.problems import CallProblem
from cds_service.caller import Defaults
from cds_service.edition import Edition
from cds_service.render.model import Card
from cds_service.workbench.documents import Json, written
from cds_service.workbench.knobs import Knob, turned
from cds_service.workbench.trial import Trial, answered

# Asked first, evenly; every change between two of them is then looked for.
POINTS = 48
REFUSED, NOTHING = "refused", "none"
# What an answer is, without what only repeats the number: topic, urgency and offers of each card.
Said = tuple[tuple[str, str, tuple[str, ...]], ...]
# First and last step of every stretch.
Cuts = tuple[tuple[int, int], ...]


class Segment(msgspec.Struct, frozen=True):
    """A stretch on which the answer is the same. ``words``: what differs from the other stretches."""

    low: Decimal
    high: Decimal
    urgency: str
    words: tuple[str, ...]


class Bar(msgspec.Struct, frozen=True):
    x: int
    width: int
    height: int
    urgency: str


_HEIGHT: Mapping[str, int] = {NOTHING: 2, REFUSED: 2} | {urgency: 4 * n for n, urgency in enumerate(URGENCY, 1)}


class Strip(msgspec.Struct, frozen=True):
    """``always``: the cards that are the same wherever the number stands."""

    knob: Knob
    segments: tuple[Segment, ...]
    always: tuple[str, ...]
    cuts: Cuts

    @property
    def changes(self) -> bool:
        return len(self.segments) > 1

    @property
    def bands(self) -> tuple[tuple[Decimal, Decimal, str], ...]:
        """Neighbouring stretches of one urgency as one: from, to, urgency."""
        groups = (list(group) for _, group in groupby(self.segments, key=lambda each: each.urgency))
        return tuple((group[0].low, group[-1].high, group[0].urgency) for group in groups)

    @property
    def drawn(self) -> tuple[Bar, ...]:
        """The stretches as bars, in steps of the slider: the more urgent, the higher."""
        low, step = self.knob.low, self.knob.step
        return tuple(
            Bar(int((s.low - low) / step), int((s.high - s.low) / step) + 1, _HEIGHT[s.urgency], s.urgency)
            for s in self.segments
        )


class Axis(msgspec.Struct, frozen=True):
    """One number moved, all else as it stands."""

    document: Json
    knobs: tuple[Knob, ...]
    values: Mapping[str, Decimal]
    knob: Knob


def strip(edition: Edition, trial: Trial, axis: Axis, defaults: Defaults, cuts: Cuts | None = None) -> Strip:
    """The strip of one knob. Raises nothing: where a request would be refused, the stretch says so.

    ``cuts``: the stretches, where they are known already, as those of another language are.
    """
    knob = axis.knob
    said: dict[int, Said | None] = {}
    displays = edition.wordings[trial.language].language.topics

    def ask(n: int) -> Said | None:
        if n not in said:
            moved = turned(axis.document, axis.knobs, {**axis.values, knob.key: knob.at(n)}, trial.at.date())
            said[n] = _said(edition, replace(trial, body=written(moved)), defaults)
        return said[n]

    if cuts is None:
        _search(ask, {knob.steps * n // (POINTS - 1) for n in range(POINTS)} | set(_told(edition, trial.service, knob)))
        stretches = list(_stretches(said))
    else:
        stretches = [(low, high, ask(low)) for low, high in cuts]
    common = _common(each for _, _, each in stretches)
    named = {code: text.display for code, text in displays.items()}
    return Strip(
        knob,
        tuple(Segment(knob.at(a), knob.at(b), _urgency(it), _words(it, common, named)) for a, b, it in stretches),
        tuple(named[topic] for topic, _, _ in common),
        tuple((a, b) for a, b, _ in stretches),
    )


def _told(edition: Edition, service: str, knob: Knob) -> Iterator[int]:
    """Where the number stands, and every number the content states in its unit: an answer may hold for one point."""
    stated = [knob.value]
    for topic in edition.topics_of(service):
        it = topic.recommendation
        stated += [p.value for p in it.parameters.values() if p.unit == knob.unit]
        tables = (table for table in it.tables.values() if table.dose_unit == knob.unit)
        stated += [band.dose for table in tables for rows in table.rows.values() for band in rows if band.dose]
    for value in stated:
        n = int((value - knob.low) / knob.step)
        yield from (point for point in (n, n + 1) if 0 <= point <= knob.steps)


def _said(edition: Edition, trial: Trial, defaults: Defaults) -> Said | None:
    try:
        cards = answered(edition, trial, defaults).response.cards
    except CallProblem:
        return None
    return tuple((c.source.topic.code, c.indicator, _offers(c)) for c in cards)


def _offers(card: Card) -> tuple[str, ...]:
    return tuple(suggestion.label for suggestion in card.suggestions)


def _search(ask: Callable[[int], Said | None], first: Iterable[int]) -> None:
    """Ask at these points, and between any two that differ."""
    for left, right in pairwise(sorted(first)):
        _refine(ask, left, right)


def _refine(ask: Callable[[int], Said | None], left: int, right: int) -> None:
    """Ask between two points that differ until every change lies between neighbours."""
    todo = [(left, right)]
    while todo:
        low, high = todo.pop()
        if ask(low) != ask(high) and high - low > 1:
            middle = (low + high) // 2
            todo += [(low, middle), (middle, high)]


def _stretches(said: Mapping[int, Said | None]) -> Iterator[tuple[int, int, Said | None]]:
    """First and last point of each stretch, and its answer."""
    for answer, group in groupby(sorted(said), key=said.__getitem__):
        points = list(group)
        yield points[0], points[-1], answer


def _common(answers: Iterable[Said | None]) -> Said:
    """The cards that are in every answer, alike."""
    listed = [each or () for each in answers]
    return tuple(card for card in listed[0] if all(card in other for other in listed[1:]))


def _urgency(said: Said | None) -> str:
    if said is None:
        return REFUSED
    urgencies = {urgency for _, urgency, _ in said}
    return next((each for each in reversed(URGENCY) if each in urgencies), NOTHING)


def _words(said: Said | None, common: Said, named: Mapping[str, str]) -> tuple[str, ...]:
    own = [card for card in said or () if card not in common]
    return tuple(f"{named[topic]}{': ' if offers else ''}{' / '.join(offers)}" for topic, _, offers in own)
