"""A calcium whose name says neither total nor ionised: many laboratories call the total so (Ca2+).

The range that comes with it tells which it is, else its value; one that might be either counts as neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from heapq import merge
from typing import Literal

from msgspec import structs

from cds_service.base.numbers import compare
from cds_service.facts.results import Reading, Result, Results, Unusable
from cds_service.knowledge.measurements import Bounds, Measurements

UNSTATED = "calcium-unstated"
IONISED: Literal["calcium-ionised"] = "calcium-ionised"
TOTAL: Literal["calcium-total"] = "calcium-total"
KIND_UNKNOWN = "kind-unknown"
# Up to the first a value is ionised, from the second on it is total (limits of cards/measurements.yaml).
LIMITS = ("calcium-taken-for-ionised", "calcium-taken-for-total")

Kind = Literal["calcium-ionised", "calcium-total"]


def told_apart(results: Results, measurements: Measurements) -> Results:
    """The results with every calcium under its kind; by analyte, newest first, as they come."""
    unstated = results.get(UNSTATED)
    if not unstated:
        return results
    found = [_as_its_kind(each, measurements) for each in unstated]
    return {**results, **{kind: _beside(results.get(kind, ()), kind, found) for kind in (IONISED, TOTAL)}}


def concluded(reading: Reading, results: Results) -> bool:
    """Whether the kind of this calcium was concluded. ``results``: as they came."""
    return any(each.ref == reading.ref for each in results.get(UNSTATED, ()))


def _beside(stated: Sequence[Result], kind: str, found: Iterable[Result]) -> Sequence[Result]:
    """Newest first; of one day those that name their kind come first."""
    own: Iterator[Result] = (each for each in found if each.analyte == kind)
    return list(merge(stated, own, key=lambda each: each.when or date.min, reverse=True))


def _as_its_kind(result: Result, measurements: Measurements) -> Result:
    if isinstance(result, Unusable):
        return structs.replace(result, analyte=TOTAL)
    kind = _by_range(result, measurements) or _by_value(result, measurements)
    if kind is None:
        return Unusable(TOTAL, KIND_UNKNOWN, result.shown, result.when, result.ref, at=result.at)
    return structs.replace(result, analyte=kind)


def _by_range(reading: Reading, measurements: Measurements) -> Kind | None:
    """The kind whose default range overlaps with the result's own, where only one does."""
    if reading.low is None or reading.high is None:
        return None
    kinds: tuple[Kind, ...] = (IONISED, TOTAL)
    alike = [kind for kind in kinds if _overlap(reading.low, reading.high, measurements.analytes[kind].reference)]
    return alike[0] if len(alike) == 1 else None


def _overlap(low: Fraction, high: Fraction, default: Bounds | None) -> bool:
    return default is not None and low <= default.exact[1] and high >= default.exact[0]


def _by_value(reading: Reading, measurements: Measurements) -> Kind | None:
    ionised, total = (measurements.limit(name, reading.unit) for name in LIMITS)
    if compare(reading.value, ionised) <= 0:
        return IONISED
    return TOTAL if compare(reading.value, total) >= 0 else None
