"""Moments of a day in words: how many are named, and dosages that give another amount at each (早30mg 晚60mg).

A text is cut only where every part tells a dose and when, and where nothing says that one follows the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cds_service.facts.bounded import norm
from cds_service.knowledge.dosing import Dosing

# Dosages that one text may hold.
MOST_PARTS = 6


class Moments:
    """Reads them with the spelling tables of ``cards/dosing.yaml``."""

    def __init__(self, dosing: Dosing) -> None:
        table = dosing.moments
        self._of = {norm(word): moment for moment, words in table.items() for word in words}
        amount = "[0-9" + "".join({each for word in dosing.numbers for each in word if not each.isascii()}) + "]"
        amount = rf" ?{dosing.moment_each}?{amount}"
        # A single character is a moment only before an amount: 早1片, but not 早期.
        self._word = re.compile("|".join(_pattern(w, amount) for w in sorted(self._of, key=len, reverse=True)))
        phases = "|".join(map(re.escape, map(norm, dosing.phase_words)))
        days = "|".join(re.escape(norm(unit)) for unit, length in dosing.days.items() if length == 1)
        self._phase = re.compile(rf"{phases}|(?<![a-z0-9])d ?[0-9]|day ?[0-9]|[x×*] ?[0-9]+ ?(?:{days})(?![a-z])")
        joins = "|".join(rf"(?<![a-z]){w}(?![a-z])" if w.isascii() else w for w in map(norm, dosing.joining_words))
        self._join = re.compile(rf"[,;+]|{joins}")
        begins = "|".join(re.escape(w) for w in sorted(self._of, key=len, reverse=True) if not w.isascii())
        inside = "".join({each for word in self._of for each in word[:-1] if not each.isascii()})
        self._begin = re.compile(rf"(?<![{inside}])(?=(?:{begins}){amount})")

    def count(self, line: str) -> int:
        """How many moments of a day a text names; 0 where it names none, or two words may mean one."""
        named = [self._of[match.group()] for match in self._word.finditer(line)]
        found = {each for moment in named for each in moment.split("+")}
        return 0 if {"evening", "bedtime"} <= found else len(found)

    def parts(self, line: str, tells: Callable[[str], bool]) -> list[str]:
        """The dosages of a text; itself where it is one. ``tells``: whether a part tells a dose and when."""
        if self._phase.search(line):
            return [line]
        for cut in (self._join, self._begin):
            parts = [part for each in cut.split(line) if (part := each.strip())]
            if 1 < len(parts) <= MOST_PARTS and all(map(tells, parts)):
                return parts
        return [line]


def _pattern(word: str, amount: str) -> str:
    if word.isascii():
        return rf"(?<![a-z]){re.escape(word)}(?![a-z])"
    return re.escape(word) + (rf"(?={amount})" if len(word) == 1 else "")
