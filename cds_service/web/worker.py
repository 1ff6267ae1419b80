"""One worker process: a waitress server on a socket it shares with its siblings."""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING

from waitress import wasyncore
from waitress.adjustments import Adjustments

from cds_service.web.listener import Connections, Listener

if TYPE_CHECKING:
    from flask import Flask

    from cds_service.site.settings import Settings
    from cds_service.web.board import Board

log = logging.getLogger("cds_service.web.worker")

IDLE_SECONDS = 60
# What a stopping worker gives the requests it has taken, and then the records that wait to be written.
GRACE_SECONDS = 5
# What it gives connections on which nothing, or not all of a request, has arrived: their answer says that they end.
LAST_SECONDS = 1.0
# Every thread at one request for so long, beside what reading from FHIR servers may take: none of them will end it.
STUCK_SECONDS = 20
MAX_HEADER_BYTES = 64 * 1024
# Bodies up to here stay in memory; larger ones wait in an unlinked temporary file. 1,000 resources are about 1.1 MB.
MEMORY_BYTES = 2 * 1024 * 1024
# Read at once from a connection: each reading is a turn of the loop, and a call is 60 kB.
_READ_BYTES = 256 * 1024
# Answers never wait in a file.
_ANSWER_BYTES = 64 * 1024 * 1024
_TICK_SECONDS = 1.0
_LAST_TICK_SECONDS = 0.1


def _keep_memory(largest: int) -> None:
    """Take a block as large as the largest body, and free it: glibc then keeps up to twice as much of what calls free.

    Else it gives the memory of every large call back to the system, which fills each page with zeros for the next one:
    a fifth of the processor time of a call of 1,000 resources.
    """
    bytes(largest)


class _Stop:
    """Set by a signal; the loop looks at it."""

    asked = False


def work(app: Flask, listener: socket.socket, settings: Settings, supervisor: int, board: Board, place: int) -> None:
    """Answer requests until SIGTERM, or until the process ``supervisor`` is gone; then finish what was taken.

    As long as the loop turns, and not every thread is stuck, ``board`` is told so at ``place``.
    """
    _keep_memory(settings.max_body_bytes)
    connections: Connections = {}
    server = Listener(app, connections, listener, _adjustments(settings), lambda: board.leaving)
    stop = _take_signals(server)
    if begin := app.extensions.get("begin"):
        begin()
    patience = STUCK_SECONDS + settings.fetch_seconds
    swept, stuck = 0.0, False
    while not stop.asked and os.getppid() == supervisor:
        now = time.monotonic()
        if server.all_busy_for(now) < patience:
            board.beat(place, now)
        elif not stuck:
            stuck = True
            _tell_where(patience)
        if now - swept > _TICK_SECONDS:
            _hang_up_on_overdue(server, now)
            swept = now
        _turn(connections, _TICK_SECONDS)
    _finish(server, connections, board, place)
    if close := app.extensions.get("close"):
        close(GRACE_SECONDS)


def _adjustments(settings: Settings) -> Adjustments:
    return Adjustments(
        threads=settings.threads,
        recv_bytes=_READ_BYTES,
        channel_timeout=IDLE_SECONDS,
        max_request_header_size=MAX_HEADER_BYTES,
        # waitress refuses from its limit on, the application above its own.
        max_request_body_size=settings.max_body_bytes + 1,
        inbuf_overflow=MEMORY_BYTES,
        outbuf_overflow=_ANSWER_BYTES,
        # Clients go as they like; waitress would write down the path they asked for.
        log_socket_errors=False,
        ident=None,
    )


def _take_signals(server: Listener) -> _Stop:
    stop = _Stop()

    def ask(_number: int, _frame: object) -> None:
        stop.asked = True
        server.pull_trigger()

    signal.signal(signal.SIGTERM, ask)
    # Ctrl-C and a reload reach the whole group; the supervisor answers them for all.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD})
    return stop


def _turn(connections: Connections, seconds: float) -> None:
    """Wait for something to happen on a connection, at most so long, and deal with it."""
    # poll: select() ends at descriptor 1024. The stubs say sockets; the map holds their dispatchers.
    wasyncore.loop(timeout=seconds, use_poll=True, map=connections, count=1)  # type: ignore[arg-type]


def _tell_where(seconds: float) -> None:
    log.error("every thread has been at one request for %s s; this worker no longer says that it is well", seconds)
    # Files and lines, no values.
    faulthandler.dump_traceback(sys.stderr)


def _hang_up_on_overdue(server: Listener, now: float) -> None:
    for channel in server.channels:
        if channel.overdue(now):
            channel.will_close = True


def _finish(server: Listener, connections: Connections, board: Board, place: int) -> None:
    """Answer what arrived whole, for as long as the grace lasts; a moment longer for what is about to arrive."""
    # Whom nobody else will accept is taken along.
    server.close_socket(taking=board.leaving)
    began = time.monotonic()
    while (now := time.monotonic()) - began < GRACE_SECONDS and (
        any(c.busy for c in server.channels) or (server.channels and now - began < LAST_SECONDS)
    ):
        board.beat(place, now)
        _turn(connections, _LAST_TICK_SECONDS)
