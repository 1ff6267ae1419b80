"""A FHIR server on a real socket that behaves as badly as a test asks: it answers by writing bytes, nothing more."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Behaviour = Callable[[socket.socket, str], None]


def answer(body: bytes, status: str = "200 OK", kind: str = "application/fhir+json", more: str = "") -> bytes:
    """A whole HTTP answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def bundle(*ids: str, next_link: str | None = None) -> bytes:
    """A searchset of Conditions."""
    link = [{"relation": "next", "url": next_link}] if next_link else []
    entry = [{"resource": {"resourceType": "Condition", "id": i}} for i in ids]
    return json.dumps({"resourceType": "Bundle", "type": "searchset", "link": link, "entry": entry}).encode()


def says(*answers: bytes) -> Behaviour:
    """The given answers in turn, then the last one again and again."""
    left = list(answers)

    def behave(sock: socket.socket, request: str) -> None:
        sock.sendall(left.pop(0) if len(left) > 1 else left[0])

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Each behaviour for one request."""
    left = list(behaviours)

    def behave(sock: socket.socket, request: str) -> None:
        left.pop(0)(sock, request)

    return behave


def drips(head: bytes, pause: float = 0.02) -> Behaviour:
    """``head`` at once, then one blank every ``pause`` seconds until the other side leaves."""

    def behave(sock: socket.socket, request: str) -> None:
        sock.sendall(head)
        while True:
            sock.sendall(b"x")
            time.sleep(pause)

    return behave


def stalls(sock: socket.socket, request: str) -> None:
    """Nothing, until the other side leaves."""
    sock.recv(1)


def resets(sock: socket.socket, request: str) -> None:
    """The connection is reset, not closed."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    sock.close()


def dies_after(part: bytes) -> Behaviour:
    """Some of an answer, then the end."""

    def behave(sock: socket.socket, request: str) -> None:
        sock.sendall(part)
        sock.shutdown(socket.SHUT_RDWR)

    return behave


class Server:
    """One listening socket; every request's head is kept in ``requests``."""

    def __init__(self, behave: Behaviour, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.behave = behave
        self.requests: list[str] = []
        self.connections = 0
        self._tls = tls
        self._open: list[socket.socket] = []
        self._listener = socket.create_server((host, 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def base(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/fhir"

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            while request := _read(sock):
                self.requests.append(request)
                self.behave(sock, request)
        except OSError:
            pass
        finally:
            sock.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(2)
        for sock in self._open:
            sock.close()


def _read(sock: socket.socket) -> str:
    """One request with its body, or nothing at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        got = sock.recv(65536)
        if not got:
            return ""
        data += got
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            while len(body) < int(line.split(b":")[1]):
                body += sock.recv(65536)
    return (head + b"\r\n\r\n" + body).decode()


@contextmanager
def serving(behave: Behaviour, **more: Any) -> Iterator[Server]:
    """A server for the length of a block."""
    server = Server(behave, **more)
    try:
        yield server
    finally:
        server.close()
