"""The schema: what the revisions make is what the code reads, and nothing is lost on the way up and down."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import select

from cds_service.base.complaints import SettingsError
from cds_service.store import schema
from cds_service.store.engine import Database, parse_url
from cds_service.store.tables import call, card, feedback, feedback_reason, loss, metadata

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CARD = uuid.uuid4()


def filled(database: Database) -> None:
    with database.engine.begin() as connection:
        key = connection.execute(
            call.insert().values(
                at=NOW,
                issuer="https://ehr.example",
                tenant="",
                hook="order-sign",
                service="s",
                fhir_version="R4",
                profile="generic",
                duration_ms=1.5,
                status=200,
                outcome="cards",
                knowledge="k",
            )
        ).inserted_primary_key
        assert key is not None
        connection.execute(
            card.insert().values(
                call_id=key[0],
                issuer="https://ehr.example",
                tenant="",
                uuid=CARD,
                topic="denosumab-dose",
                indicator="warning",
                outcome="shown",
            )
        )
        connection.execute(
            feedback.insert().values(
                digest=b"d" * 32,
                received_at=NOW,
                issuer="https://ehr.example",
                tenant="",
                service="s",
                card=CARD,
                outcome="overridden",
                outcome_at=NOW,
            )
        )
        connection.execute(feedback_reason.insert().values(digest=b"d" * 32, code="need-more-info"))


def rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.engine.connect() as connection:
        return {
            "calls": [tuple(r) for r in connection.execute(select(call.c.at, call.c.duration_ms))],
            "cards": [tuple(r) for r in connection.execute(select(card.c.uuid, card.c.topic))],
            "feedback": [tuple(r) for r in connection.execute(select(feedback.c.digest, feedback.c.outcome_at))],
            "reasons": [tuple(r) for r in connection.execute(select(feedback_reason.c.code))],
        }


def test_the_revisions_make_the_tables_that_the_code_reads(database: Database) -> None:
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert schema.revision(database) == schema.newest()


def test_down_one_revision_and_up_again_keeps_the_data(database: Database) -> None:
    filled(database)
    with database.engine.begin() as connection:
        connection.execute(loss.insert().values(at=NOW, calls=3))
    before = rows(database)
    assert before["calls"] == [(NOW, 1.5)]
    for earlier in reversed(schema.known_revisions()[:-1]):
        schema.downgrade(database, earlier)
        assert schema.revision(database) == earlier
    schema.upgrade(database)
    assert rows(database) == before


def test_down_to_nothing_and_up_again_gives_empty_tables(database: Database) -> None:
    filled(database)
    schema.downgrade(database, "base")
    assert schema.revision(database) is None
    schema.upgrade(database)
    assert rows(database) == {"calls": [], "cards": [], "feedback": [], "reasons": []}


def test_an_unknown_revision_is_refused_and_changes_nothing(database: Database) -> None:
    with pytest.raises(ValueError, match="nowhere"):
        schema.downgrade(database, "nowhere")
    assert schema.revision(database) == schema.newest()


def test_many_that_start_at_once_migrate_once(database_url: str) -> None:
    databases = [Database(parse_url(database_url)) for _ in range(4)]
    databases[0].make_file()
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(schema.upgrade, databases))
        assert schema.revision(databases[0]) == schema.newest()
    finally:
        for database in databases:
            database.close()


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("nonsense", "not a database URL"),
        ("mysql://root:SECRET@host/db", "neither SQLite nor PostgreSQL"),
        ("sqlite://", "not shared by the workers"),
        ("sqlite:///:memory:", "not shared by the workers"),
    ],
)
def test_a_url_of_no_use_is_refused_without_being_repeated(url: str, what: str) -> None:
    with pytest.raises(SettingsError, match=what) as refused:
        parse_url(url)
    assert "SECRET" not in str(refused.value)


def test_a_folder_that_cannot_be_made_is_said_by_the_setting() -> None:
    with pytest.raises(SettingsError, match=r"^CDS_DATABASE_URL: the file cannot be made"):
        Database(parse_url("sqlite:////proc/nowhere/cds.sqlite3")).make_file()
