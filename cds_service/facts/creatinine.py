"""The chapter of serum creatinine: the newest usable one, and all before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import dropwhile, islice, takewhile

from cds_service.base.kinds import RequestText
from cds_service.facts.results import KEYS, Reading, Result, Results
from cds_service.facts.told import NOW, Number
from cds_service.facts.window import within
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import File

__all__ = ["ANALYTES", "KEYS", "LOOK_BACK", "Creatinine", "CreatininesGiven", "creatinine", "explained"]

ANALYTES = ("creatinine",)
LOOK_BACK = {"laboratory": "renal", "measurements": "renal"}


@dataclass(frozen=True, slots=True)
class Creatinine:
    """The usable ones on record, newest first; mg/dL. Older ones are read only when they are asked for."""

    look_back_days: int
    results: Sequence[Result]
    today: date

    @property
    def history(self) -> Iterator[Reading]:
        """All of them, of any age."""
        return (r for r in self.results if isinstance(r, Reading))

    @property
    def newest(self) -> Reading | None:
        return next(self.history, None)

    @property
    def current(self) -> Reading | None:
        """The newest, where it lies in the look-back of renal function."""
        newest = self.newest
        return newest if newest and within(newest.when, self.today, self.look_back_days) else None

    def before(self, reading: Reading, days: int) -> Iterator[Reading]:
        """Those older than a reading by at most so many days, newest first."""
        older = dropwhile(lambda r: r is not reading, self.history)
        return takewhile(lambda r: (reading.when - r.when).days <= days, islice(older, 1, None))


def creatinine(results: Results, today: date, measurements: Measurements) -> Creatinine:
    """``results``: by analyte, newest first."""
    return Creatinine(measurements.days("renal"), results.get("creatinine", ()), today)


def explained(_: Creatinine) -> Iterator[str]:
    """Told with the clearance."""
    yield from ()


class CreatinineGiven(File, frozen=True):
    mg_dl: Number
    days_ago: int


class CreatininesGiven(File, frozen=True):
    """What a case may say of creatinines."""

    creatinines: list[CreatinineGiven] = []

    def told(self) -> Creatinine:
        told = [_told(each, number) for number, each in enumerate(self.creatinines)]
        newest_first = sorted(told, key=lambda reading: reading.when, reverse=True)
        return Creatinine(28, tuple(newest_first), NOW.date())


def _told(given: CreatinineGiven, number: int) -> Reading:
    return Reading(
        analyte="creatinine",
        value=Fraction(given.mg_dl),
        unit="mg/dL",
        shown=RequestText(f"{given.mg_dl} mg/dL"),
        when=NOW.date() - timedelta(days=given.days_ago),
        ref=RequestText(f"Observation/creatinine-{number}"),
    )
