"""The chapter of spinal instability: the newest score of it (SINS). The diagnosis stands in the skeleton."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from cds_service.base.kinds import RequestText
from cds_service.facts.explained import Basis, Fact, reference
from cds_service.facts.scored import Scores
from cds_service.facts.told import ago
from cds_service.facts.window import within
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import File

KEYS = ("observations",)
SCORE = "sins"
# As long as the performance status: both are judged anew at every visit.
LOOK_BACK = {"observations": "function"}
BASIS = Basis(limits=("sins-top",))


@dataclass(frozen=True, slots=True)
class Sins:
    """A whole number of the scale."""

    value: int
    when: date
    ref: RequestText


@dataclass(frozen=True)
class Instability:
    sins: Sins | None


def instability(scores: Scores, today: date, measurements: Measurements) -> Instability:
    """The newest usable one of the window; above the top of the scale it is none."""
    days, top = measurements.days(LOOK_BACK["observations"]), measurements.limit("sins-top", "1")
    for score in scores.get(SCORE, ()):
        number = score.number
        if score.why or number is None or number.denominator != 1 or not 0 <= number <= top:
            continue
        if score.when and within(score.when, today, days):
            return Instability(Sins(int(number), score.when, score.ref))
    return Instability(None)


def explained(found: Instability) -> Iterator[Fact]:
    """The score that counts."""
    if sins := found.sins:
        windows, value = tuple(LOOK_BACK.values()), Fraction(sins.value)
        ref, data = reference(sins.ref), {"sins": sins}
        yield Fact("instability", data, value, "1", sins.when, ref, windows=windows, limits=BASIS.limits)


class InstabilityGiven(File, frozen=True):
    """What a case may say of it."""

    sins: int | None = None
    sins_days_ago: int = 2

    def told(self, window: int) -> Instability:
        when = ago(self.sins_days_ago)
        if self.sins is None or when is None or self.sins_days_ago > window:
            return Instability(None)
        return Instability(Sins(self.sins, when, RequestText("Observation/sins")))
