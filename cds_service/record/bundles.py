"""Resources out of JSON: a prefetch member or a page of a FHIR server, and how complete it is.

The meanings of a prefetch member are told apart here, and only here:

====================================  =============================================
member                                meaning
====================================  =============================================
key absent, or no ``prefetch`` at all  not obtained
``null``                              asked, nothing on record
Bundle without entries                nothing on record
Bundle whose entry is an outcome      nothing on record (an error outcome: incomplete)
OperationOutcome as the value         not obtained (the client's query failed)
Bundle with a ``next`` link           incomplete, unless its newest-first page reaches back far enough
resource of another patient           dropped and counted
====================================  =============================================

A resource that cannot be decoded is left out and counted; it never stops the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import msgspec

from cds_service.base.decoding import UNREADABLE
from cds_service.fhir.references import unversioned
from cds_service.fhir.structs import (
    Appointment,
    Bundle,
    Condition,
    Link,
    Many,
    Medication,
    MedicationAdministration,
    MedicationRequest,
    MedicationStatement,
    Observation,
    OperationOutcome,
    Patient,
    Procedure,
    Readable,
    Reference,
    Resource,
    ServiceRequest,
    many,
)

State = Literal["obtained", "none", "incomplete", "not-obtained"]


class _Head(msgspec.Struct, frozen=True, rename="camel"):
    resource_type: str | None = None


readable = msgspec.json.Decoder(Readable)
_head = msgspec.json.Decoder(_Head)
WANTED = frozenset(
    str(kind.__struct_config__.tag)
    for kind in (
        Patient,
        Condition,
        Observation,
        Medication,
        MedicationRequest,
        MedicationStatement,
        MedicationAdministration,
        ServiceRequest,
        Procedure,
        Appointment,
        OperationOutcome,
        Bundle,
    )
)


@dataclass(frozen=True, slots=True)
class Completeness:
    """How much of one prefetch key is known. ``back_to``: an incomplete newest-first page covers all since this day."""

    state: State
    cause: str | None = None  # absent | failed | unreadable | more-pages
    back_to: str | None = None  # YYYY-MM-DD


class _TypedEntry(msgspec.Struct, frozen=True, rename="camel", gc=False):
    full_url: str | None = None
    resource: Readable | None = None


class _TypedBundle(msgspec.Struct, frozen=True, rename="camel", tag_field="resourceType", tag="Bundle", gc=False):
    """A Bundle all of whose resources can be read, decoded in one pass: the usual case, and a third faster."""

    link: Many[Link] = None
    entry: Many[_TypedEntry] = None


# One of two, because msgspec requires the type to be stated only where there is a choice: {} is no empty Bundle.
_whole = msgspec.json.Decoder(_TypedBundle | OperationOutcome)
# What references are followed to; nothing else is looked up.
_REFERRED = (Medication, Condition)


class Gatherer:
    """Collects resources while walking the prefetch members of one call."""

    def __init__(self, patient_id: str) -> None:
        self.patient_id = patient_id
        self.plain_reference = f"Patient/{patient_id}"
        self.found: dict[type[Resource], list[Resource]] = {}
        self.seen: dict[type[Resource], set[str]] = {}
        self.by_ref: dict[str, Resource] = {}
        self.other_patient = 0
        self.unreadable: Counter[str] = Counter()

    def decode(self, raw: msgspec.Raw) -> Resource | None:
        """One resource, or None when its type is not wanted or it cannot be read (then counted)."""
        try:
            found: Resource = readable.decode(raw)
        except UNREADABLE:
            kind = resource_type(raw)
            if kind in WANTED:
                self.unreadable[kind] += 1
            return None
        return found

    def add(self, resource: Resource, full_url: str | None) -> None:
        # The commonest reference is told by one comparison; a page of results has hundreds.
        subject = getattr(resource, "subject", None)
        plain = subject is not None and subject.reference == self.plain_reference
        if not plain and not belongs(resource, self.patient_id):
            self.other_patient += 1
            return
        kind, identity = type(resource), resource.id
        if kind not in self.found:
            self.found[kind], self.seen[kind] = [], set()
        if isinstance(resource, _REFERRED):
            self.name(resource, full_url)
        if identity:
            # The same resource may come under two keys; one without an id is only itself.
            if identity in self.seen[kind]:
                return
            self.seen[kind].add(identity)
        self.found[kind].append(resource)

    def name(self, resource: Resource, full_url: str | None) -> None:
        """Let references find it; where two claim one name, the first keeps it."""
        if resource.id:
            self.by_ref.setdefault(f"{type(resource).__struct_config__.tag}/{resource.id}", resource)
        if full_url:
            self.by_ref.setdefault(full_url, resource)

    def refer(self, reference: str, raw: msgspec.Raw) -> None:
        """Take in the Medication that a reference led to."""
        resource = self.decode(raw)
        if isinstance(resource, Medication):
            self.by_ref[reference] = resource

    def member(self, raw: msgspec.Raw) -> Completeness:
        """Take in one prefetch value and say how complete it is."""
        if bytes(raw) == b"null":
            return Completeness("none")
        try:
            whole = _whole.decode(raw)
        except UNREADABLE:
            return self.single(raw)
        if isinstance(whole, OperationOutcome):
            return Completeness("not-obtained", "failed")
        return self.entries(
            [(e.resource, e.full_url) for e in many(whole.entry) if e.resource is not None], many(whole.link)
        )

    def single(self, raw: msgspec.Raw) -> Completeness:
        """A resource that is no Bundle, or a Bundle in which not everything can be read."""
        before = self.unreadable.total()
        resource = self.decode(raw)
        if isinstance(resource, Bundle):
            return self.entries(list(self.readable(resource)), many(resource.link))
        if resource is None:
            unreadable = self.unreadable.total() > before or not resource_type(raw)
            return Completeness("not-obtained", "unreadable") if unreadable else Completeness("none")
        self.add(resource, None)
        return Completeness("obtained")

    def readable(self, bundle: Bundle) -> Iterator[tuple[Resource, str | None]]:
        """The entries that can be read; of the others those that matter, or may, are counted."""
        for entry in many(bundle.entry):
            if not entry.resource or bytes(entry.resource) == b"null":
                continue
            resource = self.decode(entry.resource)
            if resource is not None:
                yield resource, entry.full_url
            elif not resource_type(entry.resource):
                self.unreadable["Resource"] += 1  # it says no type: it may be one that matters

    def entries(self, entries: list[tuple[Resource, str | None]], links: list[Link]) -> Completeness:
        failed, read = False, list[Resource]()
        for resource, full_url in entries:
            if isinstance(resource, OperationOutcome):
                failed = failed or any(i.severity in ("error", "fatal") for i in many(resource.issue))
            else:
                read.append(resource)
                self.add(resource, full_url)
        if any(link.relation == "next" for link in links):
            return Completeness("incomplete", "more-pages", _back_to([_day(r) for r in read]))
        if failed:
            return Completeness("incomplete", "failed")
        return Completeness("obtained" if read else "none")


def resource_type(raw: msgspec.Raw) -> str:
    try:
        return _head.decode(raw).resource_type or ""
    except UNREADABLE:
        return ""


def _day(resource: Resource) -> str | None:
    if isinstance(resource, Observation):
        when = resource.effective_date_time or resource.effective_instant or resource.issued
        return when[:10] if when and len(when) >= 10 else None
    return None


def _back_to(days: list[str | None]) -> str | None:
    """The day a page reaches back to, when it really is sorted newest first and every entry is dated."""
    dated = [d for d in days if d]
    if not dated or len(dated) != len(days) or any(a < b for a, b in pairwise(dated)):
        return None
    return dated[-1]


def belongs(resource: Resource, patient_id: str) -> bool:
    """Whether a resource is this patient's, or does not say whose it is (a Medication, a missing subject)."""
    if isinstance(resource, Patient):
        return resource.id is None or resource.id == patient_id
    if isinstance(resource, Appointment):
        actors = [p.actor.reference for p in many(resource.participant) if p.actor and p.actor.reference]
        patients = [a for a in actors if "Patient/" in a]
        return not patients or any(same_patient(a, patient_id) for a in patients)
    subject: Reference | None = getattr(resource, "subject", None)
    return subject is None or subject.reference is None or same_patient(subject.reference, patient_id)


def same_patient(reference: str, patient_id: str) -> bool:
    """Whether a reference (relative, absolute, versioned) names the patient; a urn or fragment names nobody else."""
    if reference.startswith(("urn:", "#")):
        return True
    path = unversioned(reference).rstrip("/")
    return path.rsplit("/", 1)[-1] == patient_id
