"""Every type that is read, and what a prefetch member can be, decoded in one pass."""

from __future__ import annotations

import msgspec

from cds_service.fhir.answered import AllergyIntolerance, QuestionnaireResponse
from cds_service.fhir.examined import Appointment, BodyStructure, DiagnosticReport, Encounter, Specimen
from cds_service.fhir.structs import (
    Bundle,
    Condition,
    Element,
    EntryResponse,
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
    ServiceRequest,
)

# Every type that is read but the Bundle: the one list of them.
Single = (
    Patient
    | Condition
    | Observation
    | Specimen
    | Medication
    | MedicationRequest
    | MedicationStatement
    | MedicationAdministration
    | ServiceRequest
    | Procedure
    | Appointment
    | DiagnosticReport
    | BodyStructure
    | Encounter
    | QuestionnaireResponse
    | AllergyIntolerance
    | OperationOutcome
)
Readable = Single | Bundle


class ReadEntry(Element, frozen=True):
    full_url: str | None = None
    response: EntryResponse | None = None
    resource: Readable | None = None


class ReadBundle(msgspec.Struct, frozen=True, rename="camel", tag_field="resourceType", tag="Bundle", gc=False):
    """A Bundle all of whose resources can be read, decoded in one pass: the usual case, and a third faster."""

    total: int | str | None = None
    link: Many[Link] = None
    entry: Many[ReadEntry] = None


# A prefetch member of which everything can be read. One of several, because msgspec requires the type to be stated only
# where there is a choice: {} is no empty Bundle.
Member = ReadBundle | Single | None
