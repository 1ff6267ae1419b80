"""Every member of every FHIR resource that is read, found in the structs themselves: a new one is covered by itself."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from cds_service.fhir import structs
from cds_service.fhir.members import Readable
from cds_service.fhir.structs import Medication, ReferenceRange
from cds_service.record.versions import Meta


class Note(structs.Element, frozen=True):
    text: str | None = None


Path = tuple[str | int, ...]  # names on the wire, 0 for a list's only member

# What the undecoded members hold; one that is not here stops the test.
RAW: dict[str, Any] = {
    "meta": Meta,
    "code": structs.CodeableConcept,
    "referenceRange": list[ReferenceRange],
    "contained": list[Medication],
    "dispenseRequest": structs.DispenseRequest,
    "quantityQuantity": structs.Quantity,
    "maxDosePerPeriod": list[structs.Ratio],
    "basedOn": list[structs.Reference],
    "note": list[Note],
    "extension": list[structs.Extension],
    "focus": list[structs.Reference],
    "reasonReference": list[structs.Reference],
    **dict.fromkeys(
        ("bodySite", "category", "method", "interpretation", "reasonCode", "reason"), list[structs.CodeableConcept]
    ),
}
RESOURCES: tuple[type[structs.Resource], ...] = get_args(Readable)


def members(kind: type[msgspec.Struct], leaf: type) -> list[Path]:
    """The paths of all members of type ``leaf`` (``str`` or ``Decimal``) in a resource."""
    return sorted(set(_below(kind, leaf, (), ())), key=str)


def _below(kind: Any, leaf: type, path: Path, above: tuple[type, ...]) -> Iterator[Path]:
    if kind is leaf:
        yield path
    elif get_origin(kind) in (Union, types.UnionType):
        kinds = get_args(kind)
        lists = [each for each in kinds if get_origin(each) is list]
        for each in lists or kinds:  # of a list or one bare object, the list
            yield from _below(each, leaf, path, above)
    elif get_origin(kind) is list:
        (inside,) = get_args(kind)
        yield from _below(RAW[str(path[-1])] if inside is msgspec.Raw else inside, leaf, (*path, 0), above)
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct) and above.count(kind) < 2:
        hints = get_type_hints(kind)
        for field in msgspec.structs.fields(kind):
            inner = hints[field.name]
            name = field.encode_name
            if inner is msgspec.Raw:
                if kind is structs.Entry:
                    continue  # any resource: each has its own turn
                inner = RAW[name]
            elif inner == list[msgspec.Raw] | None:
                inner = RAW[name]
            yield from _below(inner, leaf, (*path, name), (*above, kind))


def with_member(resource: Any, path: Path, value: Any) -> Any:
    """The resource with this member; what stands on the way is kept, where it is of the kind the path needs."""
    if not path:
        return value
    first, *rest = path
    if first == 0:
        kept = resource if isinstance(resource, list) and resource else [None]
        return [with_member(kept[0], tuple(rest), value), *kept[1:]]
    kept = resource if isinstance(resource, dict) else {}
    return kept | {str(first): with_member(kept.get(str(first)), tuple(rest), value)}
