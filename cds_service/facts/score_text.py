"""A score in words: "7分", "NRS 7/10", 重度疼痛. The whole value must be understood, or nothing of it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Literal, get_args

from cds_service.facts.bounded import norm, told
from cds_service.facts.exact import number
from cds_service.facts.range_text import TO
from cds_service.facts.units import LONGEST_NUMBER
from cds_service.knowledge.scores import ScoreWords

Degree = Literal["none", "mild", "moderate", "severe"]
DEGREES: tuple[Degree, ...] = get_args(Degree)  # ascending

# Longer is a report, no score.
LONGEST = 200
_PARTS = re.compile(r"[\s(),;:+|=]+")
_SCRIPTS = re.compile(r"(?<=[a-z])(?=[\u3400-\u9fff])")  # "nrs静息"
_BESIDE = frozenset({"with", "on", "at", "in", "when"})
_DIGITS = rf"[0-9]{{1,{LONGEST_NUMBER}}}(?:\.[0-9]{{1,{LONGEST_NUMBER}}})?"


@dataclass(frozen=True, slots=True)
class ReadScore:
    """What a value says: a number, a word for the degree, places it names; ``clear`` when nothing is left unread."""

    number: Fraction | None = None
    degree: Degree | None = None
    places: tuple[str, ...] = ()
    clear: bool = False
    lower: bool = False  # another number of the same moment was lower


class Written:
    """Reads values in words with ``cards/scores.yaml``."""

    def __init__(self, words: ScoreWords) -> None:
        points = "|".join(re.escape(norm(p)) for p in words.points)
        self._number = re.compile(rf"({_DIGITS}) ?(?:{points})?")
        self._pointed = re.compile(rf"(?<=[0-9]) ?(?:{points})(?![0-9a-z])")
        self._span = re.compile(
            rf"(?<![0-9.\-/])({_DIGITS}) ?(?:{points})? ?{TO} ?({_DIGITS})(?![0-9.]| ?[-~])( ?(?:{points}))?"
        )
        self._scales = frozenset(map(norm, words.whole_scales))
        self._glued = re.compile(rf"(?<=[a-z\u3400-\u9fff])(?={_DIGITS})")
        self._silent = frozenset(map(norm, words.silent))
        self._degrees: dict[str, Degree] = {norm(w): d for d in DEGREES for w in getattr(words.pain, d)}
        self._bony = frozenset(map(norm, words.pain.bony))
        self._moments = frozenset(map(norm, words.pain.moments))
        self._labels = self._moments | self._bony
        # Backwards a label stands before its own beginning: "at rest now" before "at rest".
        longest = sorted((m for m in self._labels if " " in m), reverse=True)
        self._several = re.compile("|".join(rf"(?<![a-z]){re.escape(m)}(?![a-z])" for m in longest))
        # A moment beside a single number says when it was (目前7分); the least of a day says nothing of how strong.
        self._beside = self._silent | (self._moments - frozenset(map(norm, words.pain.lowest)))
        known = sorted(self._beside | self._labels | self._degrees.keys(), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known)))
        self._elsewhere = _finder(words.pain.elsewhere)
        self._never = frozenset(map(norm, words.not_at_all))
        self._sometimes = frozenset(map(norm, words.on_some_days))

    def highest(self, value: str) -> ReadScore:
        """The same as ``read``; of a span (7~8分) its upper end. The ends of the scale itself (0-10) are no span."""
        line, found = told(value)[: LONGEST + 1], list[str]()

        def upper(match: re.Match[str]) -> str:
            low, high = match[1], match[2]
            if f"{low}-{high}" in self._scales:
                return " "
            if Fraction(low) >= Fraction(high):
                return match[0]
            found.append(high)
            return f"{high}{match[3] or ''}"

        read = self.read(self._span.sub(upper, line))
        return replace(read, lower=read.lower or bool(found)) if read.clear else read

    def read(self, value: str) -> ReadScore:
        """What a whole value says. Two numbers, or a word of no list, and it says nothing."""
        line = told(value)
        if not line or len(line) > LONGEST:
            return ReadScore()
        if degree := self._degrees.get(line):
            return ReadScore(None, degree, (), True)
        if several := self._highest(line):
            return several
        numbers: list[Fraction] = []
        degrees: list[Degree] = []
        places: list[str] = []
        for part in self._parts(self._joined(line)):
            if match := self._number.fullmatch(part):
                if (found := number(match[1])) is None and Fraction(match[1]) != 0:
                    return ReadScore()
                numbers.append(found or Fraction(0))
            elif part in self._degrees:
                degrees.append(self._degrees[part])
            elif part in self._bony or self.elsewhere(part):
                places.append(part)
            elif part.replace("_", " ") not in self._beside:
                return ReadScore()
        if len(numbers) > 1 or len(set(degrees)) > 1 or not (numbers or degrees):
            return ReadScore()
        return ReadScore(next(iter(numbers), None), next(iter(degrees), None), tuple(places), True)

    def _highest(self, line: str) -> ReadScore | None:
        """Of numbers that each have their own moment or place the highest: 静息3分，活动7分, "worst 8, now 3"."""
        row: list[Fraction | str] = []
        for part in self._parts(_SCRIPTS.sub(" ", self._joined(line))):
            if match := self._number.fullmatch(part):
                row.append(Fraction(match[1]))
            elif part.replace("_", " ") in self._labels:
                row.append(part.replace("_", " "))
            elif part not in self._silent and part not in _BESIDE:
                return None
        numbers = [each for each in row if isinstance(each, Fraction)]
        if len(numbers) < 2 or not _each_labelled(row):
            return None
        places = tuple(each for each in row if isinstance(each, str) and each in self._bony - self._moments)
        return ReadScore(max(numbers), None, places, True, min(numbers) < max(numbers))

    def _joined(self, line: str) -> str:
        """A line with labels of several words in one piece, and numbers without their points."""
        return self._several.sub(lambda found: found[0].replace(" ", "_"), self._pointed.sub("", line))

    def _parts(self, line: str) -> Iterable[str]:
        for part in _PARTS.split(line):
            # "nrs8分", "腰痛8分": a number begins where letters end.
            for piece in filter(None, self._glued.split(part)):
                yield from self._words(piece)

    def _words(self, piece: str) -> Sequence[str]:
        """A run of Chinese as the words it is made of (目前腰痛NRS); a place of no bone, or what has others, whole."""
        if piece.isascii() or self._number.fullmatch(piece) or self.elsewhere(piece):
            return (piece,)
        words = self._known.findall(piece)
        return words if "".join(words) == piece else (piece,)

    def elsewhere(self, text: str) -> bool:
        """Whether a text names a place of no bone."""
        return bool(self._elsewhere.search(told(text[:LONGEST])))

    def thoughts(self, answer: str) -> bool | None:
        """Whether an answer to item 9 says that such thoughts came at all; None when it says neither."""
        line = told(answer)
        if line in self._never:
            return False
        return True if line in self._sometimes else None


def _each_labelled(row: list[Fraction | str]) -> bool:
    """Whether every number has words of its own: before each, or behind each."""
    kinds = [isinstance(each, Fraction) for each in row]
    apart = not any(one and next_one for one, next_one in pairwise(kinds))
    return apart and kinds[0] != kinds[-1]


def _finder(words: Iterable[str]) -> re.Pattern[str]:
    spelt = map(norm, words)
    return re.compile("|".join(rf"\b{re.escape(w)}\b" if w.isascii() else re.escape(w) for w in spelt))
