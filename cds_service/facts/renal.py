"""The chapter of renal function: which creatinine clearance (mL/min) counts, and how one is computed, exactly.

The newest of a measured, a reported and a computed clearance counts; of one day: measured, reported, computed. An eGFR
is no clearance: multiplied by the body surface it stands in where there is none of the three, otherwise it is quoted.
What stands against it all the same is in ``facts.against``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Literal

from cds_service.base.kinds import Missing, RequestText
from cds_service.base.numbers import clearance_number
from cds_service.facts.diagnoses import KEYS as DIAGNOSIS_KEYS
from cds_service.facts.diagnoses import Diagnoses
from cds_service.facts.formulas import COCKCROFT_GAULT_AGE, EGFR_SURFACE, cockcroft_gault, mosteller, other_weights
from cds_service.facts.patient import KEYS as PATIENT_KEYS
from cds_service.facts.patient import PatientFacts
from cds_service.facts.results import KEYS as RESULT_KEYS
from cds_service.facts.results import Reading, Results, Sourced
from cds_service.facts.told import NOW, Number, ago, exact
from cds_service.facts.window import newer_unusable, newest, problem_list, readings, reasons
from cds_service.fhir.dates import age_on
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import File

KEYS = (*PATIENT_KEYS, *DIAGNOSIS_KEYS, *RESULT_KEYS)
ANALYTES = (
    "creatinine",
    "creatinine-clearance-measured",
    "creatinine-clearance-reported",
    "egfr",
    "body-weight",
    "body-height",
)
LOOK_BACK = {"laboratory": "renal", "measurements": "weight"}

ADULT = 18
# What tells of a clearance, and under which name a result that cannot be used is reported.
SERUM = (
    ("creatinine", "creatinine"),
    ("clearance", "creatinine-clearance-measured"),
    ("clearance", "creatinine-clearance-reported"),
)

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
    weight_age: int | None = None  # days, where the weight is old enough to be told

    def input(self, name: str) -> Sourced:
        """The input of the formula with this name. Raises ``StopIteration`` for another."""
        return next(i for i in self.inputs if i.name == name)


@dataclass(frozen=True, slots=True)
class Renal:
    """Renal function in the look-back window. ``clearance`` is None exactly when ``problems`` says why."""

    look_back_days: int
    clearance: Clearance | None
    problems: tuple[Missing, ...] = ()
    egfr: Reading | None = None  # newest eGFR (mL/min/1.73 m2) in the window, quoted only
    at_least: Fraction | None = None  # mL/min, where only the weight is missing: with the lowest an adult may have


def renal(
    results: Results, patient: PatientFacts, diagnoses: Diagnoses, today: date, measurements: Measurements
) -> Renal:
    """Renal function of the look-back window ending today.

    ``results``: by analyte, newest first, as ``collect`` gives them. Weight counts in its own window, which a newer
    note of weight loss shortens; of heights the newest taken as an adult. Never raises; what is missing stands in
    ``problems``.
    """
    days = measurements.days("renal")
    body = _Body(results, patient, diagnoses, today, measurements)
    egfr = newest(results, "egfr", today, days)
    creatinine = newest(results, "creatinine", today, days)
    found = (
        _reported(newest(results, "creatinine-clearance-measured", today, days), "measured"),
        _reported(newest(results, "creatinine-clearance-reported", today, days), "reported"),
        _computed(creatinine, body),
    )
    # max keeps the first of equals: the order above is the precedence within one day.
    clearance = max((c for c in found if c), key=lambda c: c.when, default=None) or _de_indexed(egfr, body)
    if clearance:
        newer = tuple(m for what, a in SERUM for m in newer_unusable(what, a, results, clearance.when))
        clearance = replace(clearance, newer=newer + _not_computed(clearance, creatinine, results, body, today))
    problems = () if clearance else tuple(_problems(results, body, creatinine, egfr, today, measurements))
    at_least = None if clearance else _at_least(creatinine, body, measurements.limit("weight-lowest", "kg"))
    return Renal(days, clearance, problems, egfr, at_least)


def _not_computed(
    clearance: Clearance, creatinine: Reading | None, results: Results, body: _Body, today: date
) -> tuple[Missing, ...]:
    """The weights that could not be used, where for want of one a newer creatinine gave no clearance."""
    if creatinine is None or creatinine.when <= clearance.when or body.weight:
        return ()
    found = reasons("weight", "body-weight", results, today, body.weight_days)
    return tuple(m for m in found if m.why != "too-old")


class _Body:
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
        self.weight_age = age if age >= measurements.days("weight-told") else None
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


def _reported(reading: Reading | None, method: ClearanceMethod) -> Clearance | None:
    if reading is None:
        return None
    return Clearance(
        reading.value, method, reading.when, reading.ref, preliminary=reading.preliminary, ahead=reading.ahead
    )


def _computed(creatinine: Reading | None, body: _Body) -> Clearance | None:
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
        weight_age=body.weight_age,
    )


def _at_least(creatinine: Reading | None, body: _Body, weight: Fraction) -> Fraction | None:
    """Cockcroft-Gault with a weight that the patient has at least."""
    age = body.age_on(creatinine.when) if creatinine else None
    if creatinine is None or age is None or not ADULT <= age < COCKCROFT_GAULT_AGE or body.weight:
        return None
    return cockcroft_gault(body.sex or "female", age, weight, creatinine.value)


def _de_indexed(egfr: Reading | None, body: _Body) -> Clearance | None:
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
        weight_age=body.weight_age,
    )


def _sourced(name: str, reading: Reading) -> Sourced:
    return Sourced(name, reading.value, reading.unit, reading)


def _problems(
    results: Results,
    body: _Body,
    creatinine: Reading | None,
    egfr: Reading | None,
    today: date,
    measurements: Measurements,
) -> Iterator[Missing]:
    """Everything that stood in the way, creatinine first; never empty, as a clearance needs at least one of them."""
    days = measurements.days("renal")
    if creatinine is None:
        yield from _or_absent("creatinine", "creatinine", results, today, days)
    for analyte in ("creatinine-clearance-measured", "creatinine-clearance-reported"):
        yield from reasons("clearance", analyte, results, today, days)
    if body.weight is None:
        yield from _or_absent("weight", "body-weight", results, today, body.weight_days)
    if body.sex is None:
        yield Missing("sex", "unknown")
    yield from _age_problems(body, creatinine.when if creatinine else today)
    if egfr is not None:
        why = "under-18" if body.child_on(egfr.when) else "no-body-surface"
        yield Missing("egfr", why, egfr.shown, egfr.when)
        if body.height is None:
            yield from _or_absent("height", "body-height", results, today, (today - date.min).days)
    else:
        yield from reasons("egfr", "egfr", results, today, days)


def _age_problems(body: _Body, day: date) -> Iterator[Missing]:
    age = body.age_on(day)
    if age is None:
        yield Missing("age", "unknown")
    elif age < ADULT:
        yield Missing("age", "under-18")
    elif age >= COCKCROFT_GAULT_AGE:
        yield Missing("age", "implausible")


def _or_absent(what: str, analyte: str, results: Results, today: date, days: int) -> Iterator[Missing]:
    found = tuple(reasons(what, analyte, results, today, days))
    yield from found or (Missing(what, "not-on-record"),)


def explained(renal: Renal) -> Iterator[str]:
    """The line of ``--explain``."""
    clearance = renal.clearance
    if clearance:
        yield f"creatinine clearance {clearance_number(clearance.value)} mL/min ({clearance.method}, {clearance.when})"
    else:
        yield f"creatinine clearance unknown: {problem_list(renal.problems)}"


class ProblemGiven(File, frozen=True):
    what: str
    why: str
    days_ago: int | None = None

    def told(self) -> Missing:
        return Missing(self.what, self.why, when=ago(self.days_ago))


class RenalGiven(File, frozen=True):
    """What a case may say of renal function."""

    clearance: Number | None = 90
    clearance_method: ClearanceMethod = "measured"
    clearance_with_ideal_weight: Number | None = None
    clearance_with_adjusted_weight: Number | None = None
    egfr: Number | None = None  # of yesterday
    clearance_at_least: Number | None = None
    renal_problems: list[ProblemGiven] = []

    def told(self) -> Renal:
        problems, egfr = tuple(p.told() for p in self.renal_problems), self._egfr()
        if self.clearance is None:
            return Renal(28, None, problems, egfr, exact(self.clearance_at_least))
        others = {"ideal": self.clearance_with_ideal_weight, "adjusted": self.clearance_with_adjusted_weight}
        clearance = Clearance(
            value=Fraction(self.clearance),
            method=self.clearance_method,
            when=NOW.date(),
            ref=RequestText("Observation/clearance"),
            by_other_weight=tuple((name, Fraction(value)) for name, value in others.items() if value is not None),
        )
        return Renal(28, clearance, problems, egfr)

    def _egfr(self) -> Reading | None:
        day = ago(1)
        if self.egfr is None or day is None:
            return None
        unit, shown = "mL/min/{1.73_m2}", f"{self.egfr} mL/min/1.73 m²"
        return Reading("egfr", Fraction(self.egfr), unit, shown, day, RequestText("Observation/egfr"))
