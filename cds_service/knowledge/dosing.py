"""``cards/dosing.yaml``: spellings of units, times and routes in orders."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

from cds_service.knowledge.model import File


class RouteNames(File, frozen=True):
    snomed: list[str]
    display: str  # of the first code, which is the one emitted
    names: list[str]


class Dosing(File, frozen=True, dict=True):
    """Spelling tables; keys are compared in lower case without surrounding space."""

    mass_units: dict[str, str]
    count_units: list[str]
    time_units: dict[str, str]
    period_units: dict[str, str]
    topical_forms: list[str]
    routes: dict[str, RouteNames]

    @cached_property
    def milligrams(self) -> dict[str, Fraction]:
        return _exact(self.mass_units)

    @cached_property
    def minutes(self) -> dict[str, Fraction]:
        return _exact(self.time_units)

    @cached_property
    def days(self) -> dict[str, Fraction]:
        return _exact(self.period_units)

    @cached_property
    def pieces(self) -> frozenset[str]:
        return frozenset(u.lower() for u in self.count_units)


def _exact(table: dict[str, str]) -> dict[str, Fraction]:
    return {unit.lower(): Fraction(factor) for unit, factor in table.items()}
