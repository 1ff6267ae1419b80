"""The server as a process: it answers, slow clients do not stop it, descriptors and disks may be full."""

from __future__ import annotations

import json
import os
import platform
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from cds_service.base.complaints import SettingsError
from cds_service.site.settings import Settings
from cds_service.web.serve import serve
from tests.toy import Server, serving, until

DRIP_HEADERS = b"POST /length HTTP/1.1\r\nHost: a\r\nX-"
DRIP_BODY = b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n{"
MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def outcome(body: bytes) -> dict[str, object]:
    found = json.loads(body)
    assert found["resourceType"] == "OperationOutcome"
    issue: dict[str, object] = found["issue"][0]
    return issue


def test_workers_are_forked_from_an_application_that_is_built_and_warm(server: Server) -> None:
    who = server.get("/who")
    assert who["warmed"] == [who["built"]]
    assert who["pid"] != who["built"]


# Slow clients


@pytest.mark.parametrize("beginning", [DRIP_HEADERS, DRIP_BODY])
def test_fifty_slow_clients_do_not_stop_one_worker_with_one_thread(server: Server, beginning: bytes) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(server.send(beginning)) for _ in range(50)]
        for client in clients:
            client.sendall(b"a")
        began = time.monotonic()
        assert server.get("/who")
        assert time.monotonic() - began < 1


@pytest.mark.parametrize("beginning", [DRIP_HEADERS, DRIP_BODY])
def test_a_request_that_drips_for_too_long_is_hung_up_on(beginning: bytes) -> None:
    with serving({"channel.REQUEST_SECONDS": 0.1}) as server, server.send(beginning) as client:
        assert client.recv(1) == b""


@pytest.mark.parametrize("beginning", [b"", DRIP_HEADERS, DRIP_BODY], ids=["idle", "headers", "bodies"])
def test_who_sends_nothing_makes_room_when_the_connections_are_used_up(beginning: bytes) -> None:
    """REQUEST_SECONDS and IDLE_SECONDS are longer than a caller would wait."""
    with serving({"listener.CONNECTIONS": 20}) as server, ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(server.send(beginning))
        assert server.get("/who")
        assert server.log.count("20 connections, the limit") == 1


# Descriptors and disks


def cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="reads /proc")  # noqa: PTH112
def test_without_descriptors_a_worker_neither_spins_nor_fills_the_log_and_goes_on_afterwards() -> None:
    with serving(limits={resource.RLIMIT_NOFILE: 64}) as server:
        pid = server.pid()
        assert server.get("/hold")["held"]
        before = cpu_seconds(pid)
        with ExitStack() as stack:
            for _ in range(10):
                stack.enter_context(server.send(b""))
            assert server.pid() == pid, "answered once there are descriptors again, by the same worker"
        assert cpu_seconds(pid) - before < 0.7
        assert server.log.count("no file descriptor") == 1
        assert "Traceback" not in server.log


def test_sixty_four_descriptors_are_enough_to_answer_while_a_hundred_clients_drip() -> None:
    with serving(limits={resource.RLIMIT_NOFILE: 64}, THREADS="4") as server, ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(server.send(DRIP_BODY))
        for _ in range(5):
            assert server.get("/who")
        until(lambda: "32 connections, the limit" in server.log)
        assert len(server.lines) < 10


def test_a_full_temporary_directory_is_a_503_in_our_words_and_the_next_call_is_answered() -> None:
    # Writing beyond the limit fails as on a full disk; the log is a pipe.
    with serving(limits={resource.RLIMIT_FSIZE: MEBIBYTE}) as server:
        for _ in range(2):
            status, headers, body = server.ask("POST", "/length", b"x" * 4 * MEBIBYTE)
            assert (status, headers["Content-Type"], headers["Retry-After"]) == (503, "application/json", "5")
            assert outcome(body)["code"] == "transient"
        assert server.ask("POST", "/length", b"x" * MEBIBYTE)[0] == 200
        assert "Traceback" not in server.log
        assert "rror" not in server.log


def test_a_body_over_the_limit_is_refused_with_an_operation_outcome() -> None:
    with serving(CDS_MAX_BODY_BYTES="1024") as server:
        assert server.ask("POST", "/length", b"x" * 1024)[0] == 200
        status, headers, body = server.ask("POST", "/length", b"x" * 1025)
        assert (status, headers["Content-Type"]) == (413, "application/json")
        assert outcome(body)["code"] == "too-long"
        # A client that sends all of a large body before it reads gets the answer, not a reset connection.
        assert server.ask("POST", "/length", b"x" * 8 * MEBIBYTE)[0] == 413


# Memory


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries decide for themselves what they keep")
def test_the_memory_of_large_calls_is_kept_for_the_next_ones(server: Server) -> None:
    """Given back and taken anew, each page of it is a fault: hundreds in every call."""
    faults = [json.loads(server.ask("POST", "/parts", b"x" * MEBIBYTE)[2])["faults"] for _ in range(15)]
    assert faults[-1] - faults[4] < 1000


# The address


def test_a_taken_port_is_said_by_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(port=taken.getsockname()[1])
        with pytest.raises(SettingsError, match=r"^PORT: cannot listen on 127\.0\.0\.1"):
            serve(lambda: pytest.fail("the application is built only when the port is free"), settings)


def test_a_host_that_is_no_address_is_said_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)  # no test asks a name server
    with pytest.raises(SettingsError, match=r"^HOST: ehr is no address here \(Name or service not known\)"):
        serve(lambda: pytest.fail("the application is built only when there is an address"), Settings(host="ehr"))
