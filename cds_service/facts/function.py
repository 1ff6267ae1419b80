"""The chapter of function: performance status, and how long a clinician expects the patient to live.

Life expectancy is read where a length of time is stated, in numbers or without ("weeks to months"); it never follows
from a performance status or from other words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from cds_service.base.kinds import Missing, RequestText
from cds_service.facts.bounded import norm, told
from cds_service.facts.exact import number
from cds_service.facts.explained import Fact, reference
from cds_service.facts.score_text import LONGEST, Written
from cds_service.facts.scored import KEYS as SCORE_KEYS
from cds_service.facts.scored import Scored, Scores, whole
from cds_service.facts.told import Number, ago, exact
from cds_service.facts.units import LONGEST_NUMBER
from cds_service.facts.window import within
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import File
from cds_service.knowledge.scores import ScoreWords

KEYS = SCORE_KEYS
LOOK_BACK = {"observations": "function"}
WINDOWS = tuple(LOOK_BACK.values())
_TO = re.compile(r" ?(?:[-~–—至到]|(?<![a-z])(?:to|or)(?![a-z])) ?")
TOLD = 3  # scores not used that the explanation tells
# The ends of the scales, and the step of Karnofsky's.
ECOG_TOP, KARNOFSKY_TOP, KARNOFSKY_STEP = 5, 100, 10


@dataclass(frozen=True, slots=True)
class Status:
    """A performance status. ``scale``: ecog (0 to 5) or karnofsky (0 to 100)."""

    scale: str
    value: int
    when: date
    ref: RequestText


@dataclass(frozen=True, slots=True)
class LifeExpectancy:
    """Months, both ends; None for an end that is not stated ("<6 months" has no lower one).

    ``words``: the length as it was written, where it has no number.
    """

    low: Fraction | None
    high: Fraction | None
    shown: RequestText | None
    when: date
    ref: RequestText
    words: RequestText | None = None


@dataclass(frozen=True)
class Function:
    """The newest of each in the window, and what could not be read."""

    ecog: Status | None
    karnofsky: Status | None
    life: LifeExpectancy | None
    unusable: tuple[Missing, ...] = ()


class Ends(NamedTuple):
    """Both ends of a length in months; ``words`` where it was read from words without a number."""

    low: Fraction | None
    high: Fraction | None
    words: str | None = None


class Lengths:
    """Reads lengths of time: one number or one span, at most one word of a limit, and nothing else but a label.

    A length without a number (数周, "weeks to months") tells how long at most, or at least; ``cards/scores.yaml``.
    """

    def __init__(self, words: ScoreWords) -> None:
        self._months: dict[str | None, Fraction] = {norm(u): f for u, f in words.months.items()}
        units = self._words([*words.months])
        below, above = (self._words(each) for each in (words.below_words, words.above_words))
        self._lengths = {norm(w): Fraction(m) for w, m in words.lengths.items()}
        self._numbers = {norm(w): Fraction(n) for w, n in words.numbers.items()}
        named, said = self._words([*words.lengths]), self._words([*words.numbers])
        digits = rf"[0-9]{{1,{LONGEST_NUMBER}}}(?:\.[0-9]{{1,{LONGEST_NUMBER}}})?|{said}"
        self._labels = re.compile(rf"(?:(?:{self._words(words.length_labels)}) ?[,:]? ?)*")
        self._length = re.compile(
            rf"(?:(?P<below>{below})|(?P<above>{above}))? ?"
            rf"(?:(?P<whole>{named})|(?P<low>{digits}) ?(?P<first>{units})?) ?"
            rf"(?:(?:[-~–—至到]|to) ?(?:(?P<end>{named})|(?P<high>{digits})) ?)?(?P<unit>{units})? ?"
            rf"(?:(?P<under>{below})|(?P<over>{above}))?"
        )
        self._about = re.compile(rf" ?(?:{self._words(words.length_ends)})")
        self._below = {norm(w): Fraction(m) for w, m in words.unnumbered_below.items()}
        self._above = {norm(w): Fraction(m) for w, m in words.unnumbered_above.items()}
        # English says so by the plural alone; Chinese by a word of few.
        english, chinese = (self._of_script([*self._below, *self._above], zh) for zh in (False, True))
        few, some = (self._of_script(words.few_words, zh) for zh in (False, True))
        self._unnumbered = re.compile(rf"(?:(?:{few}) )?(?P<en>{english})|(?:{some})(?P<zh>{chinese})")

    def _of_script(self, words: Sequence[str], chinese: bool) -> str:
        return self._words([w for w in words if w.isascii() is not chinese])

    @staticmethod
    def _words(words: Sequence[str]) -> str:
        # Backwards a word stands before its own beginning: 预期生存期 before 预期生存.
        return "|".join(map(re.escape, sorted(map(norm, words), reverse=True)))

    def read(self, text: str) -> Ends | None:
        """Both ends in months; None for a text that is no length of time."""
        line = told(text)
        if len(line) > LONGEST:
            return None
        label = self._labels.match(line)
        length = line[label.end() if label else 0 :]
        if about := self._about.search(length):
            length = length[: about.start()] if about.end() == len(length) else length
        found = self._exact(length) or self._exact(line)
        return Ends(*found) if found else self._without_number(length)

    def _without_number(self, line: str) -> Ends | None:
        """ "Weeks", "days to weeks", 数月至1年: the lower end of the first, the upper end of the last."""
        parts = _TO.split(line, maxsplit=1)
        ends = [self._of_words(part) or self._exact(part) for part in parts]
        first, last = ends[0], ends[-1]
        if first is None or last is None or not any(map(self._of_words, parts)):
            return None
        low, high = first[0], last[1]
        if (low is None and high is None) or (high is not None and first[1] is not None and first[1] > high):
            return None
        return Ends(low, high, line)

    def _of_words(self, part: str) -> tuple[Fraction | None, Fraction | None] | None:
        match = self._unnumbered.fullmatch(part)
        unit = (match["en"] or match["zh"]) if match else ""
        return (self._above.get(unit), self._below.get(unit)) if match else None

    def _exact(self, line: str) -> tuple[Fraction | None, Fraction | None] | None:
        match = self._length.fullmatch(line)
        ends = self._ends(match) if match else None
        if match is None or ends is None or ends[0] > ends[1]:
            return None
        if match["below"] or match["under"]:
            return None, ends[1]
        if match["above"] or match["over"]:
            return (ends[0], None) if ends[0] == ends[1] else None
        return ends

    def _ends(self, match: re.Match[str]) -> tuple[Fraction, Fraction] | None:
        """Both ends in months: 3-6个月, 3个月至6个月, 3个月到半年; None where a number has no unit."""
        last = match["unit"] or match["first"]
        low = self._months_of(match["whole"], match["low"], match["first"] or last)
        if not (match["end"] or match["high"]):
            return (low, low) if low and not (match["unit"] and (match["first"] or match["whole"])) else None
        high = self._months_of(match["end"], match["high"], match["unit"])
        return (low, high) if low and high and not (match["end"] and match["unit"]) else None

    def _months_of(self, named: str | None, digits: str, unit: str | None) -> Fraction | None:
        if named:
            return self._lengths[named]
        factor, value = self._months.get(unit), self._numbers.get(digits) or number(digits)
        return value * factor if factor and value else None

    def of(self, score: Scored) -> Ends | None:
        """Both ends of what a result states, as a number with a unit or in words."""
        if score.number is None:
            return self.read(score.words)
        factor = self._months.get(norm(score.unit))
        exactly = score.number * factor if factor and score.number > 0 else None
        return Ends(exactly, exactly) if exactly else None


def function(scores: Scores, written: Written, lengths: Lengths, today: date, measurements: Measurements) -> Function:
    """From the scores of the record."""
    days = measurements.days("function")
    unusable: list[Missing] = []

    def newest(name: str) -> Status | None:
        for score in scores.get(name, ()):
            value = _status(score, written)
            if value is None:
                unusable.append(Missing(name, score.why or "implausible", score.shown, score.when))
            elif within(score.when, today, days) and score.when:
                return Status(name, value, score.when, score.ref)
        return None

    return Function(newest("ecog"), newest("karnofsky"), _life(scores, lengths, today, days, unusable), tuple(unusable))


def _status(score: Scored, written: Written) -> int | None:
    value, _ = whole(score, written)
    if value is None or value.denominator != 1:
        return None
    top, step = (ECOG_TOP, 1) if score.concept == "ecog" else (KARNOFSKY_TOP, KARNOFSKY_STEP)
    return int(value) if 0 <= value <= top and value % step == 0 else None


def _life(scores: Scores, lengths: Lengths, today: date, days: int, unusable: list[Missing]) -> LifeExpectancy | None:
    for score in scores.get("life-expectancy", ()):
        if score.why or score.when is None:
            unusable.append(Missing("life-expectancy", score.why or "undated", score.shown, score.when))
            continue
        ends = lengths.of(score)
        if ends is None:
            unusable.append(Missing("life-expectancy", "not-a-number", score.shown, score.when))
        elif within(score.when, today, days):
            words = RequestText(ends.words) if ends.words else None
            return LifeExpectancy(ends.low, ends.high, score.shown or RequestText(""), score.when, score.ref, words)
    return None


def explained(function: Function) -> Iterator[Fact]:
    """Performance status and life expectancy, and what could not be read."""
    for status in (function.ecog, function.karnofsky):
        if status:
            value, ref = Fraction(status.value), reference(status.ref)
            yield Fact("performance", {"status": status}, value, "1", status.when, ref, windows=WINDOWS)
    if life := function.life:
        yield Fact("life-expectancy", {"life": life}, when=life.when, ref=reference(life.ref), windows=WINDOWS)
    for problem in function.unusable[:TOLD]:
        yield Fact("score-unusable", {"problem": problem, "shown": problem.detail}, when=problem.when)


class FunctionGiven(File, frozen=True):
    """What a case may say of performance status and life expectancy (months)."""

    ecog: int | None = None
    karnofsky: int | None = None
    life_months_low: Number | None = None
    life_months_high: Number | None = None
    function_days_ago: int = 5

    def told(self) -> Function:
        when, low, high = ago(self.function_days_ago), exact(self.life_months_low), exact(self.life_months_high)
        assert when
        ref = RequestText("Observation/function")
        life = None if low is None and high is None else LifeExpectancy(low, high, RequestText("stated"), when, ref)
        return Function(
            None if self.ecog is None else Status("ecog", self.ecog, when, ref),
            None if self.karnofsky is None else Status("karnofsky", self.karnofsky, when, ref),
            life,
        )
