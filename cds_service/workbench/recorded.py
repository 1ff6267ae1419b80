"""What the page Report shows: the figures of the last days of this server's database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from cds_service.edition import Edition
from cds_service.report.figures import Figures
from cds_service.report.reading import figures
from cds_service.store.engine import Database

DAYS = 90


@dataclass(frozen=True, slots=True)
class Numbers:
    """``made`` None: there are none, and ``why`` (a key of the words) says so."""

    made: Figures | None
    why: str = ""


def numbers(edition: Edition, database: Database | None, now: datetime) -> Numbers:
    """The figures until ``now`` (aware)."""
    if database is None:
        return Numbers(None, "report-off")
    wrong = edition.knowledge.guideline.override_reasons.wrong_advice
    end = now.astimezone(UTC)
    since = end - timedelta(days=DAYS)
    try:
        # A moment longer: what was recorded in this very second counts.
        made = figures(
            database, since, end + timedelta(seconds=1), topics=tuple(edition.recommendations), wrong_advice=wrong
        )
    except SQLAlchemyError:
        return Numbers(None, "report-failed")
    return Numbers(made)
