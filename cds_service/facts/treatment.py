"""The chapter of treatment: prescriptions, statements and administrations on record. Statuses are whitelisted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

import msgspec

from cds_service.base.kinds import Dose, DrugGroup, Missing, Need, RequestText, Route
from cds_service.facts.explained import Fact, reference
from cds_service.facts.portions import Daily, Form
from cds_service.facts.portions_given import PortionGiven, daily_of
from cds_service.facts.told import NOW, Number, ago, exact, groups_of
from cds_service.facts.window import within
from cds_service.knowledge.drugs import Drugs, Product, Use
from cds_service.knowledge.model import File

KEYS = ("medicationRequests", "medicationStatements", "medicationAdministrations")

SUPPLEMENTS: tuple[DrugGroup, ...] = ("calcium", "vitamin-d")


class DrugUse(msgspec.Struct, frozen=True, gc=False):
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
    carried_out: bool = False  # a prescription whose doses were given
    counts: bool = True  # False: topical NSAID, antiplatelet aspirin
    substance: str = ""
    daily: Daily | None = None  # of analgesics
    refills: bool = False  # a prescription that may be filled again
    held: bool = False  # a prescription on hold

    @property
    def drug(self) -> str:
        """The concept id of the substance a card names."""
        return self.drugs[0]


@dataclass(frozen=True)
class Treatment:
    """All treatment on record with a drug of the code lists.

    ``unreadable``: need -> records that name their drug only by a reference that leads nowhere, so that no drug can be
    called absent.
    """

    uses: tuple[DrugUse, ...]
    today: date
    unreadable: Mapping[Need, Missing] = field(default_factory=dict)

    def taking(self, groups: Iterable[DrugGroup], days: int, lapsed: int | None = None) -> tuple[DrugUse, ...]:
        """Active therapy: active prescriptions and statements, and administrations in the look-back, newest first.

        ``lapsed``: of drugs given at intervals, how old the last dose must at least be for what is called active to be
        over (see ``_lapsed``).
        """
        wanted = frozenset(groups)
        active = [u for u in self.uses if wanted & u.groups and u.counts and self._active(u, days)]
        if lapsed is not None:
            active = [u for u in active if not self._lapsed(u, lapsed)]
        return tuple(sorted(active, key=lambda u: (u.when or date.min, u.ref), reverse=True))

    def _lapsed(self, use: DrugUse, days: int) -> bool:
        """Whether the last dose of an active prescription is older than twice its interval and than so many days.

        A prescription written after the last dose waits for its own. A yearly product without a stated interval says
        nothing of when its next dose is due.
        """
        last = self.last_dose(use.drugs)
        if use.kind == "administration":
            return False
        if use.single and use.product.use != "osteoporosis" and use.when and (self.today - use.when).days >= days:
            return True  # one dose, ordered long ago: it was given then, or never will be
        if last is None:
            return False
        interval = use.interval_high_days or use.interval_days
        if interval is None and use.product.use == "osteoporosis":
            return False
        age = (self.today - max(last, use.when or last)).days
        return age >= days and (interval is None or age > 2 * interval)

    def last_dose(self, drugs: Iterable[str]) -> date | None:
        """The day, today included, on which one of these was last given; None: no dose is on record."""
        wanted = set(drugs)
        return max((u.when for u in self.uses if wanted & set(u.drugs) and u.when and _is_dose(u)), default=None)

    def doses(self, drug: str) -> tuple[DrugUse, ...]:
        """Every dose of a drug on record, newest first."""
        found = [u for u in self.uses if drug in u.drugs and u.when and _is_dose(u)]
        return tuple(sorted(found, key=lambda u: (u.when or date.min, u.ref), reverse=True))

    def supplemented(self, groups: Iterable[DrugGroup], days: int) -> tuple[DrugUse, ...]:
        """What is taken of calcium or vitamin D. One ampoule, or one administration alone, is not taking it."""
        taken = [u for u in self.taking(groups, days) if not u.injected]
        often = Counter(drug for u in taken if u.single for drug in u.drugs)
        return tuple(u for u in taken if not u.single or any(often[drug] > 1 for drug in u.drugs))

    def _active(self, use: DrugUse, days: int) -> bool:
        """An administration counts in the look-back unless a prescription of the drug ended on or after that day."""
        if use.kind != "administration":
            return use.active
        return within(use.when, self.today, days) and not any(
            other.ended and other.kind != "administration" and set(other.drugs) & set(use.drugs)
            for other in self.uses
            if use.when and (other.until or other.when or date.min) >= use.when
        )

    def over(self, drugs: Iterable[str]) -> bool:
        """Whether prescriptions of these drugs are on record and none of them still stands."""
        asked = [u for u in self.uses if u.kind == "request" and set(drugs) & set(u.drugs)]
        return bool(asked) and not any(u.active for u in asked)

    def stopped(self, drugs: Iterable[str]) -> bool:
        """Whether the latest prescription of these drugs ended before it was carried out, and none still stands."""
        asked = [u for u in self.uses if u.kind == "request" and set(drugs) & set(u.drugs)]
        latest = max(asked, key=lambda u: (u.when or date.min, u.ref), default=None)
        return latest is not None and latest.ended and not latest.carried_out and self.over(drugs)

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

    def ever(self, groups: Iterable[DrugGroup]) -> tuple[DrugUse, ...]:
        """Every record of treatment with these groups, oldest first (undated ones last)."""
        wanted = frozenset(groups)
        return tuple(sorted((u for u in self.uses if wanted & u.groups), key=lambda u: (u.when or date.max, u.ref)))


def _is_dose(use: DrugUse) -> bool:
    """Whether it says that a dose was given on its day: an administration, or an order of one dose carried out."""
    return use.kind == "administration" or (use.kind == "request" and use.single and use.carried_out)


def explained(treatment: Treatment) -> Iterator[Fact]:
    """Each record of treatment, or that there is none."""
    for use in treatment.uses:
        yield Fact("treatment", {"use": use}, when=use.when, ref=reference(use.ref))
    if not treatment.uses:
        yield Fact("treatment-none")


class UseGiven(File, frozen=True):
    """A record of treatment."""

    drug: str
    kind: Literal["request", "statement", "administration"] = "request"
    days_ago: int | None = None
    until_days_ago: int | None = None
    active: bool = False
    ended: bool = False
    counts: bool = True
    single: bool = False
    injected: bool = False
    carried_out: bool = False
    held: bool = False
    product: Use = "unknown"
    interval_days: Number | None = None
    dose_mg: Number | None = None
    portions: list[PortionGiven] = []  # of an analgesic
    as_needed: bool = False
    form: Form = "oral"
    rate: Number | None = None  # μg/h of a patch
    refills: bool = False
    substance: str = ""
    route: Route | None = None


class TreatmentGiven(File, frozen=True):
    """What a case may say of treatment on record."""

    uses: list[UseGiven] = []

    def told(self, drugs: Drugs) -> Treatment:
        return Treatment(tuple(_told(each, number, drugs) for number, each in enumerate(self.uses)), NOW.date())


def _told(given: UseGiven, number: int, drugs: Drugs) -> DrugUse:
    return DrugUse(
        kind=given.kind,
        drugs=(given.drug,),
        groups=groups_of(given.drug, drugs),
        product=Product(given.product),
        active=given.active,
        ended=given.ended,
        when=ago(given.days_ago),
        until=ago(given.until_days_ago),
        text=RequestText(given.drug),
        ref=RequestText(f"Medication{given.kind.title()}/use-{number}"),
        counts=given.counts,
        single=given.single or given.kind == "administration",
        injected=given.injected,
        carried_out=given.carried_out,
        held=given.held,
        interval_days=exact(given.interval_days),
        interval_high_days=exact(given.interval_days),
        dose=Dose(Fraction(given.dose_mg), False, RequestText(f"{given.dose_mg} mg")) if given.dose_mg else None,
        daily=daily_of(given.portions, given.form, given.rate, None, as_needed=given.as_needed),
        refills=given.refills,
        substance=given.substance,
        route=given.route,
    )
