"""Reads the figures of a period from the store: a few grouped statements, one row for each topic and day at most."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from cds_service.report import statements
from cds_service.report.figures import Calls, Comment, Figures, Outcomes, Period, Topic, Week
from cds_service.report.rates import Comparison
from cds_service.store.engine import Database

# More comments than a person reads would only make the page slow; their number is still told.
COMMENTS = 500
# Two years by week: more would be thinner than a line. All other numbers are of the whole period.
WEEKS = 104
# Nobody waits at an order screen for a report, unlike for everything else that uses the database.
_PATIENCE_SECONDS = 300
_WEEK = timedelta(days=7)


def figures(
    database: Database,
    since: datetime,
    until: datetime,
    issuer: str | None = None,
    tenant: str | None = None,
    *,
    topics: Sequence[str] = (),
    wrong_advice: str,
) -> Figures:
    """The figures from ``since`` (included) to ``until`` (not included), both aware.

    ``topics`` come first, in this order and also when they never fired; topics found only in the store come after them.
    ``wrong_advice`` is the reason code whose comments are wanted. Raises ``ValueError`` for an empty period.
    """
    if since >= until:
        raise ValueError("the period is empty")
    period = Period(since, until, issuer, tenant)
    with _snapshot(database) as connection:
        return _figures(connection, period, topics, wrong_advice)


@contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    """A connection on which all statements see the same moment."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            # The driver begins a transaction only before it writes.
            connection.exec_driver_sql("BEGIN")
        else:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            connection.execute(text(f"SET LOCAL statement_timeout = '{_PATIENCE_SECONDS}s'"))
        yield connection
        connection.rollback()


def _figures(connection: Connection, period: Period, known: Sequence[str], wrong_advice: str) -> Figures:
    dialect, weeks = connection.dialect.name, _mondays(period)
    tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
    for row in connection.execute(statements.cards(period, dialect)):
        tallies[row.topic].add(row)
    for row in connection.execute(statements.reasons(period)):
        tallies[row.topic].reasons[row.code] = row.cards
    for row in connection.execute(statements.reasons_via(period)):
        tallies[row.topic].reasons_via[row.code] = row.cards
    unknown = {row.topic: row.events for row in connection.execute(statements.unknown(period))}
    for topic in unknown.keys() - {None}:
        tallies[topic].unknown = unknown[topic]
    calls, recent, before = _calls(connection, period, weeks)
    comments = statements.comments(period, wrong_advice)
    order = [*known, *sorted(tallies.keys() - set(known))]
    return Figures(
        period=period,
        calls=calls,
        weeks=weeks,
        topics=tuple(tallies[topic].topic(topic, weeks, recent, before) for topic in order),
        unknown=sum(unknown.values()),
        comments=tuple(Comment(row.at, row.topic, row.text) for row in connection.execute(comments.limit(COMMENTS))),
        comments_total=connection.execute(statements.number_of(comments)).scalar_one(),
    )


def _utc_date(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _monday(of: date) -> date:
    return of - timedelta(days=of.weekday())


def _mondays(period: Period) -> tuple[date, ...]:
    """The Monday of every week of the period, of the last ``WEEKS``: the first one may lie before it."""
    first = _monday(_utc_date(period.since))
    last = _utc_date(period.until - timedelta(microseconds=1))
    return tuple(first + n * _WEEK for n in range((last - first).days // _WEEK.days + 1))[-WEEKS:]


def _calls(connection: Connection, period: Period, weeks: tuple[date, ...]) -> tuple[Calls, int, int]:
    """The calls, and how many were answered in the last days and before them."""
    outcomes: Counter[str] = Counter()
    by_week: Counter[date] = Counter()
    answered = [0, 0]
    for row in connection.execute(statements.calls(period, connection.dialect.name)):
        outcomes[row.outcome] += row.calls
        by_week[_monday(date.fromisoformat(row.day))] += row.calls
        answered[row.recent] += row.calls * row.answered
    lost = int(connection.execute(statements.lost(period)).scalar_one())
    calls = Calls(dict(outcomes.most_common()), sum(answered), tuple(by_week[week] for week in weeks), lost)
    return calls, answered[1], answered[0]


@dataclass
class _Tally:
    """The sums of one topic while its rows are read."""

    indicators: dict[str, Outcomes] = field(default_factory=dict)
    shown: Counter[date] = field(default_factory=Counter)
    overridden: Counter[date] = field(default_factory=Counter)
    kept_back: Counter[date] = field(default_factory=Counter)
    fired: list[int] = field(default_factory=lambda: [0, 0])
    accepted: int = 0
    accepted_via: int = 0
    overridden_via: int = 0
    no_reason: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    reasons_via: dict[str, int] = field(default_factory=dict)
    unknown: int = 0

    def add(self, row: Row[Any]) -> None:
        """Count a row of ``statements.cards``."""
        outcomes = Outcomes(**{statements.OUTCOMES[row.outcome].replace("-", "_"): row.cards})
        self.indicators[row.indicator] = self.indicators.get(row.indicator, Outcomes()) + outcomes
        self.fired[row.recent] += row.cards
        self.accepted += row.accepted * row.cards
        self.accepted_via += row.accepted_via * row.cards
        self.overridden_via += row.overridden_via * row.cards
        self.no_reason += row.overridden * (1 - row.reasoned) * row.cards
        week = _monday(date.fromisoformat(row.day))
        self.shown[week] += outcomes.told
        self.kept_back[week] += outcomes.kept_back
        self.overridden[week] += row.overridden * row.cards

    def topic(self, name: str, weeks: tuple[date, ...], recent_calls: int, before_calls: int) -> Topic:
        """The finished topic."""
        before, recent = self.fired
        return Topic(
            topic=name,
            comparison=Comparison(recent, recent_calls, before, before_calls),
            weeks=tuple(Week(w, self.shown[w], self.overridden[w], self.kept_back[w]) for w in weeks),
            indicators=self.indicators,
            accepted=self.accepted,
            overridden=self.overridden.total(),
            accepted_via=self.accepted_via,
            overridden_via=self.overridden_via,
            reasons=_frequent_first(self.reasons),
            reasons_via=_frequent_first(self.reasons_via),
            no_reason=self.no_reason,
            unknown=self.unknown,
        )


def _frequent_first(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
