"""The made-up ward asked: every order through the product's own line, and its cards counted."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction

from cds_service.answer import Answer
from cds_service.deliver.issue import Issued, issue
from cds_service.edition import Edition
from cds_service.evaluate.outcome import ReviseOrder
from cds_service.tools.asking import answer_body
from cds_service.tools.burden.assumptions import Assumptions
from cds_service.tools.burden.calls import request
from cds_service.tools.burden.openings import opened, openings
from cds_service.tools.burden.patients import DRUGS, Drug, Visit, followed, ward

SERVICE = "bone-modifying-agents"
REVIEW = "bone-metastasis-review"
_AT = time(9, tzinfo=UTC)
# Of no use to anybody: nothing it hashes is kept.
_KEY = b"the made-up ward"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of the ward, and its answer. ``visit``: the order it is about, or the last one of an opened chart."""

    visit: Visit
    today: date
    answer: Answer
    counts: bool = True

    @property
    def critical(self) -> bool:
        return any(card.indicator == "critical" for card in self.answer.response.cards)


@dataclass(slots=True)
class Count:
    """Cards by topic and indicator, of so many orders. ``folded``: topics held by another card."""

    orders: int = 0
    cards: Counter[tuple[str, str]] = field(default_factory=Counter)
    folded: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, issued: Iterable[Issued]) -> None:
        """Count one order."""
        self.orders += 1
        for each in issued:
            if each.fate in ("shown", "folded"):
                (self.cards if each.fate == "shown" else self.folded)[each.topic, each.indicator] += 1

    @property
    def per_order(self) -> float:
        return self.cards.total() / self.orders


def ask(edition: Edition, assumed: Assumptions, visit: Visit, *, counts: bool = True) -> Asked:
    """The answer to an order at the usual dose, or, by a prescriber who looks it up, at the dose of the table."""
    now = datetime.combine(visit.today, _AT)
    usual = Fraction(assumed.ward[visit.drug].value)
    answer = answer_body(edition, SERVICE, request(visit, usual), now)
    if visit.adjusted and (mg := _revised(answer)):
        answer = answer_body(edition, SERVICE, request(visit, mg), now)
    return Asked(visit, visit.today, answer, counts)


def _revised(answer: Answer) -> Fraction | None:
    advice = answer.findings.advice if answer.findings else ()
    acts = (act for _, said in advice for suggestion in said.suggestions for act in suggestion.acts)
    return next((act.mg for act in acts if isinstance(act, ReviseOrder) and act.mg), None)


def asked(edition: Edition, assumed: Assumptions) -> dict[Drug, list[Asked]]:
    """The orders of the ward by drug: of each patient those before today's, which do not count, and today's."""
    return {
        drug: [
            ask(edition, assumed, visit, counts=visit is visits[-1])
            for visits in ward(assumed, drug)
            for visit in visits
        ]
        for drug in DRUGS
    }


def over_time(edition: Edition, assumed: Assumptions) -> list[Asked]:
    """The orders of those followed, patient after patient."""
    return [ask(edition, assumed, visit) for visits in followed(assumed) for visit in visits]


def opened_charts(edition: Edition, assumed: Assumptions) -> list[Asked]:
    """The charts of those followed, opening after opening of one patient after the other."""
    return [
        Asked(each.visit, each.today, answer_body(edition, REVIEW, opened(each), datetime.combine(each.today, _AT)))
        for some in openings(assumed)
        for each in some
    ]


def count(orders: Iterable[Asked], earlier: Remembered | None = None) -> Count:
    """The cards of these orders; ``earlier`` sees all of them, also those that do not count."""
    made = Count()
    for each in orders:
        if earlier:
            earlier.now = datetime.combine(each.today, _AT)
        _, issued = issue(each.answer.response, each.answer.findings, each.answer.call, each.answer.caller, earlier)
        if earlier:
            earlier.remember(issued)
        if each.counts:
            made.add(issued)
    return made


def without_repeats(orders: Iterable[Asked], days: int, *, summary_alone: bool = False) -> Count:
    """The cards of these orders, as if each were sent, without those whose topic and words (or its summary alone) the
    same patient had on a card of the ``days`` before: how the clinical review counted."""
    made, last = Count(), dict[tuple[str, ...], date]()
    for each in orders:
        made.orders += 1
        for card in each.answer.response.cards:
            words = (card.summary,) if summary_alone else (card.summary, card.detail or "")
            told = (each.visit.name, card.source.topic.code, *words)
            if told not in last or each.today - last[told] >= timedelta(days=days):
                made.cards[card.source.topic.code, card.indicator] += 1
            last[told] = each.today
    return made


class Remembered:
    """What ``store.reactions.EarlierCards`` does, without a database: when what may wait was said."""

    key = _KEY
    warning_days: int | None = None

    def __init__(self, days: int) -> None:
        self.now, self._days = _LONG_AGO, timedelta(days=days)
        self._shown: dict[bytes, dict[uuid.UUID, datetime]] = {}

    def remember(self, issued: Iterable[Issued]) -> None:
        """What was shown just now."""
        for each in issued:
            if each.fate in ("shown", "folded") and each.part:
                self._shown.setdefault(each.part, {})[each.uuid] = self.now

    def overridden(self, samenesses: Iterable[bytes]) -> frozenset[bytes]:  # noqa: ARG002  # nobody overrides here
        """None: in this ward nobody reacts."""
        return frozenset()

    def claimed(
        self,
        cards: Mapping[uuid.UUID, bytes],  # noqa: ARG002
        days: int | None = None,  # noqa: ARG002
    ) -> frozenset[bytes]:
        """None: the ward calls patient-view, and keeps back no warning."""
        return frozenset()

    def said_at_order(self, claims: Iterable[bytes]) -> frozenset[bytes]:  # noqa: ARG002  # nor does the ward mix hooks
        """None: what was said at an order is not counted as known when the chart is opened."""
        return frozenset()

    def seen(self, parts: Mapping[uuid.UUID, bytes]) -> frozenset[bytes]:
        """Those shown by another call within the window."""
        return frozenset(part for name, part in parts.items() if any(self._others(name, part)))

    def _others(self, name: uuid.UUID, part: bytes) -> Iterator[uuid.UUID]:
        within = {own: at for own, at in self._shown.get(part, {}).items() if at > self.now - self._days}
        return iter(() if name in within else within)
