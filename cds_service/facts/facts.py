"""The facts rules read. All frozen; numbers are exact (``Fraction``); dates are dates of the patient's record.

Text that came with the request (a drug's name, a unit, a value as printed) is ``RequestText`` so that render can tell
it from our own words and escape it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Literal

import msgspec


class RequestText(str):
    """A string out of the request: data, never markup."""

    __slots__ = ()


Need = str  # a prefetch key: "patient", "conditions", "laboratory", ...


@dataclass(frozen=True, slots=True)
class Missing:
    """Something a topic would have needed.

    ``what`` names it (a key of the ``missing`` texts); ``why`` is ``not-obtained``, ``incomplete``, ``not-on-record``,
    or a reason of the fact itself (``too-old``, ``unit-unknown`` ...); ``detail`` is shown as data where present.
    """

    what: str
    why: str
    detail: RequestText | None = None
    when: date | None = None


class Reading(msgspec.Struct, frozen=True, gc=False):  # a Struct: one is made for every result
    """One usable result. ``value`` is in the canonical unit of its analyte (``cards/measurements.yaml``)."""

    analyte: str
    value: Fraction
    unit: str
    shown: RequestText  # value and unit as reported
    when: date
    ref: RequestText  # e.g. Observation/123
    preliminary: bool = False
    low: Fraction | None = None  # the result's own reference range, canonical unit
    high: Fraction | None = None
    at: datetime | None = None  # time of day where stated, to order two results of one day


class Unusable(msgspec.Struct, frozen=True, gc=False):  # a Struct: one is made for every result
    """One result that is on record and cannot be used; ``why`` is a key of the ``unusable`` texts."""

    analyte: str
    why: str
    shown: RequestText | None
    when: date | None
    ref: RequestText


Result = Reading | Unusable


@dataclass(frozen=True, slots=True)
class Sourced:
    """A value used as an input of a formula, and where it came from."""

    name: str  # creatinine, weight, height, age, sex, egfr, bsa, albumin, calcium-total ...
    value: Fraction | str
    unit: str | None
    reading: Reading | None = None


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
    creatinine: Reading | None = None  # newest usable serum creatinine, any age; mg/dL
    creatinine_history: tuple[Reading, ...] = ()  # newest first, all on record; mg/dL


CalciumLevel = Literal["low", "normal", "high"]


@dataclass(frozen=True, slots=True)
class Calcium:
    """Calcium status in the look-back window. ``level`` is None when no result is usable (``problems`` says why)."""

    look_back_days: int
    level: CalciumLevel | None
    kind: Literal["ionised", "corrected-reported", "corrected-computed", "total-uncorrected"] | None = None
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


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A condition on record that counts (not refuted, not entered in error, not another patient's)."""

    concept: str
    active: bool
    text: RequestText
    ref: RequestText
    when: date | None
    by_name: bool = False


@dataclass(frozen=True, slots=True)
class Dose:
    """A single dose in mg; of a range the upper end counts."""

    mg: Fraction
    is_range: bool
    shown: RequestText


DrugGroup = Literal["bisphosphonate", "rankl-inhibitor", "calcium", "vitamin-d", "nsaid", "platinum"]
Route = Literal["intravenous", "subcutaneous", "oral", "topical", "other"]


@dataclass(frozen=True, slots=True)
class Product:
    """Which product of a substance: decided by dose, strength, brand, then interval."""

    use: Literal["oncology", "osteoporosis", "unknown"]
    decided_by: Literal["dose", "strength", "brand", "interval", "route", "substance"] | None = None


