"""A whole answer: the first page, and those its ``next`` links lead to, as far as they may be followed."""

from __future__ import annotations

from urllib.parse import urljoin

import msgspec

from cds_service.fetch.address import LONGEST, inside
from cds_service.fetch.client import FhirClient
from cds_service.fetch.failure import Failed, Refused
from cds_service.fetch.search import Request
from cds_service.record.fetched import Fetched


class _Link(msgspec.Struct, frozen=True):
    relation: str | None = None
    url: str | None = None


class _Page(msgspec.Struct, frozen=True):
    """Of a body only what paging needs. One bare object stands for a list of one, as some servers write it."""

    link: list[_Link] | _Link | None = None
    entry: list[msgspec.Raw] | dict[str, msgspec.Raw] | None = None

    @property
    def next(self) -> str | None:
        links = [self.link] if isinstance(self.link, _Link) else self.link or []
        return next((link.url for link in links if link.relation == "next"), None)

    @property
    def resources(self) -> int:
        return len(self.entry) if isinstance(self.entry, list) else 1


_decoder = msgspec.json.Decoder(_Page)


class _Reading:
    """What has been read so far, and where it may go on."""

    def __init__(self, client: FhirClient, request: Request) -> None:
        self.client = client
        self.pages: list[bytes] = []
        self._here = f"{client.base}/{request.path}"
        self._seen: set[str] = set()
        self._resources = 0

    @property
    def bytes_left(self) -> int:
        return self.client.limits.bytes - sum(map(len, self.pages))

    def take(self, body: bytes) -> str | None:
        """Keep a page; the URL of the next one, if any. Raises ``Failed``."""
        page = _read(body)
        self._resources += page.resources
        if self._resources > self.client.limits.resources:
            raise Failed("too-large")
        self.pages.append(body)
        return None if page.next is None else self._follow(page.next)

    def _follow(self, link: str) -> str:
        """Where a next link leads; relative ones are taken as FHIR takes relative references, from the base."""
        if len(self.pages) >= self.client.limits.pages:
            raise Failed("more-pages")
        if len(link) > LONGEST:
            raise Failed("foreign-link")
        try:
            base = self.client.base
            self._here = inside(urljoin(self._here if link.startswith("?") else f"{base}/", link), base)
        except (Refused, ValueError):  # ValueError: urljoin meets a broken IPv6 host
            raise Failed("foreign-link") from None
        if self._here in self._seen:
            raise Failed("page-loop")
        self._seen.add(self._here)
        return self._here


def collect(client: FhirClient, request: Request) -> Fetched:
    """Everything ``request`` asks for, within the client's limits. Raises ``Refused`` for a request out of bounds."""
    reading = _Reading(client, request)
    try:
        url = reading.take(client.send(request))
        while url is not None:
            url = reading.take(client.get(url, reading.bytes_left))
    except Failed as failed:
        return Fetched(tuple(reading.pages), complete=False, cause=failed.cause)
    return Fetched(tuple(reading.pages), complete=True, cause=None)


def _read(body: bytes) -> _Page:
    try:
        return _decoder.decode(body)
    except (msgspec.ValidationError, RecursionError):
        raise Failed("unreadable") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Failed("not-json") from None
