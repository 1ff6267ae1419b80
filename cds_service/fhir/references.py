"""References between resources, as they are written: relative, absolute, versioned, or in the shapes of R4 and R5."""

from __future__ import annotations

from typing import TypeAlias

from cds_service.fhir.structs import MedicationAdministration, MedicationRequest, MedicationStatement, Reference

Treatment: TypeAlias = MedicationRequest | MedicationStatement | MedicationAdministration


def unversioned(reference: str) -> str:
    """The reference without ``/_history/...``."""
    return reference.split("/_history/", maxsplit=1)[0]


def type_and_id(reference: str) -> str:
    """The ``Type/id`` at the end of a reference; of a reference without a slash, all of it."""
    return "/".join(unversioned(reference).rsplit("/", 2)[-2:])


def medication_reference(treatment: Treatment) -> Reference | None:
    """The reference to a treatment's Medication: R5's ``medication.reference``, else R4's ``medicationReference``."""
    r5 = treatment.medication
    if r5 is None or r5.reference is None:
        return treatment.medication_reference
    # A string is a bare Reference where R5 wants a CodeableReference.
    return Reference(r5.reference, r5.display) if isinstance(r5.reference, str) else r5.reference
