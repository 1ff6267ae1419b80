"""Workers die, hang, are reloaded and stopped: callers notice nothing, and everything ends in bounded time."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest

from tests.toy import TOY, Server, gone, serving, until

DRIP_BODY = b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n{"
# A loop turns once a second; what shares this machine may hold it up.
HANGS = {"supervisor.HANG_SECONDS": 4.0, "supervisor.HUNG_STOP_SECONDS": 0.5}


def asks_until(server: Server, over: Event) -> list[float]:
    """Seconds of each call, made one after another until then, on a new connection and on one that is kept, in turn.

    Raises what a client gets to see of a worker that goes.
    """
    times, kept = [], server.connection()
    while not over.is_set():
        for connection in (server.connection(), kept):
            began = time.monotonic()
            connection.request("GET", "/who")
            response = connection.getresponse()
            assert response.status == 200
            assert response.read()
            times.append(time.monotonic() - began)
            if connection is not kept:
                connection.close()
    kept.close()
    return times


# Workers that die


def test_a_worker_that_is_killed_is_replaced() -> None:
    with serving() as server:
        killed = server.pid()
        os.kill(killed, signal.SIGKILL)
        # The listening socket stays open: the call waits for the next worker instead of failing.
        assert server.pid() != killed


def test_workers_that_die_at_once_are_no_storm() -> None:
    with serving(TOY_DIES="yes") as server:
        until(lambda: "starting another" in server.log)
        before = server.log.count("starting another")
        time.sleep(2)
        assert server.log.count("starting another") - before <= 3


def test_workers_end_when_the_supervisor_is_killed() -> None:
    with serving() as server:
        server.process.kill()
        server.process.wait()
        until(lambda: not server.listens())


# Workers that hang


def test_a_worker_that_hangs_is_replaced_and_killed_and_others_answer_meanwhile() -> None:
    with serving(HANGS, WORKERS="2") as server:
        hung = server.pid()
        os.kill(hung, signal.SIGSTOP)
        assert server.pid() != hung
        until(lambda: gone(hung))
        assert f"worker {hung} hangs" in server.log
        assert f"worker {hung} does not end; killed" in server.log
        assert len(server.pids(2)) == 2


def test_a_worker_all_of_whose_threads_are_stuck_is_replaced_and_says_where_they_are() -> None:
    numbers = HANGS | {"worker.STUCK_SECONDS": 0.5, "worker.GRACE_SECONDS": 0.1}
    with serving(numbers, THREADS="2", CDS_FETCH_SECONDS="1") as server:
        hung = server.pid()
        stuck = [server.send(b"GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(2)]
        time.sleep(2.5)
        # Meanwhile it accepts nobody: the call waits for the next worker.
        assert server.pid() != hung
        until(lambda: gone(hung))
        assert "every thread has been at one request for" in server.log
        assert "in stuck" in server.log, "the line of the code"
        for client in stuck:
            client.close()


def test_a_worker_one_of_whose_threads_is_stuck_is_left_alone() -> None:
    numbers = {"worker.STUCK_SECONDS": 0.1, "supervisor.HANG_SECONDS": 1.5}
    with serving(numbers, THREADS="2", CDS_FETCH_SECONDS="1") as server:
        pid = server.pid()
        with server.send(b"GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n"):
            end = time.monotonic() + 4
            while time.monotonic() < end:
                assert server.pid() == pid
                time.sleep(0.2)
        assert "hangs" not in server.log


def test_a_worker_without_a_free_thread_leaves_new_callers_to_the_others() -> None:
    with serving(WORKERS="2") as server, server.send(b"GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n"):
        time.sleep(2.5)  # its loop has seen it
        began = time.monotonic()
        assert len({server.pid() for _ in range(20)}) == 1
        assert time.monotonic() - began < 3


def test_who_slept_judges_nobody() -> None:
    """A machine that was stopped as a whole: every heartbeat is old, and nobody hangs."""
    with serving({"supervisor.HANG_SECONDS": 3.5}, WORKERS="2") as server:
        pids = server.pids(2)
        os.killpg(server.process.pid, signal.SIGSTOP)
        time.sleep(4.5)
        os.killpg(server.process.pid, signal.SIGCONT)
        time.sleep(1.5)
        assert server.pids(2) == pids
        assert "hangs" not in server.log


# The end


def test_sigterm_lets_a_taken_request_finish_and_ends_with_exit_code_0() -> None:
    with serving(WORKERS="2") as server, ThreadPoolExecutor(1) as pool, server.send(DRIP_BODY):
        answer = pool.submit(server.get, "/slow")
        time.sleep(0.3)
        began = time.monotonic()
        server.process.terminate()
        assert server.process.wait(timeout=10) == 0
        assert time.monotonic() - began < 4
        assert answer.result() == {"done": True}


@pytest.mark.parametrize("how", ["stopped", "stuck"])
def test_sigterm_ends_in_bounded_time_though_a_worker_hangs(how: str) -> None:
    with serving({"supervisor.STOP_SECONDS": 2.0, "worker.GRACE_SECONDS": 60}, WORKERS="2") as server:
        if how == "stopped":
            os.kill(server.pid(), signal.SIGSTOP)
        with server.send(b"GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n"):
            time.sleep(0.3)
            server.process.terminate()
            assert server.process.wait(timeout=10) == 0
            assert "does not end; killed" in server.log


def test_readiness_turns_and_answers_say_that_they_are_the_last_before_anybody_is_turned_away() -> None:
    with serving(CDS_DRAIN_SECONDS="2") as server:
        assert server.get("/leaving") == {"leaving": False}
        assert "Connection" not in server.ask("GET", "/who")[1]
        began = time.monotonic()
        server.process.terminate()
        until(lambda: server.get("/leaving") == {"leaving": True})
        assert server.ask("GET", "/who")[1]["Connection"] == "close"
        assert server.process.wait(timeout=10) == 0
        assert time.monotonic() - began > 2


def test_a_second_stop_signal_does_not_wait_for_the_load_balancer() -> None:
    with serving(CDS_DRAIN_SECONDS="60") as server:
        server.process.terminate()
        until(lambda: server.get("/leaving") == {"leaving": True})
        server.process.terminate()
        assert server.process.wait(timeout=10) == 0


def test_control_c_waits_for_no_load_balancer() -> None:
    with serving(CDS_DRAIN_SECONDS="60") as server:
        os.killpg(server.process.pid, signal.SIGINT)
        assert server.process.wait(timeout=10) == 0


# Reload


def test_sighup_replaces_the_workers_one_by_one_and_no_request_is_lost(tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.write_text("old", encoding="utf-8")
    with serving(WORKERS="2", TOY_CONTENT=str(content)) as server, ThreadPoolExecutor(3) as pool:
        before, over = server.pids(2), Event()
        asking = [pool.submit(asks_until, server, over) for _ in range(3)]
        try:
            for word in ("new", "newer"):
                content.write_text(word, encoding="utf-8")
                server.signal(signal.SIGHUP)
                until(lambda word=word, before=before: server.get("/who")["content"] == word and all(map(gone, before)))
                assert {server.get("/who")["content"] for _ in range(10)} == {word}
                before = server.pids(2)
        finally:
            over.set()
        assert sum(len(each.result()) for each in asking) > 20
        assert "ended" not in server.log, "nobody died"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("wrong", "toy.yaml:3: wrong. Remedy: write it right"),
        ("unforeseen", "reload failed, the old content goes on: LookupError at"),
    ],
)
def test_sighup_with_a_fault_says_it_and_goes_on_with_the_old(tmp_path: Path, wrong: str, said: str) -> None:
    content = tmp_path / "content"
    content.write_text("old", encoding="utf-8")
    with serving(TOY_CONTENT=str(content)) as server:
        pid = server.pid()
        content.write_text(wrong, encoding="utf-8")
        server.signal(signal.SIGHUP)
        until(lambda: said in server.log)
        time.sleep(1.5)
        who = server.get("/who")
        assert (who["pid"], who["content"]) == (pid, "old")
        assert "SECRET" not in server.log
        content.write_text("mended", encoding="utf-8")
        server.signal(signal.SIGHUP)
        until(lambda: server.get("/who")["content"] == "mended")


def test_workers_of_a_new_content_that_die_leave_the_old_ones_in_place(tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.write_text("old", encoding="utf-8")
    with serving(TOY_CONTENT=str(content)) as server:
        pid = server.pid()
        content.write_text("dies", encoding="utf-8")
        server.signal(signal.SIGHUP)
        until(lambda: server.log.count("starting another") >= 2)
        assert server.pid() == pid


def test_a_terminal_that_is_closed_ends_the_server() -> None:
    """Where there was a terminal SIGHUP says that it is gone, and nobody is there for whom to go on."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", TOY],
        env=os.environ | {"PORT": "0", "WORKERS": "1"},
        stderr=theirs,
        start_new_session=True,
    ) as process:
        try:
            os.close(theirs)
            said = b""
            while b"listening" not in said:
                said += os.read(ours, 1000)
            os.kill(process.pid, signal.SIGHUP)
            while b"reloaded" not in said:
                said += os.read(ours, 1000)
            os.close(ours)
            os.kill(process.pid, signal.SIGHUP)
            assert process.wait(timeout=10) == 0
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
