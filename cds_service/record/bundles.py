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
resource dated after now              dropped and counted: it has not happened
====================================  =============================================

A resource that cannot be decoded is left out and counted; it never stops the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import get_args

import msgspec

from cds_service.base.decoding import UNREADABLE
from cds_service.fhir.members import Member, ReadBundle
from cds_service.fhir.references import unversioned
from cds_service.fhir.structs import (
    Appointment,
    Bundle,
    Condition,
    Link,
    Medication,
    Observation,
    OperationOutcome,
    Patient,
    Readable,
    Reference,
    Resource,
    concept,
    many,
)
from cds_service.record.clock import Clock
from cds_service.record.completeness import Completeness


class _Head(msgspec.Struct, frozen=True, rename="camel"):
    resource_type: str | None = None


readable = msgspec.json.Decoder(Readable)
_head = msgspec.json.Decoder(_Head)
# The one list of FHIR types is ``Readable``.
WANTED = frozenset(str(kind.__struct_config__.tag) for kind in get_args(Readable))


_member: msgspec.json.Decoder[Member] = msgspec.json.Decoder(Member)
NONE, OBTAINED = Completeness("none"), Completeness("obtained")
# What references are followed to; nothing else is looked up.
_REFERRED = (Medication, Condition)


class Gatherer:
    """Collects resources while walking the prefetch members of one call."""

    def __init__(self, patient_id: str, now: datetime) -> None:
        self.patient_id, self._clock = patient_id, Clock(now)
        self.plain_reference = f"Patient/{patient_id}"
        self.found: dict[type[Resource], list[Resource]] = {}
        self.coded: dict[bytes, list[Observation]] = {}
        self._seen: dict[type[Resource], set[str]] = {}
        self.by_ref: dict[str, Resource] = {}
        self.other_patient = self.later = 0
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
        if isinstance(resource, Observation):
            self._result(resource)
            return
        if not self._ours(resource):
            return
        kind, identity = type(resource), resource.id
        if isinstance(resource, _REFERRED):
            self.name(resource, full_url)
        if self._is_new(kind, identity):
            self.found.setdefault(kind, []).append(resource)

    def _result(self, observation: Observation) -> None:
        """A laboratory sends hundreds of results of some dozen codes: they are kept by the bytes of their code, and
        a code that cannot be read makes its result unreadable."""
        # The commonest reference is told by one comparison.
        subject = observation.subject
        if (subject is None or subject.reference != self.plain_reference) and not self._ours(observation):
            return
        code = bytes(observation.code)
        same = self.coded.get(code)
        if same is None:
            try:
                concept(code)
            except UNREADABLE:
                self.unreadable["Observation"] += 1
                return
            same = self.coded[code] = []
        if self._is_new(Observation, observation.id):
            same.append(observation)

    def _ours(self, resource: Resource) -> bool:
        """Whether a resource is this patient's and has happened; what is left out is counted."""
        if not belongs(resource, self.patient_id):
            self.other_patient += 1
            return False
        if self._clock.is_later(resource):
            self.later += 1
            return False
        return True

    def _is_new(self, kind: type[Resource], identity: str | None) -> bool:
        """Whether it came for the first time: it may come under two keys. One without an id is only itself."""
        if not identity:
            return True
        seen = self._seen.setdefault(kind, set())
        before = len(seen)
        seen.add(identity)
        return len(seen) > before

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

    def member(self, value: Member | msgspec.Raw) -> Completeness:
        """Take in one prefetch value, decoded or not, and say how complete it is."""
        if isinstance(value, msgspec.Raw):
            try:
                return self.member(_member.decode(value))
            except UNREADABLE:
                return self.single(value)
        if value is None:
            return NONE
        if isinstance(value, OperationOutcome):
            return Completeness("not-obtained", "failed")
        if isinstance(value, ReadBundle):
            return self.entries([(e.resource, e.full_url) for e in many(value.entry) if e.resource], many(value.link))
        self.add(value, None)
        return Completeness("obtained")

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

    def entries(self, entries: Sequence[tuple[Resource, str | None]], links: list[Link]) -> Completeness:
        failed, read = False, 0
        for resource, full_url in entries:
            if isinstance(resource, OperationOutcome):
                failed = failed or any(i.severity in ("error", "fatal") for i in many(resource.issue))
            else:
                read += 1
                self.add(resource, full_url)
        if any(link.relation == "next" for link in links):
            days = [_day(r) for r, _ in entries if not isinstance(r, OperationOutcome)]
            return Completeness("incomplete", "more-pages", _back_to(days))
        if failed:
            return Completeness("incomplete", "failed")
        return OBTAINED if read else NONE


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
