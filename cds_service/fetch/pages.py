"""A whole answer: the first page, and those its ``next`` links lead to, as far as they may be followed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urljoin

import msgspec

from cds_service.fetch.address import inside
from cds_service.fetch.client import FhirClient
from cds_service.fetch.failure import Cause, Failed, Refused
from cds_service.fetch.search import Request


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer to one need: JSON bodies in the order read (each a Bundle, or one resource).

    ``complete``: all there is was read. Else ``cause`` says why not, and ``pages`` holds what came before.
    """

    pages: tuple[bytes, ...]
    complete: bool
    cause: Cause | None


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


def collect(client: FhirClient, request: Request) -> Fetched:
    """Everything ``request`` asks for, within the client's limits. Raises ``Refused`` for a request out of bounds."""
    limits, pages, size, resources = client.limits, list[bytes](), 0, 0
    here, seen = f"{client.base}/{request.path}", set[str]()
    ask: Callable[[], bytes] = partial(client.send, request)
    while True:
        try:
            body = ask()
            page = _read(body)
            resources += page.resources
            if resources > limits.resources:
                raise Failed("too-large")
            pages.append(body)
            size += len(body)
            if page.next is None:
                return Fetched(tuple(pages), complete=True, cause=None)
            if len(pages) >= limits.pages:
                raise Failed("more-pages")
            here = _follow(here, page.next, client.base, seen)
        except Failed as failed:
            return Fetched(tuple(pages), complete=False, cause=failed.cause)
        ask = partial(client.get, here, limits.bytes - size)


def _read(body: bytes) -> _Page:
    try:
        return _decoder.decode(body)
    except (msgspec.ValidationError, RecursionError):
        raise Failed("unreadable") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Failed("not-json") from None


def _follow(here: str, link: str, base: str, seen: set[str]) -> str:
    """Where a next link leads from ``here``; relative ones, which FHIR does not allow, are understood."""
    try:
        url = inside(urljoin(here, link), base)
    except (Refused, ValueError):  # ValueError: urljoin meets a broken IPv6 host
        raise Failed("foreign-link") from None
    if url in seen:
        raise Failed("page-loop")
    seen.add(url)
    return url
