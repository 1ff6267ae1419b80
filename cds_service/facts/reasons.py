"""The diagnoses that an order or a procedure refers to as its reason.

On record or contained; where neither is found, what the reference itself shows is its word: Epic sends the name of the
diagnosis with every reference, and not always the diagnosis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from cds_service.base.decoding import UNREADABLE
from cds_service.fhir.structs import CodeableConcept, Condition, Reasoned, Reference, Resource
from cds_service.fhir.undecoded import concepts, references

# Resources contained in one order that are looked at.
MOST = 8
_all = msgspec.json.Decoder(list[msgspec.Raw])
_condition = msgspec.json.Decoder(Condition)


def referred(it: Reasoned, lookup: Callable[[str], Resource | None]) -> Iterator[CodeableConcept]:
    """Each diagnosis, as its code or as it is displayed. ``lookup``: a resource by its reference."""
    inside = [c.reference for c in concepts(it.reason) if c.reference is not None]
    for each in (*references(it.reason_reference), *inside):
        target = (each if isinstance(each, str) else each.reference) or ""
        found = _contained(it, target[1:]) if target.startswith("#") else lookup(target)
        if isinstance(found, Condition) and found.code:
            yield found.code
        elif found is None and isinstance(each, Reference) and each.display:
            yield CodeableConcept(text=each.display)


def _contained(it: Reasoned, name: str) -> Condition | None:
    try:
        raws = _all.decode(it.contained) if it.contained else []
    except UNREADABLE:
        return None
    for raw in raws[:MOST]:
        try:
            condition = _condition.decode(raw)
        except UNREADABLE:
            continue  # another resource
        if condition.id == name:
            return condition
    return None
