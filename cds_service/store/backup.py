"""A copy of a SQLite database that is whole, taken while the server writes, and its way back.

Copying the file with ``cp`` loses what is still in the write-ahead log beside it; SQLite's online backup does not.
PostgreSQL has ``pg_dump`` and ``pg_restore``.
"""

from __future__ import annotations

import os
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL

from cds_service.store.schema import known_revisions

# Files that SQLite keeps beside a database; one left over would be taken for part of the next.
_BESIDE = ("-wal", "-shm", "-journal")
_SECRETS = ("password", "sslpassword")


class BackupError(Exception):
    """Why there is no copy, in words for whoever asked for it."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What is in a copy: its schema's revision, and how many rows of ``call`` and ``feedback``."""

    revision: str
    calls: int
    feedback: int


def copy(source: Path, target: Path) -> Copied:
    """Copy a database, as it is at this moment and checked, to a file that is not there yet and nobody else may read.

    The file gets its name when it is complete. Raises ``BackupError``; nothing of the copy is left then.
    """
    if not source.is_file():
        raise BackupError(f"there is no file {source}")
    for name in (target.name, *(target.name + each for each in _BESIDE)):
        if target.with_name(name).exists():
            raise BackupError(f"{target.with_name(name)} is there already: nothing is overwritten, move it away first")
    part = target.with_name(f"{target.name}.part")
    with _made(part):
        try:
            found = _copy(source, part)
            part.rename(target)
        except sqlite3.Error as error:
            # Its name, not its words: they may quote rows.
            raise BackupError(f"{source} cannot be copied ({error.sqlite_errorname})") from None
        except OSError as error:
            raise BackupError(f"{target} cannot be written ({error.strerror})") from None
    return found


@contextmanager
def _made(part: Path) -> Iterator[None]:
    """A new, empty file for nobody else to read; gone afterwards unless it was given another name."""
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise BackupError(f"{part} is left over from an earlier try, or somebody is writing it: remove it") from None
    except OSError as error:
        raise BackupError(f"{part} cannot be written ({error.strerror})") from None
    try:
        yield
    finally:
        for name in ("", *_BESIDE):
            part.with_name(part.name + name).unlink(missing_ok=True)


def _copy(source: Path, part: Path) -> Copied:
    # In one step: a reader of the write-ahead log holds up no writer, and no writer makes it begin again.
    with closing(_open(source)) as there, closing(_open(part)) as here:
        there.backup(here, pages=-1)
        # One file, with nothing beside it.
        here.execute("PRAGMA journal_mode=DELETE")
        if here.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            raise BackupError(f"{source} is damaged: SQLite's integrity check found faults")
        tables = {name for (name,) in here.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"alembic_version", "call", "feedback"} <= tables:
            raise BackupError(f"{source} is no database of this service")
        revision = here.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        if revision not in known_revisions():
            raise BackupError(f"{source} has schema {revision}, of a newer version of this service: run that version")
        calls, events = here.execute("SELECT (SELECT count(*) FROM call), (SELECT count(*) FROM feedback)").fetchone()
    _to_disk(part)
    return Copied(revision, calls, events)


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=rw", uri=True)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def dump_command(url: URL, file: Path) -> str:
    """What to run for a backup of a PostgreSQL database, without its password."""
    return f"pg_dump --format=custom --file={shlex.quote(str(file))} {_without_secrets(url)}"


def restore_command(url: URL, file: Path) -> str:
    """What to run to bring such a backup into an empty PostgreSQL database, without its password."""
    return f"pg_restore --no-owner --exit-on-error --dbname={_without_secrets(url)} {shlex.quote(str(file))}"


def _without_secrets(url: URL) -> str:
    bare = URL.create("postgresql", url.username, None, url.host, url.port, url.database)
    query = {name: value for name, value in url.query.items() if name not in _SECRETS}
    return shlex.quote(bare.set(query=query).render_as_string())
