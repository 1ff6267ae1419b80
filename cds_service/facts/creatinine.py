"""The chapter of serum creatinine: the newest usable one, and all before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import dropwhile, islice, takewhile

from cds_service.base.kinds import RequestText
from cds_service.facts.explained import Basis, Fact, Input
from cds_service.facts.results import KEYS, Reading, Result, Results
from cds_service.facts.told import NOW, Number
from cds_service.facts.window import within
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import File

__all__ = [
    "ANALYTES",
    "BASIS",
    "KEYS",
    "LOOK_BACK",
    "Creatinine",
    "CreatininesGiven",
    "Rise",
    "creatinine",
    "explained",
    "in_unit",
]

ANALYTES = ("creatinine",)
LOOK_BACK = {"laboratory": "renal", "measurements": "renal"}
BASIS = Basis(windows=("renal",))
# A chart may hold hundreds; these are enough to see where it goes.
TOLD = 10


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

    def since(self, day: date) -> Iterator[Reading]:
        """Those taken after a day, newest first."""
        return takewhile(lambda r: r.when > day, self.history)


def in_unit(reading: Reading, like: Reading) -> Fraction:
    """A creatinine in the laboratory's unit of another one."""
    if reading.lab_unit == like.lab_unit:
        return reading.lab
    return reading.value * like.lab / like.value


@dataclass(frozen=True, slots=True)
class Rise:
    """A rise of creatinine; numbers in the unit in which the laboratory reports now.

    ``before``: the baseline; ``bound``: from which on a baseline is abnormal.
    """

    baseline: Reading
    current: Reading
    before: Fraction
    limit: Fraction
    bound: Fraction

    @property
    def amount(self) -> Fraction:
        return self.current.lab - self.before

    @property
    def reached(self) -> bool:
        return self.amount >= self.limit


def creatinine(results: Results, today: date, measurements: Measurements) -> Creatinine:
    """``results``: by analyte, newest first."""
    return Creatinine(measurements.days("renal"), results.get("creatinine", ()), today)


def explained(creatinine: Creatinine) -> Iterator[Fact]:
    """The newest ones; that there is none is told with the clearance."""
    newest = creatinine.newest
    if newest:
        told = tuple(islice(creatinine.history, TOLD))
        data = {"newest": newest, "current": creatinine.current, "earlier": told[1:], "days": creatinine.look_back_days}
        yield Fact.of("creatinine", newest, data, tuple(Input.of("creatinine", r) for r in told), BASIS.windows)


UMOL_PER_MG = Fraction("88.4")  # of cases; records are read with cards/measurements.yaml


class CreatinineGiven(File, frozen=True):
    """In one of the two units."""

    days_ago: int
    mg_dl: Number | None = None
    umol_l: Number | None = None


class CreatininesGiven(File, frozen=True):
    """What a case may say of creatinines."""

    creatinines: list[CreatinineGiven] = []

    def told(self) -> Creatinine:
        told = [_told(each, number) for number, each in enumerate(self.creatinines)]
        newest_first = sorted(told, key=lambda reading: reading.when, reverse=True)
        return Creatinine(28, tuple(newest_first), NOW.date())


def _told(given: CreatinineGiven, number: int) -> Reading:
    own = None if given.umol_l is None else Fraction(given.umol_l)
    value = Fraction(given.mg_dl or 0) if own is None else own / UMOL_PER_MG
    return Reading(
        analyte="creatinine",
        value=value,
        unit="mg/dL",
        shown=f"{given.mg_dl} mg/dL" if own is None else f"{given.umol_l} μmol/L",
        when=NOW.date() - timedelta(days=given.days_ago),
        ref=RequestText(f"Observation/creatinine-{number}"),
        own=own,
        own_unit="" if own is None else "umol/L",
    )
