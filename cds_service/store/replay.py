"""Tokens that were used: each may be used once, on whichever worker or machine."""

from __future__ import annotations

import hashlib

from sqlalchemy import delete

from cds_service.base.hashing import joined
from cds_service.store.engine import Database, inserting_new
from cds_service.store.tables import replay


class Used:
    """The memory of used tokens in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Built once: this is on the way of every call.
        self._remember = inserting_new(replay, database.url.get_backend_name()).returning(replay.c.expires)

    def first_use(self, issuer: str, jti: str, expires: int) -> bool:
        """Whether this token was never seen before; it is remembered until ``expires`` (seconds since 1970).

        Raises ``sqlalchemy.exc.SQLAlchemyError`` when that cannot be said.
        """
        digest = hashlib.sha256(joined(issuer, jti)).digest()
        with self._database.engine.begin() as connection:
            row = connection.execute(self._remember, {"digest": digest, "expires": expires}).first()
        return row is not None

    def forget(self, now: int) -> int:
        """Delete the tokens that have expired; how many."""
        with self._database.engine.begin() as connection:
            return connection.execute(delete(replay).where(replay.c.expires < now)).rowcount
