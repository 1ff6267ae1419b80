"""A connection of a worker: when its request began, what the server says itself, and how it is closed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from socket import SHUT_WR
from socket import socket as Socket  # noqa: N812  # waitress keeps it in a member called socket
from typing import TYPE_CHECKING

import orjson
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, WSGITask

from cds_service.web.outcomes import issue, outcome
from cds_service.web.parser import Parser

if TYPE_CHECKING:
    from waitress.adjustments import Adjustments

# From the first byte of a request to its last. A hospital network needs milliseconds; who drips needs for ever, and an
# answer that began later than this would find the order signed.
REQUEST_SECONDS = 10
# Who is refused in the middle of sending is heard out for so long and so much, or the refusal would not arrive: closing
# a connection with bytes unread resets it.
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 16 * 1024 * 1024
_CODES = {413: "too-long", 431: "too-long", 501: "not-supported", 503: "transient"}
_TEXTS = {
    501: "Of transfer codings only chunked is taken.",
    503: "The server has no room for so large a body now. Send it again later.",
}
_RETRY_SECONDS = "5"


class Server(TcpWSGIServer):
    """What a connection asks of its server."""

    working: dict[int, float]  # by thread: when it took the request it is answering
    said_always: list[tuple[str, str]]  # headers

    def ending(self) -> bool:
        """Whether an answer is the last one on its connection."""
        raise NotImplementedError


class _Answer(WSGITask):
    def build_response_header(self) -> bytes:
        if self.channel.server.ending():  # type: ignore[attr-defined]  # our own server
            self.set_close_on_finish()
        return bytes(super().build_response_header())


class _Refusal(ErrorTask):
    """What waitress refuses before the application sees it, in the words every other error has."""

    def execute(self) -> None:
        error = self.request.error  # type: ignore[attr-defined]  # the stubs mistake the parser for its error
        self.status = f"{error.code} {error.reason}"
        code = _CODES.get(error.code, "structure" if error.code < 500 else "exception")
        text = _TEXTS.get(error.code, f"The server refused the request: {error.reason}.")
        body = orjson.dumps(outcome(issue(code, text)))
        self.response_headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        if error.code == 503:
            self.response_headers.append(("Retry-After", _RETRY_SECONDS))
        self.response_headers += self.channel.server.said_always  # type: ignore[attr-defined]  # our own server
        self.content_length = len(body)
        self.set_close_on_finish()
        self.write(body)


class Channel(HTTPChannel):
    """One connection."""

    task_class = _Answer
    error_task_class = _Refusal
    parser_class = Parser
    server: Server
    request: Parser | None
    requests: list[Parser]
    socket: Socket | None
    # Not in the stubs.
    _flush_some: Callable[..., bool]
    _flush_exception: Callable[[Callable[..., bool]], object]

    def __init__(self, server: Server, sock: Socket, addr: object, adj: Adjustments, **more: object) -> None:
        self.since = time.monotonic()  # idle, or receiving a request
        self._hears_out = False
        self._hears_until = 0.0
        self._heard = 0
        super().__init__(server, sock, addr, adj, **more)  # type: ignore[arg-type]  # the stubs name one more: map

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.since = time.monotonic()
        return bool(super().received(data))

    def service(self) -> None:
        """In a thread of the worker: answer the first of the requests that have arrived."""
        thread = threading.get_ident()
        self.server.working[thread] = time.monotonic()
        try:
            if not self.requests[0].whole:
                self._hears_out = True
            super().service()
        finally:
            self.since = time.monotonic()
            all_were_busy = len(self.server.working) >= self.adj.threads
            self.server.working.pop(thread, None)
            if all_were_busy:
                # The loop may have looked just before: it may accept again.
                self.server.pull_trigger()

    @property
    def busy(self) -> bool:
        """Whether a request that arrived whole is not answered to its last byte."""
        return bool(self.requests) or self.total_outbufs_len > 0

    @property
    def idle(self) -> bool:
        """Whether nothing of a request is there."""
        return self.request is None and not self.busy

    def overdue(self, now: float) -> bool:
        """Whether it has been receiving one request, or been heard out, for too long."""
        if self._hears_until:
            return now > self._hears_until
        return self.request is not None and not self.requests and now - self.since > REQUEST_SECONDS

    def handle_expt(self) -> None:
        # Urgent data, which HTTP does not have: waitress would complain in the log of each byte.
        self.will_close = True

    def readable(self) -> bool:
        if self._hears_until:
            return not self.will_close
        return bool(super().readable())

    def handle_read(self) -> None:
        if not self._hears_until:
            super().handle_read()
            return
        self._heard += len(self.recv(self.adj.recv_bytes))
        if self._heard > _LINGER_BYTES:
            self.will_close = True

    def handle_write(self) -> None:
        if not (self._hears_out and self.close_when_flushed) or self.requests or self.will_close:
            super().handle_write()
            return
        self._flush_exception(self._flush_some)
        if self.total_outbufs_len or self.socket is None:
            return
        self._hears_out = self.close_when_flushed = False
        self._hears_until = time.monotonic() + _LINGER_SECONDS
        try:
            self.socket.shutdown(SHUT_WR)
        except OSError:  # the client has gone
            self.will_close = True
