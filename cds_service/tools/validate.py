"""``cds-service validate``: what fhir.resources says of each resource, and what our reader does with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from fhir.resources import get_fhir_model_class as r5_model
from fhir.resources.R4B import get_fhir_model_class as r4b_model
from pydantic import ValidationError

from cds_service.base.decoding import UNREADABLE
from cds_service.base.numbers import plain_number
from cds_service.edition import Edition
from cds_service.facts.diagnoses import diagnoses
from cds_service.facts.observations import collect
from cds_service.facts.readers import Readers
from cds_service.facts.results import Result, Unusable
from cds_service.fhir.examined import Appointment
from cds_service.fhir.members import Readable
from cds_service.fhir.structs import (
    Condition,
    Medication,
    MedicationAdministration,
    MedicationRequest,
    MedicationStatement,
    Observation,
    Patient,
    Procedure,
    Resource,
    ServiceRequest,
)
from cds_service.record.whose import belongs

_readable = msgspec.json.Decoder(Readable)


@dataclass(frozen=True, slots=True)
class Report:
    """One resource: where it stands, the errors of fhir.resources (member: message), and the reader's verdict."""

    where: str
    kind: str
    errors: tuple[str, ...]
    reader: str

    @property
    def valid(self) -> bool:
        return not self.errors


def resources_of(node: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every FHIR resource of a request (bundles opened, contained ones left inside), with its path."""
    if isinstance(node, dict):
        if "resourceType" in node and node["resourceType"] != "Bundle":
            yield where, node
            return
        for key, value in node.items():
            yield from resources_of(value, f"{where}.{key}".lstrip("."))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from resources_of(value, f"{where}[{number}]")


def errors_of(resource: dict[str, Any], version: str) -> tuple[str, ...]:
    """What fhir.resources' R4B (for R4 and R4B) or R5 model refuses, without the values."""
    kind = str(resource.get("resourceType"))
    try:
        model = (r5_model if version == "R5" else r4b_model)(kind)
        model.model_validate(resource)
    except ValidationError as error:
        return tuple(
            f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False, include_url=False)
        )
    except (KeyError, LookupError, RecursionError, TypeError, ValueError, AttributeError) as error:
        # fhir.resources raises these for unknown types, contained ones included, and for shapes it does not expect.
        return (f"fhir.resources cannot judge it ({type(error).__name__})",)
    return ()


def validate(request: Any, version: str, edition: Edition, now: datetime) -> Iterator[Report]:
    """A report for every resource of a CDS Hooks request (or of a bare resource or Bundle), read at ``now``."""
    context = request.get("context") if isinstance(request, dict) else None
    patient_id = str(context.get("patientId", "")) if isinstance(context, dict) else ""
    for where, resource in resources_of(request):
        verdict = _reader(resource, patient_id, edition, now)
        yield Report(where or "$", str(resource["resourceType"]), errors_of(resource, version), verdict)


def _reader(resource: dict[str, Any], patient_id: str, edition: Edition, now: datetime) -> str:
    try:
        read = _readable.decode(json.dumps(resource).encode())
    except msgspec.ValidationError as error:
        if "resourceType" in str(error):
            return "not read: no rule needs this type"
        member = str(error).rsplit("`", 2)[-2] if "`" in str(error) else "?"
        return f"left out: the member {member} has the wrong JSON type"
    except UNREADABLE:
        return "left out: it cannot be decoded"
    if patient_id and not belongs(read, patient_id):
        return "left out: it is of another patient"
    return (
        f"read as {said}"
        if (said := "; ".join(_meanings(read, edition.readers, now)))
        else "read; no code list names it"
    )


def _meanings(read: Resource, readers: Readers, now: datetime) -> Iterator[str]:
    """What a resource means to the rules, in words."""
    if isinstance(read, Observation):
        results = [
            r
            for rs in collect({bytes(read.code): [read]}, readers.names, readers.measurements, now).values()
            for r in rs
        ]
        yield from (f"{r.analyte}: {_result(r)}" for r in results)
    elif isinstance(read, Condition):
        found = diagnoses([read], readers.terminology, now)
        yield from (f"{d.concept} ({'active' if d.active else 'not active'})" for d in found)
    elif isinstance(read, MedicationRequest | MedicationStatement | MedicationAdministration):
        yield from readers.drugs.read(read, lambda _: None).drugs
    elif isinstance(read, ServiceRequest | Procedure) and read.code:
        yield from readers.orders.procedures(read.code)
    elif isinstance(read, Patient | Medication | Appointment):
        yield str(type(read).__struct_config__.tag)


def _result(result: Result) -> str:
    if isinstance(result, Unusable):
        return f"not usable ({result.why})"
    return f"{plain_number(result.value, 3)} {result.unit}, {result.when}"
