"""The numbers of a request that can be moved: which resource feeds which number of the explanation.

Nothing is listed here: whatever the explanation rests on and a resource of the request states as one number is a knob,
and so are the dose of a draft and the age of the patient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from cds_service.base.yamlfile import load_as
from cds_service.render.explain.model import Explanation
from cds_service.workbench.documents import Json, read, reference, resources, written

MOST = 8
_RANGES = Path(__file__).parent / "knobs.yaml"
_LONGEST_NUMBER = 12
_TWICE, _TENTH, _YEARS = Decimal(2), Decimal("0.1"), "a"
Put = Callable[[Json, Decimal], None]


class Knob(msgspec.Struct, frozen=True):
    """A number of the request, as written there, and how far its slider goes. ``of``: the resource that states it."""

    key: str
    name: str
    words: str
    value: Decimal
    low: Decimal
    high: Decimal
    step: Decimal
    unit: str
    of: str

    def nearest(self, text: str) -> Decimal | None:
        """The number a text means on this slider; None for what is no number."""
        if len(text) > _LONGEST_NUMBER:
            return None
        try:
            meant = Decimal(text)
        except InvalidOperation:
            return None
        return min(max(meant, self.low), self.high) if meant.is_finite() else None

    @property
    def steps(self) -> int:
        return int((self.high - self.low) / self.step)

    def at(self, n: int) -> Decimal:
        """The number ``n`` steps from the left."""
        return self.low + n * self.step


def knobs(document: Json, told: Explanation) -> tuple[Knob, ...]:
    """The knobs of a request, as far as there is room. ``told``: what was found in it."""
    held: dict[str, list[Json]] = {}
    for _, resource in resources(document):
        held.setdefault(reference(resource) or "", []).append(resource)
    made: dict[tuple[str, str], Knob] = {}
    for name, words, of, told_as in _named(told):
        for resource in held.get(of, ()):
            found = _number(name, resource, told.at.date())
            # A fact that is another number than its resource's was computed from it.
            if found and (name, of) not in made and told_as in (None, found[0]):
                taken = {k.key for k in made.values()}
                made[name, of] = _knob(_free(name, taken), name, words, of, *found)
    return tuple(made.values())[:MOST]


def _named(told: Explanation) -> Iterator[tuple[str, str, str, Decimal | None]]:
    """Name, words and reference of every number the explanation rests on, each resource once; doses come first. Last:
    the number of a fact without inputs."""
    for order in told.orders:
        if order.kind == "drug" and order.reference and not order.stops:
            yield "dose", "", order.reference, None
    seen = set()
    for chapter in told.chapters:
        for fact in chapter.facts:
            for it in fact.inputs:
                if it.reference and it.value and (it.reference, it.name == "age") not in seen:
                    seen.add((it.reference, it.name == "age"))
                    yield it.name, it.words, it.reference, None
            if fact.reference and fact.value and not fact.inputs and (fact.reference, False) not in seen:
                seen.add((fact.reference, False))
                yield fact.key, chapter.words, fact.reference, Decimal(fact.value)


def _free(name: str, taken: set[str]) -> str:
    return next(key for n in range(1, len(taken) + 2) if (key := f"{name}-{n}" if n > 1 else name) not in taken)


def _knob(key: str, name: str, words: str, of: str, value: Decimal, unit: str) -> Knob:
    low, high, step = _range(name, value, unit)
    return Knob(key, name, words, value, min(low, value), max(high, value), step, unit, of)


@cache
def _ranges() -> Mapping[str, Mapping[str, tuple[Decimal, Decimal, Decimal]]]:
    return load_as(_RANGES, dict[str, dict[str, tuple[Decimal, Decimal, Decimal]]])


def _range(name: str, value: Decimal, unit: str) -> tuple[Decimal, Decimal, Decimal]:
    units = _ranges().get(name, {})
    if found := units.get(unit) or units.get("*"):
        return found
    fine, coarse = Decimal(1).scaleb(_places(value)), Decimal(1).scaleb(value.adjusted() - 2)
    return Decimal(0), _TWICE * value or Decimal(1), fine if fine < _TENTH else max(_TENTH, coarse)


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _number(name: str, resource: Json, today: date) -> tuple[Decimal, str] | None:
    """The number a resource states under this name, and its unit."""
    if name == "age":
        born = _born(resource)
        return (Decimal(_age(born, today)), _YEARS) if born else None
    quantity = _dose(resource) if name == "dose" else _quantity(resource)
    value = quantity.get("value") if quantity else None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    unit = quantity.get("unit") or quantity.get("code") if quantity else None
    # Braces: an annotation of UCUM, and no unit.
    return Decimal(value), unit if isinstance(unit, str) and not unit.startswith("{") else ""


def _quantity(resource: Json) -> Json | None:
    if "valueInteger" in resource:
        return {"value": resource["valueInteger"]}
    held = resource.get("valueQuantity")
    return held if isinstance(held, dict) else None


def _dose(resource: Json) -> Json | None:
    """The quantity of the first dose of a draft, in R4 and R5."""
    held: Any = resource
    for member in ("dosageInstruction", 0, "doseAndRate", 0, "doseQuantity"):
        if isinstance(member, int):
            held = held[member] if isinstance(held, list) and len(held) > member else None
        else:
            held = held.get(member) if isinstance(held, dict) else None
    return held if isinstance(held, dict) else None


def _born(resource: Json) -> date | None:
    written = resource.get("birthDate")
    try:
        return date.fromisoformat(written) if isinstance(written, str) else None
    except ValueError:
        return None


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def turned(document: Json, all_knobs: tuple[Knob, ...], values: Mapping[str, Decimal], today: date) -> Json:
    """A copy of the request with these numbers (by key of their knob); what stays as it was is not touched."""
    moved: dict[str, dict[str, Decimal]] = {}
    for knob in all_knobs:
        if values.get(knob.key, knob.value) != knob.value:
            moved.setdefault(knob.of, {})[knob.name] = values[knob.key]
    if not moved:
        return document
    changed = read(written(document))  # a copy, and quicker than copying it
    for _, resource in resources(changed):
        for name, value in moved.get(reference(resource) or "", {}).items():
            _put(name, resource, value, today)
    return changed


def _put(name: str, resource: Json, value: Decimal, today: date) -> None:
    if name == "age":
        if born := _born(resource):
            resource["birthDate"] = _earlier(born, int(value) - _age(born, today)).isoformat()
    elif name == "dose":
        if quantity := _dose(resource):
            quantity["value"] = value
    elif "valueInteger" in resource:
        resource["valueInteger"] = int(value)
    elif quantity := _quantity(resource):
        quantity["value"] = value


def _earlier(born: date, years: int) -> date:
    try:
        return born.replace(year=born.year - years)
    except ValueError:  # born on a 29th of February
        return born.replace(year=born.year - years, day=28)
