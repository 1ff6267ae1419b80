"""The chapter of calcium. Its status: which result counts, and whether it is low or high. Exact arithmetic, mmol/L.

The newest day of the window counts; of one day an ionised calcium comes before an albumin-corrected one as reported,
and that before a total calcium, which is corrected where an albumin of the window allows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from cds_service.base.kinds import Missing, RequestText
from cds_service.base.numbers import plain_number
from cds_service.facts.diagnoses import KEYS as DIAGNOSIS_KEYS
from cds_service.facts.diagnoses import Diagnoses
from cds_service.facts.renal import ProblemGiven
from cds_service.facts.results import Reading, Results, Sourced
from cds_service.facts.told import Number, ago
from cds_service.facts.window import newer_unusable, newest, problem_list, reasons, since
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import File

KEYS = ("laboratory",)
HYPERCALCAEMIA_KEYS = (*KEYS, *DIAGNOSIS_KEYS)
LOOK_BACK = {"laboratory": "calcium"}

Kind = Literal["ionised", "corrected-reported", "corrected-computed", "total-uncorrected"]

# Payne RB, Little AJ, Williams RB, Evans JR. Interpretation of serum calcium in patients with abnormal serum proteins.
# Br Med J 1973;4:643-646; in the customary form: total + 0.8 x (4.0 - albumin), calcium in mg/dL, albumin in g/dL.
CORRECTION_PER_ALBUMIN = Fraction("0.8")
CORRECTION_ALBUMIN = Fraction(4)

ANALYTES = ("calcium-ionised", "calcium-corrected", "calcium-total")
ALL_ANALYTES = (*ANALYTES, "albumin")
# Which default range a value is held against when the result brings none.
RANGE_OF: dict[Kind, str] = {
    "ionised": "calcium-ionised",
    "corrected-reported": "calcium-corrected",
    "corrected-computed": "calcium-corrected",
    "total-uncorrected": "calcium-total",
}


CalciumLevel = Literal["low", "normal", "high"]


@dataclass(frozen=True, slots=True)
class Calcium:
    """Calcium status in the look-back window. ``level`` is None when no result is usable (``problems`` says why)."""

    look_back_days: int
    level: CalciumLevel | None
    kind: Kind | None = None
    value: Fraction | None = None  # canonical unit
    unit: str | None = None
    when: date | None = None
    ref: RequestText | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    range_origin: Literal["result", "default"] | None = None
    inputs: tuple[Sourced, ...] = ()
    preliminary: bool = False
    newer: tuple[Missing, ...] = ()  # newer results that could not be used
    problems: tuple[Missing, ...] = ()


def calcium(results: Results, today: date, measurements: Measurements) -> Calcium:
    """Calcium status of the look-back window ending today. ``results``: by analyte, newest first. Never raises."""
    days = measurements.days("calcium")
    chosen = _chosen(results, today, days, measurements)
    if chosen is None:
        return Calcium(days, None, problems=tuple(_problems(results, today, days)))
    reading, albumin = chosen.reading, chosen.albumin
    low, high, origin = _range(reading, measurements, RANGE_OF[chosen.kind])
    inputs = (Sourced("calcium-total", reading.value, reading.unit, reading),) if albumin else ()
    return Calcium(
        look_back_days=days,
        level=level(chosen.value, low, high),
        kind=chosen.kind,
        value=chosen.value,
        unit=reading.unit,
        when=reading.when,
        ref=reading.ref,
        low=low,
        high=high,
        range_origin=origin,
        inputs=(*inputs, *((Sourced("albumin", albumin.value, albumin.unit, albumin),) if albumin else ())),
        preliminary=reading.preliminary or (albumin is not None and albumin.preliminary),
        newer=tuple(m for a in ANALYTES for m in newer_unusable("calcium", a, results, reading.when, today)),
    )


def level(value: Fraction, low: Fraction, high: Fraction) -> CalciumLevel:
    """Low below the range, high above it; both its ends are normal."""
    if value < low:
        return "low"
    return "high" if value > high else "normal"


def corrected(total: Fraction, albumin: Fraction, measurements: Measurements) -> Fraction:
    """Albumin-corrected calcium; calcium in and out in its canonical unit, albumin in its own."""
    per_mg_dl = measurements.analytes["calcium-total"].factor("mg/dL")
    albumin_g_dl = albumin / measurements.analytes["albumin"].factor("g/dL")
    return total + CORRECTION_PER_ALBUMIN * (CORRECTION_ALBUMIN - albumin_g_dl) * per_mg_dl


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The result that counts; ``value`` differs from it where an albumin corrects it."""

    kind: Kind
    reading: Reading
    value: Fraction
    albumin: Reading | None = None


