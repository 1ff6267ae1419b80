"""The chapter of serum creatinine: the newest usable one, and all before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from cds_service.base.kinds import RequestText
from cds_service.facts.results import KEYS, Reading, Results
from cds_service.facts.told import NOW, Number
from cds_service.facts.window import readings, within
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import File

__all__ = ["ANALYTES", "KEYS", "LOOK_BACK", "Creatinine", "CreatininesGiven", "creatinine", "explained"]

ANALYTES = ("creatinine",)
LOOK_BACK = {"laboratory": "renal", "measurements": "renal"}


@dataclass(frozen=True, slots=True)
class Creatinine:
    """``history``: all usable ones on record, newest first; mg/dL."""

    look_back_days: int
    history: tuple[Reading, ...]
    today: date

    @property
    def newest(self) -> Reading | None:
        """The newest usable one, of any age."""
        return self.history[0] if self.history else None

    @property
    def current(self) -> Reading | None:
        """The newest, where it lies in the look-back of renal function."""
        newest = self.newest
        return newest if newest and within(newest.when, self.today, self.look_back_days) else None


def creatinine(results: Results, today: date, measurements: Measurements) -> Creatinine:
    """``results``: by analyte, newest first."""
    return Creatinine(measurements.days("renal"), readings(results, "creatinine"), today)


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
        history = [_told(each, number) for number, each in enumerate(self.creatinines)]
        return Creatinine(28, tuple(sorted(history, key=lambda r: r.when, reverse=True)), NOW.date())


def _told(given: CreatinineGiven, number: int) -> Reading:
    return Reading(
        analyte="creatinine",
        value=Fraction(given.mg_dl),
        unit="mg/dL",
        shown=RequestText(f"{given.mg_dl} mg/dL"),
        when=NOW.date() - timedelta(days=given.days_ago),
        ref=RequestText(f"Observation/creatinine-{number}"),
    )
