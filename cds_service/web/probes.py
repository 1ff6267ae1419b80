"""Whether this server lives, and whether a load balancer should send it callers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

import msgspec
import orjson
from flask import Flask, Response
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from cds_service.deliver.unmatched import UNMATCHED
from cds_service.store.engine import Database
from cds_service.store.memory import Memory
from cds_service.store.tables import call
from cds_service.web.outcomes import answer_json, issue, outcome

# A load balancer asks every few seconds and does not wait long.
_WAIT_SECONDS = 1.0
# So often at most the database is asked, however many ask us.
_FRESH_SECONDS = 1.0
_ALIVE, _READY = orjson.dumps({"status": "alive"}), orjson.dumps({"status": "ready"})
_STOPPING = "server: it is stopping, and takes callers only until the load balancer has noticed."
_SILENT = "database: it does not answer in time."
_REFUSES = "database: it cannot be read."


class Recording(msgspec.Struct, frozen=True):
    """Calls that this worker has not recorded yet (``waiting``) or never will (``dropped``); ``failing``: the database
    refused the last writing."""

    waiting: int
    dropped: int
    failing: bool


class Health(msgspec.Struct, frozen=True):
    """``GET /health``, of the worker that happens to answer. ``knowledge``: the version of what answers here;
    ``unmatched``: orders nothing was said of, by kind; ``calls``: null where none is recorded."""

    status: Literal["ok"]
    knowledge: str
    unmatched: dict[str, int]
    calls: Recording | None


class Pulse:
    """Asks, at most once at a time and once a second, and waits a moment for the answer.

    ``ask`` may take long; it raises ``SQLAlchemyError`` for *no*.
    """

    def __init__(self, ask: Callable[[], object]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._asked_at = -_FRESH_SECONDS
        self._answered = threading.Event()
        self._answered.set()
        self._fault: str | None = None

    def fault(self) -> str | None:
        """What is wrong with it; None: nothing."""
        self._begin()
        return self._fault if self._answered.wait(_WAIT_SECONDS) else _SILENT

    def _begin(self) -> None:
        with self._lock:
            now = time.monotonic()
            if not self._answered.is_set() or now - self._asked_at < _FRESH_SECONDS:
                return
            self._answered.clear()
            try:
                threading.Thread(target=self._feel, name="pulse", daemon=True).start()
            except RuntimeError:  # no thread to be had
                self._fault = _SILENT
                self._answered.set()
            self._asked_at = now

    def _feel(self) -> None:
        try:
            self._ask()
            self._fault = None
        except SQLAlchemyError:
            self._fault = _REFUSES
        finally:
            self._answered.set()


def _reading(database: Database) -> Callable[[], object]:
    # A table, not a constant: that a file can be opened says nothing of what is in it.
    def read() -> None:
        with database.engine.connect() as connection:
            connection.execute(select(call.c.id).limit(1))

    return read


def probes(app: Flask, memory: Memory | None, knowledge: str) -> None:
    """``/livez``: this process answers. ``/readyz``: it will go on to, and its database can be read. ``/health``: what
    it counts; ``knowledge`` is the version of what answers."""
    pulse = Pulse(_reading(memory.database)) if memory else None

    @app.get("/livez")
    def livez() -> Response:
        return answer_json(200, _ALIVE)

    @app.get("/health")
    def health() -> Response:
        audit = memory.audit if memory else None
        calls = Recording(audit.waiting, audit.dropped, audit.failing) if audit else None
        return answer_json(200, msgspec.json.encode(Health("ok", knowledge, dict(UNMATCHED.counts()), calls)))

    @app.get("/readyz")
    def readyz() -> Response:
        # Set by the server below (``web.serve``).
        leaving: Callable[[], bool] = app.extensions.get("leaving", lambda: False)
        fault = _STOPPING if leaving() else pulse.fault() if pulse else None
        if fault is None:
            return answer_json(200, _READY)
        return answer_json(503, orjson.dumps(outcome(issue("transient", f"Not ready. {fault}"))))
