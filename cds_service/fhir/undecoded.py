"""Parts of resources that are decoded only when somebody looks at them."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from cds_service.base.decoding import UNREADABLE
from cds_service.base.remembered import Remembered
from cds_service.fhir.structs import (
    CodeableConcept,
    DispenseRequest,
    Element,
    Many,
    Quantity,
    Ratio,
    Reference,
    ReferenceRange,
    many,
)

T = TypeVar("T")

_concept: msgspec.json.Decoder[CodeableConcept | None] = msgspec.json.Decoder(CodeableConcept | None)
_concepts = Remembered[CodeableConcept | None]()


def concept(raw: bytes) -> CodeableConcept | None:
    """A concept by its bytes. Raises one of ``UNREADABLE`` for what is none. Remembered, within bounds."""
    return _concepts.of(raw, lambda: _concept.decode(raw)) if raw else None


_ranges: msgspec.json.Decoder[list[ReferenceRange] | ReferenceRange | None] = msgspec.json.Decoder(
    list[ReferenceRange] | ReferenceRange | None
)


def reference_ranges(raw: msgspec.Raw) -> list[ReferenceRange]:
    """The reference ranges of a result; none when they cannot be read."""
    try:
        return many(_ranges.decode(raw)) if raw else []
    except UNREADABLE:
        return []


class _Note(Element, frozen=True):
    text: str | None = None


MOST = 20  # members of one such list that are looked at

_listed: msgspec.json.Decoder[Many[CodeableConcept]] = msgspec.json.Decoder(
    list[CodeableConcept] | CodeableConcept | None
)
_notes: msgspec.json.Decoder[Many[_Note]] = msgspec.json.Decoder(list[_Note] | _Note | None)
_ratios: msgspec.json.Decoder[Many[Ratio]] = msgspec.json.Decoder(list[Ratio] | Ratio | None)
_references: msgspec.json.Decoder[Many[Reference]] = msgspec.json.Decoder(list[Reference] | Reference | None)


def _many(raw: msgspec.Raw, decoder: msgspec.json.Decoder[Many[T]]) -> list[T]:
    try:
        return many(decoder.decode(raw))[:MOST] if raw else []
    except UNREADABLE:
        return []


def concepts(raw: msgspec.Raw) -> list[CodeableConcept]:
    """Concepts (a body site, a method); none when they cannot be read."""
    return _many(raw, _listed)


def notes(raw: msgspec.Raw) -> list[str]:
    """The texts of annotations; none when they cannot be read."""
    return [note.text for note in _many(raw, _notes) if note.text]


def ratios(raw: msgspec.Raw) -> list[Ratio]:
    """Ratios (R4 one, R5 several); none when they cannot be read."""
    return _many(raw, _ratios)


def references(raw: msgspec.Raw) -> list[Reference]:
    """References; none when they cannot be read."""
    return _many(raw, _references)


_dispense = msgspec.json.Decoder(DispenseRequest)


def dispense_request(raw: msgspec.Raw) -> DispenseRequest:
    """How long a prescription may be filled; empty when that cannot be read."""
    try:
        return _dispense.decode(raw) if raw else DispenseRequest()
    except UNREADABLE:
        return DispenseRequest()


class Extended(Element, frozen=True):
    """An extension of which more than a dose is read."""

    url: str | None = None
    value_quantity: Quantity | None = None
    value_positive_int: int | None = None
    value_unsigned_int: int | None = None
    value_integer: int | None = None
    value_boolean: bool | None = None
    value_reference: Reference | None = None
    value_codeable_concept: CodeableConcept | None = None
    extension: list[Extended] | None = None

    def count(self) -> int | None:
        """A whole number, whichever kind of integer it is called."""
        told = (self.value_positive_int, self.value_unsigned_int, self.value_integer)
        return next((n for n in told if n is not None), None)


_each = msgspec.json.Decoder(list[msgspec.Raw])
_extended = msgspec.json.Decoder(Extended, strict=False)
_quantity: msgspec.json.Decoder[Quantity | None] = msgspec.json.Decoder(Quantity | None)


def extended(raw: msgspec.Raw) -> tuple[Extended, ...]:
    """Extensions, without those that cannot be read."""
    try:
        listed = _each.decode(raw)[:MOST] if raw else []
    except UNREADABLE:
        return ()
    return tuple(found for each in listed if (found := _extension(each)))


def _extension(raw: msgspec.Raw) -> Extended | None:
    try:
        return _extended.decode(raw)
    except UNREADABLE:
        return None


def quantity(raw: msgspec.Raw) -> Quantity | None:
    """A quantity; None when it cannot be read."""
    try:
        return _quantity.decode(raw) if raw else None
    except UNREADABLE:
        return None
