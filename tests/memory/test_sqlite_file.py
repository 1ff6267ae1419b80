"""The SQLite file: whose it is, what happens when somebody takes it away, and that what was deleted is gone from it."""

from __future__ import annotations

import stat
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cds_service.base.complaints import SettingsError
from cds_service.call.feedback import Feedback
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store.engine import Database, parse_url
from cds_service.store.memory import Memory
from cds_service.store.reactions import keep
from cds_service.store.retention import purge
from cds_service.store.tables import feedback
from cds_service.trust.gate import ANYBODY
from tests.memory.build import Service, event, rows, served

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "cds.sqlite3"


@pytest.fixture
def memory(edition: Edition, file: Path) -> Iterator[Memory]:
    made = Memory.open(Settings(database_url=f"sqlite:///{file}"), edition.site.suppression)
    yield made
    made.close(1)


@pytest.fixture
def service(edition: Edition, memory: Memory) -> Service:
    return served(edition, memory)


def test_the_file_is_for_nobody_else_to_read(file: Path, service: Service) -> None:
    assert service.tell(event()).status_code == 200
    assert {stat.S_IMODE(each.stat().st_mode) for each in file.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def _deleted(file: Path) -> None:
    for each in file.parent.iterdir():
        each.unlink()


def _moved(file: Path) -> None:
    _ = file.rename(file.with_suffix(".old"))


def _replaced(file: Path) -> None:
    _deleted(file)
    file.mkdir()


@pytest.mark.parametrize("take", [_deleted, _moved, _replaced])
def test_feedback_is_not_acknowledged_into_a_file_that_nobody_will_find(
    file: Path, service: Service, take: Callable[[Path], None]
) -> None:
    assert service.tell(event()).status_code == 200
    take(file)
    answer = service.tell(event(card=str(uuid.uuid4())))
    assert answer.status_code == 503
    assert answer.get_json()["resourceType"] == "OperationOutcome"


def test_a_file_that_comes_back_is_used_again(file: Path, memory: Memory, service: Service) -> None:
    assert service.tell(event()).status_code == 200
    memory.database.close()
    _moved(file)
    assert service.tell(event()).status_code == 503
    file.with_suffix(".old").rename(file)
    assert service.tell(event(card=str(uuid.uuid4()))).status_code == 200
    assert len(rows(memory.database, feedback)) == 2


def test_a_missing_file_is_not_made_by_looking_at_it(file: Path) -> None:
    database = Database(parse_url(f"sqlite:///{file}"))
    assert database.missing
    assert not file.exists()


@pytest.mark.parametrize("comments_only", [True, False])
def test_what_was_purged_cannot_be_read_from_the_disk(file: Path, memory: Memory, *, comments_only: bool) -> None:
    said = [f"PATIENT-LI-SI-{number} " * 20 for number in range(50)]
    events = [Feedback(uuid.uuid4(), "overridden", NOW, comment=text) for text in said]
    keep(memory.database, events, ANYBODY, "s", NOW)
    assert b"PATIENT-LI-SI" in _bytes(file)
    purge(memory.database, NOW + timedelta(days=1), comments_only=comments_only)
    assert b"PATIENT-LI-SI" not in _bytes(file)


def _bytes(file: Path) -> bytes:
    return b"".join(each.read_bytes() for each in file.parent.iterdir())


@pytest.mark.parametrize(
    "url", ["postgresql://cds:pa@s:w0rd-SECRET@db/cds", "postgresql://cds:SECRET@db:port/cds", "mysql://u:SECRET@h/d"]
)
def test_a_password_in_a_url_that_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_url(url)
    assert "SECRET" not in str(refused.value)
    assert refused.value.__context__ is None or refused.value.__suppress_context__, "a trace would show the cause"
