"""The chapter of diagnoses: the conditions on record that count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

import msgspec

from cds_service.base.kinds import RequestText
from cds_service.facts.conditions import has_abated, meanings
from cds_service.facts.explained import Fact, reference
from cds_service.fhir.dates import day_of
from cds_service.fhir.structs import CodeableConcept, Condition
from cds_service.knowledge.model import File
from cds_service.knowledge.terminology import Match, Terminology

KEYS = ("conditions",)
NEVER_VERIFIED = frozenset({"refuted", "entered-in-error"})
SUSPECTED = frozenset({"provisional", "differential", "unconfirmed"})
OTHER_PRIMARY = "other-primary-cancer"
INACTIVE = frozenset({"inactive", "resolved"})


class Diagnosis(msgspec.Struct, frozen=True, gc=False):
    """A condition on record that counts (not refuted, not entered in error, not another patient's)."""

    concept: str
    active: bool
    text: RequestText
    ref: RequestText
    when: date | None
    by_name: bool = False
    confirmed: bool = True  # False: provisional, a differential, not confirmed
    remission: bool = False  # in remission: it was there, and is not treated as active


@dataclass(frozen=True)
class Diagnoses:
    """All that count; those ended are there too, for what asks of the past."""

    all: tuple[Diagnosis, ...]

    @cached_property
    def active(self) -> frozenset[str]:
        """The concepts of the active ones: every rule asks for them several times."""
        return frozenset(d.concept for d in self.all if d.active)

    def has(self, *concepts: str) -> bool:
        """Whether any of these is an active diagnosis."""
        return not self.active.isdisjoint(concepts)

    def ever(self, *concepts: str) -> bool:
        """Whether any of these is on record, active or over."""
        return any(d.concept in concepts for d in self.all)

    def standing(self, *concepts: str) -> tuple[Diagnosis, ...]:
        """The diagnoses of these concepts that are confirmed and not over, in remission or otherwise."""
        return tuple(d for d in self.found(*concepts) if d.confirmed and not d.remission)

    def found(self, *concepts: str) -> tuple[Diagnosis, ...]:
        """The active diagnoses of these concepts."""
        return tuple(d for d in self.all if d.active and d.concept in concepts)


def diagnoses(conditions: Iterable[Condition], terminology: Terminology, now: datetime) -> Iterator[Diagnosis]:
    """The conditions that are of a known concept and not refuted, entered in error, or dated after ``now``."""
    for condition in conditions:
        if coded(condition.verification_status) in NEVER_VERIFIED:
            continue
        when = day_of(condition.onset_date_time) or day_of(condition.recorded_date)
        recorded = day_of(condition.recorded_date)
        if recorded and recorded > now.date():
            continue
        concept = condition.code.codeable if condition.code else CodeableConcept()
        active = coded(condition.clinical_status) not in INACTIVE and not has_abated(condition, now.date())
        found = tuple(_specific(meanings(condition, terminology)))
        if was := _once_had(concept, found, terminology):
            yield Diagnosis(
                was, False, RequestText(concept.said()), RequestText(f"Condition/{condition.id or '?'}"), when
            )
        for match in found:
            yield Diagnosis(
                concept=match.concept,
                active=active,
                text=RequestText(concept.said()),
                ref=RequestText(f"Condition/{condition.id or '?'}"),
                when=when,
                by_name=match.by_name,
                confirmed=coded(condition.verification_status) not in SUSPECTED,
                remission=coded(condition.clinical_status) == "remission",
            )


def _once_had(concept: CodeableConcept, found: tuple[Match, ...], terminology: Terminology) -> str | None:
    """Another primary of the past (乳腺癌术后, "history of breast cancer"), where nothing else says it: not active, yet
    it may be where a metastasis comes from."""
    if any(m.concept == OTHER_PRIMARY for m in found):
        return None
    state = terminology.read("condition", concept.said()).unsaid.get(OTHER_PRIMARY)
    return OTHER_PRIMARY if state == "past" else None


def _specific(matches: Iterable[Match]) -> Iterator[Match]:
    """A broad code never decides alone (K10.2 is any inflammation of the jaws)."""
    seen: set[str] = set()
    for match in matches:
        if "broad" not in match.flags and match.concept not in seen:
            seen.add(match.concept)
            yield match


def coded(status: CodeableConcept | str | None) -> str | None:
    """The code of a status, however it is written: coded, in words ("Inactive"), as a bare string."""
    if isinstance(status, CodeableConcept):
        status = next((c.code for c in status.codings() if c.code), status.text)
    return status.strip().casefold() if status else None


def explained(diagnoses: Diagnoses) -> Iterator[Fact]:
    """Each that counts, the active ones first; or that there is none."""
    for each in sorted(diagnoses.all, key=lambda d: not d.active):
        yield Fact("diagnosis", {"diagnosis": each}, when=each.when, ref=reference(each.ref))
    if not diagnoses.active:
        yield Fact("diagnoses-none")


class DiagnosesGiven(File, frozen=True):
    """What a case may say of diagnoses: concepts, all active; which of them are only suspected, or in remission."""

    diagnoses: tuple[str, ...] = ("lung-cancer", "bone-metastasis")
    suspected: tuple[str, ...] = ()
    in_remission: tuple[str, ...] = ()

    def told(self, long_ago: date | None) -> Diagnoses:
        """Each recorded ``long_ago``."""
        return Diagnoses(tuple(self._told(concept, long_ago) for concept in self.diagnoses))

    def _told(self, concept: str, when: date | None) -> Diagnosis:
        ref, text = RequestText(f"Condition/{concept}"), RequestText(concept)
        confirmed, remission = concept not in self.suspected, concept in self.in_remission
        return Diagnosis(concept, True, text, ref, when, confirmed=confirmed, remission=remission)
