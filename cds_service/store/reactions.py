"""Feedback: kept before it is acknowledged; and earlier cards, shown or overridden, looked up."""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, and_, bindparam, exists, select, update
from sqlalchemy.exc import SQLAlchemyError

from cds_service.base.hashing import joined
from cds_service.call.feedback import Feedback
from cds_service.store.engine import Database, inserting_new
from cds_service.store.tables import call, card, claim, feedback, feedback_reason, feedback_suggestion
from cds_service.trust.gate import Identity

log = logging.getLogger("cds_service.store")

_PAUSE_SECONDS = 5.0
# Rows a transaction writes: a few milliseconds.
_PORTION = 250
# Values in one look-up: below what the smallest SQLite takes in a statement.
_LOOKED_UP = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a batch. ``new``: how many events were not there before. ``refused``: the places, in the batch, of
    those that were not stored: their cards are not on record, and the caller may tell of no more such."""

    new: int
    refused: tuple[int, ...] = ()


# How many of so many new events of unknown cards may be stored.
Allowed = Callable[[int], int]


def keep(
    database: Database,
    events: Sequence[Feedback],
    who: Identity,
    service: str,
    now: datetime,
    unknown: Allowed | None = None,
) -> Kept:
    """Store a batch, in transactions so small that whoever checks a token meanwhile does not notice.

    When this returns, every event but the refused ones is stored, durably. Raises ``sqlalchemy.exc.SQLAlchemyError``
    when one of the transactions failed: what was stored before stays, and does no harm, because the same event twice
    is one; what a user wrote may come with either. ``unknown`` limits the events whose card was never issued to this
    caller, as far as the database knows; None: no limit.
    """
    places: dict[bytes, int] = {}
    for place, event in enumerate(events):
        digest = _digest(event, who, service)
        # Told twice in one batch: the telling with a comment counts.
        if digest not in places or not events[places[digest]].comment:
            places[digest] = place
    refused: set[bytes] = set()
    if unknown is not None:
        strange = _strange(database, {digest: events[place].card for digest, place in places.items()}, who)
        refused = set(strange[unknown(len(strange)) :] if strange else ())
    # In one order for all: two batches with the same events must not wait for each other.
    rows = [_row(digest, events[places[digest]], who, service, now) for digest in sorted(places.keys() - refused)]
    new = 0
    for some in _portions(rows):
        with database.lane(), database.engine.begin() as connection:
            new += _store(connection, some)
    return Kept(new, tuple(sorted(places[digest] for digest in refused)))


def _digest(event: Feedback, who: Identity, service: str) -> bytes:
    same = joined(
        *(who.issuer, who.tenant, service, event.card.hex, event.outcome, event.outcome_at.isoformat()),
        ",".join(sorted(s.hex for s in event.suggestions)),
        "\n".join(sorted(event.reasons_as_sent)),
        event.topic or "",
    )
    return hashlib.sha256(same).digest()


def _strange(database: Database, cards: Mapping[bytes, uuid.UUID], who: Identity) -> list[bytes]:
    """The events, of those by digest, that are not stored yet and whose card is not on record as this caller's."""
    told, asked = [], sorted(cards)
    with database.engine.connect() as connection:
        for first in range(0, len(asked), _LOOKED_UP):
            some = asked[first : first + _LOOKED_UP]
            own = (card.c.issuer == who.issuer) & (card.c.tenant == who.tenant)
            known = set(connection.scalars(select(card.c.uuid).where(own, card.c.uuid.in_([cards[d] for d in some]))))
            there = set(connection.scalars(select(feedback.c.digest).where(feedback.c.digest.in_(some))))
            told += [digest for digest in some if digest not in there and cards[digest] not in known]
    return told


_Rows = tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]


def _row(digest: bytes, event: Feedback, who: Identity, service: str, now: datetime) -> _Rows:
    """The rows of an event: of ``feedback``, ``feedback_reason`` and ``feedback_suggestion``."""
    row = {
        "digest": digest,
        "received_at": now,
        "issuer": who.issuer,
        "tenant": who.tenant,
        "service": service,
        "card": event.card,
        "outcome": event.outcome,
        "outcome_at": event.outcome_at,
        "topic": event.topic,
        "comment": event.comment,
    }
    reasons = [{"digest": digest, "code": code} for code in event.reasons]
    return row, reasons, [{"digest": digest, "suggestion": suggestion} for suggestion in event.suggestions]


def _portions(rows: Sequence[_Rows]) -> Iterator[Sequence[_Rows]]:
    """The events in portions of about as many rows as one transaction may write."""
    first = weight = 0
    for place, (_, reasons, suggestions) in enumerate(rows):
        weight += 1 + len(reasons) + len(suggestions)
        if weight >= _PORTION:
            yield rows[first : place + 1]
            first, weight = place + 1, 0
    if first < len(rows):
        yield rows[first:]


