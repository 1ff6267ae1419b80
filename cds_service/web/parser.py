"""Requests as waitress reads them off the wire, and what it reads too kindly or falls over."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser, ParsingError, TransferEncodingNotImplemented, get_header_lines
from waitress.receiver import ChunkedReceiver
from waitress.utilities import BadRequest, Error

# Of a chunked body: the line before a chunk, and what follows the last. waitress gathers both without a limit, and
# looks through all of it again with each piece that arrives.
_CHUNK_LINE_BYTES = 1024
_TRAILER_BYTES = 8 * 1024


class NoRoom(Error):
    """A body that had to wait in a temporary file, and there is no room for one."""

    code = 503
    reason = "Service Unavailable"


class Parser(HTTPRequestParser):
    """One request as it arrives."""

    error: Error | None
    version: str
    headers: dict[str, str]

    def __init__(self, adj: Adjustments) -> None:
        super().__init__(adj)
        self.whole = True  # whether the client has nothing more to send of it

    def received(self, data: bytes) -> int:
        """Take what has arrived; the number of bytes that belong to this request. Never raises."""
        try:
            taken = int(super().received(data))
            if self.error is None:
                self._bounded(self.body_rcv)
        except OSError:
            self._refuse(NoRoom("no room"))
            taken = len(data)
        except ValueError:  # of urlsplit and int
            self._refuse(BadRequest("not readable"))
            taken = len(data)
        if self.error is not None:
            self.whole = False
            self.expect_continue = False
        return taken

    def close(self) -> None:
        # What a full disk did not take, it does not take at the end either.
        with suppress(OSError):
            super().close()

    def parse_header(self, header_plus: bytes) -> None:
        """As waitress does, and one meaning of where the body ends: RFC 9112, 6.1 and 6.3.

        A proxy that reads such a request otherwise would take the end of its body for a request of its own.
        """
        super().parse_header(header_plus)
        fields = (line.partition(b":") for line in get_header_lines(header_plus.partition(b"\r\n")[2]))
        codings = [value.strip(b" \t").lower() for name, _, value in fields if name.lower() == b"transfer-encoding"]
        if codings:
            if codings != [b"chunked"]:
                raise TransferEncodingNotImplemented("only chunked")
            if self.version != "1.1" or "CONTENT_LENGTH" in self.headers:
                raise ParsingError("two lengths")

    def _bounded(self, body: Any) -> None:
        if isinstance(body, ChunkedReceiver):
            line, trailer = len(body.control_line) + len(body.chunk_end), len(body.trailer)
            if line > _CHUNK_LINE_BYTES or trailer > _TRAILER_BYTES:
                self._refuse(BadRequest("no end of a chunk"))

    def _refuse(self, error: Error) -> None:
        self.error = error
        self.completed = True
