"""What was examined and where, and the visits: read as leniently as the types of ``structs``."""

from __future__ import annotations

import msgspec

from cds_service.fhir.structs import CodeableConcept, Element, Many, Period, Reference, Resource


class DiagnosticReport(Resource, frozen=True, tag="DiagnosticReport"):
    """The report of an examination. ``presentedForm`` (a PDF, a scan) is not read.

    STU3 called ``conclusionCode`` ``codedDiagnosis``; R5 has it as before.
    """

    status: str | None = None
    category: Many[CodeableConcept] = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    issued: str | None = None
    conclusion: str | None = None
    conclusion_code: Many[CodeableConcept] = None
    coded_diagnosis: Many[CodeableConcept] = None
    specimen: Many[Reference] = None
    contained: list[msgspec.Raw] | None = None  # results of a laboratory that sends none of their own


class Specimen(Resource, frozen=True, tag="Specimen"):
    """What results were measured in."""

    type: CodeableConcept | None = None
    subject: Reference | None = None


class IncludedStructure(Element, frozen=True):
    structure: CodeableConcept | None = None
    laterality: CodeableConcept | None = None


class BodyStructure(Resource, frozen=True, tag="BodyStructure"):
    """A place of the body that results are about: R4 ``location``, R5 ``includedStructure``."""

    status: str | None = None
    morphology: CodeableConcept | None = None
    location: CodeableConcept | None = None
    location_qualifier: Many[CodeableConcept] = None
    included_structure: Many[IncludedStructure] = None
    patient: Reference | None = None


class EncounterReason(Element, frozen=True):
    """R5: why it took place, as a list of concepts or references."""

    value: Many[CodeableConcept] = None


class Encounter(Resource, frozen=True, tag="Encounter"):
    """A visit or stay. ``class``: a Coding in R4, concepts in R5; ``period`` (R4), ``actualPeriod`` (R5)."""

    status: str | None = None
    type: Many[CodeableConcept] = None
    service_type: Many[CodeableConcept] = None
    reason_code: Many[CodeableConcept] = None
    reason: Many[EncounterReason] = None
    subject: Reference | None = None
    period: Period | None = None
    actual_period: Period | None = None
    planned_start_date: str | None = None


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
