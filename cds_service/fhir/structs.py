"""FHIR resources as they really come, cut down to the fields that facts read.

Every type accepts unknown members, a single object where FHIR wants a list (``Many``), and the names of R4, R4B and R5
side by side. A member of the wrong JSON type makes that one resource unreadable, never the whole request.
Decoding is strict about nothing else: statuses (in small letters, however they came) and codes are judged by ``facts``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

import msgspec

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
    bounds_duration: Quantity | None = None
    bounds_range: Range | None = None
    bounds_period: Period | None = None
    count: Decimal | None = None
    count_max: Decimal | None = None
    frequency: Decimal | None = None
    frequency_max: Decimal | None = None
    period: Decimal | None = None
    period_max: Decimal | None = None
    period_unit: str | None = None
    duration: Decimal | None = None
    duration_unit: str | None = None
    # Only how many moments of a day are named is asked.
    time_of_day: Any = None
    when: Any = None


class Timing(Element, frozen=True):
    event: Any = None  # only how many there are is asked
    repeat: Repeat | None = None
    code: CodeableConcept | None = None


class DoseAndRate(Element, frozen=True):
    type: CodeableConcept | str | None = None
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
    additional_instruction: Many[CodeableConcept] | str = None
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
    # Whether it is taken as needed: R4 in two shapes, R5 in two others. Only whether it is said is asked.
    as_needed_boolean: Any = None
    as_needed_codeable_concept: Any = None
    as_needed: Any = None
    as_needed_for: Any = None
    sequence: Any = None
    # Undecoded: nothing of other drugs depends on it, so that its shape breaks none. See ``undecoded``.
    max_dose_per_period: msgspec.Raw = msgspec.Raw()


class Resource(msgspec.Struct, frozen=True, rename="camel", tag_field="resourceType", gc=False):
    """Base of the resources that are read; ``resourceType`` is the tag."""

    id: str | None = None
    # Undecoded: looked at only where one resource came in two versions. See ``record.versions``.
    meta: msgspec.Raw = msgspec.Raw()

    def __post_init__(self) -> None:
        """A status is read as the standard writes it: some send it in capitals ("FINAL")."""
        status = getattr(self, "status", None)
        if status is not None and (plain := status.strip().casefold()) != status:
            msgspec.structs.force_setattr(self, "status", plain)


class Patient(Resource, frozen=True, tag="Patient"):
    gender: str | None = None
    birth_date: str | None = None
    deceased_boolean: Any = None
    deceased_date_time: str | None = None


class Condition(Resource, frozen=True, tag="Condition"):
    clinical_status: CodeableConcept | str | None = None
    verification_status: CodeableConcept | str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    onset_date_time: str | None = None
    recorded_date: str | None = None
    abatement_date_time: str | None = None
    abatement_string: str | None = None
    abatement_period: Period | None = None
    abatement_age: Quantity | None = None
    abatement_range: Range | None = None
    abatement_boolean: bool | str | None = None  # DSTU2
    body_site: Many[CodeableConcept] = None
    note: msgspec.Raw = msgspec.Raw()
    category: msgspec.Raw = msgspec.Raw()


class ReferenceRange(Element, frozen=True):
    low: Quantity | None = None
    high: Quantity | None = None
    type: CodeableConcept | None = None
    text: str | None = None


class ObservationComponent(Element, frozen=True):
    code: CodeableConcept | None = None
    value_quantity: Quantity | None = None
    value_string: str | None = None
    value_integer: Decimal | None = None
    value_codeable_concept: CodeableConcept | None = None
    data_absent_reason: CodeableConcept | None = None
    # Undecoded: read of a few results only, and half the cost of reading them all. See ``undecoded``.
    reference_range: msgspec.Raw = msgspec.Raw()


class Observation(Resource, frozen=True, tag="Observation"):
    status: str | None = None
    # Undecoded: a laboratory repeats few codes many times, and they are told apart by their bytes. See ``undecoded``.
    code: msgspec.Raw = msgspec.Raw()
    subject: Reference | None = None
    effective_date_time: str | None = None
    effective_instant: str | None = None
    effective_period: Period | None = None
    effective_timing: Any = None  # its events are read where nothing else tells the time
    issued: str | None = None
    value_quantity: Quantity | None = None
    value_string: str | None = None
    value_integer: Decimal | None = None
    value_range: Range | None = None
    value_ratio: Ratio | None = None
    value_codeable_concept: CodeableConcept | None = None
    data_absent_reason: CodeableConcept | None = None
    # Undecoded: read of a few results only, and half the cost of reading them all. See ``undecoded``.
    reference_range: msgspec.Raw = msgspec.Raw()
    component: Many[ObservationComponent] = None
    specimen: Many[Reference] = None
    contained: list[msgspec.Raw] | None = None
    # Undecoded.
    body_site: msgspec.Raw = msgspec.Raw()
    method: msgspec.Raw = msgspec.Raw()
    note: msgspec.Raw = msgspec.Raw()
    focus: msgspec.Raw = msgspec.Raw()
    interpretation: msgspec.Raw = msgspec.Raw()


class MedicationIngredient(Element, frozen=True):
    item_codeable_concept: CodeableConcept | None = None
    item: CodeableConcept | None = None
    strength: Ratio | None = None
    # R5
    strength_ratio: Ratio | None = None
    strength_quantity: Quantity | None = None


class Medication(Resource, frozen=True, tag="Medication"):
    code: CodeableConcept | None = None
    ingredient: Many[MedicationIngredient] = None
    amount: Ratio | None = None
    # R5
    total_volume: Quantity | None = None


class DispenseRequest(Element, frozen=True):
    validity_period: Period | None = None
    expected_supply_duration: Quantity | None = None
    number_of_repeats_allowed: Decimal | None = None


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
    # R5
    rendered_dosage_instruction: str | None = None
    # Undecoded: nothing of a draft depends on it: its shape breaks none. See ``undecoded``.
    dispense_request: msgspec.Raw = msgspec.Raw()
    # Told by the patient or taken over: R4 in two shapes, R5 in one. Only whether it is said is asked.
    reported_boolean: Any = None
    reported_reference: Any = None
    reported: Any = None
    contained: list[msgspec.Raw] | None = None
    extension: list[Extension] | None = None
    prior_prescription: Reference | None = None
    # Undecoded, as above. See ``undecoded``.
    based_on: msgspec.Raw = msgspec.Raw()
    effective_dose_period: Period | None = None  # R5


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
    # R5
    rendered_dosage_instruction: str | None = None
    contained: list[msgspec.Raw] | None = None


class MedicationAdministration(Resource, frozen=True, tag="MedicationAdministration"):
    status: str | None = None
    medication_codeable_concept: CodeableConcept | None = None
    medication_reference: Reference | None = None
    medication: CodeableConcept | None = None
    subject: Reference | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    # R5 spells it with one r; some senders mend that.
    occurence_date_time: str | None = None
    occurence_period: Period | None = None
    occurrence_date_time: str | None = None
    occurrence_period: Period | None = None
    dosage: Many[Dosage] = None
    contained: list[msgspec.Raw] | None = None


class Reasoned(Resource, frozen=True):
    """Where and why something is done; undecoded: read of few kinds only."""

    body_site: msgspec.Raw = msgspec.Raw()
    reason_code: msgspec.Raw = msgspec.Raw()
    reason: msgspec.Raw = msgspec.Raw()
    reason_reference: msgspec.Raw = msgspec.Raw()
    note: msgspec.Raw = msgspec.Raw()
    extension: msgspec.Raw = msgspec.Raw()
    contained: msgspec.Raw = msgspec.Raw()


class ServiceRequest(Reasoned, frozen=True, tag="ServiceRequest"):
    status: str | None = None
    intent: str | None = None
    do_not_perform: bool | None = None
    code: CodeableConcept | None = None
    order_detail: Many[CodeableConcept] = None
    category: Many[CodeableConcept] = None
    subject: Reference | None = None
    authored_on: str | None = None
    occurrence_date_time: str | None = None
    quantity_quantity: msgspec.Raw = msgspec.Raw()


class Procedure(Reasoned, frozen=True, tag="Procedure"):
    status: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    performed_date_time: str | None = None
    performed_period: Period | None = None
    occurrence_date_time: str | None = None
    occurrence_period: Period | None = None


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


class EntryResponse(Element, frozen=True):
    """What became of one part of a batch."""

    status: str | None = None

    @property
    def failed(self) -> bool:
        return (self.status or "")[:1] in ("4", "5")


class Entry(Element, frozen=True):
    full_url: str | None = None
    response: EntryResponse | None = None
    # Undecoded, so that one bad resource stops nobody else; empty when absent (msgspec takes Raw in no union).
    resource: msgspec.Raw = msgspec.Raw()
    search: Search | None = None


class Bundle(Resource, frozen=True, tag="Bundle"):
    type: str | None = None
    total: int | str | None = None
    link: Many[Link] = None
    entry: Many[Entry] = None
