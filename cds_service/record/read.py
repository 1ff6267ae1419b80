"""The patient's record: FHIR resources by kind, and how complete each kind is. Nothing dated after now is in it.

What each prefetch member means is told in ``bundles``; what came from the EHR's FHIR server is taken in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from cds_service.base.decoding import UNREADABLE
from cds_service.base.kinds import Need
from cds_service.call.decode import IN_UTF8
from cds_service.call.hook import HookCall
from cds_service.call.problems import BadRequest, Cause
from cds_service.fhir.members import Member
from cds_service.fhir.references import Treatment, medication_reference, type_and_id
from cds_service.fhir.structs import (
    Entry,
    MedicationAdministration,
    MedicationRequest,
    MedicationStatement,
    Observation,
    Patient,
    Resource,
)
from cds_service.record.bundles import WANTED, Gatherer, readable, resource_type
from cds_service.record.completeness import Completeness, Wanted
from cds_service.record.fetched import Fetched
from cds_service.record.whose import belongs

R = TypeVar("R", bound=Resource)
PATIENT = "patient"  # the prefetch key of the Patient
ABSENT = Completeness("not-obtained", "absent")
NONE: Mapping[Need, Need] = {}


class Record(msgspec.Struct, frozen=True):
    """Resources by type, the completeness of every prefetch key asked for, and what was left out.

    ``coded``: the Observations, by the bytes of their code.
    ``other_patient``, ``later``: how many resources were left out as another patient's, or dated after now.
    """

    resources: Mapping[type[Resource], tuple[Resource, ...]]
    coded: Mapping[bytes, Sequence[Observation]] = {}
    by_ref: Mapping[str, Resource] = {}
    needs: Mapping[Need, Completeness] = {}
    other_patient: int = 0
    later: int = 0
    unreadable: Mapping[str, int] = {}

    @classmethod
    def of(cls, resources: Iterable[Resource], patient_id: str, keys: Iterable[Need], now: datetime) -> Record:
        """The record of one patient that is known whole: of these resources, every key obtained. ``now`` is aware."""
        reading = Reading(patient_id, keys, now)
        reading.whole(resources)
        return reading.record()

    def all(self, kind: type[R]) -> tuple[R, ...]:
        """All resources of a type, each once."""
        if kind is Observation:
            return tuple(o for same in self.coded.values() for o in same)  # type: ignore[misc]  # R is Observation
        return self.resources.get(kind, ())  # type: ignore[return-value]  # the mapping is keyed by the type itself

    def referred(self, reference: str) -> Resource | None:
        """What a reference leads to, by its own words or by type and id."""
        return self.by_ref.get(reference) or self.by_ref.get(type_and_id(reference))


class Reading:
    """A record while it is read: prefetch first, then what is fetched beside it.

    ``keys``: the prefetch keys that are asked for. Members under other keys are read too (a client may send a
    Medication under a name of its own). ``stand_ins``: a key -> the one that was asked for in its place.
    """

    def __init__(
        self, patient_id: str, keys: Iterable[Need], now: datetime, stand_ins: Mapping[Need, Need] = NONE
    ) -> None:
        self.gatherer = Gatherer(patient_id, now)
        self._keys, self._stand_ins = tuple(keys), stand_ins
        self._state: dict[Need, Completeness] = {}

    def prefetched(self, members: Mapping[Need, Member | msgspec.Raw]) -> None:
        """Take in the prefetch of a call."""
        self._state |= {key: self.gatherer.member(value) for key, value in members.items()}

    def whole(self, resources: Iterable[Resource]) -> None:
        """Take in all there is of the patient: every key is obtained then."""
        for resource in resources:
            self.gatherer.add(resource, None)
        self._state |= dict.fromkeys(self._keys, Completeness("obtained"))

    def fetched(self, answers: Mapping[Need, Fetched]) -> None:
        """Take in answers of the FHIR server; they replace what prefetch said of a key's completeness."""
        self._state |= {key: _completeness(self.gatherer, answer) for key, answer in answers.items()}

    def referred(self, answers: Mapping[str, Fetched]) -> None:
        """Take in Medications by the reference that led to them."""
        for reference, answer in answers.items():
            for page in answer.pages:
                self.gatherer.refer(reference, msgspec.Raw(page))

    def record(self) -> Record:
        """All that was read so far."""
        needs = {key: self._known(key) for key in self._keys}
        # A call is about a patient, so "none on record" cannot be true of the Patient itself: it was not obtained.
        patient_known = needs.get(PATIENT, ABSENT).state in ("none", "obtained")
        if patient_known and not self.gatherer.of(Patient):
            needs[PATIENT] = ABSENT
        gatherer = self.gatherer
        return Record(
            resources={kind: tuple(gatherer.of(kind)) for kind in gatherer.kinds() if kind is not Observation},
            coded=gatherer.coded(),
            by_ref=dict(gatherer.by_ref),
            needs=needs,
            other_patient=gatherer.other_patient,
            later=gatherer.later,
            unreadable=gatherer.unreadable,
        )

    def _known(self, key: Need) -> Completeness:
        own = self._state.get(key, ABSENT)
        return own if own.state != "not-obtained" else self._state.get(self._stand_ins.get(key, key), own)


