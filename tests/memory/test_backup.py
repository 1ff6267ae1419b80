"""``cds-service db backup`` and ``restore``: whole while the server writes, nothing overwritten, no password shown."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import uuid
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest

from cds_service.store import schema
from cds_service.store.tables import feedback
from tests.build import SERVICE, encoded
from tests.commands import run
from tests.databases import opened
from tests.memory.build import event, rows, until
from tests.memory.test_db_commands import NEWER, made_by_a_newer_version, made_by_an_older_version
from tests.servers import Server, running


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The database that the commands are about; there is none yet."""
    path = tmp_path / "data" / "cds.sqlite3"
    path.parent.mkdir()
    monkeypatch.setattr("os.environ", {"CDS_DATABASE_URL": f"sqlite:///{path}"})
    return path


def told(path: Path) -> set[str]:
    with opened(f"sqlite:///{path}") as database:
        return {str(row["card"]) for row in rows(database, feedback)}


def filled(file: Path, count: int = 3) -> set[str]:
    """A database with that much feedback, by its cards."""
    with opened(f"sqlite:///{file}") as database, database.engine.begin() as connection:
        for number in range(count):
            row = {"received_at": "2026-03-02 09:00:00", "outcome_at": "2026-03-02 09:00:00"}
            row |= {"issuer": "", "tenant": "", "service": "s", "outcome": "overridden"}
            row |= {"digest": bytes([number]) * 32, "card": uuid.UUID(int=number).hex}
            names = ", ".join(row)
            values = ", ".join(f":{name}" for name in row)
            connection.exec_driver_sql(f"INSERT INTO feedback ({names}) VALUES ({values})", row)
    return {str(uuid.UUID(int=number)) for number in range(count)}


def moved_away(file: Path) -> None:
    for each in list(file.parent.iterdir()):
        each.rename(each.with_name(f"old-{each.name}"))


def test_what_was_acknowledged_before_is_in_a_backup_taken_while_the_server_writes(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    acknowledged: list[str] = []
    stop = Event()

    def tell(server: Server) -> None:
        while not stop.is_set():
            cards = [str(uuid.uuid4()) for _ in range(20)]
            body = encoded({"feedback": [event(card=card) for card in cards]})
            if server.ask("POST", f"{SERVICE}/feedback", body)[0] == 200:
                acknowledged.extend(cards)

    with running({"CDS_DATABASE_URL": f"sqlite:///{file}", "WORKERS": "2"}) as (server,):
        threads = [Thread(target=tell, args=(server,)) for _ in range(3)]
        for each in threads:
            each.start()
        try:
            until(lambda: len(acknowledged) >= 400)
            before = set(acknowledged)
            result = run("db", "backup", str(copy))
            assert result.exit_code == 0, result.output
        finally:
            stop.set()
            for each in threads:
                each.join()
    assert [p.name for p in copy.parent.iterdir() if p.name.startswith("copy")] == ["copy.sqlite3"], "one file"
    found = told(copy)
    assert before <= found
    assert len(found) % 20 == 0, "no request is in it by half"


def test_a_backup_comes_back_whole(file: Path, tmp_path: Path) -> None:
    cards, copy = filled(file), tmp_path / "copy.sqlite3"
    assert run("db", "backup", str(copy)).output == f"{copy}: schema {schema.newest()}, 0 calls, 3 feedback events\n"
    moved_away(file)
    assert run("db", "restore", str(copy)).output == f"{file}: schema {schema.newest()}, 0 calls, 3 feedback events\n"
    assert told(file) == cards
    assert {stat.S_IMODE(each.stat().st_mode) for each in (copy, file)} == {0o600}
    assert copy.is_file(), "the copy is still there"


def test_what_is_in_the_log_beside_the_file_is_in_the_backup(file: Path, tmp_path: Path) -> None:
    """Where ``cp`` loses it."""
    with opened(f"sqlite:///{file}") as database:
        database.engine.connect().close()
        cards = filled(file)
        plain, copy = tmp_path / "cp.sqlite3", tmp_path / "copy.sqlite3"
        shutil.copyfile(file, plain)
        assert run("db", "backup", str(copy)).exit_code == 0
    assert told(copy) == cards
    assert told(plain) != cards


def test_a_server_that_lost_its_file_goes_on_with_the_restored_one(file: Path, tmp_path: Path) -> None:
    copy, sent = tmp_path / "copy.sqlite3", str(uuid.uuid4())
    body = encoded({"feedback": [event(card=sent)]})
    with running({"CDS_DATABASE_URL": f"sqlite:///{file}", "WORKERS": "1"}) as (server,):
        assert server.ask("POST", f"{SERVICE}/feedback", body)[0] == 200
        assert run("db", "backup", str(copy)).exit_code == 0
        moved_away(file)
        assert server.ask("POST", f"{SERVICE}/feedback", body)[0] == 503
        assert run("db", "restore", str(copy)).exit_code == 0
        assert server.ask("POST", f"{SERVICE}/feedback", encoded({"feedback": [event()]}))[0] == 200
    assert told(file) == {sent, event()["card"]}


@pytest.mark.parametrize("name", ["copy.sqlite3", "copy.sqlite3-wal", "copy.sqlite3-journal", "copy.sqlite3.part"])
def test_a_backup_overwrites_nothing(file: Path, tmp_path: Path, name: str) -> None:
    filled(file)
    (tmp_path / name).write_bytes(b"mine")
    result = run("db", "backup", str(tmp_path / "copy.sqlite3"))
    assert (result.exit_code, str(tmp_path / name) in result.output) == (1, True)
    assert (tmp_path / name).read_bytes() == b"mine"
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == [name]


@pytest.mark.parametrize("name", ["cds.sqlite3", "cds.sqlite3-wal", "cds.sqlite3-shm"])
def test_a_restore_overwrites_nothing_and_mixes_with_nothing(file: Path, tmp_path: Path, name: str) -> None:
    """A log left behind would be taken for that of the restored file."""
    filled(file)
    run("db", "backup", str(tmp_path / "copy.sqlite3"))
    moved_away(file)
    file.with_name(name).write_bytes(b"mine")
    result = run("db", "restore", str(tmp_path / "copy.sqlite3"))
    assert (result.exit_code, "move it away" in result.output) == (1, True)
    assert file.with_name(name).read_bytes() == b"mine"


def _garbage(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)


def _damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    size = int.from_bytes(data[16:18], "big")
    for page in range(2, len(data) // size):
        data[page * size + 8 : page * size + 200] = b"\xff" * 192
    path.write_bytes(data)


def _foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE feedback (x)")
    connection.close()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:6000])


