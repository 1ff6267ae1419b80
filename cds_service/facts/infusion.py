"""How long an infusion takes, in minutes: as stated, by its rate, or in one unmistakable phrase."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from cds_service.facts.bounded import norm
from cds_service.facts.exact import bounded, number
from cds_service.knowledge.dosing import Dosing

UNREADABLE, SEVERAL = "infusion-text-unreadable", "infusion-times-differ"


@dataclass(frozen=True, slots=True)
class Infused:
    """Minutes, or why a text that speaks of them gives none: ``UNREADABLE`` or ``SEVERAL``."""

    minutes: Fraction | None = None
    problem: str | None = None


class InfusionText:
    """Finds the length of an infusion in texts made ready by ``told``."""

    def __init__(self, dosing: Dosing) -> None:
        words = dosing.infusion
        day = max(dosing.minutes.values())
        self._minutes = {norm(u): f for u, f in dosing.minutes.items() if f < day}
        unit = _any(self._minutes)
        span = rf"(?P<span> ?(?:{unit})? ?(?:[-~‐–—−〜至到或]|(?:to|or)(?![a-z])) ?[0-9.]+)?"
        # Every gap is one optional space, so that no two parts can share a run of characters.
        sign, digits = r"(?P<sign> ?[<>≤≥≦≧~]=? ?)?", r"(?P<number>(?<![0-9.,/])[0-9][0-9.,/]*)"
        limits = rf"(?: ?(?:{_any(words.upper_after)}))?(?: ?(?:{_any(words.lower_after)}))?"
        rest = rf"(?P<rest>{limits}(?: ?(?:{_any(words.elsewhere)}))?)"
        self._length = re.compile(rf"{sign}{digits} ?\+?{span} ?-?(?P<unit>{unit}){rest}")
        between = _any([*words.between, *words.lower, *words.upper])
        self._before = re.compile(rf"(?:{_any(words.before)})(?P<between>(?:[ :(,]|{between})*)$")
        self._lower, self._upper = re.compile(_any(words.lower)), re.compile(_any(words.upper))
        self._upper_after = re.compile(_any(words.upper_after))
        self._elsewhere = re.compile(_any(words.elsewhere))
        self._half = re.compile(rf"(?<![0-9个./])(?:{_any(words.half_hour)})")
        self._after = re.compile(rf" ?(?:的|iv )?(?:{_any(words.after)})")

    def read(self, lines: Iterable[str]) -> Infused:
        """What several texts say together."""
        found = [each for line in lines for each in self._found(line)]
        if not found:
            return Infused()
        if None in found:
            return Infused(problem=UNREADABLE)
        return Infused(found[0]) if len(set(found)) == 1 else Infused(problem=SEVERAL)

    def _found(self, line: str) -> Iterator[Fraction | None]:
        """Every length that belongs to an infusion; None for one that is a span, an upper limit or no number."""
        line = self._half.sub(" 0.5 h ", line)
        for match in self._length.finditer(line):
            rest, start = match["rest"], match.start()
            if self._elsewhere.search(rest):
                continue
            before = self._before.search(line[max(0, start - 40) : start])
            after = self._after.match(line, match.end())
            if not before and not after:
                continue
            minutes = None if match["span"] else number(match["number"])
            upper = (before and self._upper.search(self._lower.sub("", before["between"]))) or self._upper_after.search(
                rest
            )
            below = match["sign"] and re.search("[<≤≦~]", match["sign"])
            unread = minutes is None or upper or below
            yield None if unread or minutes is None else bounded(minutes * self._minutes[match["unit"]])


def _any(words: Iterable[str]) -> str:
    """A pattern of any of these words, the longest first; Latin ones as whole words."""
    ordered = sorted({norm(w) for w in words}, key=len, reverse=True)
    return "|".join(rf"(?<![a-z]){re.escape(w)}(?![a-z])" if w.isascii() else re.escape(w) for w in ordered)
