"""Tokens that were used: each may be used once, on whichever worker or machine."""

from __future__ import annotations

import hashlib

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from cds_service.store.engine import Database
from cds_service.store.tables import replay


class Used:
    """The memory of used tokens in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        insert = sqlite.insert if database.is_sqlite else postgresql.insert
        # Built once: this is on the way of every call.
        self._remember = insert(replay).on_conflict_do_nothing().returning(replay.c.expires)

    def first_use(self, issuer: str, jti: str, expires: int) -> bool:
        """Whether this token was never seen before; it is remembered until ``expires`` (seconds since 1970).

        Raises ``sqlalchemy.exc.SQLAlchemyError`` when that cannot be said.
        """
        digest = hashlib.sha256(f"{len(issuer)}:{issuer}{jti}".encode()).digest()
        with self._database.engine.begin() as connection:
            row = connection.execute(self._remember, {"digest": digest, "expires": expires}).first()
        return row is not None

    def forget(self, now: int) -> int:
        """Delete the tokens that have expired; how many."""
        with self._database.engine.begin() as connection:
            return connection.execute(delete(replay).where(replay.c.expires < now)).rowcount
