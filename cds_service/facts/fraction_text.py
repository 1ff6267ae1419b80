"""What a text says of dose and fractions of radiotherapy: "30Gy/10f", "8 Gy×1次", "每次3Gy 共10次", "2000 cGy in 5".

Nothing is guessed: a rate (每日1次, 5 fractions/week), a span, a time and an ordinal are no number of fractions. Linear
in the text, which is bounded first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from cds_service.facts.bounded import norm, told
from cds_service.facts.exact import number
from cds_service.knowledge.radiotherapy import RadiotherapyWords

# A text with more words or numbers prescribes no one course.
MOST_WORDS, MOST_NUMBERS = 400, 40
Kind = Literal["number", "dose", "fraction", "time", "daily", "weekly", "other", "each", "single", "ordinal", "word"]
_TIMES = frozenset({"x", "×", "*", "✕", "╳"})
_JOINS = _TIMES | {"/", "in", ":"}
_PER = frozenset({"/", "per", "a"})
_EVERY = frozenset({"每", "every", "per"})
_DASHES = frozenset({"-", "~", "–", "—", "−", "至", "到", "to", "or"})
_HUNDREDS = frozenset("百千万零")  # in no table: what stands behind one is the end of a number
_SKIPPED = frozenset({"(", ")", "[", "]"})


@dataclass(slots=True)
class Said:
    """What was found. ``counts``: numbers of fractions; ``totals``, ``each``: doses in gray; ``weak``: it says "single"
    without saying of what. ``unclear``: a span, a number that is none, or more than one course."""

    counts: set[int] = field(default_factory=set)
    totals: set[Fraction] = field(default_factory=set)
    each: set[Fraction] = field(default_factory=set)
    weak: bool = False
    unclear: bool = False


@dataclass(frozen=True, slots=True)
class _Word:
    kind: Kind
    text: str
    value: Fraction | None = None


_NOTHING = _Word("word", "")


class FractionText:
    """Reads texts with the words of ``cards/radiotherapy.yaml``."""

    def __init__(self, words: RadiotherapyWords) -> None:
        self._gray = {norm(unit): gray for unit, gray in words.gray.items()}
        self._numbers = {norm(word): Fraction(value) for word, value in words.numbers.items()}
        self._of = frozenset(map(norm, words.single_of))
        self._english = frozenset(map(norm, words.single_english))
        kinds: tuple[tuple[Kind, Iterable[str]], ...] = (
            ("other", words.other_units),
            ("time", words.time_words),
            ("daily", words.daily_words),
            ("weekly", words.weekly_words),
            ("each", words.each_words),
            ("single", (*words.single_words, *words.single_english)),
            ("ordinal", words.ordinal_words),
            ("fraction", words.fraction_units),
            ("dose", words.dose_units),
        )
        self._kinds: dict[str, Kind] = {norm(w): kind for kind, listed in kinds for w in listed}
        known = {w for w in (*self._kinds, *self._numbers) if not w.isalnum() or not w.isascii()}
        longest = "|".join(map(re.escape, sorted((w for w in known if len(w) > 1), key=len, reverse=True)))
        self._word = re.compile(rf"[0-9]+(?:[.,][0-9]+)*|{longest}|[a-z]+|[^\s]")

    def read(self, text: str | None) -> Said:
        """What one text says."""
        words = [self._known(m.group()) for m in self._word.finditer(told(text))]
        words = [w for w in words if w.text not in _SKIPPED]
        words = [self._whole(before, w) for before, w in zip([_NOTHING, *words], words, strict=False)]
        numbers = sum(1 for w in words if w.kind == "number")
        said = Said()
        if len(words) > MOST_WORDS or numbers > MOST_NUMBERS:
            said.unclear = numbers > 0
            return said
        for at, word in enumerate(words):
            if word.kind == "single":
                self._single(words, at, said)
            elif word.kind == "number":
                self._number(words, at, said)
        return said

    def _known(self, word: str) -> _Word:
        if word in self._numbers:
            return _Word("number", word, self._numbers[word])
        if word[0].isdigit():
            return _Word("number", word, number(word))
        return _Word(self._kinds.get(word, "word"), word)

    def _whole(self, before: _Word, word: _Word) -> _Word:
        """A word; without its value where it is the end of a number (三五次, 一百二十次, "twenty five")."""
        ends = word.text in self._numbers and (before.text in self._numbers or before.text in _HUNDREDS)
        return _Word(word.kind, word.text) if ends else word

    def _single(self, words: Sequence[_Word], at: int, said: Said) -> None:
        """ "single fraction" counts them; 单次8Gy may also be the dose of each of several."""
        after = _at(words, at + 1)
        if after.kind == "fraction":
            said.counts.add(1)
        elif words[at].text not in self._english or after.kind == "number" or after.text in self._of:
            said.weak = True

    def _number(self, words: Sequence[_Word], at: int, said: Said) -> None:
        word, before, after = words[at], _at(words, at - 1), _at(words, at + 1)
        if before.kind == "ordinal":
            return
        if _in_span(words, at):
            said.unclear |= after.kind in ("dose", "fraction")  # the unit stands behind the last number
        elif after.kind == "dose":
            if word.value is None:
                said.unclear = True
            else:
                self._dose(words, at, word.value * self._gray[after.text], said)
        elif after.kind == "fraction":
            if not _is_rate(words, at):
                _count(word, said)
        elif (before.text in _JOINS and self._is_after_dose(words, at) and _ends(after)) or (
            after.text in _TIMES and _at(words, at + 2).kind == "number" and _at(words, at + 3).kind == "dose"
        ):
            _count(word, said)

    def _dose(self, words: Sequence[_Word], at: int, gray: Fraction, said: Said) -> None:
        """One dose, of a fraction or in all, by what stands around it."""
        after, next_one = _at(words, at + 2), _at(words, at + 3)
        # 总量30Gy 每次3Gy: it is that of the dose that follows.
        follows = next_one.kind == "number" and _at(words, at + 4).kind == "dose"
        divided = (after.text in _PER and next_one.kind == "fraction") or (after.text == "每次" and not follows)
        before = _at(words, at - 1)
        multiplied = after.text in _TIMES or before.text in _TIMES
        named = _at(words, at - 2) if before.text in (":", "=") else before
        if divided or multiplied or named.kind == "each":
            said.each.add(gray)
        elif before.kind != "single":
            said.totals.add(gray)

    def _is_after_dose(self, words: Sequence[_Word], at: int) -> bool:
        """Whether what a joined number is joined to is a dose: "30Gy/10", "8 Gy x 1"."""
        return _at(words, at - 2).kind == "dose" and _at(words, at - 3).kind == "number"


def _at(words: Sequence[_Word], at: int) -> _Word:
    return words[at] if 0 <= at < len(words) else _NOTHING


def _count(word: _Word, said: Said) -> None:
    if word.value is None or word.value.denominator != 1:
        said.unclear = True
    else:
        said.counts.add(int(word.value))


def _ends(after: _Word) -> bool:
    """Whether a bare number is not one of something else ("/2周", "in 2 weeks", "/6MV")."""
    return after.kind not in ("time", "other", "daily") and after.text not in _TIMES | {"/"}


def _in_span(words: Sequence[_Word], at: int) -> bool:
    """ "8-10次", "5 to 10 fractions": neither end counts."""
    ahead = _at(words, at + 1).text in _DASHES and _at(words, at + 2).kind == "number"
    back = _at(words, at - 1).text in _DASHES and _at(words, at - 2).kind == "number"
    return ahead or back


def _is_rate(words: Sequence[_Word], at: int) -> bool:
    """每日1次, 1次/日, "5 fractions per week", "one fraction daily"; "10 fractions daily" is ten of them."""
    return _rate_before(words, at) or _rate_after(words, at)


def _rate_before(words: Sequence[_Word], at: int) -> bool:
    back = at - 1
    if _at(words, back).kind == "daily":
        return _is_one(words[at])
    if _at(words, back).kind == "time":
        back -= 1
        back -= _at(words, back).kind == "number"
        return _at(words, back).text in _EVERY
    return False


def _rate_after(words: Sequence[_Word], at: int) -> bool:
    after, last = _at(words, at + 2), _at(words, at + 3)
    if after.kind == "weekly" or (after.text in _PER and last.kind == "time"):
        return True
    return _is_one(words[at]) and (after.kind == "daily" or after.text in _EVERY)


def _is_one(word: _Word) -> bool:
    return word.value == 1


def together(said: Iterable[Said]) -> Said:
    """What several texts of one order say."""
    whole = Said()
    for each in said:
        whole.counts |= each.counts
        whole.totals |= each.totals
        whole.each |= each.each
        whole.weak |= each.weak
        whole.unclear |= each.unclear
    return whole
