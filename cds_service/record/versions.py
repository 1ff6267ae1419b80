"""Two versions of one resource: which one stands."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from cds_service.base.decoding import UNREADABLE
from cds_service.fhir.dates import moment_of
from cds_service.fhir.structs import Element, Resource

# No server counts so far; a longer one is a name, not a number.
LONGEST_VERSION = 18


class Meta(Element, frozen=True):
    version_id: str | None = None
    last_updated: str | None = None


_meta = msgspec.json.Decoder(Meta)


def version_of(resource: Resource) -> Meta:
    """Which version of itself a resource is; an empty one where it does not say."""
    try:
        return _meta.decode(resource.meta) if resource.meta else Meta()
    except UNREADABLE:
        return Meta()


def is_newer(one: Resource, other: Resource) -> bool:
    """Whether ``one`` was written after ``other``: by the number of the version, else by the time of writing.

    Where neither tells, it is not: of two that say nothing the first one stays.
    """
    mine, theirs = version_of(one), version_of(other)
    numbers = (_number(mine.version_id), _number(theirs.version_id))
    if numbers[0] is not None and numbers[1] is not None and numbers[0] != numbers[1]:
        return numbers[0] > numbers[1]
    times = (_time(mine.last_updated), _time(theirs.last_updated))
    return times[0] is not None and times[1] is not None and times[0] > times[1]


def _number(text: str | None) -> int | None:
    """The number of a version; some clients copy the ETag of the answer instead: W/"2"."""
    text = text and text.removeprefix("W/").strip('"')
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= LONGEST_VERSION else None


def _time(text: str | None) -> datetime | None:
    moment = moment_of(text)
    if moment is None or moment.at is None:
        return None
    return moment.at if moment.at.tzinfo else moment.at.replace(tzinfo=UTC)
