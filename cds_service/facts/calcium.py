"""The chapter of calcium. Its status: which result counts, and whether it is low or high. Exact arithmetic, mmol/L.

The newest day of the window counts; of one day an ionised calcium comes before an albumin-corrected one as reported,
and that before a total calcium, which is corrected where an albumin of the window allows it.

A total within its range that only a high albumin corrects to below it is no low calcium until the corrected one is
below the limit of the second grade: the formula restores to 40 g/L, the range comes from people above it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from cds_service.base.kinds import Missing, RequestText
from cds_service.base.numbers import compare
from cds_service.facts.calcium_kinds import LIMITS as KIND_LIMITS
from cds_service.facts.calcium_kinds import UNSTATED, concluded, told_apart
from cds_service.facts.diagnoses import KEYS as DIAGNOSIS_KEYS
from cds_service.facts.diagnoses import Diagnoses
from cds_service.facts.explained import Basis, Fact, Input, reference
from cds_service.facts.results import Reading, Results, Sourced
from cds_service.facts.window import newer_unusable, newest, reasons, since
from cds_service.knowledge.measurements import Measurements

KEYS = ("laboratory",)
HYPERCALCAEMIA_KEYS = (*KEYS, *DIAGNOSIS_KEYS)
LOOK_BACK = {"laboratory": "calcium"}
BASIS = Basis(
    windows=("calcium",),
    limits=(
        *("calcium-corrected-low", "calcium-ionised-low", "calcium-total-low"),
        *("calcium-corrected-high", "calcium-ionised-high", "calcium-total-high"),
        *(*KIND_LIMITS, "albumin-restored"),
    ),
    formulas=("calcium-correction",),
)

Kind = Literal["ionised", "corrected-reported", "corrected-computed", "total-uncorrected"]

# Payne RB, Little AJ, Williams RB, Evans JR. Interpretation of serum calcium in patients with abnormal serum proteins.
# Br Med J 1973;4:643-646; in the customary form: total + 0.8 x (4.0 - albumin), calcium in mg/dL, albumin in g/dL.
CORRECTION_PER_ALBUMIN = Fraction("0.8")
CORRECTION_ALBUMIN = Fraction(4)

ANALYTES = ("calcium-ionised", "calcium-corrected", "calcium-total")
ALL_ANALYTES = (*ANALYTES, UNSTATED, "albumin")
# Which default range a value is held against when the result brings none.
RANGE_OF: dict[Kind, str] = {
    "ionised": "calcium-ionised",
    "corrected-reported": "calcium-corrected",
    "corrected-computed": "calcium-corrected",
    "total-uncorrected": "calcium-total",
}


CalciumLevel = Literal["low", "normal", "high"]


# Not measured, or not lately.
NOT_THERE = frozenset({"not-on-record", "too-old"})


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
    uncorrected: tuple[Missing, ...] = ()  # albumins that could not be used, where a total counts as it is
    problems: tuple[Missing, ...] = ()
    severe: bool = False  # low or high beyond the first grade (``limits`` of cards/measurements.yaml)
    downward: bool = False  # the measured total is within its range, only the correction makes it low
    lab: Fraction | None = None  # ``value`` in the laboratory's unit
    lab_unit: str = ""
    reading: Reading | None = None  # the result that counts
    albumin: Reading | None = None  # that corrects it
    concluded: bool = False  # whether it is total or ionised was concluded; its name does not say

    @property
    def unread(self) -> tuple[Missing, ...]:
        """The results that are there, cannot be read and might tell another level; one too old is none of them."""
        return tuple(m for m in (*self.problems, *self.newer, *self.uncorrected) if m.why not in NOT_THERE)


def calcium(found: Results, today: date, measurements: Measurements) -> Calcium:
    """Calcium status of the look-back window ending today. ``found``: by analyte, newest first. Never raises."""
    days, results = measurements.days("calcium"), told_apart(found, measurements)
    chosen = _chosen(results, today, days, measurements)
    if chosen is None:
        return Calcium(days, None, problems=tuple(_problems(results, today, days)))
    reading, albumin = chosen.reading, chosen.albumin
    low, high, origin = _range(reading, measurements, RANGE_OF[chosen.kind])
    lab = reading.lab * chosen.value / reading.value if albumin else reading.lab
    level, severe, downward = judged(chosen, lab, (low, high), measurements)
    inputs = (Sourced("calcium-total", reading.value, reading.unit, reading),) if albumin else ()
    return Calcium(
        look_back_days=days,
        level=level,
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
        newer=tuple(m for a in ANALYTES for m in newer_unusable("calcium", a, results, reading.when, reading.at)),
        uncorrected=_uncorrected(chosen, results, today, days),
        severe=severe,
        downward=downward,
        lab=lab,
        lab_unit=reading.lab_unit,
        reading=reading,
        albumin=albumin,
        concluded=concluded(reading, found),
    )


def _uncorrected(chosen: Chosen, results: Results, today: date, days: int) -> tuple[Missing, ...]:
    """Why a total was not corrected, although an albumin is on record."""
    return tuple(reasons("albumin", "albumin", results, today, days)) if chosen.kind == "total-uncorrected" else ()


# By which limits each kind is graded.
GRADED_AS: dict[Kind, str] = {
    "ionised": "ionised",
    "corrected-reported": "corrected",
    "corrected-computed": "corrected",
    "total-uncorrected": "total",
}


def judged(
    chosen: Chosen, lab: Fraction, normal: tuple[Fraction, Fraction], measurements: Measurements
) -> tuple[CalciumLevel, bool, bool]:
    """Level, whether it is severe, and whether only a correction makes it low. ``lab``: in the reading's unit."""
    low, high = normal
    found = level(chosen.value, low, high)
    if found == "normal":
        return found, False, False
    limit = _limit(f"calcium-{GRADED_AS[chosen.kind]}-{found}", chosen.reading.lab_unit, measurements)
    severe = lab < limit if found == "low" else lab > limit
    if found == "low" and chosen.corrects_down(low, measurements):
        return ("low" if severe else "normal"), False, True
    return found, severe, False


