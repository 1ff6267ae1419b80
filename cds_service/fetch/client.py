"""One FHIR server, asked with one token until one moment."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Self

import requests
import urllib3

from cds_service import __version__
from cds_service.fetch.address import inside, parse
from cds_service.fetch.deadline import by, remaining
from cds_service.fetch.failure import Cause, Failed, Refused
from cds_service.fetch.health import Health
from cds_service.fetch.search import Request

_CAUSES: Mapping[int, Cause] = MappingProxyType(
    {401: "unauthorized", 403: "forbidden", 404: "not-found", 410: "gone", 429: "too-many-requests"}
)
_SILENCE: frozenset[Cause] = frozenset({"timeout", "connection"})
_LONGEST_GET = 1900  # characters; the shortest limits met on the way of a request line are near 2,000
_ATTEMPTS = 3
_PAUSE = 0.05  # seconds before asking again, when the server names no time
_CHUNK = 65536
# RFC 6750 b64token, and the printable rest that some servers issue; never a blank or a line end.
_TOKEN = re.compile(r"[!-~]{1,16384}")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may take.

    ``seconds_per_request`` holds within the call's own deadline; ``pages``, ``bytes`` (after decompression) and
    ``resources`` are for one need, all its pages together; ``parallel`` is how many requests run at a time.
    """

    seconds_per_request: float = 1.5
    pages: int = 10
    bytes: int = 8 * 1024 * 1024
    resources: int = 5000
    parallel: int = 8

    def narrowed(self, *, pages: int, resources: int) -> Self:
        """The same, and no more pages and resources than these."""
        return replace(self, pages=min(self.pages, pages), resources=min(self.resources, resources))


@dataclass(frozen=True, slots=True)
class _Trouble:
    """One attempt that failed; ``again``: asking once more may help, ``pause`` seconds from now."""

    cause: Cause
    again: bool = False
    pause: float = _PAUSE


class FhirClient:
    """Reads JSON from below ``base``. The token goes there and nowhere else, and appears in no message.

    ``deadline`` is a moment of ``time.monotonic``; ``health`` what is known of servers. Raises ``Refused`` for a token
    that is none.
    """

    def __init__(
        self,
        session: requests.Session,
        base: str,
        token: str | None,
        deadline: float,
        limits: Limits,
        health: Health | None = None,
    ) -> None:
        if token is not None and not _TOKEN.fullmatch(token):
            raise Refused("token")
        self.base = base
        self.limits = limits
        self._session = session
        self._deadline = deadline
        self._health, self._origin = health or Health(), parse(base).origin
        self._headers = {
            "Accept": "application/fhir+json, application/json;q=0.9",
            "Accept-Encoding": "gzip",
            "User-Agent": f"cds-service/{__version__}",
        } | ({"Authorization": f"Bearer {token}"} if token else {})

    def __repr__(self) -> str:
        return "FhirClient(...)"

    def get(self, url: str, most: int | None = None) -> bytes:
        """The JSON at ``url``, at most ``most`` bytes. Raises ``Refused`` outside the base, else ``Failed``."""
        return self._ask("GET", inside(url, self.base), None, most)

    def send(self, request: Request) -> bytes:
        """The answer to a read or search: by POST where the URL would be too long. Raises as ``get``."""
        url = f"{self.base}/{request.path}"
        whole = f"{url}?{request.query}" if request.query else url
        if request.kind == "search" and len(whole) > _LONGEST_GET:
            return self._ask("POST", inside(f"{url}/_search", self.base), request.query, None)
        return self.get(whole)

    def _ask(self, method: str, url: str, form: str | None, most: int | None) -> bytes:
        attempt = 0
        while True:
            attempt += 1
            if not self._health.may_ask(self._origin):
                raise Failed("server-down")
            got = self._noted(method, url, form, self.limits.bytes if most is None else most)
            if isinstance(got, bytes):
                return got
            in_time = time.monotonic() + got.pause < self._deadline
            if not (got.again and in_time and attempt < _ATTEMPTS):
                # Outside any except block: what the library raised holds the URL, and must not travel along.
                raise Failed(got.cause)
            time.sleep(got.pause)

    def _noted(self, method: str, url: str, form: str | None, most: int) -> bytes | _Trouble:
        """One attempt, and its outcome remembered of the server."""
        began = time.monotonic()
        got = self._once(method, url, form, most)
        if not (isinstance(got, _Trouble) and got.cause in _SILENCE):
            self._health.answered(self._origin)
        elif got.cause != "timeout" or time.monotonic() - began >= self.limits.seconds_per_request / 2:
            # Who had hardly any time left learnt nothing of the server.
            self._health.silent(self._origin)
        return got

    def _once(self, method: str, url: str, form: str | None, most: int) -> bytes | _Trouble:
        until = min(self._deadline, time.monotonic() + self.limits.seconds_per_request)
        headers = self._headers | ({"Content-Type": "application/x-www-form-urlencoded"} if form else {})
        try:
            with (
                by(until),
                self._session.request(
                    method, url, data=form, headers=headers, stream=True, timeout=remaining(), allow_redirects=False
                ) as response,
            ):
                return _unusable(response) or _body(response, most)
        except Refused:
            return _Trouble("refused-address")
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            return _trouble(error, until)


def _unusable(response: requests.Response) -> _Trouble | None:
    """What is wrong with an answer by its head alone."""
    status = response.status_code
    if status == 503:
        return _Trouble("server-error", again=True, pause=_pause(response.headers.get("Retry-After", "")))
    if status != 200:
        return _Trouble(_CAUSES.get(status) or _cause_of_class(status))
    kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind not in ("application/json", "application/json+fhir") and not kind.endswith("+json"):
        return _Trouble("not-json")
    return None


def _cause_of_class(status: int) -> Cause:
    if status >= 500:
        return "server-error"
    return "redirect" if 300 <= status < 400 else "rejected"


def _pause(retry_after: str) -> float:
    """Seconds; a date is not worth waiting for within a call."""
    return float(retry_after) if re.fullmatch(r"[0-9]{1,4}", retry_after) and int(retry_after) else _PAUSE


def _body(response: requests.Response, most: int) -> bytes | _Trouble:
    body = bytearray()
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if len(body) > most:
            return _Trouble("too-large")
        remaining()  # raises at the deadline, also while decompressing what has come already
    return bytes(body)


def _trouble(error: BaseException, until: float) -> _Trouble:
    kinds = tuple(_chain(error))
    if time.monotonic() >= until or any(isinstance(e, TimeoutError | requests.Timeout) for e in kinds):
        return _Trouble("timeout")
    if any(isinstance(e, ssl.SSLCertVerificationError) for e in kinds):
        return _Trouble("certificate")
    if any(isinstance(e, ConnectionResetError | BrokenPipeError | ConnectionAbortedError) for e in kinds):
        return _Trouble("connection", again=True)
    return _Trouble("connection")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
