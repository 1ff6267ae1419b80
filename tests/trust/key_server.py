"""A key server on a real loopback socket: it counts every request by path, and fails, hangs or changes its set."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tests.build import Json
from tests.fetch.bad_server import Behaviour, Server, answer
from tests.trust.tokens import MARK, jwk_set

PATH = f"/{MARK}/keys"


class KeyServer:
    """``trouble``: what is done to every request instead of answering it, while it is set."""

    def __init__(self) -> None:
        self.trouble: Behaviour | None = None
        self._sets: dict[str, bytes] = {}
        self._server = Server(self._behave)

    def url(self, path: str = PATH) -> str:
        return f"http://127.0.0.1:{self._server.port}{path}"

    def publish(self, *keys: Json, path: str = PATH) -> None:
        """Serve these keys from now on."""
        self._sets[path] = jwk_set(*keys)

    @property
    def asked(self) -> Counter[str]:
        """How often, by path."""
        return Counter(request.split(" ")[1] for request in self._server.requests)

    @property
    def touched(self) -> bool:
        """Whether anybody so much as connected."""
        return self._server.connections > 0

    def _behave(self, sock: socket.socket, request: str) -> None:
        path = request.split(" ")[1]
        if self.trouble is not None:
            self.trouble(sock, request)
        elif path in self._sets:
            sock.sendall(answer(self._sets[path], kind="application/json"))
        else:
            sock.sendall(answer(b"{}", "404 Not Found", "application/json"))

    def close(self) -> None:
        self._server.close()


@contextmanager
def key_server(*keys: Json) -> Iterator[KeyServer]:
    """A key server for the length of a block, serving these keys at ``PATH``."""
    server = KeyServer()
    try:
        server.publish(*keys)
        yield server
    finally:
        server.close()