def _completeness(gatherer: Gatherer, answer: Fetched) -> Completeness:
    """How much of a key the FHIR server's answer tells. A next link of a page says nothing here: it was followed."""
    pages = [gatherer.member(msgspec.Raw(page)) for page in answer.pages]
    broken = next((p for p in pages if p.state == "not-obtained" or p.cause == "failed"), None)
    if len(pages) == 1 and not broken and pages[0].state == "incomplete" and answer.complete:
        return pages[0]  # it has no next link, and says that there is more than came
    if not pages or broken:
        return Completeness("not-obtained", broken.cause if broken else answer.cause)
    if not answer.complete:
        back_to = pages[-1].back_to if all(p.back_to for p in pages) else None
        return Completeness("incomplete", answer.cause, back_to)
    return Completeness("none" if all(p.state == "none" for p in pages) else "obtained")


Draft = tuple[int, Entry, Resource]


def open_references(drafts: Iterable[Draft], record: Record) -> tuple[str, ...]:
    """References to Medications, in drafts and on record, that say nothing themselves and lead to nothing that came."""
    drafted = [resource for _, _, resource in drafts]
    inside = {r.id for r in drafted}
    treatments: list[Treatment] = [
        *(r for r in drafted if isinstance(r, MedicationRequest)),
        *record.all(MedicationRequest),
        *record.all(MedicationStatement),
        *record.all(MedicationAdministration),
    ]
    told = (reference for treatment in treatments for reference in _mute(treatment))
    elsewhere = (r for r in told if not r.startswith(("#", "urn:")) and r.rsplit("/", 1)[-1] not in inside)
    return tuple(dict.fromkeys(r for r in elsewhere if record.referred(r) is None))


def _mute(treatment: Treatment) -> Iterator[str]:
    """The reference of a treatment that names its drug by nothing else."""
    inline, reference = treatment.medication_codeable_concept, medication_reference(treatment)
    if treatment.medication:
        inline = inline or treatment.medication.concept
    if inline is None and reference and reference.reference and not reference.display:
        yield reference.reference


def unmet(record: Record, needs: Iterable[Need], wanted: Wanted) -> tuple[Cause, ...]:
    """Those of these needs that are not known as far back as they are ``wanted``, and why."""
    return tuple(
        (f"prefetch.{key}", record.needs[key].cause or "absent")
        for key in needs
        if not record.needs[key].known_since(wanted[key])
    )


def draft_resources(call: HookCall) -> tuple[Draft, ...]:
    """The draft orders that can be read, with their position; also those of other patients (see ``foreign``).

    Raises ``BadRequest`` for one that is broken.

    A broken draft of a wanted type is the client's fault and must be told: skipping it would look like "safe".
    """
    drafts = []
    for position, entry in enumerate(call.drafts):
        if not entry.resource:
            continue
        where = f"context.draftOrders.entry[{position}].resource"
        try:
            resource = readable.decode(entry.resource)
        except UNREADABLE as error:
            if isinstance(error, UnicodeDecodeError):
                raise BadRequest("The draft order is not UTF-8", where, IN_UTF8) from None
            kind = resource_type(entry.resource)
            if kind in WANTED or not kind:
                raise BadRequest(
                    "The draft order cannot be read as the FHIR resource it says it is",
                    where,
                    "Run `cds-service validate` on the request: it names the member.",
                ) from None
            continue
        drafts.append((position, entry, resource))
    return tuple(drafts)


def foreign(call: HookCall, drafts: Iterable[Draft]) -> frozenset[int]:
    """The positions of drafts that are another patient's."""
    return frozenset(position for position, _, resource in drafts if not belongs(resource, call.patient_id))


def another_patients(position: int) -> BadRequest:
    """The problem of a draft that is another patient's and would have been answered."""
    return BadRequest(
        "The draft order is for another patient than context.patientId",
        f"context.draftOrders.entry[{position}].resource.subject",
        "Send the draft orders of one patient per call.",
    )
