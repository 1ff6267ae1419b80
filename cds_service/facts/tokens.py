"""A dosage text as a row of numbers, units and signs, by the spelling tables of ``cards/dosing.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from cds_service.facts.bounded import norm
from cds_service.facts.exact import number
from cds_service.knowledge.dosing import Dosing

# What a word is: a unit, a word that divides, multiplies, joins or limits, a mark of punctuation, or any other.
Kind = Literal[
    "number", "range", "mass", "volume", "piece", "body", "clock", "calendar", "giving",
    "per", "times", "colon", "of", "in", "limit", "stop", "word",
]  # fmt: skip
# How many words may stand between "max", the amount and the day.
NEAR = 4
UNITS = frozenset({"mass", "volume", "piece", "body", "clock", "calendar", "giving"})
_SIGNS: dict[str, Kind] = {
    **dict.fromkeys(("/", "⁄"), "per"),
    **dict.fromkeys(("x", "×", "*", "乘"), "times"),
    **dict.fromkeys(("@", "of"), "of"),
    **dict.fromkeys(("<", ">", "≤", "≥"), "limit"),
    **dict.fromkeys((",", ";", "+", "=", "|"), "stop"),
    ":": "colon",
    "in": "in",
}
_DASHES = frozenset("-~‐–—−〜至到") | {"to"}


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a dosage, or a number with its unit.

    ``value``: in the unit's own measure (mg, mL, pieces); None for a unit without a number, and for a number that is
    none (``unread`` is then true). ``word``: as it stands; ``glued``: no space before it.
    """

    kind: Kind
    word: str
    value: Fraction | None = None
    unread: bool = False
    glued: bool = False
    high: Fraction | None = None  # of a range: its upper end


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    glued: bool


class Tokens:
    """Cuts texts into terms."""

    def __init__(self, dosing: Dosing) -> None:
        self._kinds: dict[str, Kind] = dict(_SIGNS)
        self._factors: dict[str, Fraction] = {}
        minute = {u for u, f in dosing.minutes.items() if f < max(dosing.minutes.values())}
        tables: list[tuple[Kind, dict[str, Fraction]]] = [
            ("calendar", {u: Fraction(1) for u in (*dosing.days, *dosing.minutes)}),
            ("clock", {u: Fraction(1) for u in minute}),
            ("giving", {w: Fraction(1) for w in dosing.dose_words}),
            ("body", {w: Fraction(1) for w in dosing.body_units}),
            ("piece", {w: Fraction(1) for w in dosing.count_units}),
            ("volume", dosing.millilitres),
            ("mass", dosing.milligrams),
        ]
        for kind, words in tables:
            for word, factor in words.items():
                self._kinds[norm(word)], self._factors[norm(word)] = kind, factor
        self._kinds.update({norm(w): "per" for w in dosing.per_words})
        self._kinds.update({norm(w): "limit" for w in dosing.limit_words})
        self._numbers = {norm(w): Fraction(n) for w, n in dosing.numbers.items()}
        self._amount = re.compile("[0-9]+|" + "|".join(map(re.escape, self._numbers)))
        chinese = sorted((w for w in (*self._kinds, *self._numbers) if not w.isascii() and len(w) > 1), key=len)
        longest = "|".join(map(re.escape, reversed(chinese)))
        self._word = re.compile(rf"( ?)([0-9]+(?:[.,][0-9]+)*|m\^?2(?![0-9])|{longest}|[a-zμ]+|[^ ])")

    def numbers(self, line: str) -> int:
        """How many numbers a text holds, in digits or in words."""
        return sum(1 for _ in self._amount.finditer(line))

    def kind(self, word: str) -> Kind:
        """What a word is."""
        return self._kinds.get(word, "word")

    def terms(self, line: str) -> list[Term]:
        """The terms of a text made ready by ``told``."""
        words = [_Word(match.group(2), not match.group(1)) for match in self._word.finditer(line)]
        return list(self._joined(words))

    def _joined(self, words: list[_Word]) -> Iterator[Term]:
        """Numbers with the units behind them; a span ("4-8 mg", "4 mg to 8 mg") is one term of its own."""
        at = 0
        while at < len(words):
            value, is_number = self._number(words, at)
            if not is_number:
                yield self._single(words[at])
                at += 1
                continue
            unit = self._unit(words, at + 1)
            far = self._far_end(words, at + 1 if unit is None else unit + 1)
            if far is not None:
                last = self._unit(words, far + 1)
                named = last if last is not None else unit
                word = words[named].text if named is not None else ""
                high = self._numbers.get(words[far].text) or number(words[far].text)
                yield Term("range", word, high=high * self._factors[word] if high and word else None)
                at = (last if last is not None else far) + 1
            elif unit is None:
                yield Term("number", words[at].text, value, value is None, words[at].glued)
                at += 1
            else:
                word = words[unit].text
                total = None if value is None else value * self._factors[word]
                yield Term(self._kinds[word], word, total, total is None, words[at].glued)
                at = unit + 1

    def _number(self, words: list[_Word], at: int) -> tuple[Fraction | None, bool]:
        """The number at a place, and whether there is one; with a comma, a sign or a bar it is unreadable."""
        text = words[at].text
        if text in self._numbers:
            # Not 五 of 三五, and not the ends of words.
            beside = at > 0 and words[at].glued and words[at - 1].text in self._numbers
            return (None if beside else self._numbers[text]), True
        if not text[0].isdigit():
            return None, False
        before = words[at - 1].text if at else ""
        signed = words[at].glued and before in _DASHES | {"."}
        barred = before in ("/", "⁄") and at > 1 and words[at - 2].text[0].isdigit()
        return (None if signed or barred else number(text)), True

    def _unit(self, words: list[_Word], at: int) -> int | None:
        """Where the unit of a number stands: next to it, or behind one hyphen ("4-mg")."""
        if at < len(words) and words[at].text == "-":
            at += 1
        return at if at < len(words) and self._kinds.get(words[at].text) in UNITS else None

    def _far_end(self, words: list[_Word], at: int) -> int | None:
        """Where the upper number of a span stands."""
        if at + 1 < len(words) and words[at].text in _DASHES and self._number(words, at + 1)[1]:
            return at + 1
        return None

    def _single(self, word: _Word) -> Term:
        return Term(self.kind(word.text), word.text, glued=word.glued)
