"""Types of the YAML files in ``cards/``. Unknown members are refused; every number has a unit and an origin."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Literal

import msgspec

from cds_service.base.kinds import Indicator
from cds_service.base.numbers import compare

# ``published``: a grading or guideline of others (CTCAE, KDIGO), named in the source of each number.
Origin = Literal["guideline", "label", "published", "local"]
# Patients of whom a topic says nothing (``evaluate.gate``).
SilentFor = Literal["dead", "child", "comfort-care"]


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of everything read from ``cards/``."""


class Parameter(File, frozen=True):
    """A number a rule uses. ``min``/``max`` bound what a site may set; ``source`` says where the number stands."""

    value: Decimal
    unit: str
    origin: Origin
    source: str
    note: str | None = None
    min: Decimal | None = None
    max: Decimal | None = None

    @property
    def in_bounds(self) -> bool:
        """Whether the value lies within ``min`` and ``max``."""
        return (self.min is None or self.min <= self.value) and (self.max is None or self.value <= self.max)


class Band(File, frozen=True, dict=True):
    """One row of a dose table: clearance from/to with the bound's side, and the dose (absent: not recommended).

    ``printed`` is the source's own text of the row; ``reading`` says where the bounds go beyond it.
    """

    printed: str
    above: Decimal | None = None  # exclusive lower bound
    from_: Decimal | None = msgspec.field(default=None, name="from")  # inclusive lower bound
    below: Decimal | None = None  # exclusive upper bound
    to: Decimal | None = None  # inclusive upper bound
    dose: Decimal | None = None
    not_recommended: bool = False
    reading: str | None = None

    def holds(self, value: Fraction) -> bool:
        """Whether a clearance (same unit as the table) lies in this band."""
        above, from_, below, to = self._bounds
        return (
            (above is None or compare(value, above) > 0)
            and (from_ is None or compare(value, from_) >= 0)
            and (below is None or compare(value, below) < 0)
            and (to is None or compare(value, to) <= 0)
        )

    @cached_property
    def mg(self) -> Fraction | None:
        """The dose as rules compare it, exact."""
        return None if self.dose is None else Fraction(self.dose)

    @cached_property
    def _bounds(self) -> tuple[Fraction | None, ...]:
        stated = (self.above, self.from_, self.below, self.to)
        return tuple(None if bound is None else Fraction(bound) for bound in stated)


class NoRow(File, frozen=True):
    """Where a table says nothing on purpose: everything above a clearance, and what that means."""

    above: Decimal
    reading: str


class Table(File, frozen=True):
    """A dose table: drug (concept id) to bands, highest clearance first; ``no_row``: drug to its declared gap."""

    unit: str
    dose_unit: str
    origin: Origin
    source: str
    rows: dict[str, list[Band]]
    no_row: dict[str, NoRow] = {}


class Source(File, frozen=True):
    """Where a recommendation comes from."""

    kind: Origin
    sections: list[str]
    label: dict[str, str]  # language -> source.label of the card
    url: str | None = None
    recommendation: list[int] = []
    grade: str | None = None
    # The cards (``say``) that rest on the graded recommendation; empty: all. The others' statement has no grade.
    graded_cards: list[str] = []
    # Cards (``say``) that rest on some of the sections only.
    card_sections: dict[str, list[str]] = {}
    table: str | None = None
    quote: str | None = None


class Needs(File, frozen=True):
    """Prefetch keys without which the topic must not be answered: 412. What it can use besides is derived."""

    required: list[str] = []


