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
Bundle whose ``total`` is more         incomplete, the same
Bundle in a Bundle                    opened: the answer to a batch; a part that failed: incomplete
another type of resource              not obtained: nobody reads a List or Parameters
resource of another patient           dropped and counted
resource dated after now              dropped and counted: it has not happened
====================================  =============================================

A resource that cannot be decoded is left out and counted; it never stops the others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, pairwise
from typing import get_args

import msgspec

from cds_service.base.decoding import UNREADABLE
from cds_service.fhir.examined import BodyStructure, DiagnosticReport, Encounter, Specimen
from cds_service.fhir.members import Member, Readable, ReadBundle, ReadEntry
from cds_service.fhir.structs import (
    Bundle,
    Condition,
    Link,
    Medication,
    Observation,
    OperationOutcome,
    Resource,
    many,
)
from cds_service.fhir.undecoded import concept
from cds_service.fhir.when import stated
from cds_service.record.clock import DATED, Clock
from cds_service.record.completeness import Completeness
from cds_service.record.contained import results_inside
from cds_service.record.versions import LONGEST_VERSION, is_newer
from cds_service.record.whose import belongs


class _Head(msgspec.Struct, frozen=True, rename="camel"):
    resource_type: str | None = None


readable = msgspec.json.Decoder(Readable)
_head = msgspec.json.Decoder(_Head)
# The one list of FHIR types is ``Readable``.
WANTED = frozenset(str(kind.__struct_config__.tag) for kind in get_args(Readable))


_member: msgspec.json.Decoder[Member] = msgspec.json.Decoder(Member)
NONE, OBTAINED = Completeness("none"), Completeness("obtained")
# Entries that are nothing of the patient's themselves; told by type, for a page of results has hundreds that are.
_NO_FACT = frozenset({OperationOutcome, Bundle, type(None)})
# What references are followed to; nothing else is looked up.
_REFERRED = frozenset({Medication, Condition, Specimen, BodyStructure})


