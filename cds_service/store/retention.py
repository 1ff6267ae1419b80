"""Forgetting: what is older than a site wants to keep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Table, delete, func, select, update

from cds_service.store.engine import Database
from cds_service.store.tables import call, feedback, loss

# Rows per transaction: the answering workers write in between.
_CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows are older than the limit; their cards, reasons and suggestions go with them."""

    calls: int
    feedback: int
    comments: int


def purge(database: Database, before: datetime, issuer: str | None = None, *, comments_only: bool = False) -> Purged:
    """Delete calls made, and feedback received, before a moment (aware); of one issuer, or of all.

    ``comments_only``: keep the rows and delete what users wrote. Losses belong to no issuer.
    """
    comments = _blank_comments(database, before, issuer)
    if comments_only:
        return Purged(0, 0, comments)
    if issuer is None:
        _delete(database, loss, loss.c.at < before)
    calls = _delete(database, call, _of(call.c.at < before, call, issuer))
    events = _delete(database, feedback, _of(feedback.c.received_at < before, feedback, issuer))
    return Purged(calls, events, comments)


def count(database: Database, before: datetime, issuer: str | None = None) -> Purged:
    """What ``purge`` would delete."""
    old = (
        (call, call.c.at < before),
        (feedback, feedback.c.received_at < before),
        (feedback, (feedback.c.received_at < before) & feedback.c.comment.is_not(None)),
    )
    with database.engine.connect() as connection:
        counts = [
            connection.execute(
                select(func.count()).select_from(table).where(_of(condition, table, issuer))
            ).scalar_one()
            for table, condition in old
        ]
    return Purged(*counts)


def _of(condition: ColumnElement[bool], table: Table, issuer: str | None) -> ColumnElement[bool]:
    return condition if issuer is None else condition & (table.c.issuer == issuer)


def _delete(database: Database, table: Table, condition: ColumnElement[bool]) -> int:
    (key,) = table.primary_key.columns
    gone = 0
    while True:
        with database.engine.begin() as connection:
            some = select(key).where(condition).limit(_CHUNK).scalar_subquery()
            deleted = connection.execute(delete(table).where(key.in_(some))).rowcount
        gone += deleted
        if deleted < _CHUNK:
            return gone


def _blank_comments(database: Database, before: datetime, issuer: str | None) -> int:
    condition = _of((feedback.c.received_at < before) & feedback.c.comment.is_not(None), feedback, issuer)
    with database.engine.begin() as connection:
        return connection.execute(update(feedback).where(condition).values(comment=None)).rowcount
