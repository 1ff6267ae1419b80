"""What is done to the server: slow clients, floods, processes that hang or die, and a database or disk that is gone."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sqlite3
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from callers import JSON, SERVICE, body  # beside this file

from tests.servers import Server

# The clients of ``make crash``, and how it reads what was stored.
sys.path.insert(0, str(Path(__file__).parents[1] / "crash"))
import clients
from verdict import Verdict, read

from tests.fetch import bad_server

SLOW = 200
HEADERS = b"POST /cds-services/bone-modifying-agents HTTP/1.1\r\nHost: a\r\nX-"
BODY = HEADERS + b": a\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n{"


def until(true: Callable[[], object], seconds: float = 60.0) -> float:
    """How long it took; infinite when it did not happen."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        with suppress(OSError, http.client.HTTPException):
            if true():
                return time.monotonic() - began
        time.sleep(0.05)
    return float("inf")


@contextmanager
def background(*jobs: Callable[[Event], None]) -> Iterator[None]:
    """Each in a thread of its own; they end when their event is set."""
    over = Event()
    threads = [Thread(target=job, args=(over,)) for job in jobs]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@contextmanager
def dripping(server: Server, beginning: bytes, count: int = SLOW) -> Iterator[None]:
    """So many clients that begin so and then send a byte a second; who is hung up on begins again."""

    def begin() -> socket.socket:
        client = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        client.setblocking(False)
        client.send(beginning)
        return client

    def drip(over: Event) -> None:
        open_ = [begin() for _ in range(count)]
        while not over.wait(1):
            for number, client in enumerate(open_):
                try:
                    client.send(b"a")
                except OSError:
                    client.close()
                    with suppress(OSError):
                        open_[number] = begin()
        for client in open_:
            client.close()

    with background(drip):
        yield


def event() -> dict[str, object]:
    return {"card": str(uuid.uuid4()), "outcome": "overridden", "outcomeTimestamp": "2026-03-02T10:00:00Z"}


def feedback(server: Server, seen: Counter[int], number: int) -> None:
    """One call with so many events; its status, 0 when no answer came."""
    payload = json.dumps({"feedback": [event() for _ in range(number)]}).encode()
    try:
        status, _ = server.ask("POST", clients.PATH, payload)
    except (OSError, http.client.HTTPException):
        status = 0
    seen[status] += 1


@contextmanager
def flooded(server: Server, book: clients.Book) -> Iterator[None]:
    """Sixteen clients post feedback as fast as they can."""

    def post(over: Event) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        rng = clients.Random(uuid.uuid4().hex)
        while not over.is_set():
            batch = book.next(rng)
            status = clients.post(connection, batch)
            book.note(batch, status)
            if status != 200:
                over.wait(0.1)
        connection.close()

    with background(*[post] * 16):
        yield


def lost(url: str, book: clients.Book) -> tuple[int, list[str]]:
    """Acknowledged events that are not there, and whatever else is wrong."""
    verdict = Verdict()
    verdict.look(book, read(url), set())
    return len(verdict.lost), [] if verdict.good else verdict.wrong()


@contextmanager
def hanging_fhir(server: Server, count: int = 20) -> Iterator[Counter[int]]:
    """So many callers that bring nothing but the address of a FHIR server which takes connections and says nothing."""
    seen: Counter[int] = Counter()
    with bad_server.serving(bad_server.stalls) as fhir:
        bare = json.loads(body()) | {"prefetch": {}, "fhirServer": fhir.base}
        payload = json.dumps(bare).encode()

        def call(over: Event) -> None:
            while not over.is_set():
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
                try:
                    connection.request("POST", SERVICE, payload, JSON)
                    seen[connection.getresponse().status] += 1
                except (OSError, http.client.HTTPException):
                    seen[0] += 1
                    over.wait(0.1)
                finally:
                    connection.close()

        with background(*[call] * count):
            yield seen


def stop_one(server: Server) -> int:
    """A worker that hangs: it neither runs nor ends."""
    worker = min(server.workers)
    os.kill(worker, signal.SIGSTOP)
    return worker


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Another process writes, and does not stop."""
    with sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
    connection.close()


@contextmanager
def deleted(url: str) -> Iterator[None]:
    """The file is gone, as after a mistake or with a disk that went; and comes back."""
    file = Path(url.removeprefix("sqlite:///"))
    away = file.rename(file.with_name("away"))
    try:
        yield
    finally:
        away.rename(file)