def _chosen(results: Results, today: date, days: int, measurements: Measurements) -> _Chosen | None:
    found = [reading for analyte in ANALYTES if (reading := newest(results, analyte, today, days))]
    # max keeps the first of equals: ANALYTES is the precedence within one day.
    reading = max(found, key=lambda r: r.when, default=None)
    if reading is None:
        return None
    if reading.analyte == "calcium-ionised":
        return _Chosen("ionised", reading, reading.value)
    if reading.analyte == "calcium-corrected":
        return _Chosen("corrected-reported", reading, reading.value)
    return _of_total(reading, results, today, days, measurements)


def _of_total(total: Reading, results: Results, today: date, days: int, measurements: Measurements) -> _Chosen:
    albumin = _albumin_for(total, results, today, days)
    if albumin is None:
        return _Chosen("total-uncorrected", total, total.value)
    return _Chosen("corrected-computed", total, corrected(total.value, albumin.value, measurements), albumin)


def _albumin_for(total: Reading, results: Results, today: date, days: int) -> Reading | None:
    """The albumin of the window taken nearest to the calcium; of two as near, the newer."""
    usable = list(since(results, "albumin", today, days))
    return min(usable, key=lambda r: abs((r.when - total.when).days), default=None)


def _range(
    reading: Reading, measurements: Measurements, analyte: str
) -> tuple[Fraction, Fraction, Literal["result", "default"]]:
    """The range to compare with: the result's own bounds, the default for a bound it lacks.

    It is called the result's own only when both bounds are; a bound that would lie beyond the other's default is no
    range, and the default stands.
    """
    reference = measurements.analytes[analyte].reference
    assert reference is not None, "the loader refuses a calcium without a default range"
    low, high = reference.exact
    if reading.low is not None and reading.high is not None:
        return reading.low, reading.high, "result"
    own_low, own_high = reading.low or low, reading.high or high
    return (own_low, own_high, "default") if own_low < own_high else (low, high, "default")


def _problems(results: Results, today: date, days: int) -> Iterator[Missing]:
    found = [reason for analyte in ANALYTES for reason in reasons("calcium", analyte, results, today, days)]
    yield from found or [Missing("calcium", "not-on-record")]


def hypercalcaemic(calcium: Calcium, diagnoses: Diagnoses) -> bool:
    """Calcium high in the look-back; without any usable result, an active diagnosis. A result outranks a code."""
    if calcium.level is not None:
        return calcium.level == "high"
    return diagnoses.has("hypercalcaemia")


def explained(calcium: Calcium) -> Iterator[str]:
    """The line of ``--explain``."""
    if calcium.level and calcium.value is not None:
        value = f"{plain_number(calcium.value, 2)} {calcium.unit}"
        yield f"calcium {calcium.level}: {value} ({calcium.kind}, {calcium.when})"
    else:
        yield f"calcium unknown: {problem_list(calcium.problems)}"


class OneCalciumGiven(File, frozen=True):
    level: CalciumLevel | None
    mmol_l: Number = Decimal("2.30")
    kind: Kind = "corrected-reported"
    days_ago: int = 1


class CalciumGiven(File, frozen=True):
    """What a case may say of calcium."""

    calcium: OneCalciumGiven = OneCalciumGiven(level="normal")
    calcium_problems: list[ProblemGiven] = []

    def told(self) -> Calcium:
        one = self.calcium
        if one.level is None:
            problems = tuple(p.told() for p in self.calcium_problems)
            return Calcium(28, None, problems=problems or (Missing("calcium", "not-on-record"),))
        return Calcium(
            look_back_days=28,
            level=one.level,
            kind=one.kind,
            value=Fraction(one.mmol_l),
            unit="mmol/L",
            when=ago(one.days_ago),
            ref=RequestText("Observation/calcium"),
            low=Fraction("2.11"),
            high=Fraction("2.52"),
            range_origin="result",
        )
