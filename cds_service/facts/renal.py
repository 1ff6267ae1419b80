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

from cds_service.base.kinds import Missing, RequestText
from cds_service.facts.clearances import (
    ADULT,
    Body,
    Clearance,
    ClearanceMethod,
    clearance_at_least,
    computed,
    de_indexed,
    reported,
)
from cds_service.facts.diagnoses import KEYS as DIAGNOSIS_KEYS
from cds_service.facts.diagnoses import Diagnoses
from cds_service.facts.explained import Basis, Fact, Input, reference
from cds_service.facts.formulas import COCKCROFT_GAULT_AGE
from cds_service.facts.patient import KEYS as PATIENT_KEYS
from cds_service.facts.patient import PatientFacts
from cds_service.facts.results import KEYS as RESULT_KEYS
from cds_service.facts.results import Reading, Results
from cds_service.facts.told import NOW, Number, ProblemGiven, ago, exact
from cds_service.facts.window import newer_unusable, newest, reasons
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
BASIS = Basis(
    windows=("renal", "weight", "weight-lost", "weight-told"),
    limits=("weight-lowest", "contradicted-clearance"),
    formulas=("cockcroft-gault", "other-weights", "de-indexed-egfr"),
)

# What tells of a clearance, and under which name a result that cannot be used is reported.
SERUM = (
    ("creatinine", "creatinine"),
    ("clearance", "creatinine-clearance-measured"),
    ("clearance", "creatinine-clearance-reported"),
)


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
    body = Body(results, patient, diagnoses, today, measurements)
    egfr = newest(results, "egfr", today, days)
    creatinine = newest(results, "creatinine", today, days)
    found = (
        reported(newest(results, "creatinine-clearance-measured", today, days), "measured"),
        reported(newest(results, "creatinine-clearance-reported", today, days), "reported"),
        computed(creatinine, body),
    )
    # max keeps the first of equals: the order above is the precedence within one day.
    clearance = max((c for c in found if c), key=lambda c: c.when, default=None) or de_indexed(egfr, body)
    if clearance:
        newer = _newer(results, clearance) + _not_computed(clearance, creatinine, results, body, today)
        clearance = replace(clearance, newer=newer)
    problems = () if clearance else tuple(_problems(results, body, creatinine, egfr, today, measurements))
    at_least = None if clearance else clearance_at_least(creatinine, body, measurements.limit("weight-lowest", "kg"))
    return Renal(days, clearance, problems, egfr, at_least)


def _not_computed(
    clearance: Clearance, creatinine: Reading | None, results: Results, body: Body, today: date
) -> tuple[Missing, ...]:
    """The weights that could not be used, where for want of one a newer creatinine gave no clearance."""
    if creatinine is None or creatinine.when <= clearance.when or body.weight:
        return ()
    found = reasons("weight", "body-weight", results, today, body.weight_days)
    return tuple(m for m in found if m.why != "too-old")


def _newer(results: Results, than: Clearance) -> tuple[Missing, ...]:
    return tuple(m for what, analyte in SERUM for m in newer_unusable(what, analyte, results, than.when, than.at))


def _problems(
    results: Results,
    body: Body,
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


def _age_problems(body: Body, day: date) -> Iterator[Missing]:
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


def explained(renal: Renal) -> Iterator[Fact]:
    """The clearance and what it rests on, or why there is none; an eGFR that was not used."""
    clearance = renal.clearance
    if clearance:
        yield from _told(clearance)
    else:
        yield Fact("clearance-unknown", {"problems": renal.problems}, windows=BASIS.windows[:3])
    if renal.at_least is not None:
        yield Fact("clearance-at-least", {"value": renal.at_least}, renal.at_least, "mL/min", limits=BASIS.limits[:1])
    if renal.egfr and not (clearance and clearance.method == "de-indexed-egfr"):
        yield Fact.of("egfr", renal.egfr, {"egfr": renal.egfr}, windows=BASIS.windows[:1])


def _told(clearance: Clearance) -> Iterator[Fact]:
    computed = clearance.method in BASIS.formulas
    inputs = tuple(map(Input.sourced, clearance.inputs))
    yield Fact(
        "clearance",
        {"clearance": clearance},
        clearance.value,
        "mL/min",
        clearance.when,
        reference(clearance.ref),
        inputs,
        formula=clearance.method if computed else None,
        windows=BASIS.windows if computed else BASIS.windows[:1],
    )
    if clearance.by_other_weight:
        body = tuple(i for i in inputs if i.name in ("height", "weight"))
        yield Fact("other-weights", {"weights": clearance.by_other_weight}, inputs=body, formula="other-weights")


class RenalGiven(File, frozen=True):
    """What a case may say of renal function."""

    clearance: Number | None = 90
    clearance_days_ago: int = 0
    newer_problems: list[ProblemGiven] = []  # of results newer than the clearance
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
        day, newer = ago(self.clearance_days_ago), tuple(p.told() for p in self.newer_problems)
        clearance = Clearance(
            value=Fraction(self.clearance),
            method=self.clearance_method,
            when=day or NOW.date(),
            ref=RequestText("Observation/clearance"),
            by_other_weight=tuple((name, Fraction(value)) for name, value in others.items() if value is not None),
            newer=newer,
        )
        return Renal(28, clearance, problems, egfr)

    def _egfr(self) -> Reading | None:
        day = ago(1)
        if self.egfr is None or day is None:
            return None
        unit, shown = "mL/min/{1.73_m2}", f"{self.egfr} mL/min/1.73 m²"
        return Reading("egfr", Fraction(self.egfr), unit, shown, day, RequestText("Observation/egfr"))