def _store(connection: Connection, events: Sequence[_Rows]) -> int:
    """Insert what is not there yet; how many events that were."""

    def inserting(table: Table) -> Any:
        return inserting_new(table, connection.dialect.name)

    rows = [row for row, _, _ in events]
    new = set(connection.scalars(inserting(feedback).returning(feedback.c.digest), rows))
    reasons = [each for row, some, _ in events if row["digest"] in new for each in some]
    suggestions = [each for row, _, some in events if row["digest"] in new for each in some]
    for table, more in ((feedback_reason, reasons), (feedback_suggestion, suggestions)):
        if more:
            connection.execute(inserting(table), more)
    late = [
        {"of": row["digest"], "said": row["comment"]} for row in rows if row["comment"] and row["digest"] not in new
    ]
    if late:
        silent = (feedback.c.digest == bindparam("of")) & feedback.c.comment.is_(None)
        connection.execute(update(feedback).where(silent).values(comment=bindparam("said")), late)
    return len(new)


class EarlierCards:
    """Cards of earlier calls by their keyed hash: overridden within ``hours``, shown within ``days``, warnings within
    ``warning_days``, said at an order within ``order_hours`` (None: not looked at)."""

    def __init__(
        self,
        database: Database,
        key: bytes,
        hours: int | None = None,
        days: int | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        warning_days: int | None = None,
        order_hours: int | None = None,
    ) -> None:
        self._order_hours = None if order_hours is None else timedelta(hours=order_hours)
        self.key, self.warning_days = key, warning_days
        self._database, self._clock = database, clock
        self._hours = None if hours is None else timedelta(hours=hours)
        self._days = None if days is None else timedelta(days=days)
        self._silent_until = 0.0

    def overridden(self, samenesses: Iterable[bytes]) -> frozenset[bytes]:
        """Those of ``samenesses`` that were overridden. None when that cannot be said: the card is shown then."""
        if self._hours is None:
            return frozenset()
        since = self._clock() - self._hours
        # A client's clock may be wrong; nobody overrides a card after the feedback about it came in.
        overridden = and_(
            feedback.c.issuer == card.c.issuer,
            feedback.c.tenant == card.c.tenant,
            feedback.c.card == card.c.uuid,
            feedback.c.outcome == "overridden",
            feedback.c.outcome_at > since,
            feedback.c.received_at > since,
        )
        # A client that uses a hookInstance twice gives two cards one uuid: nobody knows which was overridden then.
        other = card.alias()
        ambiguous = exists().where(
            other.c.issuer == card.c.issuer,
            other.c.tenant == card.c.tenant,
            other.c.uuid == card.c.uuid,
            other.c.sameness.is_distinct_from(card.c.sameness),
        )
        known = card.c.sameness.in_(samenesses)
        asked = select(card.c.sameness).distinct().join(feedback, overridden).where(known, ~ambiguous)
        return frozenset(row.sameness for row in self._look_up(asked))

    def seen(self, parts: Mapping[uuid.UUID, bytes]) -> frozenset[bytes]:
        """Those of ``parts`` (by the uuid of their card) that another call showed, by themselves or folded into another
        card. None when that cannot be said.

        What this very call has shown before (a retry has the same uuid) is none: it is given again.
        """
        if self._days is None:
            return frozenset()
        shown = card.c.outcome.in_(("shown", "folded")) & (call.c.at > self._clock() - self._days)
        known = card.c.part.in_(parts.values())
        rows = self._look_up(select(card.c.part, card.c.uuid).distinct().join(call).where(known, shown))
        return _of_others(rows, parts)

    def claimed(self, cards: Mapping[uuid.UUID, bytes], days: int | None = None) -> frozenset[bytes]:
        """Those of ``cards`` (a claim of each by its uuid) that a card of another call made that was shown within
        ``days`` (None: within those of ``seen``). None when that cannot be said."""
        window = self._days if days is None else timedelta(days=days)
        if window is None:
            return frozenset()
        shown = (card.c.outcome == "shown") & (call.c.at > self._clock() - window)
        known = claim.c.digest.in_(cards.values())
        asked = select(claim.c.digest, card.c.uuid).distinct().select_from(claim.join(card).join(call))
        rows = self._look_up(asked.where(known, shown))
        return _of_others(rows, cards)

    def said_at_order(self, claims: Iterable[bytes]) -> frozenset[bytes]:
        """Those of ``claims`` that a card of an order, shown by itself or in another, said within ``order_hours``.
        None when that cannot be said, and where the site wants every card every time."""
        if self._days is None or self._order_hours is None:
            return frozenset()
        since = self._clock() - self._order_hours
        shown = card.c.outcome.in_(("shown", "folded")) & (call.c.at > since)
        asked = select(claim.c.digest).distinct().select_from(claim.join(card).join(call))
        return frozenset(row.digest for row in self._look_up(asked.where(claim.c.digest.in_(claims), shown)))

    def _look_up(self, asked: Select[Any]) -> Sequence[Row[Any]]:
        """The rows; none while the database cannot be asked."""
        if time.monotonic() < self._silent_until:
            return ()
        try:
            with self._database.engine.connect() as connection:
                return connection.execute(asked).all()
        except SQLAlchemyError as error:
            # A database that hangs would hold up every answer.
            self._silent_until = time.monotonic() + _PAUSE_SECONDS
            log.warning("earlier cards cannot be looked up (%s); everything is shown", type(error).__name__)
            return ()


def _of_others(rows: Iterable[Any], own: Mapping[uuid.UUID, bytes]) -> frozenset[bytes]:
    """The hashes of these rows (hash, uuid), without those that a card of this very call has: a retry gets it again."""
    told = [(digest, name) for digest, name in rows]
    return frozenset(digest for digest, _ in told) - {digest for digest, name in told if own.get(name) == digest}
