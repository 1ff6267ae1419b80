"""``cards/dosing.yaml``: spellings of units, times and routes in orders."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

from cds_service.knowledge.model import File
from cds_service.knowledge.numerals import numerals


class RouteCodes(File, frozen=True):
    """Codes by system (a key of ``route_systems``) and names of routes."""

    names: list[str]
    snomed: list[str] = []
    edqm: list[str] = []
    nci: list[str] = []

    def codes(self) -> dict[str, list[str]]:
        """System key -> codes."""
        return {"snomed": self.snomed, "edqm": self.edqm, "nci": self.nci}


class RouteNames(RouteCodes, frozen=True, kw_only=True):
    display: str  # of the first SNOMED CT code, which is the one emitted


class InfusionWords(File, frozen=True):
    """What stands around the length of an infusion in words."""

    before: list[str]
    after: list[str]
    between: list[str]
    lower: list[str]
    lower_after: list[str]
    upper: list[str]
    upper_after: list[str]
    half_hour: list[str]
    elsewhere: list[str]


class Dosing(File, frozen=True, dict=True):
    """Spelling tables; keys are compared in lower case without surrounding space."""

    mass_units: dict[str, str]
    count_units: list[str]
    count_codes: list[str]
    volume_units: dict[str, str]
    most_pieces: int
    body_units: list[str]
    dose_words: list[str]
    per_words: list[str]
    limit_words: list[str]
    number_words: dict[str, int]
    time_units: dict[str, str]
    period_units: dict[str, str]
    named_intervals: dict[str, str]
    moments: dict[str, list[str]]
    moment_each: str
    joining_words: list[str]
    phase_words: list[str]
    once_words: list[str]
    once_in_a_day: list[str]
    not_once: list[str]
    as_needed_words: list[str]
    prodrugs: dict[str, str]
    patch_units: list[str]
    patch_hours: int
    patch_forms: list[str]
    infusion: InfusionWords
    injected_forms: list[str]
    swallowed_forms: list[str]
    topical_forms: list[str]
    route_systems: dict[str, list[str]]
    routes: dict[str, RouteNames]
    other_routes: RouteCodes

    @cached_property
    def numbers(self) -> dict[str, int]:
        return numerals(self.number_words)

    @cached_property
    def milligrams(self) -> dict[str, Fraction]:
        return _exact(self.mass_units)

    @cached_property
    def millilitres(self) -> dict[str, Fraction]:
        return _exact(self.volume_units)

    @cached_property
    def minutes(self) -> dict[str, Fraction]:
        return _exact(self.time_units)

    @cached_property
    def days(self) -> dict[str, Fraction]:
        return _exact(self.period_units)

    @cached_property
    def intervals(self) -> dict[str, Fraction]:
        return _exact(self.named_intervals)

    @cached_property
    def shares(self) -> dict[str, Fraction]:
        return _exact(self.prodrugs)

    @cached_property
    def pieces(self) -> frozenset[str]:
        return frozenset(u.lower() for u in [*self.count_units, *self.count_codes])


def _exact(table: dict[str, str]) -> dict[str, Fraction]:
    return {unit.lower(): Fraction(factor) for unit, factor in table.items()}
