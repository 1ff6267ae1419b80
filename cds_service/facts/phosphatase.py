"""The chapter of alkaline phosphatase: whether the newest result lies above the range that its laboratory sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from cds_service.base.kinds import RequestText
from cds_service.facts.explained import Fact
from cds_service.facts.results import Reading, Results
from cds_service.facts.told import Number, ago, exact
from cds_service.facts.window import newest
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import File

KEYS = ("laboratory",)
ANALYTE = "alkaline-phosphatase"
LOOK_BACK = {"laboratory": ANALYTE}


@dataclass(frozen=True, slots=True)
class Phosphatase:
    """The newest usable result in the window; ``raised`` is unknown without a result, or without its own range."""

    reading: Reading | None

    @property
    def raised(self) -> Literal["yes", "no", "unknown"]:
        if self.reading is None or self.reading.high is None:
            return "unknown"
        return "yes" if self.reading.value > self.reading.high else "no"


def phosphatase(results: Results, today: date, measurements: Measurements) -> Phosphatase:
    return Phosphatase(newest(results, ANALYTE, today, measurements.days(ANALYTE)))


def explained(found: Phosphatase) -> Iterator[Fact]:
    """The result that counts, and whether it is raised."""
    if found.reading:
        data = {"reading": found.reading, "raised": found.raised}
        yield Fact.of(ANALYTE, found.reading, data, windows=tuple(LOOK_BACK.values()))


class PhosphataseGiven(File, frozen=True):
    """What a case may say of it, in U/L; without ``alp_high`` the result has no range."""

    alp: Number | None = None
    alp_high: Number | None = None
    alp_days_ago: int = 1

    def told(self, window: int) -> Phosphatase:
        value, when = exact(self.alp), ago(self.alp_days_ago)
        if value is None or when is None or self.alp_days_ago > window:
            return Phosphatase(None)
        low = Fraction(0) if self.alp_high is not None else None
        ref = RequestText("Observation/alp")
        return Phosphatase(
            Reading(ANALYTE, value, "U/L", f"{self.alp} U/L", when, ref, low=low, high=exact(self.alp_high))
        )
