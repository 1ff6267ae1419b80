"""``cds-service db`` and the start: a database of an older or a newer version is never used by accident."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import inspect, text

from cds_service.base.complaints import SettingsError
from cds_service.edition import Edition
from cds_service.site.settings import Profile, Settings
from cds_service.store import schema
from cds_service.store.engine import Database, parse_url
from cds_service.store.memory import Memory
from cds_service.store.tables import metadata
from tests.commands import run

OLDER = schema.known_revisions()[0]
NEWER = "9999"


@contextmanager
def reached(url: str) -> Iterator[Database]:
    database = Database(parse_url(url))
    database.make_file()
    try:
        yield database
    finally:
        database.close()


def revision(url: str) -> str | None:
    with reached(url) as database:
        return schema.revision(database)


def made_by_a_newer_version(url: str) -> None:
    with reached(url) as database:
        schema.upgrade(database)
        with database.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :newer"), {"newer": NEWER})


def made_by_an_older_version(url: str) -> None:
    with reached(url) as database:
        schema.upgrade(database)
        schema.downgrade(database, OLDER)


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The commands work on this database, which is empty."""
    monkeypatch.setattr("os.environ", {"CDS_DATABASE_URL": database_url})
    return database_url


def opened(edition: Edition, url: str, profile: Profile) -> None:
    Memory.open(Settings(database_url=url, profile=profile), edition.site.suppression).close(1)


# The start


def test_development_makes_and_upgrades_the_tables(edition: Edition, database_url: str) -> None:
    opened(edition, database_url, "development")
    assert revision(database_url) == schema.newest()
    made_by_an_older_version(database_url)
    opened(edition, database_url, "development")
    assert revision(database_url) == schema.newest()


def test_production_starts_with_the_tables_of_this_version(edition: Edition, database_url: str) -> None:
    with reached(database_url) as database:
        schema.upgrade(database)
    opened(edition, database_url, "production")


def test_production_never_upgrades_by_itself(edition: Edition, database_url: str) -> None:
    with pytest.raises(SettingsError, match=r"^CDS_DATABASE_URL: .*schema \(none\).*cds-service db upgrade"):
        opened(edition, database_url, "production")
    assert revision(database_url) is None
    made_by_an_older_version(database_url)
    with pytest.raises(SettingsError, match=rf"schema {OLDER}, this version needs {schema.newest()}"):
        opened(edition, database_url, "production")
    assert revision(database_url) == OLDER


@pytest.mark.parametrize("profile", ["development", "production"])
def test_a_database_of_a_newer_version_is_refused(edition: Edition, database_url: str, profile: Profile) -> None:
    made_by_a_newer_version(database_url)
    with pytest.raises(SettingsError, match=rf"schema {NEWER}, made by a newer version"):
        opened(edition, database_url, profile)
    assert revision(database_url) == NEWER


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_database_that_cannot_be_opened_stops_the_start_without_its_password(
    edition: Edition, tmp_path: Path, backend: str
) -> None:
    url = f"sqlite:///{tmp_path}" if backend == "sqlite" else "postgresql://cds:SECRET@127.0.0.1:1/cds"
    with pytest.raises(SettingsError, match=r"^CDS_DATABASE_URL: the database cannot be opened") as refused:
        opened(edition, url, "development")
    assert "SECRET" not in str(refused.value)


def test_nothing_is_open_after_the_start(edition: Edition, database_url: str) -> None:
    """Workers are forked from here: a connection must not be shared."""
    memory = Memory.open(Settings(database_url=database_url), edition.site.suppression)
    try:
        assert memory.database._engine.take() is None
    finally:
        memory.close(1)


# The commands


def succeeded(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def test_status_upgrade_downgrade(command: str) -> None:
    backend = "sqlite" if command.startswith("sqlite") else "postgresql"
    said = succeeded(run("db", "status"))
    assert f"{backend}: schema (none)" in said
    assert f"needs {schema.newest()}" in said
    assert succeeded(run("db", "upgrade")) == f"schema {schema.newest()}\n"
    assert f"{backend}: schema {schema.newest()}" in succeeded(run("db", "status"))
    assert succeeded(run("db", "downgrade", OLDER)) == f"schema {OLDER}\n"
    assert succeeded(run("db", "upgrade")) == f"schema {schema.newest()}\n"
    assert succeeded(run("db", "upgrade")) == f"schema {schema.newest()}\n"
    assert succeeded(run("db", "downgrade", "base")) == "schema (none)\n"
    with reached(command) as database:
        assert not set(inspect(database.engine).get_table_names()) & set(metadata.tables)


def test_an_unknown_revision_is_said_and_changes_nothing(command: str) -> None:
    run("db", "upgrade")
    result = run("db", "downgrade", "nowhere")
    assert result.exit_code == 1
    assert "nowhere" in result.output
    assert revision(command) == schema.newest()


def test_status_says_what_a_newer_version_made(command: str) -> None:
    made_by_a_newer_version(command)
    assert f"schema {NEWER}" in succeeded(run("db", "status"))


@pytest.mark.parametrize("prepare", [None, made_by_an_older_version, made_by_a_newer_version])
def test_purge_wants_the_tables_of_this_version(command: str, prepare: object) -> None:
    if callable(prepare):
        prepare(command)
    result = run("purge", "--older-than", "0")
    assert result.exit_code == 1
    assert "cds-service db upgrade" in result.output


@pytest.mark.parametrize("arguments", [("db", "status"), ("db", "upgrade"), ("purge", "--older-than", "1")])
def test_a_database_that_is_not_there_is_said_without_its_password(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, arguments: tuple[str, ...]
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("os.environ", {"CDS_DATABASE_URL": "postgresql://cds:SECRET@127.0.0.1:1/cds"})
    result = run(*arguments)
    assert result.exit_code == 1
    assert re.match(r"Error: CDS_DATABASE_URL: the database refused \(\w+\)$", result.output.strip())
    assert "SECRET" not in result.output + caplog.text