class Gatherer:
    """Collects resources while walking the prefetch members of one call."""

    def __init__(self, patient_id: str, now: datetime) -> None:
        self.patient_id, self._clock = patient_id, Clock(now)
        self.plain_reference = f"Patient/{patient_id}"
        self._kept: defaultdict[type[Resource], dict[object, Resource]] = defaultdict(dict)
        self._inside: dict[object, list[Observation]] = {}  # by report: the results that it contains
        self._unread_codes = 0
        self.by_ref: dict[str, Resource] = {}
        self.other_patient = self.later = 0
        self._unreadable: Counter[str] = Counter()

    def decode(self, raw: msgspec.Raw) -> Resource | None:
        """One resource, or None when its type is not wanted or it cannot be read (then counted)."""
        try:
            found: Resource = readable.decode(raw)
        except UNREADABLE:
            kind = resource_type(raw)
            if kind in WANTED:
                self._unreadable[kind] += 1
            return None
        return found

    def add(self, resource: Resource, full_url: str | None) -> None:
        if not self._counts(resource):
            return
        kind = type(resource)
        if kind in _REFERRED:
            self.name(resource, full_url)
        # One without an id is only itself.
        kept, identity = self._kept[kind], resource.id or object()
        known = kept.setdefault(identity, resource)
        if known is not resource:
            if not is_newer(resource, known):
                return
            kept[identity] = resource
        if isinstance(resource, DiagnosticReport):
            # Those of the version that is kept, and once.
            self._inside[identity] = [it for it in results_inside(resource) if self._counts(it)]

    def _counts(self, resource: Resource) -> bool:
        """Whether it is the patient's, and not dated after now; else it is counted as left out."""
        # The commonest reference is told by one comparison; a page of results has hundreds.
        subject = getattr(resource, "subject", None)
        plain = subject is not None and subject.reference == self.plain_reference
        if not plain and not belongs(resource, self.patient_id):
            self.other_patient += 1
            return False
        if type(resource) in DATED and self._clock.is_later(resource):
            self.later += 1
            return False
        return True

    def of(self, kind: type[Resource]) -> Iterable[Resource]:
        """The resources of a type, each once, in the order they came: of two versions the newer."""
        return self._kept.get(kind, {}).values()

    def kinds(self) -> Iterable[type[Resource]]:
        return self._kept

    def coded(self) -> dict[bytes, list[Observation]]:
        """The Observations by the bytes of their code: a laboratory sends hundreds of results of some dozen codes.

        A code that cannot be read makes its results unreadable.
        """
        found: dict[bytes, list[Observation]] = defaultdict(list)
        unread = 0
        observations: Iterable[Observation] = self.of(Observation)  # type: ignore[assignment]  # they are kept by type
        for observation in chain(observations, *self._inside.values()):
            found[bytes(observation.code)].append(observation)
        for code in [code for code in found if not _is_concept(code)]:
            unread += len(found.pop(code))
        self._unread_codes = unread
        return dict(found)

    @property
    def unreadable(self) -> dict[str, int]:
        """How many resources of each type could not be read."""
        found = dict(self._unreadable)
        if self._unread_codes:
            found["Observation"] = found.get("Observation", 0) + self._unread_codes
        return found

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
            if not (value.entry or value.link or value.total):
                return NONE
            return self.entries(many(value.entry), many(value.link), value.total)
        self.add(value, None)
        return Completeness("obtained")

    def single(self, raw: msgspec.Raw) -> Completeness:
        """A resource that is no Bundle, or a Bundle in which not everything can be read."""
        resource = self.decode(raw)
        if isinstance(resource, Bundle):
            return self.opened(resource)
        if resource is None:
            # Also of a type that is no answer to any need (a List, Parameters): what it holds nobody read.
            return Completeness("not-obtained", "unreadable")
        self.add(resource, None)
        return Completeness("obtained")

    def readable(self, bundle: Bundle) -> Iterator[ReadEntry]:
        """The entries that can be read; of the others those that matter, or may, are counted."""
        for entry in many(bundle.entry):
            resource = None
            if entry.resource and bytes(entry.resource) != b"null":
                resource = self.decode(entry.resource)
                if resource is None and not resource_type(entry.resource):
                    self._unreadable["Resource"] += 1  # it says no type: it may be one that matters
            yield ReadEntry(full_url=entry.full_url, response=entry.response, resource=resource)  # type: ignore[arg-type]  # the decoder's own types

    def opened(self, bundle: Bundle) -> Completeness:
        """A Bundle in which not everything can be read, or that stands in a Bundle (the answer to a batch)."""
        before = self._unreadable.total()
        entries = list(self.readable(bundle))
        return self.entries(entries, many(bundle.link), bundle.total, self._unreadable.total() - before)

    def entries(
        self, entries: Sequence[ReadEntry], links: list[Link], total: int | str | None, unreadable: int = 0
    ) -> Completeness:
        """Take in the entries of a Bundle. ``total``: how many the search found, where the server says so;
        ``unreadable``: how many of them came and could not be read, which is told by itself."""
        failed, read, inner = False, unreadable, list[Completeness]()
        for entry in entries:
            resource = entry.resource
            if entry.response is not None and entry.response.failed:
                failed = True  # a part of a batch came back with an error
            if type(resource) not in _NO_FACT:
                read += 1
                self.add(resource, entry.full_url)  # type: ignore[arg-type]  # None is no fact
            elif isinstance(resource, OperationOutcome):
                failed = failed or any(i.severity in ("error", "fatal") for i in many(resource.issue))
            elif isinstance(resource, Bundle):
                inner.append(self.opened(resource))
        if any(link.relation == "next" for link in links) or (_count(total) > read and not inner):
            days = [_day(e.resource) for e in entries if e.resource and not isinstance(e.resource, OperationOutcome)]
            return Completeness("incomplete", "more-pages", _back_to(days))
        if failed:
            return Completeness("incomplete", "failed")
        return _together([OBTAINED if read else NONE, *inner])


def _count(total: int | str | None) -> int:
    """How many a search found; nothing where that is not said, or not as a number."""
    if isinstance(total, str):
        return int(total) if total.isascii() and total.isdigit() and len(total) <= LONGEST_VERSION else 0
    return total or 0


def _together(parts: list[Completeness]) -> Completeness:
    """What several answers to one need tell together: no more than the least of them."""
    if len(parts) == 1:
        return parts[0]
    for state in ("not-obtained", "incomplete", "obtained"):
        if found := next((part for part in parts if part.state == state), None):
            return found
    return NONE


def _is_concept(code: bytes) -> bool:
    try:
        concept(code)
    except UNREADABLE:
        return False
    return True


def resource_type(raw: msgspec.Raw) -> str:
    try:
        return _head.decode(raw).resource_type or ""
    except UNREADABLE:
        return ""


def _day(resource: Resource | None) -> str | None:
    when: str | None = None
    if isinstance(resource, Observation | DiagnosticReport):
        when = stated(resource)
    elif isinstance(resource, Encounter):
        period = resource.period or resource.actual_period
        when = period.start if period else None
    return when[:10] if when and len(when) >= 10 else None


def _back_to(days: list[str | None]) -> str | None:
    """The day a page reaches back to, when it really is sorted newest first and every entry is dated."""
    dated = [d for d in days if d]
    if not dated or len(dated) != len(days) or any(a < b for a, b in pairwise(dated)):
        return None
    return dated[-1]
