"""The chapter of refusals: drugs that were not given because the patient did not want them, as the order says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from cds_service.base.kinds import DrugGroup, RequestText
from cds_service.facts.explained import Fact, reference
from cds_service.facts.remembered import RememberedDrugs
from cds_service.facts.told import NOW, ago, groups_of
from cds_service.facts.window import within
from cds_service.fhir.dates import day_of
from cds_service.fhir.structs import CodeableConcept, MedicationRequest
from cds_service.knowledge.drugs import Drugs
from cds_service.knowledge.model import File
from cds_service.knowledge.terminology import Terminology
from cds_service.record.read import Record

KEYS = ("medicationRequests",)
CONCEPT = "patient-refusal"
NOT_GIVEN = frozenset({"stopped", "cancelled", "not-done"})


@dataclass(frozen=True, slots=True)
class Refusal:
    groups: frozenset[DrugGroup]
    when: date | None
    ref: RequestText


@dataclass(frozen=True, slots=True)
class Refusals:
    all: tuple[Refusal, ...]
    today: date

    def lately(self, days: int, *groups: DrugGroup) -> Refusal | None:
        """The latest refusal of a drug of these groups within the window."""
        found = [r for r in self.all if r.groups & set(groups) and within(r.when, self.today, days)]
        return max(found, key=lambda r: (r.when or date.min, r.ref), default=None)


def refusals(record: Record, reader: RememberedDrugs, terminology: Terminology, today: date) -> Refusals:
    """From prescriptions that ended, or never began, for a reason that says so."""
    return Refusals(tuple(_refused(record, reader, terminology)), today)


def _refused(record: Record, reader: RememberedDrugs, terminology: Terminology) -> Iterator[Refusal]:
    for request in record.all(MedicationRequest):
        reason = request.status_reason
        if request.status in NOT_GIVEN and reason and _says_so(reason, terminology):
            groups = reader.read(request, record.referred).groups
            yield Refusal(groups, day_of(request.authored_on), RequestText(f"MedicationRequest/{request.id or '?'}"))


def _says_so(reason: CodeableConcept, terminology: Terminology) -> bool:
    codings = [(c.system, c.code, c.display) for c in reason.codings()]
    return any(m.concept == CONCEPT for m in terminology.match("condition", codings, reason.codeable.text))


def explained(refusals: Refusals) -> Iterator[Fact]:
    """Each refusal."""
    for each in refusals.all:
        yield Fact("refusal", {"refusal": each}, when=each.when, ref=reference(each.ref))


class RefusalGiven(File, frozen=True):
    drug: str
    days_ago: int


class RefusalsGiven(File, frozen=True):
    """What a case may say of refusals."""

    refused: list[RefusalGiven] = []

    def told(self, drugs: Drugs) -> Refusals:
        every = (
            Refusal(groups_of(r.drug, drugs), ago(r.days_ago), RequestText(f"MedicationRequest/refused-{number}"))
            for number, r in enumerate(self.refused)
        )
        return Refusals(tuple(every), NOW.date())
