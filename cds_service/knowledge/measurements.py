"""``cards/measurements.yaml``: units, plausible bounds, default reference ranges and look-back windows of results."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

import msgspec

from cds_service.knowledge.model import File, Origin, Parameter

# Arrows are a laboratory's mark for high and low.
_SIGNS = str.maketrans({"μ": "u", "−": "-", "⋅": "·", "•": "·", "∙": "·", "↑": "", "↓": ""})

# What a measurement is per, as a power of minus one.
_PER = re.compile(r" ?[·.* ] ?(dl|ml|l|min|s)\^?-1(?![0-9])")


@lru_cache(maxsize=4096)
def spelling(unit: str) -> str:
    """A unit as it is compared: without case, spaces, full width, superscripts; one sign each for micro, dot, minus;
    "per" as a slash, where it is written as a power (umol·L-1); without the full stop of a short form (lbs.)."""
    plain = unicodedata.normalize("NFKC", unit).casefold().translate(_SIGNS)
    return "".join(_PER.sub(r"/\1", " ".join(plain.split())).split()).rstrip(".")


class Unit(File, frozen=True):
    """A unit an analyte is accepted in. ``factor`` (a number or a quotient) turns it into the analyte's own unit.

    ``laboratory``: the unit in which results so reported are compared with limits that sources print in several units
    (left out: the analyte's own). ``printed``: how a card writes it (left out: its name). ``ucum`` is left out where
    UCUM has no code for it; its name is then its first spelling.
    """

    factor: str
    spellings: list[str]
    ucum: str | None = None
    laboratory: str | None = None
    printed: str | None = None

    def __post_init__(self) -> None:
        if not self.names:
            raise ValueError(f"the unit of factor {self.factor!r} has neither a UCUM code nor a spelling")
        if self.exact <= 0:
            raise ValueError(f"the factor {self.factor!r} of {self.name} is not above zero")

    @property
    def exact(self) -> Fraction:
        """The factor. Raises ``ValueError`` when it is not a number or a quotient of two."""
        above, _, below = self.factor.partition("/")
        try:
            return Fraction(above) / Fraction(below or "1")
        except (ValueError, ZeroDivisionError) as error:
            raise ValueError(f"the factor {self.factor!r} of {self.name} is no number or quotient") from error

    @property
    def names(self) -> tuple[str, ...]:
        return (self.ucum, *self.spellings) if self.ucum else tuple(self.spellings)

    @property
    def name(self) -> str:
        return self.names[0]


class Bounds(File, frozen=True, dict=True):
    """Two limits in the analyte's unit, both belonging to the range, and where they come from."""

    low: Decimal
    high: Decimal
    origin: Origin
    source: str
    note: str | None = None

    def __post_init__(self) -> None:
        if self.low >= self.high:
            raise ValueError(f"the lower bound {self.low} is not below the upper bound {self.high}")

    @cached_property
    def exact(self) -> tuple[Fraction, Fraction]:
        return Fraction(self.low), Fraction(self.high)


class Analyte(File, frozen=True, dict=True):
    """How the results of one code list are read; ``unit`` is the one every value is turned into."""

    unit: str
    plausible: Bounds
    units: list[Unit]
    # Units per body surface, named so that a card can say why the value was not used.
    indexed: list[str] = msgspec.field(default_factory=list)
    reference: Bounds | None = None  # default reference range
    in_words: bool = False  # a value in words counts: a number with its unit ("5 ft 10 in")
    own_range: bool = False  # judged by the range that comes with the result alone
    note: str | None = None

    def __post_init__(self) -> None:
        names = [spelling(name) for unit in self.units for name in unit.names] + [spelling(i) for i in self.indexed]
        for name in {n for n in names if names.count(n) > 1}:
            raise ValueError(f"the unit spelling {name!r} stands twice (case and spaces do not count)")
        if self.factors.get(spelling(self.unit)) != 1:
            raise ValueError(f"the unit {self.unit!r} itself must stand in units with factor 1")
        for unit in self.units:
            if unit.laboratory is not None and spelling(unit.laboratory) not in self.factors:
                raise ValueError(f"the laboratory unit {unit.laboratory!r} of {unit.name} is not among the units")

    @cached_property
    def factors(self) -> dict[str, Fraction]:
        """Compared spelling -> factor to ``unit``."""
        return {spelling(name): unit.exact for unit in self.units for name in unit.names}

    @cached_property
    def laboratory(self) -> dict[str, str]:
        """Compared spelling -> the unit in which such a result is compared with printed limits."""
        return {spelling(name): unit.laboratory or self.unit for unit in self.units for name in unit.names}

    @cached_property
    def printed(self) -> dict[str, str]:
        """Compared spelling -> the unit as a card writes it."""
        return {spelling(name): unit.printed or unit.name for unit in self.units for name in unit.names}

    @cached_property
    def per_surface(self) -> frozenset[str]:
        return frozenset(map(spelling, self.indexed))

    @cached_property
    def known(self) -> dict[tuple[Decimal, str | None], Fraction | str]:
        """Values already turned into ``unit``, or why not; filled by the reader."""
        return {}

    @cached_property
    def quantities(self) -> dict[tuple[str | None, ...], Any]:
        """Quantities already read, by how they are spelt; filled by the reader."""
        return {}

    @cached_property
    def bounds(self) -> tuple[Fraction, Fraction]:
        """What is plausible, both ends included."""
        return self.plausible.exact

    def factor(self, unit: str) -> Fraction:
        """The factor of a unit of the table. Raises ``KeyError`` for another."""
        return self.factors[spelling(unit)]


class Measurements(File, frozen=True, dict=True):
    """The whole file. ``windows``: how far back a result counts, by name; ``analytes`` by code list.

    ``limits``: what results are judged by wherever they are read, by name; one number for each unit its source prints.
    """

    windows: dict[str, Parameter]
    analytes: dict[str, Analyte]
    limits: dict[str, list[Parameter]] = {}

    def __post_init__(self) -> None:
        for name, window in self.windows.items():
            if window.unit != "d" or window.value != int(window.value) or window.value < 1:
                raise ValueError(f"the window {name} must be a whole number of days, 1 or more (unit d)")
            if not window.in_bounds:
                raise ValueError(f"the window {name} lies outside its own min and max")

    @property
    def ahead(self) -> int:
        """How many hours after now a result may be dated and still count as of now."""
        return int(self.limit("ahead", "h"))

    def days(self, window: str) -> int:
        """The days of a window, the last day included. Raises ``KeyError`` for a name that is not in the file."""
        return int(self.windows[window].value)

    def limit(self, name: str, unit: str) -> Fraction:
        """A limit in a unit. Raises ``KeyError`` for a name, or a unit, that is not in the file."""
        return self._exact[name, unit]

    @cached_property
    def _exact(self) -> dict[tuple[str, str], Fraction]:
        """Every limit by name and unit; of two in one unit the first."""
        stated = [(name, each) for name, limits in self.limits.items() for each in reversed(limits)]
        return {(name, each.unit): Fraction(each.value) for name, each in stated}