def _limit(name: str, unit: str, measurements: Measurements) -> Fraction:
    """The limit in the laboratory's unit; where its source prints none in it, its number in mmol/L turned into it."""
    try:
        return measurements.limit(name, unit)
    except KeyError:
        return measurements.limit(name, "mmol/L") / measurements.analytes["calcium-total"].factor(unit)


def level(value: Fraction, low: Fraction, high: Fraction) -> CalciumLevel:
    """Low below the range, high above it; both its ends are normal."""
    if compare(value, low) < 0:
        return "low"
    return "high" if compare(value, high) > 0 else "normal"


def corrected(total: Fraction, albumin: Fraction, measurements: Measurements) -> Fraction:
    """Albumin-corrected calcium; calcium in and out in its canonical unit, albumin in its own."""
    per_mg_dl = measurements.analytes["calcium-total"].factor("mg/dL")
    albumin_g_dl = albumin / measurements.analytes["albumin"].factor("g/dL")
    return total + CORRECTION_PER_ALBUMIN * (CORRECTION_ALBUMIN - albumin_g_dl) * per_mg_dl


@dataclass(frozen=True, slots=True)
class Chosen:
    """The result that counts; ``value`` differs from it where an albumin corrects it."""

    kind: Kind
    reading: Reading
    value: Fraction
    albumin: Reading | None = None

    def corrects_down(self, low: Fraction, measurements: Measurements) -> bool:
        """Whether the total itself is not below ``low``, and its albumin is above what the correction restores to."""
        if self.albumin is None or self.reading.value < low:
            return False
        return self.albumin.value > measurements.limit("albumin-restored", "g/L")


def _chosen(results: Results, today: date, days: int, measurements: Measurements) -> Chosen | None:
    found = [reading for analyte in ANALYTES if (reading := newest(results, analyte, today, days))]
    # max keeps the first of equals: ANALYTES is the precedence within one day.
    reading = max(found, key=lambda r: r.when, default=None)
    if reading is None:
        return None
    if reading.analyte == "calcium-ionised":
        return Chosen("ionised", reading, reading.value)
    if reading.analyte == "calcium-corrected":
        return Chosen("corrected-reported", reading, reading.value)
    return _of_total(reading, results, today, days, measurements)


def _of_total(total: Reading, results: Results, today: date, days: int, measurements: Measurements) -> Chosen:
    albumin = _albumin_for(total, results, today, days)
    if albumin is None:
        return Chosen("total-uncorrected", total, total.value)
    return Chosen("corrected-computed", total, corrected(total.value, albumin.value, measurements), albumin)


def _albumin_for(total: Reading, results: Results, today: date, days: int) -> Reading | None:
    """The albumin of the window taken nearest to the calcium; of two as near, the newer."""
    usable = list[Reading]()
    for reading in since(results, "albumin", today, days):
        usable.append(reading)
        if reading.when <= total.when:
            break  # those before it are farther away, and stay unread
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


def explained(calcium: Calcium) -> Iterator[Fact]:
    """The calcium that counts and what it is judged by, or why there is none."""
    if calcium.level is None or calcium.reading is None or calcium.kind is None:
        yield Fact("calcium-unknown", {"problems": calcium.problems}, windows=BASIS.windows)
        return
    inputs = tuple(map(Input.sourced, calcium.inputs)) or (Input.of("calcium", calcium.reading),)
    graded = tuple(name for name in BASIS.limits if name.startswith(f"calcium-{GRADED_AS[calcium.kind]}-"))
    yield Fact(
        "calcium",
        {"calcium": calcium},
        calcium.value,
        calcium.unit,
        calcium.when,
        reference(calcium.ref),
        inputs,
        formula="calcium-correction" if calcium.albumin else None,
        windows=BASIS.windows,
        limits=(*graded, *(KIND_LIMITS if calcium.concluded else ()), *(BASIS.limits[-1:] if calcium.albumin else ())),
    )
