"""What the extensions of mCODE and CodeX RT say of a course: fractions, doses, volume, intent, a second course.

What cannot be read leaves its field unknown, never zero. A number of sessions is no number of fractions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from cds_service.facts.bounded import norm
from cds_service.facts.exact import positive
from cds_service.fhir.structs import CodeableConcept, Quantity
from cds_service.fhir.undecoded import Extended
from cds_service.knowledge.radiotherapy import RadiotherapyWords


@dataclass(frozen=True, slots=True)
class Stated:
    """``places``: the words of the volumes; ``again``: tissue that was irradiated before is irradiated anew."""

    fractions: tuple[int, ...] = ()
    totals: tuple[Fraction, ...] = ()  # gray
    each: tuple[Fraction, ...] = ()
    places: tuple[str, ...] = ()
    intents: tuple[CodeableConcept, ...] = ()
    again: bool = False


class ExtensionReader:
    """Reads extensions by the last part of their address."""

    def __init__(self, words: RadiotherapyWords) -> None:
        self._named, self._parts = words.extensions, words.volume_parts
        self._gray = {norm(unit): gray for unit, gray in words.gray.items()}
        self._counted = frozenset(map(norm, words.fraction_units)) | {"", "1"}

    def read(self, extensions: Sequence[Extended], quantity: Quantity | None) -> Stated:
        """What the extensions of an order state, and its own quantity where that counts fractions."""
        named, volumes = self._named, list(self._of(extensions, self._named.volume))
        inside = [part for each in volumes for part in each.extension or []]
        parts = self._parts
        fractions = [*self._of(extensions, named.fractions), *self._of(inside, parts.fractions)]
        counts = [n for each in fractions if (n := each.count()) is not None]
        if quantity is not None and not quantity.comparator and norm(quantity.unit or quantity.code) in self._counted:
            value = positive(quantity.value)
            counts += [int(value)] if value is not None and value.denominator == 1 else []
        places = (part.value_reference for part in self._of(inside, parts.place))
        return Stated(
            fractions=tuple(dict.fromkeys(n for n in counts if n > 0)),
            totals=tuple(self._doses(self._of(inside, parts.total))),
            each=tuple(self._doses(self._of(inside, parts.each))),
            places=tuple(place.display for place in places if place and place.display),
            intents=tuple(c for e in self._of(extensions, named.intent) if (c := e.value_codeable_concept)),
            again=any(e.value_boolean for e in self._of(extensions, named.again)),
        )

    def _of(self, extensions: Iterable[Extended], names: Sequence[str]) -> Iterator[Extended]:
        return (e for e in extensions if norm(e.url).rstrip("/").rpartition("/")[2] in names)

    def _doses(self, extensions: Iterable[Extended]) -> Iterator[Fraction]:
        for each in extensions:
            quantity = each.value_quantity
            factor = self._gray.get(norm(quantity.code or quantity.unit)) if quantity else None
            value = positive(quantity.value) if quantity else None
            if factor and value:
                yield value * factor
