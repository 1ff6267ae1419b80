"""Floods of feedback: token checks go on, what is acknowledged is stored, and cards of nobody's issuing are bounded."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from cds_service.call.feedback import Feedback
from cds_service.edition import Edition
from cds_service.store import reactions
from cds_service.store.engine import Database
from cds_service.store.memory import Memory
from cds_service.store.reactions import keep
from cds_service.store.replay import Used
from cds_service.store.tables import feedback, feedback_reason, feedback_suggestion
from cds_service.trust.gate import Identity
from tests.build import Json
from tests.databases import BACKENDS, opened
from tests.memory.build import Service, emptied, event, issues, low, remembering, served

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FLOOD_SECONDS = 4


def told(count: int) -> list[Feedback]:
    suggestion = uuid.uuid4()
    return [
        Feedback(uuid.uuid4(), "overridden", NOW, reasons=("a", "b"), suggestions=(suggestion,)) for _ in range(count)
    ]


def events(count: int) -> list[Json]:
    return [event(card=str(uuid.uuid4())) for _ in range(count)]


@pytest.fixture(scope="module", params=BACKENDS)
def memory(request: pytest.FixtureRequest) -> Iterator[Memory]:
    with remembering(request) as made:
        yield made


def test_no_token_check_fails_while_many_tell_as_much_as_they_can(tmp_path: Path) -> None:
    """SQLite, with its one writer. Each ``Database`` is what one worker process has."""
    url = f"sqlite:///{tmp_path / 'cds.sqlite3'}"
    with opened(url) as first, opened(url) as second, opened(url) as third:
        end = time.monotonic() + FLOOD_SECONDS

        def flood(worker: Database) -> int:
            stored = 0
            while time.monotonic() < end:
                stored += keep(worker, told(1000), Identity("flood"), "s", NOW).new
            return stored

        with ThreadPoolExecutor(6) as pool:
            floods = [pool.submit(flood, worker) for worker in (first, second) for _ in range(3)]
            used, checked = Used(third), 0
            while time.monotonic() < end:
                assert used.first_use("other", uuid.uuid4().hex, 10**10)
                checked += 1
                time.sleep(0.005)
            stored = sum(each.result() for each in floods)
        # It waited for the flood each time, but briefly: one check a second would be starving.
        assert checked > 5 * FLOOD_SECONDS
        with first.engine.connect() as connection:
            assert len(connection.execute(feedback.select()).all()) == stored > 0


def test_a_batch_that_failed_midway_and_is_sent_again_is_stored_once(
    edition: Edition, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, store, turns = served(edition, emptied(memory)), reactions._store, []
    batch = [each | {"overrideReasons": [{"code": "need-more-info"}]} for each in events(20)]

    def failing(connection: Any, some: Any) -> int:
        turns.append(len(some))
        if len(turns) == 3:
            raise OperationalError("", None, Exception())
        return store(connection, some)

    monkeypatch.setattr(reactions, "_PORTION", 10)
    monkeypatch.setattr(reactions, "_store", failing)
    answer = service.tell(*batch)
    assert "send it again" in issues(answer, 503)[0]["details"]["text"].lower()
    assert answer.headers["Retry-After"]
    assert 0 < len(service.rows(feedback)) < 20
    assert service.tell(*batch).status_code == 200
    assert len(service.rows(feedback)) == len(service.rows(feedback_reason)) == 20


def test_every_portion_is_a_transaction_of_its_own_and_none_is_large(memory: Memory) -> None:
    many = [
        Feedback(uuid.uuid4(), "accepted", NOW, suggestions=tuple(uuid.uuid4() for _ in range(100))) for _ in range(30)
    ]
    rows = [reactions._row(each.card.bytes * 2, each, Identity(), "s", NOW) for each in many]
    portions = list(reactions._portions(rows))
    assert [row for portion in portions for row in portion] == rows
    assert max(sum(1 + len(r) + len(s) for _, r, s in portion) for portion in portions) < reactions._PORTION + 101
    assert keep(emptied(memory).database, many, Identity(), "s", NOW).new == 30
    with memory.database.engine.connect() as connection:
        assert len(connection.execute(feedback_suggestion.select()).all()) == 3000


def test_a_comment_told_in_either_of_two_tellings_is_kept(edition: Edition, memory: Memory) -> None:
    for first, second in ((None, "said"), ("said", None), ("said", "later")):
        service = served(edition, emptied(memory), feedback={"comments": True})
        both = [event(**({"overrideReason": {"userComment": each}} if each else {})) for each in (first, second)]
        assert service.tell(*both).status_code == 200
        assert [row["comment"] for row in service.rows(feedback)] == ["said"]


# Cards never issued


def limited(edition: Edition, memory: Memory, most: int) -> Service:
    """Two clients, of which the eastern one may tell of so many unknown cards."""
    east = {"name": "east", "certificate_subjects": ["CN=east"], "limits": {"unknown_cards_per_hour": most}}
    west = {"name": "west", "certificate_subjects": ["CN=west"]}
    return served(edition, memory, clients=[east, west])


def cards(service: Service, caller: str, calls: int = 1) -> list[Json]:
    """What became of cards that were issued to this caller just now."""
    shown = [card for _ in range(calls) for card in service.call(low(), caller).get_json()["cards"]]
    return [event(card=card["uuid"]) for card in shown]


def test_feedback_of_cards_never_issued_is_bounded_and_real_feedback_is_not(edition: Edition, memory: Memory) -> None:
    service = limited(edition, emptied(memory), 5)
    real = cards(service, "east")
    service.recorded(1)
    assert service.tell(*events(3), caller="east").status_code == 200
    answer = service.tell(*events(4), *real, caller="east")
    (issue,) = issues(answer, 429)
    assert issue["code"] == "throttled"
    assert 1 <= int(answer.headers["Retry-After"]) <= 3600
    assert issue["expression"][0].startswith("feedback[")
    told_of = {str(row["card"]) for row in service.rows(feedback)}
    assert len(told_of) == 5 + len(real)
    assert {each["card"] for each in real} <= told_of
    assert service.tell(*events(1), caller="east").status_code == 429
    assert service.tell(*real, caller="east").status_code == 200
    assert len(service.rows(feedback)) == 5 + len(real)
    assert service.tell(*events(20), caller="west").status_code == 200


def test_what_is_sent_again_spends_nothing(edition: Edition, memory: Memory) -> None:
    service = limited(edition, emptied(memory), 5)
    batch = events(4)
    for _ in range(5):
        assert service.tell(*batch, caller="east").status_code == 200
    assert len(service.rows(feedback)) == 4


def test_the_cards_of_another_caller_are_unknown_cards(edition: Edition, memory: Memory) -> None:
    service = limited(edition, emptied(memory), 1)
    theirs = cards(service, "west", calls=1)
    service.recorded(1)
    assert service.tell(*events(1), caller="east").status_code == 200
    assert service.tell(*theirs, caller="east").status_code == 429


def test_feedback_that_comes_before_its_card_is_recorded_is_taken_when_it_comes_again(
    edition: Edition, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = limited(edition, emptied(memory), 2)
    assert service.tell(*events(2), caller="east").status_code == 200
    waiting = []
    with monkeypatch.context() as patch:
        patch.setattr(memory.audit, "record", waiting.append)
        real = cards(service, "east")
    assert service.tell(*real, caller="east").status_code == 429, "nothing is acknowledged that is not stored"
    for each in waiting:
        memory.audit.record(each)
    service.recorded(1)
    assert service.tell(*real, caller="east").status_code == 200
    assert len(service.rows(feedback)) == 2 + len(real)
