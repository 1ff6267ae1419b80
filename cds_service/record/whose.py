"""Whose a resource is: this patient's, another's, or it does not say."""

from __future__ import annotations

from cds_service.fhir.examined import Appointment
from cds_service.fhir.references import unversioned
from cds_service.fhir.structs import Patient, Reference, Resource, many


def belongs(resource: Resource, patient_id: str) -> bool:
    """Whether a resource is this patient's, or does not say whose it is (a Medication, a missing subject)."""
    if isinstance(resource, Patient):
        return resource.id is None or resource.id == patient_id
    if isinstance(resource, Appointment):
        actors = [p.actor.reference for p in many(resource.participant) if p.actor and p.actor.reference]
        patients = [a for a in actors if "Patient/" in a]
        return not patients or any(same_patient(a, patient_id) for a in patients)
    subject: Reference | None = getattr(resource, "subject", None) or getattr(resource, "patient", None)
    return subject is None or subject.reference is None or same_patient(subject.reference, patient_id)


def same_patient(reference: str, patient_id: str) -> bool:
    """Whether a reference (relative, absolute, versioned) names the patient; a urn or fragment names nobody else."""
    if reference.startswith(("urn:", "#")):
        return True
    path = unversioned(reference).rstrip("/")
    return path.rsplit("/", 1)[-1] == patient_id