@dataclass(frozen=True, slots=True)
class DrugOrder:
    """A MedicationRequest among the draft orders."""

    key: str  # stable within the call: the resource's id, else its position
    position: int
    ref: RequestText | None
    text: RequestText
    drugs: tuple[str, ...]  # concept ids of the code lists; () = not recognised
    groups: frozenset[DrugGroup]
    product: Product
    selected: bool
    stops: bool  # the draft ends or forbids the drug
    dose: Dose | None
    dose_problem: str | None = None  # why no dose was read, when one was written
    route: Route | None = None
    interval_days: Fraction | None = None
    interval_high_days: Fraction | None = None  # the longer end of a span ("every 3 to 4 weeks"); else the same
    interval_shown: RequestText | None = None
    single: bool = False  # one dose only: no interval
    infusion_minutes: Fraction | None = None
    infusion_problem: str | None = None  # why no time was read, when a text speaks of one
    daily_mg: Fraction | None = None
    indications: frozenset[str] = frozenset()  # concepts of the order's own reasons
    stop_reasons: frozenset[str] = frozenset()
    stop_text: RequestText | None = None
    stops_ref: str | None = None  # the prescription a discontinuation order ends
    low_confidence: bool = False  # recognised by an unverified name only
    substance: str = ""  # which of a list of several substances (alendronate of other-bisphosphonate)
    authored: date | None = None

    @property
    def drug(self) -> str:
        """The concept id of the one substance (bone-modifying agents have exactly one)."""
        return self.drugs[0] if self.drugs else ""


@dataclass(frozen=True, slots=True)
class ServiceOrder:
    """A ServiceRequest among the draft orders."""

    key: str
    position: int
    ref: RequestText | None
    text: RequestText
    services: tuple[str, ...]  # concept ids
    selected: bool
    stops: bool


Order = DrugOrder | ServiceOrder


