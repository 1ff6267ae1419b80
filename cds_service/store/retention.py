"""Forgetting: what is older than a site wants to keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Delete, Table, Update, delete, func, select, update

from cds_service.store.engine import Database, unhurried
from cds_service.store.tables import call, feedback, loss

# Rows per transaction: on SQLite the answering workers write in between (Database.lane).
_CHUNK = 1000


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
    try:
        return _purge(database, before, issuer, comments_only=comments_only)
    finally:
        _truncate_log(database)


def _purge(database: Database, before: datetime, issuer: str | None, *, comments_only: bool) -> Purged:
    if comments_only:
        return Purged(0, 0, _blank_comments(database, before, issuer))
    comments = count(database, before, issuer).comments
    if issuer is None:
        _delete(database, loss, loss.c.at < before)
    calls = _delete(database, call, _of(call.c.at < before, call, issuer))
    events = _delete(database, feedback, _of(feedback.c.received_at < before, feedback, issuer))
    return Purged(calls, events, comments)


def _truncate_log(database: Database) -> None:
    """SQLite's write-ahead log holds deleted text until it is emptied."""
    if database.is_sqlite:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def count(database: Database, before: datetime, issuer: str | None = None) -> Purged:
    """What ``purge`` would delete."""
    old = (
        (call, call.c.at < before),
        (feedback, feedback.c.received_at < before),
        (feedback, (feedback.c.received_at < before) & feedback.c.comment.is_not(None)),
    )
    with database.engine.connect() as connection:
        unhurried(connection)
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
    return _in_chunks(database, table, condition, lambda some: delete(table).where(some))


def _blank_comments(database: Database, before: datetime, issuer: str | None) -> int:
    condition = _of((feedback.c.received_at < before) & feedback.c.comment.is_not(None), feedback, issuer)
    return _in_chunks(database, feedback, condition, lambda some: update(feedback).where(some).values(comment=None))


def _in_chunks(
    database: Database,
    table: Table,
    condition: ColumnElement[bool],
    change: Callable[[ColumnElement[bool]], Delete | Update],
) -> int:
    """Make a change that ends the condition, for all rows that meet it; how many."""
    (key,) = table.primary_key.columns
    some = key.in_(select(key).where(condition).limit(_CHUNK).scalar_subquery())
    changed = 0
    while True:
        with database.lane(), database.engine.begin() as connection:
            unhurried(connection)
            chunk = connection.execute(change(some)).rowcount
        changed += chunk
        if chunk < _CHUNK:
            return changed
