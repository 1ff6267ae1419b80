"""What the server says by itself, before the application is asked: one meaning of where a body ends, and its words."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.toy import Server, serving

SMUGGLED = b"GET /who HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def post(*fields: str, version: str = "1.1", body: bytes = b"") -> bytes:
    head = "\r\n".join([f"POST /length HTTP/{version}", "Host: a", *fields, "", ""])
    return head.encode() + body


def refused(server: Server, request: bytes, status: int) -> None:
    """One answer, an OperationOutcome with everything every answer has, and the connection closed."""
    answer = server.says(request + SMUGGLED)
    assert answer.split()[1] == str(status).encode(), answer
    assert answer.count(b"HTTP/1.") == 1, "what follows is no request"
    assert b"OperationOutcome" in answer
    for always in (
        b"Cache-Control: no-store",
        b"X-Content-Type-Options: nosniff",
        b"X-Toy: open",
        b"Connection: close",
    ):
        assert always in answer
    assert b"Traceback" not in answer


CHUNKS = b"2\r\n{}\r\n0\r\n\r\n"


@pytest.mark.parametrize("chunked", ["chunked", "Chunked", " chunked "])
def test_chunked_is_taken(server: Server, chunked: str) -> None:
    request = post(f"Transfer-Encoding: {chunked}", "Connection: close", body=CHUNKS)
    assert b'{"bytes":2}' in server.says(request)


@pytest.mark.parametrize(
    ("fields", "version", "status"),
    [
        (("Content-Length: 4", "Transfer-Encoding: chunked"), "1.1", 400),
        (("Transfer-Encoding: chunked", "Content-Length: 12"), "1.1", 400),
        (("Transfer-Encoding: chunked", "Content-Length: 0"), "1.1", 400),
        (("Content-Length: 2", "Content-Length: 3"), "1.1", 400),
        (("Content-Length: 2", "Content-Length: 2"), "1.1", 400),
        (("Content-Length: +2",), "1.1", 400),
        (("Content-Length: 0x2",), "1.1", 400),
        (("Content-Length: -2",), "1.1", 400),
        (("Content-Length: " + "9" * 5000,), "1.1", 400),
        (("Transfer-Encoding: chunked",), "1.0", 400),
        (("Transfer-Encoding : chunked",), "1.1", 400),
        (("Transfer-Encoding: gzip",), "1.1", 501),
        (("Transfer-Encoding: identity",), "1.1", 501),
        (("Transfer-Encoding: gzip, chunked",), "1.1", 501),
        (("Transfer-Encoding: chunked, chunked",), "1.1", 501),
        (("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), "1.1", 501),
        (("Transfer-Encoding: chunked", "Transfer-Encoding: identity"), "1.1", 501),
        (("Transfer-Encoding: , chunked",), "1.1", 501),
        (("Transfer-Encoding: chunked,",), "1.1", 501),
        (("Transfer-Encoding:", "Content-Length: 2"), "1.1", 501),
        (("Transfer-Encoding: chunked;q=1",), "1.1", 501),
        (("Transfer-Encoding: xchunked",), "1.1", 501),
        (("Transfer-Encoding:\x0bchunked",), "1.1", 400),
        (("Transfer-Encoding:", " chunked, gzip"), "1.1", 501),
    ],
    ids=str,
)
def test_a_body_whose_end_two_servers_could_see_differently_closes_the_connection(
    server: Server, fields: tuple[str, ...], version: str, status: int
) -> None:
    refused(server, post(*fields, version=version, body=CHUNKS), status)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"PATIENT-ZHANG\r\n\r\n", 400),
        (b"GET http://[ZHANG HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"get /who HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /who HTTP/1.1\r\nHost: a\r\nX: ZHANG\n\r\n\r\n", 400),
        (b"GET /who HTTP/1.1\r\nHost: a\r\nX: " + b"ZHANG" * 14000 + b"\r\n\r\n", 431),
        (post("Content-Length: 99999999"), 413),
        (post("Transfer-Encoding: chunked", body=b"2;" + b"x" * 20000), 400),
        (post("Transfer-Encoding: chunked", body=b"0\r\n" + b"x: y\r\n" * 4000), 400),
        (post("Transfer-Encoding: chunked", body=b"ZHANG\r\n"), 400),
        (post("Content-Length: 99999999", "Expect: 100-continue"), 413),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_refused_below_the_application_repeats_nothing(server: Server, request_: bytes, status: int) -> None:
    refused(server, request_, status)
    assert "ZHANG" not in server.log
    assert "Traceback" not in server.log


def test_urgent_bytes_fill_no_log(server: Server) -> None:
    with server.send(b"GET") as client:
        client.send(b"!", socket.MSG_OOB)
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""
    assert "priority" not in server.log