@dataclass(frozen=True, slots=True)
class DrugUse:
    """One record of treatment: a prescription, a statement or an administration."""

    kind: Literal["request", "statement", "administration"]
    drugs: tuple[str, ...]
    groups: frozenset[DrugGroup]
    product: Product
    active: bool  # request active/on-hold, statement active; administrations are judged by date
    ended: bool  # stopped, completed, cancelled
    when: date | None
    until: date | None
    text: RequestText
    ref: RequestText
    dose: Dose | None = None
    route: Route | None = None
    daily_mg: Fraction | None = None
    interval_days: Fraction | None = None
    interval_high_days: Fraction | None = None
    single: bool = False  # one dose: an administration, or a prescription of one dose
    injected: bool = False
    reported: bool = False  # told by the patient or taken over, not prescribed here
    counts: bool = True  # False: topical NSAID, antiplatelet aspirin
    substance: str = ""

    @property
    def drug(self) -> str:
        """The concept id of the substance a card names."""
        return self.drugs[0]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A service done, ordered or booked."""

    service: str
    how: Literal["done", "ordered", "booked"]
    when: date | None
    ref: RequestText


ScopeKind = Literal["lung-cancer", "primary-not-recorded", "no-diagnosis", "other-primary", "osteoporosis"]


@dataclass(frozen=True, slots=True)
class PatientFacts:
    sex: Literal["male", "female"] | None
    age: int | None
    birth_date: date | None


@dataclass(frozen=True, slots=True)
class Facts:
    now: datetime
    patient: PatientFacts
    diagnoses: tuple[Diagnosis, ...]
    orders: tuple[Order, ...]
    uses: tuple[DrugUse, ...]
    arrangements: tuple[Arrangement, ...]
    renal: Renal
    calcium: Calcium
    # need -> why it is not (wholly) known; empty when everything asked for was answered
    gaps: Mapping[Need, Missing] = field(default_factory=dict)
    # the concepts of the active diagnoses
    active: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        # Every rule asks for diagnoses several times.
        object.__setattr__(self, "active", frozenset(d.concept for d in self.diagnoses if d.active))

    @property
    def today(self) -> date:
        return self.now.date()

    def has(self, *concepts: str) -> bool:
        """Whether any of these is an active diagnosis on record."""
        return not self.active.isdisjoint(concepts)

    def found(self, *concepts: str) -> tuple[Diagnosis, ...]:
        """The active diagnoses of these concepts."""
        return tuple(d for d in self.diagnoses if d.active and d.concept in concepts)

    def lacking(self, *needs: Need) -> tuple[Missing, ...]:
        """Which of these needs were not obtained or are incomplete."""
        return tuple(self.gaps[n] for n in needs if n in self.gaps)

    def drug_orders(self, group: DrugGroup) -> tuple[DrugOrder, ...]:
        """Drafts that start a drug of this group."""
        return tuple(o for o in self.orders if isinstance(o, DrugOrder) and not o.stops and group in o.groups)

    def within(self, day: date | None, days: int) -> bool:
        """Whether a day lies in the look-back window; both ends count, the future does not."""
        return day is not None and self.today - timedelta(days=days) <= day <= self.today

    def arranged(self, days: int, *services: str) -> Arrangement | None:
        """The latest of these services done or ordered in the look-back, or booked for today or later.

        An active order without a date counts; something done without a date does not.
        """
        found = [a for a in self.arrangements if a.service in services and self._stands(a, days)]
        return max(found, key=lambda a: (a.when or date.max, a.ref), default=None)

    def _stands(self, arrangement: Arrangement, days: int) -> bool:
        if arrangement.how == "booked":
            return arrangement.when is not None and arrangement.when >= self.today
        if arrangement.when is None:
            return arrangement.how == "ordered"
        return self.within(arrangement.when, days)

    def last_done(self, *services: str) -> Arrangement | None:
        """The latest of these services done at any time."""
        done = [a for a in self.arrangements if a.service in services and a.how == "done" and a.when]
        return max((a for a in done if a.when and a.when <= self.today), key=lambda a: (a.when, a.ref), default=None)

    def taking(self, groups: Iterable[DrugGroup], days: int) -> tuple[DrugUse, ...]:
        """Active therapy: active prescriptions and statements, and administrations in the look-back, newest first."""
        wanted = frozenset(groups)
        active = [u for u in self.uses if wanted & u.groups and u.counts and self._active(u, days)]
        return tuple(sorted(active, key=lambda u: (u.when or date.min, u.ref), reverse=True))

    def _active(self, use: DrugUse, days: int) -> bool:
        """An administration counts in the look-back unless a prescription of the drug ended on or after that day."""
        if use.kind != "administration":
            return use.active
        return self.within(use.when, days) and not any(
            other.ended and other.kind != "administration" and set(other.drugs) & set(use.drugs)
            for other in self.uses
            if use.when and (other.until or other.when or date.min) >= use.when
        )

    def given(self, drugs: Iterable[str]) -> tuple[date, ...]:
        """Days before today on which these drugs were given, oldest first.

        Administrations and statements tell; where there is neither, prescriptions that ended. A prescription that is
        only active does not say that anything was given (see ``prescribed``).
        """
        before = [u for u in self.uses if u.when and u.when < self.today and set(drugs) & set(u.drugs)]
        told = [u for u in before if u.kind != "request"] or [u for u in before if u.ended]
        return tuple(sorted(u.when for u in told if u.when))

    def prescribed(self, drug: str) -> bool:
        """Whether an active prescription of a drug, older than today, is on record."""
        return any(u.active and u.kind == "request" and drug in u.drugs for u in self.uses if u.when != self.today)

    def treated_with(self, groups: Iterable[DrugGroup]) -> tuple[DrugUse, ...]:
        """Every record of treatment with these groups, oldest first (undated ones last)."""
        wanted = frozenset(groups)
        return tuple(sorted((u for u in self.uses if wanted & u.groups), key=lambda u: (u.when or date.max, u.ref)))

    def months_since(self, day: date) -> int:
        """Whole calendar months between a day and today."""
        months = (self.today.year - day.year) * 12 + self.today.month - day.month
        return months - (1 if self.today.day < day.day else 0)

    @property
    def hypercalcaemic(self) -> bool:
        """Calcium high in the look-back; without any usable result, an active diagnosis. A result outranks a code."""
        if self.calcium.level is not None:
            return self.calcium.level == "high"
        return self.has("hypercalcaemia")
