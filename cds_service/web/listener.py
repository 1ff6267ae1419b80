"""The listening socket of a worker: whom it lets in, and when it lets nobody in."""

from __future__ import annotations

import errno
import logging
import resource
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.task import ThreadedTaskDispatcher

from cds_service.web.channel import Channel, Server

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger("cds_service.web.worker")

# Idle and slow connections cost a file descriptor and some memory, never a thread. Half of the descriptors of the
# process at most: the other half is for databases, FHIR servers and temporary files.
CONNECTIONS = 1000
# Accepting stops so long when there is no descriptor for another connection.
_PAUSE_SECONDS = 0.2
# A connection may be idle or receive for so long undisturbed, whoever else wants in.
_SAFE_SECONDS = 1.0
_EVICTED_AT_ONCE = 16
# All threads busy for so long: new connections are left to other workers.
_CLOGGED_SECONDS = 1.0
_COMPLAINT_SECONDS = 60.0
_OUT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
Connections = dict[int, wasyncore.dispatcher]  # by file descriptor; holds the listening socket too


class Listener(Server):
    """A waitress server on a socket that is listening already."""

    channel_class = Channel
    _map: Connections  # not in the stubs

    def __init__(
        self,
        app: Flask,
        connections: Connections,
        listener: socket.socket,
        adjustments: Adjustments,
        leaving: Callable[[], bool],
    ) -> None:
        self.working = {}
        self.said_always = app.extensions.get("headers", [])
        self.stopping = False
        self._leaving = leaving
        self._limit = min(CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
        self._paused_until = self._complained_at = 0.0
        threads = ThreadedTaskDispatcher()
        threads.set_thread_count(adjustments.threads)
        family, kind, protocol = listener.family, listener.type, listener.proto
        super().__init__(
            app,
            connections,  # type: ignore[arg-type]  # the stubs say sockets; it holds their dispatchers
            True,  # it accepts
            listener,
            dispatcher=threads,
            adj=adjustments,
            bind_socket=False,
            sockinfo=(family, kind, protocol, listener.getsockname()),
        )

    @property
    def channels(self) -> list[Channel]:
        # The stubs give one channel; it holds them by file descriptor.
        return list(self.active_channels.values())  # type: ignore[attr-defined]

    def ending(self) -> bool:
        return self.stopping or self._leaving()

    def all_busy_for(self, now: float) -> float:
        """Seconds for which every thread has been at the request it is answering; 0.0 when one is free."""
        since = list(self.working.values())
        return now - max(since) if len(since) >= self.adj.threads else 0.0

    def readable(self) -> bool:
        """Whether to look for a new connection. Asked once in each turn of the loop."""
        if (wall := time.time()) >= self.next_channel_cleanup:
            self.next_channel_cleanup = wall + self.adj.cleanup_interval  # type: ignore[assignment]
            self.maintenance(wall)  # type: ignore[arg-type]
        now = time.monotonic()
        if not self.accepting or now < self._paused_until or self.all_busy_for(now) > _CLOGGED_SECONDS:
            return False
        if len(self.active_channels) < self._limit:  # type: ignore[arg-type]
            return True
        self._complain(now, f"{self._limit} connections, the limit")
        self._make_room(now)
        return False

    def handle_accept(self) -> None:
        try:
            accepted = self.accept()
            if accepted is None:
                return
            connection, address = accepted
            self.set_socket_options(connection)
        except OSError as error:
            if error.errno in _OUT:
                now = time.monotonic()
                self._paused_until = now + _PAUSE_SECONDS
                self._complain(now, "no file descriptor for another connection")
                self._make_room(now)
            return
        self.channel_class(self, connection, address, self.adj, map=self._map)

    def close_socket(self, *, taking: bool) -> None:
        """Listen no longer; the connections go on. ``taking``: with those that wait to be accepted."""
        self.stopping = True
        before = -1
        while taking and before < len(self.channels) < self._limit:
            before = len(self.channels)
            self.handle_accept()
        wasyncore.dispatcher.close(self)

    def _make_room(self, now: float) -> None:
        """Hang up on the connections that have been idle longest, then on those that have been sending longest."""
        waiting = [c for c in self.channels if not c.busy and now - c.since > _SAFE_SECONDS]
        waiting.sort(key=lambda c: (not c.idle, c.since))
        for channel in waiting[:_EVICTED_AT_ONCE]:
            channel.will_close = True

    def _complain(self, now: float, what: str) -> None:
        if now - self._complained_at > _COMPLAINT_SECONDS or not self._complained_at:
            self._complained_at = now
            log.warning("%s: the connections idle or sending longest are closed (said once a minute)", what)
