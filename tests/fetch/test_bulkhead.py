"""A FHIR server that hangs costs few threads for a short time: few places for reading, and what is known is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from bad_server import answer, bundle, dies_after, in_turn, says, serving, stalls

from cds_service.fetch.address import FhirServers
from cds_service.fetch.bulkhead import Bulkhead
from cds_service.fetch.client import Limits
from cds_service.fetch.failure import Failed
from cds_service.fetch.gather import Access, Source, fetch
from cds_service.fetch.health import IN_A_ROW, REMEMBERED, Health
from cds_service.fetch.transport import session
from tests.build import SERVICE, encoded, prefetch, request, zoledronic
from tests.servers import running

GOOD = answer(bundle("a"))
TEMPLATE = "Condition?patient={{context.patientId}}"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# Places


def test_a_place_is_free_again_afterwards_also_after_a_fault() -> None:
    bulkhead = Bulkhead(1, patience=0)
    for _ in range(3):
        with pytest.raises(ValueError, match="x"), bulkhead.place(time.monotonic() + 1):
            raise ValueError("x")
    with bulkhead.place(time.monotonic() + 1):
        pass


def test_who_comes_while_all_places_get_on_waits_for_one() -> None:
    bulkhead, taken = Bulkhead(2, patience=5), threading.Barrier(3)

    def hold() -> None:
        with bulkhead.place(time.monotonic() + 5):
            taken.wait(5)
            time.sleep(0.05)

    with ThreadPoolExecutor(2) as pool:
        holders = [pool.submit(hold) for _ in range(2)]
        taken.wait(5)
        with bulkhead.place(time.monotonic() + 5):
            pass
        for holder in holders:
            holder.result(5)


def test_nobody_waits_longer_than_the_patience_or_the_deadline() -> None:
    for patience, until in ((0.05, 5.0), (5.0, 0.05)):
        bulkhead = Bulkhead(1, patience=patience)
        with bulkhead.place(time.monotonic() + 5):
            began = time.monotonic()
            with pytest.raises(Failed, match="busy"), bulkhead.place(began + until):
                pass
            assert time.monotonic() - began < 2


def test_nobody_waits_at_all_once_every_place_hangs() -> None:
    clock = Clock()
    bulkhead = Bulkhead(2, patience=1, clock=clock)
    with ExitStack() as held:
        for _ in range(2):
            held.enter_context(bulkhead.place(clock.now + 9))
        clock.now += 1.1
        # A clock that stands still: who waited would wait for ever.
        with pytest.raises(Failed, match="busy"), bulkhead.place(clock.now + 9):
            pass


# What is known of a server


def test_a_server_is_left_alone_after_some_silences_in_a_row() -> None:
    clock = Clock()
    health = Health(clock, pause=5)
    for _ in range(IN_A_ROW):
        assert health.may_ask("a")
        health.silent("a")
    assert not health.may_ask("a")
    assert health.may_ask("b"), "another server is another matter"


def test_an_answer_in_between_makes_it_well() -> None:
    health = Health(Clock())
    for _ in range(IN_A_ROW * 3):
        health.silent("a")
        health.answered("a")
    assert health.may_ask("a")


def test_one_at_a_time_tries_it_again() -> None:
    clock = Clock()
    health = Health(clock, pause=5)
    for _ in range(IN_A_ROW):
        health.silent("a")
    for _ in range(3):
        clock.now += 5.1
        assert [health.may_ask("a") for _ in range(3)] == [True, False, False]
        health.silent("a")
        assert not health.may_ask("a")
    clock.now += 5.1
    assert health.may_ask("a")
    health.answered("a")
    assert all(health.may_ask("a") for _ in range(3))


def test_of_many_servers_the_latest_are_remembered() -> None:
    health = Health(Clock())
    for number in range(REMEMBERED * 3):
        for _ in range(IN_A_ROW):
            health.silent(f"{number}")
    assert len(health._known) == REMEMBERED
    assert not health.may_ask(f"{REMEMBERED * 3 - 1}")


# With sockets


@pytest.fixture
def ask() -> Iterator[Callable[..., Any]]:
    """Asks a base for one need, all with one memory of servers."""
    servers, health = FhirServers(development=True), Health(pause=0.3)
    limits = Limits(seconds_per_request=0.1)
    with session(servers) as made:

        def once(base: str, seconds: float = 2.0) -> Any:
            deadline = time.monotonic() + seconds
            source = Source(base, Access(), servers, made, deadline, limits, Bulkhead(4), health)
            return fetch({"conditions": TEMPLATE}, {"patientId": "p-1"}, source)["conditions"]

        yield once


@pytest.mark.parametrize("behave", [stalls, dies_after(b"")], ids=["stalls", "closes"])
def test_a_server_known_down_is_not_waited_for(ask: Callable[..., Any], behave: Any) -> None:
    with serving(behave) as server:
        causes = [ask(server.base).cause for _ in range(IN_A_ROW)]
        assert set(causes) <= {"timeout", "connection", "server-down"}
        asked = server.connections
        began = time.monotonic()
        assert [ask(server.base).cause for _ in range(20)] == ["server-down"] * 20
        assert time.monotonic() - began < 0.25
        assert server.connections == asked


def test_it_is_asked_again_when_it_is_back(ask: Callable[..., Any]) -> None:
    with serving(in_turn(*[stalls] * IN_A_ROW, says(GOOD))) as server:
        while ask(server.base).cause != "server-down":
            pass
        time.sleep(0.35)
        assert ask(server.base).complete


def test_errors_are_answers_and_are_asked_for_again(ask: Callable[..., Any]) -> None:
    with serving(says(answer(b"{}", "500 Oops"))) as server:
        assert [ask(server.base).cause for _ in range(IN_A_ROW * 2)] == ["server-error"] * IN_A_ROW * 2


def test_a_call_with_no_time_left_says_nothing_of_the_server(ask: Callable[..., Any]) -> None:
    with serving(stalls) as server:
        for _ in range(IN_A_ROW * 2):
            assert ask(server.base, seconds=0.01).cause == "timeout"


# A whole server


def test_a_hanging_fhir_server_leaves_the_others_their_threads(tmp_path: Path) -> None:
    environ = {"WORKERS": "1", "THREADS": "4", "CDS_DATABASE_URL": f"sqlite:///{tmp_path / 'cds.sqlite3'}"}
    whole = encoded(request(zoledronic()))
    with serving(stalls) as fhir, running(environ) as (server,):
        missing = {key: value for key, value in prefetch().items() if key != "laboratory"}
        asking = encoded(request(zoledronic(), fhirServer=fhir.base, prefetch=missing))
        with ThreadPoolExecutor(12) as pool:
            waiting = [pool.submit(server.ask, "POST", SERVICE, asking) for _ in range(12)]
            time.sleep(0.2)
            spent = []
            for _ in range(20):
                began = time.monotonic()
                assert server.ask("POST", SERVICE, whole)[0] == 200
                spent.append(time.monotonic() - began)
            answers = [future.result() for future in waiting]
        assert {status for status, *_ in answers} == {200}
        assert all(b"not-evaluated" in text for _, text, *_ in answers)
        # Without places, twelve calls of two seconds on four threads keep the first of these for six.
        assert max(spent) < 1.5
