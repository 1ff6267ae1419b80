"""The server as a process: it answers, slow clients do not stop it, workers are replaced, SIGTERM ends it politely."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from cds_service.base.complaints import SettingsError
from cds_service.site.settings import Settings
from cds_service.web.serve import serve

# A stand-in for the application: what is tested here is the server below it.
TOY = """
import os, time
from flask import Flask, request
from cds_service.web import channel, listener, supervisor, worker
from cds_service.web.serve import serve
from cds_service.site.settings import Settings

channel.REQUEST_SECONDS = float(os.environ["TOY_REQUEST_SECONDS"])
built = os.getpid()

def app_factory():
    app = Flask("toy")
    app.extensions["headers"] = [("X-Toy", "open")]
    warmed = []
    app.extensions["warm"] = lambda: warmed.append(os.getpid())

    @app.get("/who")
    def who():
        return {"pid": os.getpid(), "built": built, "warmed": warmed}

    @app.post("/length")
    def length():
        return {"bytes": len(request.get_data())}

    @app.get("/slow")
    def slow():
        time.sleep(1)
        return {"done": True}

    return app

serve(app_factory, Settings.from_env(os.environ))
"""
DRIP_HEADERS = b"POST /length HTTP/1.1\r\nHost: a\r\nX-"
DRIP_BODY = b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n{"


@dataclass
class Server:
    process: subprocess.Popen[str]
    port: int

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, str, bytes]:
        """Status, content type, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response.status, response.headers.get("Content-Type", ""), response.read()
        finally:
            connection.close()

    def get(self, path: str) -> dict[str, object]:
        status, _, body = self.ask("GET", path)
        assert status == 200
        answer: dict[str, object] = json.loads(body)
        return answer

    def listens(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def send(self, data: bytes) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        client.sendall(data)
        return client


@contextmanager
def serving(request_seconds: float = 30, **environ: str) -> Iterator[Server]:
    settings = {"PORT": "0", "WORKERS": "1", "THREADS": "1", "TOY_REQUEST_SECONDS": str(request_seconds)} | environ
    process = subprocess.Popen(
        [sys.executable, "-c", TOY], env=os.environ | settings, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", line)
        assert found, line + process.stderr.read()
        yield Server(process, int(found[1]))
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stderr.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def test_workers_are_forked_from_an_application_that_is_built_and_warm(server: Server) -> None:
    who = server.get("/who")
    assert who["warmed"] == [who["built"]]
    assert who["pid"] != who["built"]


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
    with serving(request_seconds=0.1) as server, server.send(beginning) as client:
        assert client.recv(1) == b""


def test_a_body_over_the_limit_is_refused_with_an_operation_outcome() -> None:
    with serving(CDS_MAX_BODY_BYTES="1024") as server:
        assert server.ask("POST", "/length", b"x" * 1024)[0] == 200
        status, content_type, body = server.ask("POST", "/length", b"x" * 1025)
    assert (status, content_type) == (413, "application/json")
    outcome = json.loads(body)
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"][0]["code"] == "too-long"


def test_what_is_not_http_is_answered_with_an_operation_outcome_that_repeats_nothing(server: Server) -> None:
    with server.send(b"PATIENT-ZHANG\r\n\r\n") as client:
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.0 400 ")
    assert b"OperationOutcome" in answer
    assert b"X-Toy: open" in answer, "what the application says on every answer"
    assert b"ZHANG" not in answer


def test_a_worker_that_is_killed_is_replaced() -> None:
    with serving() as server:
        killed = server.get("/who")["pid"]
        assert isinstance(killed, int)
        os.kill(killed, signal.SIGKILL)
        # The listening socket stays open: the call waits for the next worker instead of failing.
        assert server.get("/who")["pid"] != killed


def test_sigterm_lets_a_taken_request_finish_and_ends_with_exit_code_0() -> None:
    with serving(WORKERS="2") as server, ThreadPoolExecutor(1) as pool, server.send(DRIP_BODY):
        answer = pool.submit(server.get, "/slow")
        time.sleep(0.3)
        began = time.monotonic()
        server.process.terminate()
        assert server.process.wait(timeout=10) == 0
        assert time.monotonic() - began < 3
        assert answer.result() == {"done": True}


def test_workers_end_when_the_supervisor_is_killed() -> None:
    with serving() as server:
        server.process.kill()
        server.process.wait()
        end = time.monotonic() + 5
        while server.listens() and time.monotonic() < end:
            time.sleep(0.1)
        assert not server.listens()


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
