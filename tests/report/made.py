"""Calls, cards and feedback put into a store for the tests of the report. All made up; there is no patient in it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from cds_service.report.figures import Figures, Topic
from cds_service.report.reading import figures
from cds_service.store.engine import Database
from cds_service.store.tables import call, card, feedback, feedback_reason, loss

SINCE = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
UNTIL = datetime(2026, 4, 6, tzinfo=UTC)  # the Monday five weeks later
WRONG = "recipient-does-not-trust"
EHR = "https://ehr.example"

_digests = count(1)


def at(day: int, hour: float = 12) -> datetime:
    """``day`` days after SINCE."""
    return SINCE + timedelta(days=day, hours=hour)


class Store:
    """Writes what the service would have recorded."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def calls(
        self,
        when: datetime,
        number: int = 1,
        *,
        issuer: str = EHR,
        tenant: str = "",
        status: int = 200,
        outcome: str = "cards",
    ) -> int:
        """That many calls at a moment; the id of the last one."""
        row = {
            "at": when, "issuer": issuer, "tenant": tenant, "hook": "order-sign", "service": "bone-modifying-agents",
            "fhir_version": "R4", "profile": "standard", "duration_ms": 12.5, "status": status, "outcome": outcome,
            "knowledge": "test",
        }  # fmt: skip
        with self.database.engine.begin() as connection:
            if number > 1:
                connection.execute(call.insert(), [row] * (number - 1))
            key = connection.execute(call.insert().values(**row)).inserted_primary_key
            assert key is not None
            return int(key[0])

    def cards(
        self,
        when: datetime,
        topic: str = "denosumab-dose",
        number: int = 1,
        *,
        outcome: str = "shown",
        indicator: str = "warning",
        issuer: str = EHR,
        tenant: str = "",
        uuids: Sequence[uuid.UUID] = (),
        held_by: uuid.UUID | None = None,
    ) -> list[uuid.UUID]:
        """One call with that many cards; their uuids."""
        key = self.calls(when, issuer=issuer, tenant=tenant)
        made = list(uuids) or [uuid.uuid4() for _ in range(number)]
        rows = [
            {
                "call_id": key, "issuer": issuer, "tenant": tenant, "uuid": each, "topic": topic,
                "indicator": indicator, "outcome": outcome, "held_by": held_by,
            }
            for each in made
        ]  # fmt: skip
        with self.database.engine.begin() as connection:
            connection.execute(card.insert(), rows)
        return made

    def feedback(
        self,
        of: uuid.UUID,
        outcome: str = "overridden",
        *reasons: str,
        when: datetime | None = None,
        topic: str | None = None,
        comment: str | None = None,
        issuer: str = EHR,
        tenant: str = "",
    ) -> None:
        """One feedback event."""
        digest, moment = next(_digests).to_bytes(32, "big"), when or at(10)
        row = {
            "digest": digest, "received_at": moment, "issuer": issuer, "tenant": tenant,
            "service": "bone-modifying-agents", "card": of, "outcome": outcome, "outcome_at": moment, "topic": topic,
            "comment": comment,
        }  # fmt: skip
        with self.database.engine.begin() as connection:
            connection.execute(feedback.insert().values(**row))
            for code in reasons:
                connection.execute(feedback_reason.insert().values(digest=digest, code=code))

    def lost(self, when: datetime, number: int) -> None:
        with self.database.engine.begin() as connection:
            connection.execute(loss.insert().values(at=when, calls=number))


def read(database: Database, **scope: str) -> Figures:
    """The figures of the test's period."""
    return figures(database, SINCE, UNTIL, **scope, topics=("denosumab-dose", "infusion-time"), wrong_advice=WRONG)


def topic_of(made: Figures, name: str = "denosumab-dose") -> Topic:
    return next(topic for topic in made.topics if topic.topic == name)
