"""``cards/opioids.yaml``: what turns a day's dose of an opioid into oral morphine, and what nothing turns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cached_property
from typing import Literal, Self

import msgspec

from cds_service.knowledge.model import File

# Bounded, and without an exponent: one of nine digits makes a number of a thousand million.
_DECIMAL = r"[0-9]{1,40}(?:\.[0-9]{1,40})?"
_QUOTIENT = re.compile(f"({_DECIMAL})(?:/({_DECIMAL}))?")
MORPHINE = "morphine"  # what the others are compared with: its factor is 1 by definition
SITE = "site"
# How far a factor of a site may lie from the shipped one before a start says so: half to twice.
FAR = Fraction(2)


class Factor(File, frozen=True, dict=True):
    """mg of oral morphine per unit: of the main table, and the least and the most of all tables read.

    Raises ``ValueError`` for what is no positive number or quotient, and for a factor outside its range.
    """

    unit: Literal["mg/d", "ug/h"]
    factor: str
    low: str
    high: str
    range_from: list[str]

    def __post_init__(self) -> None:
        if not 0 < self.span[0] <= self.exact <= self.span[1]:
            raise ValueError(f"the factor {self.factor} does not lie between {self.low} and {self.high}, above zero")

    @cached_property
    def exact(self) -> Fraction:
        return quotient(self.factor)

    @cached_property
    def span(self) -> tuple[Fraction, Fraction]:
        return quotient(self.low), quotient(self.high)


class Opioids(File, frozen=True):
    """The whole file. ``table``: whose factors they are, in short.

    ``not_convertible``: ingredient -> why (a key of the ``why_missing`` texts).
    """

    table: str
    origin: Literal["published", "site"]
    sources: dict[str, str]
    factors: dict[str, Factor]
    not_convertible: dict[str, str]

    def __post_init__(self) -> None:
        for name, factor in self.factors.items():
            for source in factor.range_from:
                if source not in self.sources:
                    raise ValueError(f"{name}: unknown source {source!r}, explain it under sources")
        if both := self.factors.keys() & self.not_convertible.keys():
            raise ValueError(f"{', '.join(sorted(both))}: converted and not convertible, keep one of them")

    def of_site(self, table: str, source: str, factors: Mapping[str, Fraction]) -> Self:
        """The table of a site in place of this one: what it does not name is not converted. ``factors``: ingredient ->
        mg of oral morphine per unit of this file, each of an ingredient of this file.

        The least and the most of all tables read stay, and hold the site's own factor too.
        """
        made = {MORPHINE: self.factors[MORPHINE]}
        for name, own in factors.items():
            shipped = self.factors[name]
            low, high = min(own, shipped.span[0]), max(own, shipped.span[1])
            made[name] = Factor(shipped.unit, str(own), str(low), str(high), [*shipped.range_from, SITE])
        return msgspec.structs.replace(
            self, table=table, origin="site", sources=self.sources | {SITE: source}, factors=made
        )

    def switched_off(self) -> Self:
        """The same without a factor: nothing is converted, and that is why."""
        gone = dict.fromkeys(self.factors, "conversion-off")
        return msgspec.structs.replace(self, factors={}, not_convertible=self.not_convertible | gone)

    def far(self, factors: Mapping[str, Fraction]) -> Iterator[str]:
        """Those of a site's ingredients whose factor is less than half of this table's, or more than twice it."""
        known = {name: self.factors[name].exact for name in factors}
        return (name for name, own in factors.items() if not known[name] / FAR <= own <= known[name] * FAR)

    def why_not(self, ingredient: str) -> str:
        """Why an ingredient without a factor has none."""
        return self.not_convertible.get(ingredient, "no-factor")


def quotient(text: str) -> Fraction:
    """A number or a quotient of two as it is written, exactly: plain decimals of at most forty digits before and behind
    the point. Raises ``ValueError``."""
    found = _QUOTIENT.fullmatch(text)
    if found is None or not Fraction(found[2] or "1"):
        raise ValueError(f"{text!r} is no number or quotient")
    return Fraction(found[1]) / Fraction(found[2] or "1")
