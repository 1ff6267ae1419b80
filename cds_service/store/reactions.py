"""Feedback: kept before it is acknowledged, and looked up where suppression is on."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, and_, exists, select, update
from sqlalchemy.exc import SQLAlchemyError

from cds_service.base.hashing import joined
from cds_service.call.feedback import Feedback
from cds_service.store.engine import Database, inserting_new
from cds_service.store.tables import card, feedback, feedback_reason, feedback_suggestion
from cds_service.trust.gate import Identity

log = logging.getLogger("cds_service.store")

_PAUSE_SECONDS = 5.0


def keep(database: Database, events: Sequence[Feedback], who: Identity, service: str, now: datetime) -> int:
    """Store a batch: all of it, durably, or nothing. Returns how many events were new.

    The same event twice is one; what a user wrote may come with either. Raises ``sqlalchemy.exc.SQLAlchemyError`` when
    nothing was stored.
    """
    # In one order for all: two batches with the same events must not wait for each other.
    ordered = sorted(((_digest(event, who, service), event) for event in events), key=lambda pair: pair[0])
    with database.engine.begin() as connection:
        return sum(_keep_one(connection, digest, event, who, service, now) for digest, event in ordered)


def _digest(event: Feedback, who: Identity, service: str) -> bytes:
    same = joined(
        *(who.issuer, who.tenant, service, event.card.hex, event.outcome, event.outcome_at.isoformat()),
        ",".join(sorted(s.hex for s in event.suggestions)),
        "\n".join(sorted(event.reasons_as_sent)),
        event.topic or "",
    )
    return hashlib.sha256(same).digest()


def _keep_one(
    connection: Connection, digest: bytes, event: Feedback, who: Identity, service: str, now: datetime
) -> int:
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
    if not _insert_new(connection, feedback, [row]):
        if event.comment:
            silent = (feedback.c.digest == digest) & feedback.c.comment.is_(None)
            connection.execute(update(feedback).where(silent).values(comment=event.comment))
        return 0
    _insert_new(connection, feedback_reason, [{"digest": digest, "code": code} for code in event.reasons])
    suggestions = [{"digest": digest, "suggestion": suggestion} for suggestion in event.suggestions]
    _insert_new(connection, feedback_suggestion, suggestions)
    return 1


def _insert_new(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> int:
    """Insert what is not there yet; how many rows."""
    if not rows:
        return 0
    statement = inserting_new(table, connection.dialect.name).values(rows).returning(table.c.digest)
    return len(connection.execute(statement).all())


class OverriddenCards:
    """Cards that users have overridden within the last ``hours``, by their keyed hash."""

    def __init__(
        self, database: Database, key: bytes, hours: int, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.key = key
        self._database, self._window, self._clock = database, timedelta(hours=hours), clock
        self._silent_until = 0.0

    def among(self, samenesses: Iterable[bytes]) -> frozenset[bytes]:
        """Those of ``samenesses`` that were overridden. None when that cannot be said: the card is shown then."""
        if time.monotonic() < self._silent_until:
            return frozenset()
        since = self._clock() - self._window
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
        try:
            with self._database.engine.connect() as connection:
                return frozenset(connection.scalars(asked))
        except SQLAlchemyError as error:
            # A database that hangs would hold up every answer.
            self._silent_until = time.monotonic() + _PAUSE_SECONDS
            log.warning("overridden cards cannot be looked up (%s); everything is shown", type(error).__name__)
            return frozenset()
