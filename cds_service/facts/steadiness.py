"""The chapter of steadiness: a creatinine that moves gives no clearance, so no dose.

Unsteady: an acute kidney injury on record, or the newest creatinine and one of the days before it that differ too much.
An injury that has stood on the list for long is over when two recent creatinines agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from cds_service.base.numbers import compare
from cds_service.facts.creatinine import KEYS as CREATININE_KEYS
from cds_service.facts.creatinine import LOOK_BACK, Creatinine, in_unit
from cds_service.facts.diagnoses import KEYS as DIAGNOSIS_KEYS
from cds_service.facts.diagnoses import Diagnoses, Diagnosis
from cds_service.facts.explained import Basis, Fact, Input, reference
from cds_service.facts.results import Reading
from cds_service.facts.window import within
from cds_service.knowledge.measurements import Measurements

__all__ = ["BASIS", "KEYS", "LOOK_BACK", "Unsteady", "agree", "explained", "unsteady"]

KEYS = (*CREATININE_KEYS, *DIAGNOSIS_KEYS)
BASIS = Basis(
    windows=("unsteady", "injury", "injury-creatinines"),
    limits=("unsteady-change", "creatinine-steady"),
)


@dataclass(frozen=True, slots=True)
class Unsteady:
    """Why creatinine is not steady. ``pair``: the newest and the older one; ``change``: a share of the older."""

    injury: Diagnosis | None
    pair: tuple[Reading, Reading] | None
    days: int  # within which two are compared
    limit: Fraction  # a share

    @property
    def change(self) -> Fraction | None:
        return _change(*self.pair) if self.pair else None


def unsteady(creatinine: Creatinine, diagnoses: Diagnoses, today: date, measurements: Measurements) -> Unsteady | None:
    """None: steady, as far as is known."""
    days, limit = measurements.days("unsteady"), measurements.limit("unsteady-change", "%") / 100
    injury = _injury(creatinine, diagnoses, today, measurements)
    pair = _moving(creatinine, days, limit)
    return Unsteady(injury, pair, days, limit) if injury or pair else None


def agree(readings: tuple[Reading, ...], measurements: Measurements) -> bool:
    """Whether these creatinines, newest first, lie within the steady difference of each other, in the newest's unit."""
    values = [in_unit(r, readings[0]) for r in readings]
    return max(values) - min(values) <= measurements.limit("creatinine-steady", readings[0].lab_unit)


def _injury(creatinine: Creatinine, diagnoses: Diagnoses, today: date, measurements: Measurements) -> Diagnosis | None:
    """The kidney injury that stands; an old one beside two recent creatinines that agree is over."""
    found = diagnoses.found("acute-kidney-injury")
    recent = [i for i in found if i.when is None or within(i.when, today, measurements.days("injury"))]
    if recent or not found:
        return recent[0] if recent else None
    window = measurements.days("injury-creatinines")
    two = tuple(r for _, r in zip(range(2), creatinine.history, strict=False) if within(r.when, today, window))
    return None if len(two) == 2 and agree(two, measurements) else found[0]


def _moving(creatinine: Creatinine, days: int, limit: Fraction) -> tuple[Reading, Reading] | None:
    """The newest creatinine of the look-back and one of the days before it that differs by more than the limit."""
    newest = creatinine.current
    if newest is None:
        return None
    # The change is a share of the older one: between these it is within the limit.
    least = newest.value / (1 + limit)
    most = newest.value / (1 - limit) if limit < 1 else None
    for older in creatinine.before(newest, days):
        if compare(older.value, least) < 0 or (most is not None and compare(older.value, most) > 0):
            return newest, older
    return None


def _change(newest: Reading, older: Reading) -> Fraction:
    """The difference as a share of the older value."""
    return abs(newest.value - older.value) / older.value


def explained(found: Unsteady | None) -> Iterator[Fact]:
    """Why creatinine is not steady; nothing where it is, as far as is known."""
    if found and found.injury:
        injury, windows, limits = found.injury, BASIS.windows[1:], BASIS.limits[1:]
        ref = reference(injury.ref)
        yield Fact("unsteady-injury", {"injury": injury}, when=injury.when, ref=ref, windows=windows, limits=limits)
    if found and found.pair and found.change is not None:
        newest, older = found.pair
        yield Fact(
            "unsteady-change",
            {"newest": newest, "older": older, "change": found.change * 100},
            found.change * 100,
            "%",
            newest.when,
            reference(newest.ref),
            (Input.of("creatinine", newest), Input.of("creatinine", older)),
            windows=BASIS.windows[:1],
            limits=BASIS.limits[:1],
        )
