"""A token is used once: at any endpoint, on any worker, on any machine, however many try at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cds_service.edition import Edition
from cds_service.store.engine import Database
from cds_service.store.replay import Used
from cds_service.store.tables import replay
from tests.trust.tokens import (
    DISCOVERY,
    ENDPOINTS,
    FEEDBACK,
    ISSUER,
    MARK,
    PUBLIC,
    Ward,
    client,
    jwk,
    key,
    key_file,
    token,
    ward,
)

OTHER = key("P-384", "other")
OTHER_ISSUER = f"https://other.{MARK}.example"
ANYWHERE = [PUBLIC + path for path in ENDPOINTS]


@pytest.fixture
def door(edition: Edition, database_url: str, tmp_path: Path) -> Iterator[Ward]:
    """The service on each kind of database, with two clients."""
    other = client(name="other", issuer=OTHER_ISSUER, keys=key_file(tmp_path, jwk(OTHER), name="2.json"))
    with ward(edition, database_url, client(keys=key_file(tmp_path, jwk(key()))), other) as made:
        yield made


def remembered(database: Database) -> int:
    with database.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(replay)).scalar_one()


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_token_is_good_once(door: Ward, path: str) -> None:
    shown = token(path)
    assert door.lets_in(shown, path)
    assert door.refusal(shown, path) == "replay"
    assert door.refusal(shown, path) == "replay"


def test_a_token_used_at_one_endpoint_is_used_at_all(door: Ward) -> None:
    shown = token(aud=ANYWHERE)
    assert door.lets_in(shown, FEEDBACK)
    for path in ENDPOINTS:
        assert door.refusal(shown, path) == "replay"


def test_another_token_with_the_same_id_is_a_replay(door: Ward) -> None:
    now = int(time.time())
    assert door.lets_in(token(jti="once", iat=now, exp=now + 100))
    assert door.refusal(token(jti="once", iat=now - 1, exp=now + 200)) == "replay"
    assert door.refusal(token(FEEDBACK, jti="once", sub="another"), FEEDBACK) == "replay"


def test_the_same_id_of_another_issuer_is_another_token(door: Ward) -> None:
    assert door.lets_in(token(jti="once"))
    assert door.lets_in(token(jti="once", iss=OTHER_ISSUER, of=OTHER))


def test_ids_are_compared_to_the_letter(door: Ward) -> None:
    ids = ("a", "A", "a ", "a\x00", "a\x00b", "é", "e\u0301", "\u200ba", "x" * 512)
    assert all(door.lets_in(token(jti=jti)) for jti in ids)
    assert {door.refusal(token(jti=jti)) for jti in ids} == {"replay"}


def test_where_issuer_ends_and_id_begins_is_not_in_doubt(database: Database) -> None:
    used = Used(database)
    assert used.first_use("https://a", "b", 10)
    assert used.first_use("https://", "ab", 10)
    assert used.first_use("https://ab", "", 10)


@pytest.mark.parametrize(
    ("changes", "path"), [({"exp": 1}, DISCOVERY), ({"aud": "x"}, DISCOVERY), ({}, FEEDBACK), ({"iat": 1}, DISCOVERY)]
)
def test_a_token_that_is_refused_uses_nothing_up(door: Ward, changes: dict[str, object], path: str) -> None:
    door.refusal(token(jti="once", **changes), path)
    door.refusal(token(jti="once", of=OTHER))
    assert remembered(door.memory.database) == 0
    assert door.lets_in(token(jti="once"))


def test_a_second_machine_on_the_same_database_knows_what_the_first_has_seen(
    door: Ward, edition: Edition, database_url: str, tmp_path: Path
) -> None:
    shown, back = token(), token()
    with ward(edition, database_url, client(keys=key_file(tmp_path, jwk(key()), name="3.json"))) as second:
        assert door.lets_in(shown)
        assert second.refusal(shown) == "replay"
        assert second.lets_in(back)
        assert door.refusal(back) == "replay"


def test_of_sixteen_that_use_one_token_at_once_exactly_one_comes_in(
    door: Ward, edition: Edition, database_url: str, tmp_path: Path
) -> None:
    with (
        ward(edition, database_url, client(keys=key_file(tmp_path, jwk(key()), name="3.json"))) as second,
        ThreadPoolExecutor(16) as pool,
    ):
        for _ in range(3):
            shown = token(aud=ANYWHERE)

            def use(number: int, shown: str = shown) -> int:
                machine, path = (door, second)[number % 2], ENDPOINTS[number % 3]
                return machine.ask(shown, path).status_code

            assert sorted(pool.map(use, range(16))) == [200] + [401] * 15


class Later(datetime):
    """Ten minutes on, for the library that reads the clock."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Later:
        return super().now(tz) + timedelta(minutes=10)


def test_a_used_token_is_refused_as_expired_once_its_use_is_forgotten(
    door: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = token()
    assert door.lets_in(shown)
    monkeypatch.setattr("jwt.api_jwt.datetime", Later)
    assert door.memory.used.forget(int(time.time()) + 600) == 1
    assert door.refusal(shown) == "expired"


def test_alive_tokens_are_remembered_and_expired_ones_are_not(door: Ward) -> None:
    now = int(time.time())
    short, long = token(iat=now, exp=now + 60), token(iat=now, exp=now + 900)
    assert door.lets_in(short)
    assert door.lets_in(long)
    used, database = door.memory.used, door.memory.database
    for moment in (now, now + 60, now + 65):
        assert used.forget(moment) == 0
    assert remembered(database) == 2
    assert used.forget(now + 70) == 1
    assert door.refusal(long) == "replay"
    assert used.forget(now + 904) == 0
    assert used.forget(now + 910) == 1
    assert remembered(database) == 0


def test_the_widest_leeway_is_remembered_too(edition: Edition, database_url: str, tmp_path: Path) -> None:
    now = int(time.time())
    wide = client(keys=key_file(tmp_path, jwk(key())), leeway_seconds=60)
    with ward(edition, database_url, wide) as made:
        shown = token(iat=now - 60, exp=now - 20)
        assert made.lets_in(shown)
        assert made.memory.used.forget(now + 39) == 0
        assert made.refusal(shown) == "replay"


def test_nothing_of_a_token_is_kept(door: Ward) -> None:
    assert door.lets_in(token())
    with door.memory.database.engine.connect() as connection:
        rows = str(connection.execute(select(replay)).all())
    assert MARK not in rows
    assert ISSUER not in rows
