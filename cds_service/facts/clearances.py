"""Creatinine clearances (mL/min), each as a result tells it or as a formula computes it, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Literal

from cds_service.base.kinds import Elapsed, Missing, RequestText
from cds_service.facts.diagnoses import Diagnoses
from cds_service.facts.formulas import COCKCROFT_GAULT_AGE, EGFR_SURFACE, cockcroft_gault, mosteller, other_weights
from cds_service.facts.patient import PatientFacts
from cds_service.facts.results import Reading, Results, Sourced
from cds_service.facts.window import newest, readings
from cds_service.fhir.dates import age_on
from cds_service.knowledge.measurements import Measurements

ADULT = 18
ClearanceMethod = Literal["measured", "reported", "cockcroft-gault", "de-indexed-egfr"]


@dataclass(frozen=True, slots=True)
class Clearance:
    """A creatinine clearance in mL/min and how it was come by."""

    value: Fraction
    method: ClearanceMethod
    when: date
    ref: RequestText
    inputs: tuple[Sourced, ...] = ()
    preliminary: bool = False
    # Cockcroft-Gault with the ideal and the adjusted body weight, where height allows: weight name -> mL/min.
    by_other_weight: tuple[tuple[str, Fraction], ...] = ()
    newer: tuple[Missing, ...] = ()  # newer results that could not be used
    ahead: bool = False  # a result it rests on is dated after now
    weight_age: Elapsed | None = None  # days, where the weight is old enough to be told
    at: datetime | None = None  # time of day of the result it rests on, where stated

    def input(self, name: str) -> Sourced:
        """The input of the formula with this name. Raises ``StopIteration`` for another."""
        return next(i for i in self.inputs if i.name == name)


class Body:
    """What formulas need of the patient's body."""

    def __init__(
        self,
        results: Results,
        patient: PatientFacts,
        diagnoses: Diagnoses,
        today: date,
        measurements: Measurements,
    ) -> None:
        self.sex, self.birth = patient.sex, patient.birth_date
        self.weight_days = measurements.days("weight")
        self.weight = newest(results, "body-weight", today, self.weight_days)
        if self.weight and _lost_since(self.weight.when, diagnoses):
            self.weight_days = min(self.weight_days, measurements.days("weight-lost"))
            self.weight = newest(results, "body-weight", today, self.weight_days)
        age = (today - self.weight.when).days if self.weight else 0
        self.weight_age = Elapsed(age) if age >= measurements.days("weight-told") else None
        heights = readings(results, "body-height")
        self.height = next((h for h in heights if not self.child_on(h.when)), None)

    def age_on(self, day: date) -> int | None:
        return None if self.birth is None else age_on(self.birth, day)

    def child_on(self, day: date) -> bool:
        """Whether the patient was certainly under age; nothing is computed then."""
        age = self.age_on(day)
        return age is not None and age < ADULT


def _lost_since(day: date, diagnoses: Diagnoses) -> bool:
    """Whether a note of weight loss is newer than a weight."""
    return any(d.when is not None and d.when > day for d in diagnoses.found("weight-loss"))


def reported(reading: Reading | None, method: ClearanceMethod) -> Clearance | None:
    if reading is None:
        return None
    return Clearance(
        reading.value, method, reading.when, reading.ref,
        preliminary=reading.preliminary, ahead=reading.ahead, at=reading.at,
    )  # fmt: skip


def computed(creatinine: Reading | None, body: Body) -> Clearance | None:
    """Cockcroft-Gault with the actual weight; beside it, where height is known, with the other weights."""
    if creatinine is None or body.weight is None or body.sex is None:
        return None
    age = body.age_on(creatinine.when)
    # From 140 years on the formula gives nothing above zero: a wrong date of birth, not a clearance.
    if age is None or not ADULT <= age < COCKCROFT_GAULT_AGE:
        return None
    sex, weight = body.sex, body.weight
    others = other_weights(sex, body.height.value, weight.value) if body.height else {}
    return Clearance(
        value=cockcroft_gault(sex, age, weight.value, creatinine.value),
        method="cockcroft-gault",
        when=creatinine.when,
        ref=creatinine.ref,
        inputs=(
            _sourced("creatinine", creatinine),
            Sourced("age", Fraction(age), "a"),
            _sourced("weight", weight),
            Sourced("sex", sex, None),
            *([_sourced("height", body.height)] if body.height and others else []),
        ),
        preliminary=creatinine.preliminary or weight.preliminary,
        by_other_weight=tuple(
            (name, cockcroft_gault(sex, age, kilograms, creatinine.value)) for name, kilograms in others.items()
        ),
        ahead=creatinine.ahead or weight.ahead,
        at=creatinine.at,
        weight_age=body.weight_age,
    )


def clearance_at_least(creatinine: Reading | None, body: Body, weight: Fraction) -> Fraction | None:
    """Cockcroft-Gault with a weight that the patient has at least."""
    age = body.age_on(creatinine.when) if creatinine else None
    if creatinine is None or age is None or not ADULT <= age < COCKCROFT_GAULT_AGE or body.weight:
        return None
    return cockcroft_gault(body.sex or "female", age, weight, creatinine.value)


def de_indexed(egfr: Reading | None, body: Body) -> Clearance | None:
    """An eGFR multiplied by the patient's body surface."""
    height, weight = body.height, body.weight
    if egfr is None or height is None or weight is None or body.child_on(egfr.when):
        return None
    surface = mosteller(height.value, weight.value)
    return Clearance(
        value=egfr.value * surface / EGFR_SURFACE,
        method="de-indexed-egfr",
        when=egfr.when,
        ref=egfr.ref,
        inputs=(
            _sourced("egfr", egfr),
            Sourced("bsa", surface, "m2"),
            _sourced("height", height),
            _sourced("weight", weight),
        ),
        preliminary=egfr.preliminary or height.preliminary or weight.preliminary,
        ahead=egfr.ahead or weight.ahead,
        at=egfr.at,
        weight_age=body.weight_age,
    )


def _sourced(name: str, reading: Reading) -> Sourced:
    return Sourced(name, reading.value, reading.unit, reading)
