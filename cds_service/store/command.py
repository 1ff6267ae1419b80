"""``cds-service db`` and ``cds-service purge``: for whoever looks after the database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cds_service.base.complaints import StartFault
from cds_service.site.settings import Settings

if TYPE_CHECKING:
    from cds_service.store.backup import Copied
    from cds_service.store.engine import Database

# A century: beyond what a calendar counts back, nothing was recorded anyway.
_MOST_DAYS = 36_500


@contextmanager
def _database() -> Iterator[Database]:
    from sqlalchemy.exc import SQLAlchemyError

    from cds_service.store.engine import Database, parse_url

    try:
        settings = Settings.from_env(os.environ)
        database = Database(parse_url(settings.database_url))
        try:
            yield database
        finally:
            database.close()
    except StartFault as error:
        raise click.ClickException(str(error)) from None
    except SQLAlchemyError as error:
        # Its own words may quote rows.
        raise click.ClickException(f"CDS_DATABASE_URL: the database refused ({type(error).__name__})") from None


@contextmanager
def _known_revision() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise click.ClickException(f"{error}: run the version of cds-service that knows it") from None


@contextmanager
def _ready() -> Iterator[Database]:
    """The database, when it has the tables of this version."""
    from cds_service.store import schema

    with _database() as database:
        if database.missing or schema.revision(database) != schema.newest():
            raise click.ClickException("the database does not have this version's tables: run `cds-service db upgrade`")
        yield database


@click.group("db")
def db_group() -> None:
    """The schema of the database (CDS_DATABASE_URL)."""


@db_group.command()
def status() -> None:
    """Say which schema the database has, and which this version needs."""
    from cds_service.store import schema

    with _database() as database:
        found = None if database.missing else schema.revision(database)
        click.echo(f"{database.url.get_backend_name()}: schema {found or '(none)'}")
    click.echo(f"this version needs {schema.newest()}; known: {', '.join(schema.known_revisions())}")


@db_group.command()
def upgrade() -> None:
    """Bring the schema up to date. Data are kept."""
    from cds_service.store import schema

    with _database() as database:
        database.make_file()
        with _known_revision():
            schema.upgrade(database)
        click.echo(f"schema {schema.revision(database)}")


@db_group.command()
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Bring the schema back to REVISION, for an older version of the service; `base` deletes everything."""
    from cds_service.store import schema

    with _database() as database:
        with _known_revision():
            schema.downgrade(database, revision)
        click.echo(f"schema {schema.revision(database) or '(none)'}")


@db_group.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write a copy of the database to FILE, which must not be there yet. The server may go on."""
    from cds_service.store.backup import dump_command

    with _database() as database:
        found = _copied(_file(database, dump_command(database.url, file)), file)
    click.echo(f"{file}: schema {found.revision}, {found.calls} calls, {found.feedback} feedback events")


@db_group.command()
@click.argument("file", type=click.Path(path_type=Path))
def restore(file: Path) -> None:
    """Bring the copy FILE back. The place of the database must be empty: move away what is there."""
    from cds_service.store import schema
    from cds_service.store.backup import restore_command

    with _database() as database:
        target = _file(database, restore_command(database.url, file))
        found = _copied(file, target)
    click.echo(f"{target}: schema {found.revision}, {found.calls} calls, {found.feedback} feedback events")
    if found.revision != schema.newest():
        click.echo(f"this version needs schema {schema.newest()}: run `cds-service db upgrade`")


def _file(database: Database, otherwise: str) -> Path:
    """The file of a SQLite database; of another, what to run instead."""
    if not database.is_sqlite:
        text = "PostgreSQL has commands of its own (the password: ~/.pgpass or PGPASSWORD)"
        raise click.ClickException(f"{text}:\n{otherwise}")
    return Path(database.url.database or "")


def _copied(source: Path, target: Path) -> Copied:
    from cds_service.store.backup import BackupError, copy

    try:
        return copy(source, target)
    except BackupError as error:
        raise click.ClickException(str(error)) from None


@click.command("purge")
@click.option("--older-than", "days", type=click.IntRange(0, _MOST_DAYS), required=True, help="Days.")
@click.option("--issuer", default=None, help="Only what came from this issuer; default: all.")
@click.option("--comments-only", is_flag=True, help="Delete what users wrote, keep the rest.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
def purge_command(days: int, issuer: str | None, *, comments_only: bool, dry_run: bool) -> None:
    """Delete recorded calls and feedback that are older than so many days."""
    from cds_service.store.retention import count, purge

    before = datetime.now(UTC) - timedelta(days=days)
    with _ready() as database:
        if dry_run:
            found, said = count(database, before, issuer), "would be deleted"
        else:
            found, said = purge(database, before, issuer, comments_only=comments_only), "deleted"
    parts = [f"{found.comments} comments"]
    if not comments_only:
        parts = [f"{found.calls} calls with their cards", f"{found.feedback} feedback events", *parts]
    click.echo(f"{said}: {', '.join(parts)} (before {before:%Y-%m-%d %H:%M} UTC)")
