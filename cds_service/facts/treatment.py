"""The chapter of treatment: prescriptions, statements and administrations on record. Statuses are whitelisted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Literal

from cds_service.base.kinds import Dose, DrugGroup, RequestText, Route
from cds_service.facts.diagnoses import coded
from cds_service.facts.drugs import Lookup, Recognised
from cds_service.facts.remembered import RememberedDrugs
from cds_service.facts.told import NOW, ago, groups_of
from cds_service.facts.window import within
from cds_service.fhir.dates import day_of
from cds_service.fhir.structs import (
    MedicationAdministration,
    MedicationRequest,
    MedicationStatement,
)
from cds_service.knowledge.drugs import Drugs, Product
from cds_service.knowledge.model import File
from cds_service.record.read import Record

KEYS = ("medicationRequests", "medicationStatements", "medicationAdministrations")
REQUEST_ACTIVE = frozenset({"active", "on-hold"})
REQUEST_ENDED = frozenset({"stopped", "completed"})
# A proposal or plan on record is not treatment.
NOT_TREATMENT = frozenset({"proposal", "plan", "option"})
STATEMENT_ACTIVE = frozenset({"active", "recorded"})
STATEMENT_ENDED = frozenset({"completed", "stopped"})
NOT_TAKEN = frozenset({"not-taking", "stopped", "not-taken", "on-hold", "never"})
GIVEN = frozenset({"completed", "in-progress"})


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
    counts: bool = True  # False: topical NSAID, antiplatelet aspirin
    substance: str = ""

    @property
    def drug(self) -> str:
        """The concept id of the substance a card names."""
        return self.drugs[0]


@dataclass(frozen=True)
class Treatment:
    """All treatment on record with a drug of the code lists."""

    uses: tuple[DrugUse, ...]
    today: date

    def taking(self, groups: Iterable[DrugGroup], days: int) -> tuple[DrugUse, ...]:
        """Active therapy: active prescriptions and statements, and administrations in the look-back, newest first."""
        wanted = frozenset(groups)
        active = [u for u in self.uses if wanted & u.groups and u.counts and self._active(u, days)]
        return tuple(sorted(active, key=lambda u: (u.when or date.min, u.ref), reverse=True))

    def _active(self, use: DrugUse, days: int) -> bool:
        """An administration counts in the look-back unless a prescription of the drug ended on or after that day."""
        if use.kind != "administration":
            return use.active
        return within(use.when, self.today, days) and not any(
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

    def ever(self, groups: Iterable[DrugGroup]) -> tuple[DrugUse, ...]:
        """Every record of treatment with these groups, oldest first (undated ones last)."""
        wanted = frozenset(groups)
        return tuple(sorted((u for u in self.uses if wanted & u.groups), key=lambda u: (u.when or date.max, u.ref)))


def uses(
    record: Record, reader: RememberedDrugs, lookup: Lookup, drafts: frozenset[str], now: datetime
) -> Iterator[DrugUse]:
    """Treatment on record with a drug of the code lists. ``drafts``: references of the draft orders, which stand for
    themselves and not for treatment."""
    today = now.date()
    for request in record.all(MedicationRequest):
        if f"MedicationRequest/{request.id}" not in drafts and (use := _request(request, reader, lookup)):
            yield use
    for statement in record.all(MedicationStatement):
        if use := _statement(statement, reader, lookup, today):
            yield use
    for administration in record.all(MedicationAdministration):
        if (use := _administration(administration, reader, lookup)) and use.when and use.when <= today:
            yield use


def _request(request: MedicationRequest, reader: RememberedDrugs, lookup: Lookup) -> DrugUse | None:
    status = request.status
    if request.do_not_perform or request.intent in NOT_TREATMENT or status not in REQUEST_ACTIVE | REQUEST_ENDED:
        return None
    ref = f"MedicationRequest/{request.id or '?'}"
    found, when = reader.read(request, lookup), day_of(request.authored_on)
    return _use("request", found, ref, when, None, status in REQUEST_ACTIVE, status in REQUEST_ENDED)


def _statement(statement: MedicationStatement, reader: RememberedDrugs, lookup: Lookup, today: date) -> DrugUse | None:
    status = statement.status
    adherence = coded(statement.adherence.code) if statement.adherence else None
    if status not in STATEMENT_ACTIVE | STATEMENT_ENDED or adherence in NOT_TAKEN:
        return None
    period = statement.effective_period
    start = day_of(statement.effective_date_time) or day_of(period.start if period else None)
    until = day_of(period.end) if period else None
    over = status in STATEMENT_ENDED or (until is not None and until < today)
    ref = f"MedicationStatement/{statement.id or '?'}"
    when = start or day_of(statement.date_asserted)
    return _use("statement", reader.read(statement, lookup), ref, when, until, not over, over)


def _administration(given: MedicationAdministration, reader: RememberedDrugs, lookup: Lookup) -> DrugUse | None:
    if given.status not in GIVEN:
        return None
    period = given.effective_period or given.occurence_period
    when = day_of(given.effective_date_time or given.occurence_date_time) or day_of(period.start if period else None)
    ref = f"MedicationAdministration/{given.id or '?'}"
    return _use("administration", reader.read(given, lookup), ref, when, None, given.status == "in-progress", False)


def _use(
    kind: str, found: Recognised, ref: str, when: date | None, until: date | None, active: bool, ended: bool
) -> DrugUse | None:
    if not found.groups:
        return None
    return DrugUse(
        kind=kind,  # type: ignore[arg-type]  # one of the three words above
        drugs=found.drugs,
        groups=found.groups,
        product=found.product,
        active=active,
        ended=ended,
        when=when,
        until=until,
        text=found.text,
        ref=RequestText(ref),
        dose=found.dosed.dose,
        route=found.dosed.route,
        daily_mg=found.dosed.daily_mg,
        counts=found.counts,
        substance=found.substance,
    )


def explained(treatment: Treatment) -> Iterator[str]:
    """The lines of ``--explain``."""
    for use in treatment.uses:
        state = "active" if use.active else "ended" if use.ended else "given"
        yield f"{use.kind} of {', '.join(use.drugs)}: {state}, {use.when or 'undated'} ({use.ref})"


class UseGiven(File, frozen=True):
    """A record of treatment."""

    drug: str
    kind: Literal["request", "statement", "administration"] = "request"
    days_ago: int | None = None
    until_days_ago: int | None = None
    active: bool = False
    ended: bool = False
    counts: bool = True


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
        product=Product("unknown"),
        active=given.active,
        ended=given.ended,
        when=ago(given.days_ago),
        until=ago(given.until_days_ago),
        text=RequestText(given.drug),
        ref=RequestText(f"Medication{given.kind.title()}/use-{number}"),
        counts=given.counts,
    )
