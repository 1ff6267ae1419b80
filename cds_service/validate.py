"""``cds-service validate``: what fhir.resources says of each resource, and what our reader does with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from fhir.resources import get_fhir_model_class as r5_model
from fhir.resources.R4B import get_fhir_model_class as r4b_model
from pydantic import ValidationError

from cds_service.fhir.structs import Readable
from cds_service.record import belongs

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


def validate(request: dict[str, Any], version: str) -> Iterator[Report]:
    """A report for every resource of a CDS Hooks request (or of a bare resource or Bundle)."""
    patient_id = str((request.get("context") or {}).get("patientId", "")) if isinstance(request, dict) else ""
    for where, resource in resources_of(request):
        yield Report(
            where or "$", str(resource["resourceType"]), errors_of(resource, version), _reader(resource, patient_id)
        )


def _reader(resource: dict[str, Any], patient_id: str) -> str:
    try:
        read = _readable.decode(json.dumps(resource).encode())
    except msgspec.ValidationError as error:
        if "resourceType" in str(error):
            return "not read: no rule needs this type"
        member = str(error).rsplit("`", 2)[-2] if "`" in str(error) else "?"
        return f"left out: the member {member} has the wrong JSON type"
    except (msgspec.DecodeError, RecursionError):
        return "left out: it cannot be decoded"
    if patient_id and not belongs(read, patient_id):
        return "left out: it is of another patient"
    return "read"