class Recommendation(File, frozen=True, dict=True):
    """One topic of the guideline or of a drug label (``cards/recommendations/<topic>.yaml``)."""

    topic: str
    source: Source
    needs: Needs
    indicators: dict[str, Indicator]
    override_reasons: list[str]
    reading: str
    not_encoded: str
    parameters: dict[str, Parameter] = {}
    tables: dict[str, Table] = {}
    # False: fires only with a relevant diagnosis; True: a drug-safety topic, also without one at an oncology dose.
    drug_safety: bool = False
    # Patients of whom it says nothing, besides those that an opened chart is silent for by itself.
    silent_for: list[SilentFor] = []
    # Card (``say``, or ``every``) -> topics whose card it stands in for, on the same order, and whose line it says.
    replaces: dict[str, list[str]] = {}
    # Cards (``say``, or ``every``) after which the drug is not given now: they say no dose of what they stand in for.
    withholds: list[str] = []
    # Warnings (``say``, or ``every``) that are sent every time, also where a site keeps seen warnings back.
    always: list[str] = []
    # Topics whose line this one's cards say, where they have not enough to say for a card of their own.
    carries: list[str] = []
    # Card (``say``, or ``every``) -> topics whose card it holds too, on the same order, where both are info.
    folds: dict[str, list[str]] = {}
    # What its cards are about, in one word: cards of several orders about one matter are one card.
    matter: str = ""

    def folded_by(self, say: str) -> list[str]:
        """The topics whose card this one holds too."""
        return [*self.folds.get(say, ()), *self.folds.get("every", ())]

    def replaced_by(self, say: str) -> list[str]:
        """The topics that this card stands in for."""
        return [*self.replaces.get(say, ()), *self.replaces.get("every", ())]

    def always_sent(self, say: str) -> bool:
        """Whether this card is sent although the same was seen before."""
        return say in self.always or "every" in self.always

    def withheld_by(self, say: str) -> bool:
        """Whether this card says that the drug is not to be given now."""
        return say in self.withholds or "every" in self.withholds

    @cached_property
    def numbers(self) -> dict[str, Fraction]:
        """The exact value of every parameter."""
        return {name: Fraction(parameter.value) for name, parameter in self.parameters.items()}

    @cached_property
    def whole(self) -> dict[str, int]:
        """The same without what is behind the point: days."""
        return {name: int(value) for name, value in self.numbers.items()}


class Statement(File, frozen=True):
    """One numbered recommendation or section of the guideline, in the registry."""

    id: str  # "Rec. 8", "§4.1.4.1", "Table 2"
    title: str
    status: Literal["encoded", "partly", "not-encoded"]
    why: str
    grade: str | None = None
    topics: list[str] = []


class Erratum(File, frozen=True):
    where: str
    printed: str
    reading: str


class Registry(File, frozen=True):
    """``cards/guideline.yaml``: the edition, every numbered statement, and the misprints."""

    title: dict[str, str]
    edition: str
    doi: str
    url: str
    publisher: str
    citation: str
    statements: list[Statement]
    errata: list[Erratum]


class Parameters:
    """The numbers of one recommendation as a rule sees them.

    ``number`` gives the exact value, ``share`` a value in per cent as a share of one, ``days`` a whole number of days,
    ``indicator`` the urgency by name, ``bands`` the rows of a table for a drug. An unknown name raises ``KeyError``.
    """

    __slots__ = ("_recommendation",)

    def __init__(self, recommendation: Recommendation) -> None:
        self._recommendation = recommendation

    def number(self, name: str) -> Fraction:
        return self._recommendation.numbers[name]

    def share(self, name: str) -> Fraction:
        return self.number(name) / 100

    def days(self, name: str) -> int:
        return self._recommendation.whole[name]

    def limit(self, name: str, unit: str) -> Fraction:
        """A limit that its source prints in two units, in the one given: ``name``, or ``name`` with ``_si``."""
        parameters = self._recommendation.parameters
        return self.number(name if parameters[name].unit == unit else f"{name}_si")

    def indicator(self, name: str = "default") -> Indicator:
        return self._recommendation.indicators[name]

    def bands(self, table: str, drug: str) -> list[Band]:
        """The rows of a table for a drug; empty when the table has none."""
        return self._recommendation.tables[table].rows.get(drug, [])

    def drugs(self, table: str) -> list[str]:
        return list(self._recommendation.tables[table].rows)
