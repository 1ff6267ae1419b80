"""One worker process: a waitress server on a socket it shares with its siblings."""

from __future__ import annotations

import os
import signal
import socket
import time
from typing import TYPE_CHECKING, ClassVar

import orjson
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server
from waitress.task import ErrorTask

from cds_service.web.outcomes import issue, outcome

if TYPE_CHECKING:
    from flask import Flask

    from cds_service.site.settings import Settings

# Idle and slow connections cost a file descriptor and some memory, never a thread. Below 1,024, the usual limit of
# descriptors for a process.
CONNECTIONS = 1000
# From the first byte of a request to its last. A hospital network needs milliseconds; who drips needs for ever, and an
# answer that began later than this would find the order signed.
REQUEST_SECONDS = 10
IDLE_SECONDS = 60
# What a stopping worker gives the requests it has taken.
GRACE_SECONDS = 5
MAX_HEADER_BYTES = 64 * 1024
# Bodies up to here stay in memory; larger ones wait in an unlinked temporary file. 1,000 resources are about 1.1 MB.
MEMORY_BYTES = 2 * 1024 * 1024
_TICK_SECONDS = 1
Connections = dict[int, wasyncore.dispatcher]  # by file descriptor; holds the listening socket too
_CODES = {413: "too-long", 431: "too-long", 501: "not-supported"}


class _ErrorTask(ErrorTask):
    """What waitress refuses before the application sees it, in the words every other error has."""

    # What the application puts on every answer; set when a worker starts.
    headers: ClassVar[list[tuple[str, str]]] = []

    def execute(self) -> None:
        error = self.request.error  # type: ignore[attr-defined]  # the stubs mistake the parser for its error
        self.status = f"{error.code} {error.reason}"
        code = _CODES.get(error.code, "structure" if error.code < 500 else "exception")
        body = orjson.dumps(outcome(issue(code, f"The server refused the request: {error.reason}.")))
        self.response_headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        self.response_headers += self.headers
        self.content_length = len(body)
        self.set_close_on_finish()
        self.write(body)


class _Channel(HTTPChannel):
    """A connection that knows when the request it is receiving began."""

    error_task_class = _ErrorTask
    began = 0.0

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.began = time.monotonic()
        return bool(super().received(data))

    def drips(self, now: float) -> bool:
        return self.request is not None and not self.requests and now - self.began > REQUEST_SECONDS

    def busy(self) -> bool:
        """Whether a request that arrived whole is not answered to its last byte."""
        return bool(self.requests) or self.total_outbufs_len > 0


class _Stop:
    """Set by a signal; the loop looks at it."""

    asked = False


def work(app: Flask, listener: socket.socket, settings: Settings, supervisor: int) -> None:
    """Answer requests until SIGTERM, or until the process ``supervisor`` is gone; then finish what was taken."""
    connections: Connections = {}
    _ErrorTask.headers = app.extensions.get("headers", [])
    server = create_server(
        app,
        map=connections,  # type: ignore[arg-type]  # the stubs say sockets; it holds their dispatchers
        sockets=[listener],
        threads=settings.threads,
        connection_limit=CONNECTIONS,
        channel_timeout=IDLE_SECONDS,
        max_request_header_size=MAX_HEADER_BYTES,
        # waitress refuses from its limit on, the application above its own.
        max_request_body_size=settings.max_body_bytes + 1,
        inbuf_overflow=MEMORY_BYTES,
        asyncore_use_poll=True,  # select() ends at descriptor 1024
        ident=None,
    )
    assert isinstance(server, BaseWSGIServer)  # one socket, one server
    server.channel_class = _Channel
    stop = _Stop()

    def ask(_number: int, _frame: object) -> None:
        stop.asked = True
        server.pull_trigger()

    signal.signal(signal.SIGTERM, ask)
    # Ctrl-C reaches the whole group; the supervisor answers it for all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
    swept = time.monotonic()
    while not stop.asked and os.getppid() == supervisor:
        _turn(connections)
        if (now := time.monotonic()) - swept > _TICK_SECONDS:
            _hang_up_on_drips(connections, now)
            swept = now
    server.accepting = False
    _finish(connections)
    server.close()
    if close := app.extensions.get("close"):
        close(GRACE_SECONDS)


def _turn(connections: Connections) -> None:
    """Wait for something to happen on a connection, at most a tick, and deal with it."""
    # The stubs say sockets; the map holds their dispatchers.
    wasyncore.loop(timeout=_TICK_SECONDS, use_poll=True, map=connections, count=1)  # type: ignore[arg-type]


def _channels(connections: Connections) -> list[_Channel]:
    return [c for c in connections.values() if isinstance(c, _Channel)]


def _hang_up_on_drips(connections: Connections, now: float) -> None:
    for channel in _channels(connections):
        if channel.drips(now):
            channel.will_close = True


def _finish(connections: Connections) -> None:
    """Answer what arrived whole, for as long as the grace lasts."""
    end = time.monotonic() + GRACE_SECONDS
    while any(c.busy() for c in _channels(connections)) and time.monotonic() < end:
        _turn(connections)
