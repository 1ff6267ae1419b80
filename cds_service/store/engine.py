"""Opening the database: SQLite in a file (the embedded default), or PostgreSQL where a URL says so."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, TimeoutError  # noqa: A004  # the pool's

from cds_service.settings import SettingsError

# An order screen does not wait for a database that hangs. Milliseconds for PostgreSQL, seconds elsewhere.
WAIT_SECONDS = 3
# The database is away, busy or full: trying again may help. Anything else it says is a fault of ours.
UNAVAILABLE = (OperationalError, InterfaceError, TimeoutError)
_REMEDY = "Write sqlite:///path/to/file or postgresql://user:password@host/database"
_VARIABLE = "CDS_DATABASE_URL"


def parse_url(text: str) -> URL:
    """The URL of a database this service can use. Raises ``SettingsError``, which never repeats the URL: it may hold
    a password."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise SettingsError(_VARIABLE, "not a database URL", _REMEDY) from None
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite" or url.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise SettingsError(_VARIABLE, "neither SQLite nor PostgreSQL", _REMEDY)
    if not url.database or url.database == ":memory:":
        raise SettingsError(_VARIABLE, "a database in memory is not shared by the workers", _REMEDY)
    return url


class Database:
    """The connections of this process to one database; each forked worker opens its own."""

    def __init__(self, url: URL, connections: int = 8) -> None:
        self.url = url
        self._connections = connections
        self._engines: dict[int, Engine] = {}

    @property
    def engine(self) -> Engine:
        """The engine of this process. A connection must not be shared across a fork."""
        made = self._engines.get(os.getpid())
        if made is None:
            made = self._engines[os.getpid()] = _engine(self.url, self._connections)
        return made

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def make_folder(self) -> None:
        """Make the folder of a SQLite file. Raises ``SettingsError``."""
        if not self.is_sqlite:
            return
        assert self.url.database is not None
        try:
            Path(self.url.database).absolute().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            what = f"its folder cannot be made ({os.strerror(error.errno or 0)})"
            raise SettingsError(_VARIABLE, what, "Choose a place that can be written") from None

    def close(self) -> None:
        """Close this process's connections."""
        if made := self._engines.pop(os.getpid(), None):
            made.dispose()


def _engine(url: URL, connections: int) -> Engine:
    common: dict[str, Any] = {"pool_size": connections, "max_overflow": 0, "pool_timeout": WAIT_SECONDS}
    if url.get_backend_name() == "postgresql":
        limits = f"-c statement_timeout={WAIT_SECONDS * 1000} -c lock_timeout={WAIT_SECONDS * 1000}"
        arguments = {"connect_timeout": WAIT_SECONDS, "tcp_user_timeout": WAIT_SECONDS * 1000, "options": limits}
        # Pinged first: after a restart of the database the first call would fail otherwise.
        return create_engine(url, connect_args=arguments, pool_pre_ping=True, **common)
    engine = create_engine(url, connect_args={"timeout": WAIT_SECONDS}, **common)
    event.listen(engine, "connect", _sqlite_ways)
    return engine


def _sqlite_ways(connection: Any, _record: object) -> None:
    """WAL: readers and the writer do not wait for each other. FULL: what was committed survives a power cut."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
