"""The figures of the report, and what each of them counts.

A card counts once for its issuer, tenant and uuid, however often its call was repeated; where one repetition showed it
and another kept it back, it was shown. A card is accepted (overridden) when it was shown in the period, by itself or
folded into another, and at least one feedback says so, whenever that arrived; a card that was both counts in both.
What is told of a card that holds it (via-summary) counts apart, and only where nothing is told of the card itself.
Every day and week is UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from cds_service.report.rates import Comparison, Rate, wilson

RECENT = timedelta(days=7)
# Codes of reasons that are none of override-reasons.yaml.
UNRECOGNISED = "unrecognised"


@dataclass(frozen=True)
class Period:
    """From ``since`` (included) to ``until`` (not included), of one issuer and tenant or (None) of all."""

    since: datetime
    until: datetime
    issuer: str | None = None
    tenant: str | None = None

    @property
    def recent_since(self) -> datetime:
        """Where the last seven days of the period begin."""
        return max(self.since, self.until - RECENT)


@dataclass(frozen=True)
class Outcomes:
    """Cards by what became of them."""

    shown: int = 0
    folded: int = 0
    silent: int = 0
    suppressed: int = 0
    seen: int = 0
    said_at_order: int = 0

    @property
    def told(self) -> int:
        """Those that a person had before them: as cards, or in another card."""
        return self.shown + self.folded

    @property
    def kept_back(self) -> int:
        """Those that were made and not shown."""
        return self.silent + self.suppressed + self.seen + self.said_at_order

    @property
    def fired(self) -> int:
        """All: a topic in silent mode has not stopped."""
        return self.told + self.kept_back

    def __add__(self, other: Outcomes) -> Outcomes:
        return Outcomes(
            self.shown + other.shown,
            self.folded + other.folded,
            self.silent + other.silent,
            self.suppressed + other.suppressed,
            self.seen + other.seen,
            self.said_at_order + other.said_at_order,
        )


@dataclass(frozen=True)
class Week:
    """A week that begins on this Monday: cards shown in it (folded ones too), how many of those were overridden since,
    and the others."""

    monday: date
    shown: int = 0
    overridden: int = 0
    kept_back: int = 0  # silent, suppressed, seen or said at the order

    @property
    def fired(self) -> int:
        return self.shown + self.kept_back


@dataclass(frozen=True)
class Topic:
    """One topic. ``reasons``: overridden cards by reason code; a card with two reasons is in both.

    ``accepted_via``, ``overridden_via``, ``reasons_via``: folded cards of which only the card that holds them was
    answered so.
    """

    topic: str
    comparison: Comparison
    weeks: tuple[Week, ...]
    indicators: Mapping[str, Outcomes] = field(default_factory=dict)
    accepted: int = 0
    overridden: int = 0
    accepted_via: int = 0
    overridden_via: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    reasons_via: Mapping[str, int] = field(default_factory=dict)
    no_reason: int = 0
    unknown: int = 0  # feedback that names this topic, for cards not on record

    @property
    def cards(self) -> Outcomes:
        return sum(self.indicators.values(), Outcomes())

    @property
    def rate(self) -> Rate | None:
        """Overridden of shown and folded; None where nothing was shown."""
        return wilson(self.overridden, self.cards.told)


@dataclass(frozen=True)
class Calls:
    """Calls of the period: by outcome, by week (as ``Figures.weeks``), and lost ones, of which the rest is unknown."""

    outcomes: Mapping[str, int]
    answered: int  # HTTP 200
    weeks: tuple[int, ...]
    lost: int

    @property
    def total(self) -> int:
        return sum(self.outcomes.values())


@dataclass(frozen=True)
class Comment:
    """What a person wrote who found the advice wrong. ``text`` may hold anything."""

    at: datetime
    topic: str | None
    text: str


@dataclass(frozen=True)
class Figures:
    """Everything the report shows."""

    period: Period
    calls: Calls
    weeks: tuple[date, ...]  # every Monday of the period, at most reading.WEEKS, the last ones
    topics: tuple[Topic, ...]
    unknown: int  # feedback events for cards not on record
    comments: tuple[Comment, ...]  # newest first, at most reading.COMMENTS
    comments_total: int

    @property
    def indicators(self) -> Mapping[str, Outcomes]:
        """All topics together, by indicator."""
        total: dict[str, Outcomes] = {}
        for topic in self.topics:
            for indicator, outcomes in topic.indicators.items():
                total[indicator] = total.get(indicator, Outcomes()) + outcomes
        return total

    @property
    def cards(self) -> Outcomes:
        return sum((topic.cards for topic in self.topics), Outcomes())

    @property
    def accepted(self) -> int:
        return sum(topic.accepted for topic in self.topics)

    @property
    def overridden(self) -> int:
        return sum(topic.overridden for topic in self.topics)

    @property
    def rate(self) -> Rate | None:
        return wilson(self.overridden, self.cards.told)

    def wrong(self, code: str) -> int:
        """Overridden cards with this reason: the one that means that the advice is wrong."""
        return sum(topic.reasons.get(code, 0) for topic in self.topics)

    @property
    def alarms(self) -> tuple[Topic, ...]:
        """Topics that stopped or exploded."""
        return tuple(t for t in self.topics if t.comparison.verdict in ("stopped", "exploded"))

    @property
    def heard(self) -> tuple[Topic, ...]:
        """Topics with cards, feedback or a sudden change in the period: those there is something to say of."""
        alarms = self.alarms
        return tuple(t for t in self.topics if t.cards.fired or t.unknown or t in alarms)

    @property
    def unheard(self) -> tuple[Topic, ...]:
        """The others: a row of zeros each, of which nobody reads dozens."""
        heard = self.heard
        return tuple(t for t in self.topics if t not in heard)

    @property
    def comparable(self) -> bool:
        """Whether there were calls both in the last days and before them."""
        return any(t.comparison.verdict != "too-little" for t in self.topics)

    @property
    def empty(self) -> bool:
        """Nothing recorded at all in the period."""
        return not (self.calls.total or self.calls.lost or self.cards.fired or self.unknown or self.comments)
