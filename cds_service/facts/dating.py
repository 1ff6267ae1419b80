"""When a result was taken, told by the clock of whoever wrote it.

Which date: ``fhir.when``; the first one that is stated decides, also when it cannot be read. A time without a zone is
in the zone of the record's other results, else in the server's.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import cached_property

import msgspec

from cds_service.fhir.dates import moment_of
from cds_service.fhir.structs import Observation
from cds_service.fhir.when import stated

MONTHS = 12
_PART = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2]))?")


class Dated(msgspec.Struct, frozen=True, gc=False):  # a Struct: one is made for every result
    """When a result was taken. ``unusable`` says why the day does not let it count; ``ahead``: it is after now.
    ``until``: the last day it may have been, where only its month or year is stated."""

    day: date | None
    at: datetime | None
    unusable: str | None = None
    ahead: bool = False
    until: date | None = None


class Dating:
    """The dates of one record's results. ``now`` is aware; ``hours``: how far clocks may differ."""

    def __init__(self, coded: Mapping[bytes, Sequence[Observation]], now: datetime, hours: int) -> None:
        self._coded, self._now, self._latest = coded, now, now + timedelta(hours=hours)
        self._today = now.date()

    def of(self, observation: Observation) -> Dated:
        """A result up to ``hours`` after now counts as of now; one farther ahead is named as unusable."""
        told = stated(observation)
        if not told:
            return Dated(None, None, "undated")
        moment = moment_of(told)
        if moment is None:
            return Dated(None, None, "date-imprecise", until=_last_day(told))
        day, at = moment
        if at is not None and at.tzinfo is None:
            at = at.replace(tzinfo=self._zone)
        ahead = at > self._now if at is not None else day > self._today
        if ahead and (at > self._latest if at is not None else day > self._latest.date()):
            return Dated(day, at, "after-now")
        # Past by the clock, but already tomorrow where it was written: it cannot be newer than today.
        return Dated(min(day, self._today), at, None, ahead)

    @cached_property
    def _zone(self) -> tzinfo | None:
        """The commonest zone of the record; of two as common, the western."""
        found = Counter(_zones(o for same in self._coded.values() for o in same))
        if not found:
            return self._now.tzinfo
        most = max(found.values())
        return timezone(min(zone for zone, times in found.items() if times == most))


def _last_day(told: str) -> date | None:
    """The last day of a year or a month; None for what is neither."""
    if _PART.fullmatch(told) is None or told.startswith("0000"):
        return None
    year, _, month = told.partition("-")
    last = int(month or MONTHS)
    return date(int(year), last, monthrange(int(year), last)[1])


def _zones(observations: Iterable[Observation]) -> Iterable[timedelta]:
    for observation in observations:
        moment = moment_of(stated(observation))
        offset = moment.at.utcoffset() if moment and moment.at else None
        if offset is not None:
            yield offset
