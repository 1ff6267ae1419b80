"""FHIR resources as they really come, cut down to the fields that facts read.

Every type accepts unknown members, a single object where FHIR wants a list (``Many``), and the names of R4, R4B and R5
side by side. A member of the wrong JSON type makes that one resource unreadable, never the whole request.
Decoding is strict about nothing else: statuses and codes are judged by ``facts``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias, TypeVar

import msgspec

from cds_service.base.decoding import UNREADABLE

T = TypeVar("T")

# A list, one bare object (Epic and the sandbox send ``category`` so), or nothing.
Many: TypeAlias = list[T] | T | None


def many(value: Many[T]) -> list[T]:
    """The members of a ``Many`` as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


class Element(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Base of all elements: frozen, camelCase on the wire."""


class Coding(Element, frozen=True):
    system: str | None = None
    code: str | None = None
    display: str | None = None


class Reference(Element, frozen=True):
    reference: str | None = None
    display: str | None = None


class CodeableConcept(Element, frozen=True):
    """A CodeableConcept, and also an R5 CodeableReference (``concept`` / ``reference``)."""

    coding: Many[Coding] = None
    text: str | None = None
    concept: CodeableConcept | None = None
    reference: Reference | str | None = None
    display: str | None = None

    @property
    def codeable(self) -> CodeableConcept:
        """The concept itself, inside a CodeableReference or not."""
        return self.concept or self

    def codings(self) -> list[Coding]:
        return many(self.codeable.coding)

    def said(self) -> str:
        """What it is called: its text, else the first display, else the first code; empty when it says nothing."""
        told = [self.codeable.text, *(c.display for c in self.codings()), *(c.code for c in self.codings())]
        return next((t for t in told if t), "")


_concept: msgspec.json.Decoder[CodeableConcept | None] = msgspec.json.Decoder(CodeableConcept | None)
_concepts: dict[bytes, CodeableConcept | None] = {}
_UNKNOWN = CodeableConcept()
_REMEMBERED = 4096  # concepts
_LONGEST = 4096  # bytes of one that is remembered


def concept(raw: bytes) -> CodeableConcept | None:
    """A concept by its bytes. Raises one of ``UNREADABLE`` for what is none. Remembered, within bounds."""
    found = _concepts.get(raw, _UNKNOWN)
    if found is not _UNKNOWN:
        return found
    told = _concept.decode(raw) if raw else None
    if len(raw) <= _LONGEST:
        if len(_concepts) >= _REMEMBERED:
            _concepts.clear()
        _concepts[raw] = told
    return told


class Period(Element, frozen=True):
    start: str | None = None
    end: str | None = None


class Quantity(Element, frozen=True):
    value: Decimal | None = None
    comparator: str | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Range(Element, frozen=True):
    low: Quantity | None = None
    high: Quantity | None = None


class Ratio(Element, frozen=True):
    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Repeat(Element, frozen=True):
    frequency: Decimal | None = None
    period: Decimal | None = None
    period_unit: str | None = None
    duration: Decimal | None = None
    duration_unit: str | None = None


class Timing(Element, frozen=True):
    repeat: Repeat | None = None
    code: CodeableConcept | None = None


class DoseAndRate(Element, frozen=True):
    dose_quantity: Quantity | None = None
    dose_range: Range | None = None
    rate_quantity: Quantity | None = None
    rate_ratio: Ratio | None = None


class Extension(Element, frozen=True):
    url: str | None = None
    value_quantity: Quantity | None = None
    value_code: str | None = None
    value_string: str | None = None
    extension: list[Extension] | None = None


class Dosage(Element, frozen=True):
    """A Dosage of R4/R5, with the STU3 names Epic still sends beside them."""

    text: str | None = None
    timing: Timing | None = None
    route: CodeableConcept | None = None
    dose_and_rate: Many[DoseAndRate] = None
    dose_quantity: Quantity | None = None
    dose_range: Range | None = None
    rate_quantity: Quantity | None = None
    rate_ratio: Ratio | None = None
    extension: list[Extension] | None = None
    # MedicationAdministration.dosage
    dose: Quantity | None = None


class Resource(msgspec.Struct, frozen=True, rename="camel", tag_field="resourceType", gc=False):
    """Base of the resources that are read; ``resourceType`` is the tag."""

    id: str | None = None


class Patient(Resource, frozen=True, tag="Patient"):
    gender: str | None = None
    birth_date: str | None = None


class Condition(Resource, frozen=True, tag="Condition"):
    clinical_status: CodeableConcept | str | None = None
    verification_status: CodeableConcept | str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    onset_date_time: str | None = None
    recorded_date: str | None = None
    abatement_date_time: str | None = None
    abatement_string: str | None = None


class ReferenceRange(Element, frozen=True):
    low: Quantity | None = None
    high: Quantity | None = None
    type: CodeableConcept | None = None


_ranges: msgspec.json.Decoder[list[ReferenceRange] | ReferenceRange | None] = msgspec.json.Decoder(
    list[ReferenceRange] | ReferenceRange | None
)


def reference_ranges(raw: msgspec.Raw) -> list[ReferenceRange]:
    """The reference ranges of a result; none when they cannot be read."""
    try:
        return many(_ranges.decode(raw)) if raw else []
    except UNREADABLE:
        return []


class ObservationComponent(Element, frozen=True):
    code: CodeableConcept | None = None
    value_quantity: Quantity | None = None
    data_absent_reason: CodeableConcept | None = None
    # Undecoded: read of a few results only, and half the cost of reading them all. See ``reference_ranges``.
    reference_range: msgspec.Raw = msgspec.Raw()


class Observation(Resource, frozen=True, tag="Observation"):
    status: str | None = None
    # Undecoded: a laboratory repeats few codes many times, and they are told apart by their bytes. See ``concept``.
    code: msgspec.Raw = msgspec.Raw()
    subject: Reference | None = None
    effective_date_time: str | None = None
    effective_instant: str | None = None
    effective_period: Period | None = None
    issued: str | None = None
    value_quantity: Quantity | None = None
    value_string: str | None = None
    data_absent_reason: CodeableConcept | None = None
    # Undecoded: read of a few results only, and half the cost of reading them all. See ``reference_ranges``.
    reference_range: msgspec.Raw = msgspec.Raw()
    component: Many[ObservationComponent] = None


class MedicationIngredient(Element, frozen=True):
    item_codeable_concept: CodeableConcept | None = None
    item: CodeableConcept | None = None


class Medication(Resource, frozen=True, tag="Medication"):
    code: CodeableConcept | None = None
    ingredient: Many[MedicationIngredient] = None


class MedicationRequest(Resource, frozen=True, tag="MedicationRequest"):
    status: str | None = None
    intent: str | None = None
    do_not_perform: bool | None = None
    medication_codeable_concept: CodeableConcept | None = None
    medication_reference: Reference | None = None
    medication: CodeableConcept | None = None
    subject: Reference | None = None
    authored_on: str | None = None
    reason_code: Many[CodeableConcept] = None
    reason_reference: Many[Reference] = None
    reason: Many[CodeableConcept] = None
    status_reason: CodeableConcept | None = None
    dosage_instruction: Many[Dosage] = None
    contained: list[msgspec.Raw] | None = None
    extension: list[Extension] | None = None
    prior_prescription: Reference | None = None


class Adherence(Element, frozen=True):
    """R5: whether the drug is taken, beside a status that only says the statement was recorded."""

    code: CodeableConcept | None = None


class MedicationStatement(Resource, frozen=True, tag="MedicationStatement"):
    status: str | None = None
    adherence: Adherence | None = None
    medication_codeable_concept: CodeableConcept | None = None
    medication_reference: Reference | None = None
    medication: CodeableConcept | None = None
    subject: Reference | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    date_asserted: str | None = None
    dosage: Many[Dosage] = None
    contained: list[msgspec.Raw] | None = None


class MedicationAdministration(Resource, frozen=True, tag="MedicationAdministration"):
    status: str | None = None
    medication_codeable_concept: CodeableConcept | None = None
    medication_reference: Reference | None = None
    medication: CodeableConcept | None = None
    subject: Reference | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    # R5 spells it with one r in the middle.
    occurence_date_time: str | None = None
    occurence_period: Period | None = None
    dosage: Many[Dosage] = None
    contained: list[msgspec.Raw] | None = None


class ServiceRequest(Resource, frozen=True, tag="ServiceRequest"):
    status: str | None = None
    intent: str | None = None
    do_not_perform: bool | None = None
    code: CodeableConcept | None = None
    order_detail: Many[CodeableConcept] = None
    category: Many[CodeableConcept] = None
    subject: Reference | None = None
    authored_on: str | None = None
    occurrence_date_time: str | None = None


class Procedure(Resource, frozen=True, tag="Procedure"):
    status: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    performed_date_time: str | None = None
    performed_period: Period | None = None
    occurrence_date_time: str | None = None
    occurrence_period: Period | None = None


class AppointmentParticipant(Element, frozen=True):
    actor: Reference | None = None


class Appointment(Resource, frozen=True, tag="Appointment"):
    status: str | None = None
    service_type: Many[CodeableConcept] = None
    service_category: Many[CodeableConcept] = None
    specialty: Many[CodeableConcept] = None
    reason_code: Many[CodeableConcept] = None
    reason: Many[CodeableConcept] = None
    description: str | None = None
    subject: Reference | None = None
    participant: Many[AppointmentParticipant] = None
    start: str | None = None


class Issue(Element, frozen=True):
    severity: str | None = None
    code: str | None = None


class OperationOutcome(Resource, frozen=True, tag="OperationOutcome"):
    issue: Many[Issue] = None


class Link(Element, frozen=True):
    relation: str | None = None
    url: str | None = None


class Search(Element, frozen=True):
    mode: str | None = None


class Entry(Element, frozen=True):
    full_url: str | None = None
    # Undecoded, so that one bad resource stops nobody else; empty when absent (msgspec takes Raw in no union).
    resource: msgspec.Raw = msgspec.Raw()
    search: Search | None = None


class Bundle(Resource, frozen=True, tag="Bundle"):
    type: str | None = None
    total: int | None = None
    link: Many[Link] = None
    entry: Many[Entry] = None


# Every type that is read: the one list of them.
Readable = (
    Patient
    | Condition
    | Observation
    | Medication
    | MedicationRequest
    | MedicationStatement
    | MedicationAdministration
    | ServiceRequest
    | Procedure
    | Appointment
    | OperationOutcome
    | Bundle
)


class ReadEntry(Element, frozen=True):
    full_url: str | None = None
    resource: Readable | None = None


class ReadBundle(msgspec.Struct, frozen=True, rename="camel", tag_field="resourceType", tag="Bundle", gc=False):
    """A Bundle all of whose resources can be read, decoded in one pass: the usual case, and a third faster."""

    total: int | None = None
    link: Many[Link] = None
    entry: Many[ReadEntry] = None


# A prefetch member of which everything can be read. One of several, because msgspec requires the type to be stated only
# where there is a choice: {} is no empty Bundle.
Member = (
    ReadBundle
    | Patient
    | Condition
    | Observation
    | Medication
    | MedicationRequest
    | MedicationStatement
    | MedicationAdministration
    | ServiceRequest
    | Procedure
    | Appointment
    | OperationOutcome
    | None
)