def _newer(path: Path) -> None:
    made_by_a_newer_version(f"sqlite:///{path}")


@pytest.mark.parametrize("spoil", [_garbage, _damaged, _foreign, _cut, _newer, Path.unlink])
def test_what_is_no_whole_copy_is_not_restored(file: Path, tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    copy = tmp_path / "copy.sqlite3"
    filled(file, 200)
    assert run("db", "backup", str(copy)).exit_code == 0
    moved_away(file)
    spoil(copy)
    result = run("db", "restore", str(copy))
    assert result.exit_code == 1, result.output
    assert result.output.startswith("Error: ")
    assert str(copy) in result.output
    assert (NEWER in result.output) == (spoil is _newer)
    assert not [p for p in file.parent.iterdir() if not p.name.startswith("old-")]


def test_a_backup_of_an_older_version_says_what_to_run_next(file: Path, tmp_path: Path) -> None:
    made_by_an_older_version(f"sqlite:///{file}")
    copy = tmp_path / "copy.sqlite3"
    run("db", "backup", str(copy))
    moved_away(file)
    assert "run `cds-service db upgrade`" in run("db", "restore", str(copy)).output


def test_without_a_database_there_is_no_backup(file: Path, tmp_path: Path) -> None:
    assert run("db", "backup", str(tmp_path / "copy")).exit_code == 1
    assert run("db", "backup", str(tmp_path / "nowhere" / "copy")).exit_code == 1
    assert not list(file.parent.iterdir())


def test_postgresql_is_left_to_its_own_commands_which_are_told_without_the_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = "postgresql://cds:SECRET@db.example:5433/cds?sslmode=require&password=SECRET"
    monkeypatch.setattr("os.environ", {"CDS_DATABASE_URL": url})
    bare = "'postgresql://cds@db.example:5433/cds?sslmode=require'"
    result = run("db", "backup", "my copy")
    assert result.exit_code == 1
    assert f"pg_dump --format=custom --file='my copy' {bare}\n" in result.output
    restored = run("db", "restore", "my copy")
    assert f"pg_restore --no-owner --exit-on-error --dbname={bare} 'my copy'\n" in restored.output
    assert "SECRET" not in result.output + restored.output
