"""The record of calls: one row for every call, whatever became of it, and never at the cost of an answer."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.evaluate.outcome import Advise
from cds_service.site.settings import Settings
from cds_service.store.audit import Audit
from cds_service.store.memory import Memory
from cds_service.store.tables import call, card, loss, replay
from tests import build
from tests.asked import ruled_by
from tests.build import NOW, SERVICE, Json, denosumab, encoded, prefetch, request, zoledronic
from tests.databases import BACKENDS
from tests.memory.build import (
    CLIENTS,
    DOSE,
    EXAM,
    Service,
    auditing,
    emptied,
    event,
    low,
    nowhere,
    record,
    remembering,
    rows,
    served,
    until,
)

EHR = "https://ehr.example.org/fhir"
STRICT = "https://strict.example.org/fhir"
OTHER_CALL = "00000000-0000-4000-8000-000000000001"


@pytest.fixture(scope="module", params=BACKENDS)
def memory(request: pytest.FixtureRequest) -> Iterator[Memory]:
    with remembering(request) as made:
        yield made


@pytest.fixture
def service(edition: Edition, memory: Memory) -> Service:
    return served(
        edition,
        emptied(memory),
        clients=[{"name": "strict", "fhir_servers": [STRICT], "missing_data": "refuse"}],
    )


@contextmanager
def locked(memory: Memory) -> Iterator[None]:
    """While this lasts nobody can write a call."""
    sqlite = memory.database.is_sqlite
    with memory.database.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if sqlite else "LOCK TABLE call IN EXCLUSIVE MODE")
        yield
        connection.rollback()


# One row for every call


def _without(*keys: str) -> Json:
    return {key: value for key, value in prefetch().items() if key not in keys}


@pytest.mark.parametrize(
    ("body", "status", "outcome", "hook", "version"),
    [
        (low(), 200, "cards", "order-sign", "R4"),
        (request(zoledronic()), 200, "no-cards", "order-sign", "R4"),
        (request(zoledronic(), hook="order-select"), 200, "no-cards", "order-select", "R4"),
        (request(build.order("83367", 20)), 200, "no-cards", "order-sign", ""),
        (request(zoledronic(), hookInstance="none"), 400, "bad-request", "", ""),
        (request(zoledronic(), hook="patient-view"), 400, "bad-request", "", ""),
        (request(zoledronic(status=["draft"])), 400, "bad-request", "order-sign", ""),
        (request(zoledronic(), prefetch=_without("laboratory")), 200, "not-obtained", "order-sign", "R4"),
        (
            request(zoledronic(), prefetch=_without("laboratory"), fhirServer=STRICT),
            412,
            "not-obtained",
            "order-sign",
            "",
        ),
        (
            request(zoledronic(), hook="order-select", prefetch={}, fhirServer=STRICT),
            412,
            "not-obtained",
            "order-select",
            "",
        ),
    ],
    ids=[
        "cards",
        "no cards",
        "select",
        "nothing in scope",
        "bad",
        "other hook",
        "bad draft",
        "not checked",
        "412",
        "412 select",
    ],
)
def test_every_call_is_one_row_that_says_what_became_of_it(
    service: Service, body: Json, status: int, outcome: str, hook: str, version: str
) -> None:
    answer = service.call(body)
    assert answer.status_code == status
    (row,) = service.recorded(1)
    kept = [row[name] for name in ("status", "outcome", "hook", "fhir_version", "service", "issuer", "tenant")]
    assert kept == [status, outcome, hook, version, "bone-modifying-agents", "", ""]
    assert len(service.rows(card)) == len(answer.get_json().get("cards", ()))


def test_a_row_says_when_how_long_by_whom_and_by_which_knowledge(edition: Edition, memory: Memory) -> None:
    epic = CLIENTS[0] | {"profile": "epic", "fhir_version": "R5", "missing_data": "refuse"}
    service = served(edition, emptied(memory), clients=[epic, CLIENTS[1]])
    before = datetime.now(UTC)
    assert service.call(low(), "east").status_code == 200
    assert service.call(low(prefetch={}), "east").status_code == 412
    (row, failed) = service.recorded(2)
    # A database may round to its own precision.
    assert before - timedelta(seconds=1) <= row["at"] <= datetime.now(UTC) + timedelta(seconds=1)
    assert 0 < row["duration_ms"] < 60_000
    assert (row["issuer"], row["profile"], row["fhir_version"]) == ("certificate:east", "epic", "R5")
    assert row["knowledge"] == edition.version
    assert (failed["issuer"], failed["profile"], failed["knowledge"]) == ("certificate:east", "epic", edition.version)


def test_the_profile_of_a_client_known_by_its_fhir_server_is_kept(edition: Edition, memory: Memory) -> None:
    service = served(edition, emptied(memory), clients=[{"name": "main", "fhir_servers": [EHR], "profile": "oracle"}])
    service.call(low(fhirServer=EHR))
    service.call(low())
    assert [row["profile"] for row in service.recorded(2)] == ["oracle", "generic"]


def test_the_profile_is_kept_of_a_call_that_failed_too(edition: Edition, memory: Memory) -> None:
    service = served(
        edition,
        emptied(memory),
        clients=[{"name": "ehr", "profile": "oracle", "fhir_servers": [EHR], "missing_data": "refuse"}],
    )
    body = low(fhirServer=EHR)
    body["prefetch"].pop("laboratory")
    assert service.call(body).status_code == 412
    (row,) = service.recorded(1)
    assert (row["profile"], row["hook"]) == ("oracle", "order-sign")


def test_the_urgency_is_kept_as_the_client_was_sent_it(edition: Edition, memory: Memory) -> None:
    service = served(edition, emptied(memory), clients=[{"name": "ehr", "profile": "oracle", "fhir_servers": [EHR]}])
    answer = service.call(low(renal=build.clearance(25), fhirServer=EHR))
    sent = {each["uuid"]: each["indicator"] for each in answer.get_json()["cards"]}
    assert sent
    assert "critical" not in sent.values()
    service.recorded(1)
    assert {str(row["uuid"]): row["indicator"] for row in service.rows(card)} == sent


def test_what_could_not_be_sent_is_not_recorded_as_shown(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bytes:
        raise ValueError

    monkeypatch.setattr("cds_service.web.app._fitted", broken)
    assert service.call(low()).status_code == 500
    (row,) = service.recorded(1)
    assert row["outcome"] == "failed"
    assert service.rows(card) == []


def test_a_rule_that_raises_is_recorded_as_failed(edition: Edition, memory: Memory) -> None:
    def broken(*_: object) -> Advise:
        raise ValueError

    service = served(ruled_by(edition, DOSE, broken), emptied(memory))
    assert service.call(low()).status_code == 500
    (row,) = service.recorded(1)
    assert (row["status"], row["outcome"], row["hook"]) == (500, "failed", "order-sign")
    assert row["knowledge"] == edition.version
    assert service.rows(card) == []


def test_a_body_of_another_media_type_is_recorded_as_a_bad_request(service: Service) -> None:
    assert service.post(SERVICE, encoded(low()), Content_Type="text/plain").status_code == 415
    (row,) = service.recorded(1)
    assert (row["status"], row["outcome"], row["hook"]) == (415, "bad-request", "")


def test_what_is_no_call_of_a_service_leaves_no_row(service: Service) -> None:
    service.post("/cds-services/nothing", encoded(low()))
    service.http.application.extensions["warm"]()
    for path in ("/cds-services", "/health", "/openapi.json", "/elsewhere", SERVICE):
        service.http.get(path)
    service.http.options(SERVICE)
    service.tell(event())
    # Rows are written in the order of the calls: once this one is there, the others would be.
    service.call(low())
    (row,) = service.recorded(1)
    assert row["status"] == 200


def test_a_caller_who_is_not_let_in_leaves_no_row(edition: Edition, memory: Memory) -> None:
    service = served(edition, emptied(memory), clients=[CLIENTS[0], CLIENTS[1] | {"may": ["feedback"]}])
    assert service.call(low(), "nobody").status_code == 401
    assert service.call(low(), "west").status_code == 403
    assert service.call(low(), "east").status_code == 200
    assert [row["issuer"] for row in service.recorded(1)] == ["certificate:east"]


def test_the_cards_of_a_call_are_kept_as_they_were_sent(service: Service) -> None:
    sent = service.call(low()).get_json()["cards"]
    (row,) = service.recorded(1)
    kept = service.rows(card)
    assert {(str(each["uuid"]), each["topic"], each["indicator"]) for each in kept} == {
        (each["uuid"], each["source"]["topic"]["code"], each["indicator"]) for each in sent
    }
    assert {each["topic"] for each in kept} == {DOSE, EXAM}
    assert {each["outcome"] for each in kept} == {"shown"}
    assert {each["call_id"] for each in kept} == {row["id"]}


def test_a_retry_gives_the_same_cards_and_another_call_others(service: Service) -> None:
    for _ in range(2):
        service.call(low())
    service.call(low(hookInstance=OTHER_CALL))
    (first, retry, other) = (row["id"] for row in service.recorded(3))
    by_call: dict[int, set[uuid.UUID]] = {}
    for each in service.rows(card):
        by_call.setdefault(each["call_id"], set()).add(each["uuid"])
    assert by_call[first] == by_call[retry]
    assert by_call[first].isdisjoint(by_call[other])


def test_calls_from_many_threads_are_all_recorded_with_their_own_cards(service: Service) -> None:
    bodies = [low(hookInstance=str(uuid.UUID(int=number, version=4))) for number in range(40)]
    bodies[::2] = [request(denosumab(), hookInstance=body["hookInstance"]) for body in bodies[::2]]

    def ask(body: Json) -> set[str]:
        own = Service(service.http.application.test_client(), service.memory)
        return {each["uuid"] for each in own.call(body).get_json()["cards"]}

    with ThreadPoolExecutor(8) as pool:
        shown = list(pool.map(ask, bodies))
    found = service.recorded(40)
    kept: dict[int, set[str]] = {row["id"]: set() for row in found}
    for each in service.rows(card):
        kept[each["call_id"]].add(str(each["uuid"]))
    assert sorted(map(sorted, kept.values())) == sorted(map(sorted, shown))
    assert {row["id"]: row["outcome"] for row in found} == {
        key: "cards" if cards else "no-cards" for key, cards in kept.items()
    }


# Never at the cost of an answer


def test_when_the_queue_is_full_answers_stay_and_what_is_dropped_is_counted_told_and_recorded(
    edition: Edition, memory: Memory, caplog: pytest.LogCaptureFixture
) -> None:
    with auditing(emptied(memory), size=3) as own:
        service = served(edition, own)
        expected = service.call(low()).get_data()
        service.recorded(1)
        with locked(memory):
            began = time.monotonic()
            answers = [service.call(low()) for _ in range(20)]
            # Waiting for the database would have taken three seconds for each that does not fit.
            assert time.monotonic() - began < 30
            assert {(answer.status_code, answer.get_data()) for answer in answers} == {(200, expected)}
            assert own.audit.dropped > 0
            health = service.http.get("/health").get_json()
            assert health["calls"]["dropped"] == own.audit.dropped
            assert health["calls"]["waiting"] == 3
        alarms = [r for r in caplog.records if r.levelno == logging.ERROR and "not recorded" in r.getMessage()]
        assert len(alarms) == 1, "one alarm a minute, not one for each call"
        dropped = own.audit.dropped
        assert len(service.recorded(21 - dropped)) + dropped == 21
        until(lambda: sum(row["calls"] for row in service.rows(loss)) == dropped)
        assert service.http.get("/health").get_json()["calls"] == {"waiting": 0, "dropped": dropped, "failing": False}


def test_while_the_database_is_locked_calls_are_answered_and_written_afterwards(
    edition: Edition, memory: Memory
) -> None:
    service = served(edition, emptied(memory))
    with locked(memory):
        assert [service.call(low()).status_code for _ in range(5)] == [200] * 5
        assert service.memory.audit.dropped == 0
    assert [row["status"] for row in service.recorded(5)] == [200] * 5


def test_while_the_database_cannot_be_reached_calls_are_answered_and_written_afterwards(
    edition: Edition, memory: Memory, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    away = nowhere(tmp_path, sqlite=memory.database.is_sqlite)
    with auditing(emptied(memory), size=100) as own:
        own.audit._database = away
        service = served(edition, own)
        assert [service.call(low()).status_code for _ in range(5)] == [200] * 5
        until(lambda: "cannot be recorded now" in caplog.text)
        own.audit._database = memory.database
        service.recorded(5)
        assert own.audit.dropped == 0
    away.close()


def test_a_row_that_the_database_refuses_is_dropped_alone(memory: Memory, caplog: pytest.LogCaptureFixture) -> None:
    refused: Any = None  # NOT NULL
    with auditing(emptied(memory), size=100) as own:
        # Queued before the writer starts, to be of one batch.
        for issuer in ("a", refused, "b"):
            own.audit._queue.put_nowait(record(issuer=issuer, hook="SECRET"))
        own.audit.record(record(issuer="c"))
        until(lambda: len(rows(memory.database, call)) == 3)
        assert {row["issuer"] for row in rows(memory.database, call)} == {"a", "b", "c"}
        assert own.audit.dropped == 1
        until(lambda: [row["calls"] for row in rows(memory.database, loss)] == [1])
    assert "refused" in caplog.text
    assert "SECRET" not in caplog.text, "the message of the database quotes the row"


def test_a_loss_after_the_last_row_is_recorded_with_the_next_call(memory: Memory) -> None:
    refused: Any = None
    with auditing(emptied(memory), size=100) as own:
        own.audit.record(record(issuer=refused))
        until(lambda: own.audit.dropped == 1)
        own.audit.record(record())
        until(lambda: [row["calls"] for row in rows(memory.database, loss)] == [1])


def test_the_writer_survives_what_nobody_foresaw(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    with auditing(emptied(memory), size=100) as own:
        write, failing = Audit._write, [True]

        def odd(self: Audit, batch: Any) -> None:
            if failing:
                raise LookupError("unforeseen")
            write(self, batch)

        monkeypatch.setattr(Audit, "_write", odd)
        own.audit.record(record(issuer="first"))
        until(lambda: own.audit.dropped == 1)
        failing.clear()
        own.audit.record(record(issuer="second"))
        until(lambda: any(row["issuer"] == "second" for row in rows(memory.database, call)))


def test_used_tokens_are_forgotten_though_nobody_calls_a_service(edition: Edition, database_url: str) -> None:
    fresh = Memory.open(Settings(database_url=database_url), edition.site.suppression)
    try:
        assert fresh.used.first_use("https://ehr.example", "old", 1)
        assert fresh.used.first_use("https://ehr.example", "alive elsewhere", int(time.time()) - 100)
        # As the server does in each worker.
        served(edition, fresh).http.application.extensions["begin"]()
        until(lambda: len(rows(fresh.database, replay)) == 1)
    finally:
        fresh.close(10)


def test_closing_writes_what_waits(memory: Memory) -> None:
    emptied(memory)
    own = Audit(memory.database, 10_000)
    for _ in range(1200):
        own.record(record())
    own.close(30)
    assert len(rows(memory.database, call)) == 1200


def test_closing_without_a_database_ends_and_counts_what_is_lost(
    memory: Memory, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    away = nowhere(tmp_path, sqlite=memory.database.is_sqlite)
    own = Audit(away, 100)
    for _ in range(3):
        own.record(record())
    own.close(30)
    assert own._writer is not None
    assert not own._writer.is_alive()
    assert own.dropped == 3
    assert any(r.levelno == logging.ERROR for r in caplog.records)
    away.close()


def test_the_clock_of_the_evaluation_does_not_date_the_row(edition: Edition, memory: Memory) -> None:
    service = served(edition, emptied(memory), clock=lambda: NOW)
    service.call(low())
    (row,) = service.recorded(1)
    assert abs(row["at"] - datetime.now(UTC)) < timedelta(minutes=5)
