"""The patient's record as this call shows it: FHIR resources by kind, and how complete each kind is.

What each prefetch member means is told in ``bundles``; what came from the EHR's FHIR server is taken in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

import msgspec

from cds_service.base.decoding import UNREADABLE
from cds_service.call.decode import IN_UTF8
from cds_service.call.hook import HookCall
from cds_service.call.problems import BadRequest, DataNotObtained
from cds_service.fetch.pages import Fetched
from cds_service.fhir.references import Treatment, medication_reference, type_and_id
from cds_service.fhir.structs import (
    Entry,
    MedicationAdministration,
    MedicationRequest,
    MedicationStatement,
    Patient,
    Resource,
)
from cds_service.record.bundles import WANTED, Completeness, Gatherer, belongs, readable, resource_type

R = TypeVar("R", bound=Resource)
PATIENT = "patient"  # the prefetch key of the Patient
NOTHING: Mapping[str, Fetched] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Record:
    """Resources by type, the completeness of every prefetch key asked for, and what was left out."""

    resources: Mapping[type[Resource], tuple[Resource, ...]]
    by_ref: Mapping[str, Resource]
    needs: Mapping[str, Completeness]
    other_patient: int = 0
    unreadable: Mapping[str, int] = field(default_factory=dict)

    def of(self, kind: type[R]) -> tuple[R, ...]:
        """All resources of a type, in the order they came, each once."""
        return self.resources.get(kind, ())  # type: ignore[return-value]  # the mapping is keyed by the type itself

    def referred(self, reference: str) -> Resource | None:
        """What a reference leads to, by its own words or by type and id."""
        return self.by_ref.get(reference) or self.by_ref.get(type_and_id(reference))


def read_record(
    call: HookCall,
    keys: Iterable[str],
    fetched: Mapping[str, Fetched] = NOTHING,
    references: Mapping[str, Fetched] = NOTHING,
) -> Record:
    """What the prefetch of the call shows, and what was fetched beside it.

    ``keys`` are the prefetch keys asked for in discovery. Members under other keys are read too (a client may send a
    Medication under a name of its own). ``fetched``: answers of the FHIR server by key; they replace what prefetch
    said of a key's completeness. ``references``: Medications by the reference that led to them.
    """
    gatherer = Gatherer(call.patient_id)
    state = {key: gatherer.member(raw) for key, raw in (call.prefetch or {}).items()}
    state |= {key: _fetched(gatherer, answer) for key, answer in fetched.items()}
    for reference, answer in references.items():
        for page in answer.pages:
            gatherer.refer(reference, msgspec.Raw(page))
    absent = Completeness("not-obtained", "absent")
    # A call is about a patient, so "none on record" cannot be true of the Patient itself: it was not obtained.
    if Patient not in gatherer.found and state.get(PATIENT, absent).state in ("none", "obtained"):
        state[PATIENT] = absent
    return Record(
        resources={kind: tuple(found) for kind, found in gatherer.found.items()},
        by_ref=gatherer.by_ref,
        needs={key: state.get(key, absent) for key in keys},
        other_patient=gatherer.other_patient,
        unreadable=dict(gatherer.unreadable),
    )


def _fetched(gatherer: Gatherer, answer: Fetched) -> Completeness:
    """How much of a key the FHIR server's answer tells. A next link of a page says nothing here: it was followed."""
    pages = [gatherer.member(msgspec.Raw(page)) for page in answer.pages]
    broken = next((p for p in pages if p.state == "not-obtained" or p.cause == "failed"), None)
    if not pages or broken:
        return Completeness("not-obtained", broken.cause if broken else answer.cause)
    if not answer.complete:
        back_to = pages[-1].back_to if all(p.back_to for p in pages) else None
        return Completeness("incomplete", answer.cause, back_to)
    return Completeness("none" if all(p.state == "none" for p in pages) else "obtained")


def open_references(call: HookCall, record: Record) -> tuple[str, ...]:
    """References to Medications, in drafts and on record, that say nothing themselves and lead to nothing that came."""
    drafts = [resource for _, _, resource in draft_resources(call)]
    inside = {r.id for r in drafts}
    treatments: list[Treatment] = [
        *(r for r in drafts if isinstance(r, MedicationRequest)),
        *record.of(MedicationRequest),
        *record.of(MedicationStatement),
        *record.of(MedicationAdministration),
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


def known_since(known: Completeness, since: str) -> bool:
    """Whether a key is known, at least back to ``since`` (YYYY-MM-DD)."""
    if known.state == "incomplete":
        return known.back_to is not None and known.back_to < since
    return known.state != "not-obtained"


def require(record: Record, needs: Iterable[str], since: str) -> None:
    """Raise ``DataNotObtained`` unless every one of these needs is known, at least back to ``since`` (YYYY-MM-DD)."""
    causes = [
        (f"prefetch.{key}", record.needs[key].cause or "absent")
        for key in needs
        if not known_since(record.needs[key], since)
    ]
    if causes:
        raise DataNotObtained(tuple(causes))


def draft_resources(call: HookCall) -> tuple[tuple[int, Entry, Resource], ...]:
    """The draft orders that can be read, with their position. Raises ``BadRequest`` for one that is broken.

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
        if not belongs(resource, call.patient_id):
            raise BadRequest(
                "The draft order is for another patient than context.patientId",
                f"{where}.subject",
                "Send the draft orders of one patient per call.",
            )
        drafts.append((position, entry, resource))
    return tuple(drafts)
