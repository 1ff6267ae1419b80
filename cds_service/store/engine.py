"""Opening the database: SQLite in a file (the embedded default), or PostgreSQL where a URL says so."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, exc, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DisconnectionError, InterfaceError, InternalError, OperationalError

from cds_service.base.complaints import SettingsError
from cds_service.base.perprocess import PerProcess

# An order screen does not wait for a database that hangs. Milliseconds for PostgreSQL, seconds elsewhere.
WAIT_SECONDS = 3
# The database is away, busy, full, or (InternalError) read-only during a failover: trying again may help. Anything else
# it says is a fault of ours.
UNAVAILABLE = (OperationalError, InterfaceError, InternalError, exc.TimeoutError)
_REMEDY = "Write sqlite:///path/to/file or postgresql://user:password@host/database; in a password write @ as %40"
_VARIABLE = "CDS_DATABASE_URL"


def parse_url(text: str) -> URL:
    """The URL of a database this service can use. Raises ``SettingsError``, which never repeats the URL: it may hold
    a password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # a password with an @ makes a port that is no number
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
        self._engine = PerProcess(lambda: _engine(url, connections))
        self._lane = threading.Lock()
        self._lane_opens = 0.0

    @contextmanager
    def lane(self) -> Iterator[None]:
        """Around each transaction of what may come in floods: who checks a token meanwhile finds the database free.

        SQLite has one writer at a time, and who waits for it is not served in turn. So one flood at a time in this
        process, and the next not before the file was left alone for as long as it was taken; waiting for it counts as
        taken, so the more processes write, the more each leaves.
        """
        if not self.is_sqlite:
            yield
            return
        with self._lane:
            time.sleep(max(0.0, self._lane_opens - time.monotonic()))
            began = time.monotonic()
            try:
                yield
            finally:
                ended = time.monotonic()
                self._lane_opens = ended + (ended - began)

    @property
    def engine(self) -> Engine:
        """The engine of this process."""
        return self._engine.get()

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def missing(self) -> bool:
        """Whether it is a SQLite file that is not there: connecting would make an empty one."""
        return self.is_sqlite and not Path(self.url.database or "").is_file()

    def make_file(self) -> None:
        """Make a SQLite file with its folder, for nobody else to read. Raises ``SettingsError``."""
        if not self.missing:
            return
        path = Path(self.url.database or "").absolute()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives the files beside it the same mode.
            path.touch(mode=0o600)
        except OSError as error:
            what = f"the file cannot be made ({os.strerror(error.errno or 0)})"
            raise SettingsError(_VARIABLE, what, "Choose a place that can be written") from None

    def close(self) -> None:
        """Close this process's connections."""
        if made := self._engine.take():
            made.dispose()


def _engine(url: URL, connections: int) -> Engine:
    common: dict[str, Any] = {"pool_size": connections, "max_overflow": 0, "pool_timeout": WAIT_SECONDS}
    if url.get_backend_name() == "postgresql":
        limits = f"-c statement_timeout={WAIT_SECONDS * 1000} -c lock_timeout={WAIT_SECONDS * 1000}"
        arguments = {"connect_timeout": WAIT_SECONDS, "tcp_user_timeout": WAIT_SECONDS * 1000, "options": limits}
        # Pinged first: after a restart of the database the first call would fail otherwise.
        return create_engine(url, connect_args=arguments, pool_pre_ping=True, **common)
    path = Path(url.database or "").absolute()
    # rw: a file that is gone is an error, not an empty database.
    opened = url.set(database=f"file:{quote(str(path))}", query={"mode": "rw", "uri": "true"})
    engine = create_engine(opened, connect_args={"timeout": WAIT_SECONDS}, **common)
    event.listen(engine, "connect", _sqlite_ways)
    event.listen(engine, "connect", partial(_note_file, path))
    event.listen(engine, "checkout", partial(_same_file, path))
    return engine


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _note_file(path: Path, _connection: object, record: Any) -> None:
    record.info["file"] = _identity(path)


def _same_file(path: Path, _connection: object, record: Any, _proxy: object) -> None:
    """A file deleted or replaced while it is open still takes what is written, and nobody ever finds it."""
    if record.info.get("file") != _identity(path):
        raise DisconnectionError


def inserting_new(table: Table, backend: str) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that leaves rows alone which are there already; with ``returning`` it tells the new ones apart.

    (The row count does not: SQLAlchemy does not keep it of an INSERT.)
    """
    insert = sqlite.insert if backend == "sqlite" else postgresql.insert
    return insert(table).on_conflict_do_nothing()


def unhurried(connection: Connection) -> None:
    """Let this transaction take its time: no order screen waits for it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))


def _sqlite_ways(connection: Any, _record: object) -> None:
    """WAL: readers and the writer do not wait for each other. FULL: what was committed survives a power cut.
    secure_delete: what was deleted cannot be read from the file."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
