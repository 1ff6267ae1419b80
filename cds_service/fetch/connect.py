"""Connecting to a host: resolve its name once, judge every address found, connect to those very addresses.

Nothing resolves the name again, so an answer that changes between the check and the connection changes nothing.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeAlias

from cds_service.fetch.address import FhirServers
from cds_service.fetch.deadline import remaining
from cds_service.fetch.reach import check

Found: TypeAlias = list[tuple[Any, ...]]  # what socket.getaddrinfo gives
Connect: TypeAlias = Callable[[str, int], socket.socket]


class DeadlineSocket(socket.socket):
    """A socket whose every read and write ends by the moment of ``deadline.by``."""

    def recv_into(self, *args: Any) -> int:
        self.settimeout(remaining())
        return super().recv_into(*args)

    def sendall(self, *args: Any) -> None:
        self.settimeout(remaining())
        super().sendall(*args)


class DeadlineTlsSocket(ssl.SSLSocket):
    """The same under TLS; its ``sendall`` is made of many ``send``."""

    def recv_into(self, *args: Any) -> int:
        self.settimeout(remaining())
        return super().recv_into(*args)

    def send(self, *args: Any) -> int:
        self.settimeout(remaining())
        return super().send(*args)


class Resolver:
    """Names to addresses, without holding the asking thread beyond its deadline.

    The system's resolver cannot be interrupted, so each name is looked up by one thread of its own, at most one at a
    time: a resolver that hangs costs as many threads as there are names, however many calls wait for them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[tuple[str, int], Future[Found]] = {}

    def addresses(self, host: str, port: int) -> Found:
        """Raises ``OSError`` for a name that is not known, ``TimeoutError`` at the deadline."""
        with self._lock:
            answer = self._running.get((host, port))
            if answer is None:
                answer = self._running[host, port] = Future()
                threading.Thread(target=self._look_up, args=(host, port, answer), daemon=True).start()
        return answer.result(timeout=remaining())

    def _look_up(self, host: str, port: int, answer: Future[Found]) -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # UnicodeError: a label longer than names may be
            failed: Exception | None = OSError(type(error).__name__)
        else:
            failed = None
        with self._lock:
            del self._running[host, port]
        if failed:
            answer.set_exception(failed)
        else:
            answer.set_result(found)


def connector(servers: FhirServers) -> Connect:
    """A function that connects to (host, port) as ``servers`` allow.

    It raises ``Refused`` when any address of the host may not be reached, ``OSError`` when none answers.
    """
    resolver = Resolver()

    def connect(host: str, port: int) -> socket.socket:
        name = host.strip("[]")
        found = resolver.addresses(name, port)
        for *_, address in found:
            check(address[0], servers.reach(name, port))
        return _first(found)

    return connect


def _first(found: Found) -> socket.socket:
    """A connection to the first address that answers."""
    failed = OSError("no address")
    for family, kind, protocol, _, address in found:
        sock = DeadlineSocket(family, kind, protocol)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(remaining())
            sock.connect(address)
        except OSError as error:
            sock.close()
            failed = error
        else:
            return sock
    raise failed
