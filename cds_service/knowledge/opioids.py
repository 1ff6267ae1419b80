"""``cards/opioids.yaml``: what turns a day's dose of an opioid into oral morphine, and what nothing turns."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Literal

from cds_service.knowledge.model import File


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
        return _quotient(self.factor)

    @cached_property
    def span(self) -> tuple[Fraction, Fraction]:
        return _quotient(self.low), _quotient(self.high)


class Opioids(File, frozen=True):
    """The whole file. ``table``: whose factors they are, in short.

    ``not_convertible``: ingredient -> why (a key of the ``why_missing`` texts).
    """

    table: str
    origin: Literal["published", "local"]
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

    def why_not(self, ingredient: str) -> str:
        """Why an ingredient without a factor has none."""
        return self.not_convertible.get(ingredient, "no-factor")


def _quotient(text: str) -> Fraction:
    above, _, below = text.partition("/")
    try:
        return Fraction(above) / Fraction(below or "1")
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"{text!r} is no number or quotient") from error
