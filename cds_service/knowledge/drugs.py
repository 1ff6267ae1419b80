"""``cards/drugs.yaml``: the group of each drug, and which product of a substance an order means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from cds_service.base.kinds import Dose, DrugGroup, Route
from cds_service.base.yamlfile import load_as
from cds_service.knowledge.model import File, Parameter

Use = Literal["oncology", "osteoporosis", "unknown"]
UsesOf = dict[Literal["oncology", "osteoporosis"], "list[Span]"]


@dataclass(frozen=True, slots=True)
class Product:
    """Which product of a substance: decided by dose, strength, brand, then interval."""

    use: Use
    decided_by: Literal["dose", "strength", "brand", "interval", "route", "substance"] | None = None


class Dosed(Protocol):
    """What is read of a dosage: the dose in mg, the days between doses, and the route."""

    @property
    def dose(self) -> Dose | None: ...
    @property
    def interval_days(self) -> Fraction | None: ...
    @property
    def interval_high_days(self) -> Fraction | None: ...
    @property
    def route(self) -> Route | None: ...


class Span(File, frozen=True):
    """A range of doses (mg) or intervals (d) and where it stands. ``above`` excludes its bound."""

    unit: Literal["mg", "d"]
    source: str
    from_: Decimal | None = msgspec.field(default=None, name="from")
    above: Decimal | None = None
    to: Decimal | None = None

    def holds(self, value: Fraction) -> bool:
        return (
            (self.from_ is None or value >= Fraction(self.from_))
            and (self.above is None or value > Fraction(self.above))
            and (self.to is None or value <= Fraction(self.to))
        )


class Products(File, frozen=True):
    """The marks of each use of a substance; see the head of the YAML file for the order in which they decide."""

    doses: UsesOf = msgspec.field(default_factory=dict)
    strengths: UsesOf = msgspec.field(default_factory=dict)
    brands: dict[str, Use] = msgspec.field(default_factory=dict)
    intervals: UsesOf = msgspec.field(default_factory=dict)
    routes: dict[Route, Use] = msgspec.field(default_factory=dict)
    substance: Use | None = None
    oncology_every: Span | None = None
    oncology_routes: tuple[Route, ...] = ()

    def decide(self, dosed: Dosed, strength: Fraction | None, brands: Iterable[str]) -> Product:
        """The product an order means. ``strength``: mg of one piece; ``brands``: product words of codes or names."""
        product = self._by_mark(dosed, strength, brands)
        return Product("unknown", product.decided_by) if self._contradicted(product, dosed) else product

    def _by_mark(self, dosed: Dosed, strength: Fraction | None, brands: Iterable[str]) -> Product:
        if use := _use(self.doses, dosed.dose.mg if dosed.dose else None):
            return Product(use, "dose")
        if use := _use(self.strengths, strength):
            return Product(use, "strength")
        if named := {self.brands[b] for b in brands if b in self.brands}:
            return Product(named.pop() if len(named) == 1 else "unknown", "brand")
        if (use := _use(self.intervals, dosed.interval_days)) and use == _use(self.intervals, dosed.interval_high_days):
            return Product(use, "interval")
        if dosed.route in self.routes:
            return Product(self.routes[dosed.route], "route")
        return Product(self.substance, "substance") if self.substance else Product("unknown")

    def _contradicted(self, product: Product, dosed: Dosed) -> bool:
        """An oncology product at an interval or by a route that oncology does not use."""
        if product.use != "oncology":
            return False
        every, ends = self.oncology_every, [d for d in (dosed.interval_days, dosed.interval_high_days) if d is not None]
        return (every is not None and not all(map(every.holds, ends))) or (
            bool(self.oncology_routes) and dosed.route is not None and dosed.route not in self.oncology_routes
        )


class DrugFacts(File, frozen=True):
    """One drug (concept id of the code lists). ``table_2``: it has a row in Table 2.

    ``labelled_mg``: the doses whose volumes its label prints, which is where a volume's rounding is taken back.
    """

    group: DrugGroup
    table_2: bool = False
    labelled_mg: list[Decimal] = []
    labelled_source: str = ""
    products: Products | None = None


class Drugs(File, frozen=True):
    """All drugs by concept id."""

    aspirin_antiplatelet_mg: Parameter
    drugs: dict[str, DrugFacts]


def load_drugs(file: Path) -> Drugs:
    """``cards/drugs.yaml``. Raises ``ContentError`` naming file, line and remedy."""
    return load_as(file, Drugs)


def _use(uses: UsesOf, value: Fraction | None) -> Use | None:
    if value is None:
        return None
    return next((use for use, spans in uses.items() if any(span.holds(value) for span in spans)), None)
