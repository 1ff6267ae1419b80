"""The chapter of treatment: prescriptions, statements and administrations on record. Statuses are whitelisted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

from cds_service.base.kinds import Dose, DrugGroup, Missing, Need, RequestText, Route
from cds_service.facts.told import NOW, ago, groups_of
from cds_service.facts.window import within
from cds_service.knowledge.drugs import Drugs, Product
from cds_service.knowledge.model import File

KEYS = ("medicationRequests", "medicationStatements", "medicationAdministrations")


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


@dataclass(frozen=True)
class Treatment:
    """All treatment on record with a drug of the code lists.

    ``unreadable``: need -> records that name their drug only by a reference that leads nowhere, so that no drug can be
    called absent.
    """

    uses: tuple[DrugUse, ...]
    today: date
    unreadable: Mapping[Need, Missing] = field(default_factory=dict)

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
