"""Which version of FHIR a caller speaks: what an extension says, else what the shapes of its drafts say, else R4."""

from __future__ import annotations

import msgspec

from cds_service.base.decoding import UNREADABLE
from cds_service.base.kinds import FhirVersion
from cds_service.call.hook import HookCall

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
    return "R5" if any(bool(e.resource) and _is_r5(e.resource) for e in call.drafts) else "R4"


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
