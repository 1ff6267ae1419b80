"""Parts of resources that are decoded only when somebody looks at them."""

from __future__ import annotations

import msgspec

from cds_service.base.decoding import UNREADABLE
from cds_service.fhir.structs import CodeableConcept, DispenseRequest, ReferenceRange, many

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


_ranges: msgspec.json.Decoder[list[ReferenceRange] | ReferenceRange | None] = msgspec.json.Decoder(
    list[ReferenceRange] | ReferenceRange | None
)


def reference_ranges(raw: msgspec.Raw) -> list[ReferenceRange]:
    """The reference ranges of a result; none when they cannot be read."""
    try:
        return many(_ranges.decode(raw)) if raw else []
    except UNREADABLE:
        return []


_dispense = msgspec.json.Decoder(DispenseRequest)


def dispense_request(raw: msgspec.Raw) -> DispenseRequest:
    """How long a prescription may be filled; empty when that cannot be read."""
    try:
        return _dispense.decode(raw) if raw else DispenseRequest()
    except UNREADABLE:
        return DispenseRequest()
