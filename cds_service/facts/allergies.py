"""The chapter of allergies: which drugs of the code lists the patient does not tolerate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cds_service.base.kinds import DrugGroup
from cds_service.facts.diagnoses import INACTIVE, NEVER_VERIFIED, coded
from cds_service.facts.explained import Fact
from cds_service.facts.told import groups_of
from cds_service.fhir.answered import AllergyIntolerance
from cds_service.knowledge.drugs import Drugs
from cds_service.knowledge.model import File
from cds_service.knowledge.terminology import Terminology

KEYS = ("allergies",)
CLASS = "class"  # the flag of a name that stands for a whole class


@dataclass(frozen=True, slots=True)
class Allergies:
    """``drugs``: concepts of single drugs; ``groups``: classes named as a whole."""

    drugs: frozenset[str] = frozenset()
    groups: frozenset[DrugGroup] = frozenset()

    def forbid(self, drug: str, group: DrugGroup) -> bool:
        return drug in self.drugs or group in self.groups


def allergies(records: Iterable[AllergyIntolerance], terminology: Terminology, drugs: Drugs) -> Allergies:
    """Of the allergies and intolerances on record that are not over, refuted or entered in error."""
    single: set[str] = set()
    groups: set[DrugGroup] = set()
    for record in records:
        if coded(record.verification_status) in NEVER_VERIFIED or coded(record.clinical_status) in INACTIVE:
            continue
        if record.code is None:
            continue
        codings = [(c.system, c.code, c.display) for c in record.code.codings()]
        for match in terminology.match("drug", codings, record.code.codeable.text):
            if CLASS in match.flags:
                groups |= groups_of(match.concept, drugs)
            else:
                single.add(match.concept)
    return Allergies(frozenset(single), frozenset(groups))


def explained(allergies: Allergies) -> Iterator[Fact]:
    """What is not tolerated."""
    if allergies.drugs or allergies.groups:
        yield Fact("allergies", {"allergies": allergies})


class AllergiesGiven(File, frozen=True):
    """What a case may say of allergies: drugs by concept, classes by group."""

    allergic_to: tuple[str, ...] = ()
    allergic_to_class: tuple[DrugGroup, ...] = ()

    def told(self) -> Allergies:
        return Allergies(frozenset(self.allergic_to), frozenset(self.allergic_to_class))
