"""Which version of FHIR a caller speaks: what an extension says, else the shapes of its drafts, of an opened chart
those of what it prefetched; else R4."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from cds_service.base.decoding import UNREADABLE
from cds_service.base.kinds import FhirVersion
from cds_service.call.hook import HookCall
from cds_service.fhir.examined import BodyStructure, Encounter
from cds_service.fhir.members import ReadBundle
from cds_service.fhir.structs import (
    MedicationAdministration,
    MedicationRequest,
    MedicationStatement,
    Procedure,
    Resource,
    ServiceRequest,
    many,
)

# Epic names the version here (open.epic.com, CDS Hooks).
EXTENSION = "com.epic.cdshooks.request.fhir-version"


class _Coded(msgspec.Struct, frozen=True):
    concept: msgspec.Raw = msgspec.Raw()


class _Shapes(msgspec.Struct, frozen=True):
    medication: msgspec.Raw = msgspec.Raw()
    code: _Coded | None = None


_shapes = msgspec.json.Decoder(_Shapes)
_text = msgspec.json.Decoder(str)


def fhir_version(call: HookCall) -> FhirVersion:
    """R5 when the request says so or carries R5 shapes (``medication``, ``code.concept``); R4 otherwise."""
    stated = call.extension.get(EXTENSION)
    if stated is not None:
        return "R5" if _stated(stated) == "R5" else "R4"
    if any(bool(e.resource) and _is_r5(e.resource) for e in call.drafts):
        return "R5"
    return "R5" if call.kind == "chart" and any(map(_has_r5_shape, _prefetched(call))) else "R4"


def _prefetched(call: HookCall) -> Iterator[Resource]:
    """The prefetched resources that were decoded at once; of the others the version is not asked."""
    for member in (call.prefetch or {}).values():
        if isinstance(member, ReadBundle):
            for entry in many(member.entry):
                if isinstance(entry.resource, Resource):
                    yield entry.resource
        elif isinstance(member, Resource):
            yield member


def _has_medication(drug: MedicationRequest | MedicationStatement | MedicationAdministration) -> bool:
    return drug.medication is not None


# By type, whether a resource has a member that R5 brought in. Most of a record is of other types.
_R5_MEMBERS: Mapping[type[Resource], Callable[[Any], bool]] = {
    MedicationRequest: _has_medication,
    MedicationStatement: _has_medication,
    MedicationAdministration: _has_medication,
    ServiceRequest: lambda request: request.code is not None and request.code.concept is not None,
    Procedure: lambda done: bool(done.occurrence_date_time or done.occurrence_period),
    Encounter: lambda stay: stay.actual_period is not None,
    BodyStructure: lambda body: bool(many(body.included_structure)),
}


def _has_r5_shape(resource: Resource) -> bool:
    has = _R5_MEMBERS.get(type(resource))
    return has is not None and has(resource)


def _stated(raw: msgspec.Raw) -> str | None:
    try:
        return _text.decode(raw)
    except UNREADABLE:
        return None


def _is_r5(raw: msgspec.Raw) -> bool:
    try:
        shapes = _shapes.decode(raw)
    except UNREADABLE:
        return False
    return bool(shapes.medication) or (shapes.code is not None and bool(shapes.code.concept))
