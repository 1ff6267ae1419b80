"""Opioids by the day: what a dose is in oral morphine, and how it is reduced. Exact, and silent where no table helps.

The table is published (``cards/opioids.yaml``), neither the guideline's nor a label's. Opioids that are not taken by
mouth are not converted, but fentanyl through the skin, whose rate is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from cds_service.base.kinds import Missing, RequestText
from cds_service.facts.portions import Daily, Portion
from cds_service.knowledge.opioids import Opioids

# By mouth, or without a word of another way.
BY_MOUTH = frozenset({"oral", "unstated"})
PATCH = "transdermal"
UNIT_A_DAY, UNIT_AN_HOUR = "mg/d", "ug/h"


class Given(Protocol):
    """What is needed of an order or a record of treatment."""

    @property
    def text(self) -> RequestText: ...
    @property
    def daily(self) -> Daily | None: ...


@dataclass(frozen=True, slots=True)
class OpioidPart:
    """One opioid. ``amount`` in ``unit`` (mg/d or μg/h); ``ome``, ``low``, ``high``: mg of oral morphine a day.

    ``why`` instead of these: what was not read, or why nothing converts it (a key of the ``why_missing`` texts);
    ``foreign`` tells the two apart: True where no table converts it.
    """

    text: RequestText
    ingredient: str
    unit: str = UNIT_A_DAY
    amount: Fraction | None = None
    factor: Fraction | None = None
    ome: Fraction | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    why: str | None = None
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class OpioidDaily:
    """What several opioids are together. ``ome``, ``low``, ``high``: the sums of what converts."""

    parts: tuple[OpioidPart, ...]

    @property
    def ome(self) -> Fraction:
        return sum((p.ome for p in self.parts if p.ome), Fraction(0))

    @property
    def low(self) -> Fraction:
        return sum((p.low for p in self.parts if p.low), Fraction(0))

    @property
    def high(self) -> Fraction:
        return sum((p.high for p in self.parts if p.high), Fraction(0))

    @property
    def unread(self) -> tuple[OpioidPart, ...]:
        """Those whose amount is not known."""
        return tuple(p for p in self.parts if p.why and not p.foreign)

    @property
    def why_unread(self) -> tuple[Missing, ...]:
        return tuple(Missing("opioid-dose", p.why or "dose-unknown", p.text) for p in self.unread)

    @property
    def converted(self) -> tuple[OpioidPart, ...]:
        """Those that convert."""
        return tuple(p for p in self.parts if p.ome is not None)

    @property
    def foreign(self) -> tuple[OpioidPart, ...]:
        """Those that no table converts."""
        return tuple(p for p in self.parts if p.foreign)

    @property
    def ranges(self) -> bool:
        """Whether the tables differ."""
        return self.low != self.high


class Conversion:
    """Converts by one table."""

    def __init__(self, table: Opioids) -> None:
        self._table = table

    @property
    def name(self) -> str:
        """Whose table it is."""
        return self._table.table

    @property
    def own(self) -> bool:
        """Whether it is the site's, and no published one."""
        return self._table.origin == "site"

    def daily(self, given: Iterable[Given], *, regular: bool) -> OpioidDaily:
        """What these opioids are a day. ``regular``: without what is only as needed; else with it at its full rate."""
        return OpioidDaily(tuple(part for each in given for part in self._parts(each, regular=regular)))

    def _parts(self, given: Given, *, regular: bool) -> Iterator[OpioidPart]:
        daily = given.daily or Daily()
        for portion in daily.of("opioid"):
            yield self._part(given.text, portion, daily, regular=regular)

    def _part(self, text: RequestText, portion: Portion, daily: Daily, *, regular: bool) -> OpioidPart:
        name = portion.ingredient
        if name not in self._table.factors:
            return OpioidPart(text, name, why=self._table.why_not(name), foreign=True)
        factor = self._table.factors[name]
        if factor.unit == UNIT_AN_HOUR:
            amount, why = daily.rate, daily.rate_why
            if daily.form != PATCH:
                return OpioidPart(text, name, why="not-by-mouth", foreign=True)
            if amount is None:
                return OpioidPart(text, name, UNIT_AN_HOUR, why=why or "patch-rate-unknown", foreign=True)
        elif daily.form not in BY_MOUTH:
            return OpioidPart(text, name, why="not-by-mouth", foreign=True)
        else:
            amount = portion.regular if regular else portion.most
        if amount is None:
            return OpioidPart(text, name, factor.unit, why=portion.why or "dose-unknown")
        low, high = factor.span
        return OpioidPart(
            text, name, factor.unit, amount, factor.exact, amount * factor.exact, amount * low, amount * high
        )


@dataclass(frozen=True, slots=True)
class TaperDay:
    """One day of a reduction, in the drug's own mg: from ``low`` to ``high``. ``done``: the target at both ends."""

    day: int
    low: Fraction
    high: Fraction
    done: bool


def taper(amount: Fraction, target: Fraction, least: Fraction, most: Fraction) -> Iterator[TaperDay]:
    """The days of a reduction by ``least`` to ``most`` (shares of one) of the present dose a day, down to ``target``.

    Each day's band begins at what the faster reduction reaches and ends at what the slower one does; neither goes below
    the target. The last day is the first on which both have reached it. Raises ``ValueError`` for shares that do not
    end: the smaller must be above nothing, the larger below all.
    """
    if not 0 < least <= most < 1 or target <= 0:
        raise ValueError("a reduction needs a target above zero and shares between nothing and all")
    low = high = amount
    day = 0
    while high > target:
        day += 1
        low, high = max(target, low * (1 - most)), max(target, high * (1 - least))
        yield TaperDay(day, low, high, done=high == target)


def schedule(daily: OpioidDaily, target: Fraction, least: Fraction, most: Fraction) -> tuple[TaperDay, ...]:
    """The days of a reduction in the drug's own mg, where one opioid by mouth is all there is; else none.

    ``target``: mg of oral morphine a day. What is reduced is what is converted: a patch has steps of its own.
    """
    if len(daily.parts) != 1 or len(daily.converted) != 1:
        return ()
    (part,) = daily.converted
    if part.unit != UNIT_A_DAY or part.amount is None or part.factor is None:
        return ()
    return tuple(taper(part.amount, target / part.factor, least, most))
