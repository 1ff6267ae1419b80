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
Kind = Literal[
    "number", "dose", "fraction", "label", "time", "daily", "weekly", "other", "each", "single", "ordinal", "word"
]
_TIMES = frozenset({"x", "×", "*", "✕", "╳"})
_JOINS = _TIMES | {"/", "in", ":"}
_PER = frozenset({"/", "per", "a"})
_DAILY = frozenset({"daily", "qd"})
_SAYS = frozenset({":", "="})  # between a label and its number
_WITHIN = frozenset({"in", "over"})
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
        self._once = frozenset(map(norm, words.once_words))
        self._labels = frozenset(map(norm, words.count_labels))
        self._kinds_of = frozenset(map(norm, words.fraction_adjectives))
        kinds: tuple[tuple[Kind, Iterable[str]], ...] = (
            ("other", words.other_units),
            ("time", words.time_words),
            ("daily", words.daily_words),
            ("weekly", words.weekly_words),
            ("each", words.each_words),
            ("single", (*words.single_words, *words.single_english)),
            ("ordinal", words.ordinal_words),
            ("label", words.count_labels),
            ("fraction", words.fraction_units),
            ("dose", words.dose_units),
        )
        self._kinds: dict[str, Kind] = {norm(w): kind for kind, listed in kinds for w in listed}
        known = {w for w in (*self._kinds, *self._numbers) if not w.isalnum() or not w.isascii()}
        longest = "|".join(map(re.escape, sorted((w for w in known if len(w) > 1), key=len, reverse=True)))
        # "400cGyx5": a unit and a sign of multiplication with nothing between.
        doses = "|".join(map(re.escape, sorted((u for u in self._gray if u.isascii()), key=len, reverse=True)))
        self._word = re.compile(rf"[0-9]+(?:[.,][0-9]+)*|{longest}|(?:{doses})(?=x[0-9])|[a-z]+|[^\s]")

    def read(self, text: str | None) -> Said:
        """What one text says."""
        words = [self._known(m.group()) for m in self._word.finditer(told(text))]
        words = [w for w in words if w.text not in _SKIPPED]
        words = [w for before, w, after in _neighbours(words) if not _hyphen(before, w, after)]
        words = [self._whole(before, w) for before, w, _ in _neighbours(words)]
        numbers = sum(1 for w in words if w.kind == "number")
        said = Said()
        if len(words) > MOST_WORDS or numbers > MOST_NUMBERS:
            said.unclear = numbers > 0
            return said
        for at, word in enumerate(words):
            if word.kind == "single":
                self._single(words, at, said)
            elif word.text in self._once:
                said.weak |= self._is_once(words, at)
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
            said.weak |= not (words[at].text.isascii() and _goes_on(after))

    def _is_once(self, words: Sequence[_Word], at: int) -> bool:
        """ "8 Gy once", not "3 Gy once daily" or "may repeat once"."""
        back = at - 1 - (_at(words, at - 1).text == ",")
        given = _at(words, back).kind == "dose" and _at(words, back - 1).kind == "number"
        return given and not _goes_on(_at(words, at + 1))

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
        elif self._is_joined(words, at) or self._is_of_a_kind(words, at) or self._is_labelled(words, at):
            _count(word, said)

    def _dose(self, words: Sequence[_Word], at: int, gray: Fraction, said: Said) -> None:
        """One dose, of a fraction or in all, by what stands around it."""
        after, next_one = _at(words, at + 2), _at(words, at + 3)
        # 总量30Gy 每次3Gy: it is that of the dose that follows.
        follows = next_one.kind == "number" and _at(words, at + 4).kind == "dose"
        divided = (after.text in _PER and next_one.kind == "fraction") or (after.text == "每次" and not follows)
        divided = divided or after.text == "each"
        before = _at(words, at - 1)
        multiplied = after.text in _TIMES or before.text in _TIMES or self._is_multiplied(words, at)
        place = at - 2 if before.text in _SAYS | {"of"} else at - 1
        named = _at(words, place)
        # "5 fractions of 4 Gy", 分次:4Gy, but "10 fractions, 30 Gy" and "10次 30Gy" are in all.
        of_one = named.kind == "fraction" and (before.text == "of" or _at(words, place - 1).kind != "number")
        if divided or multiplied or of_one or named.kind == "each":
            said.each.add(gray)
        elif before.kind != "single":
            said.totals.add(gray)

    def _is_joined(self, words: Sequence[_Word], at: int) -> bool:
        """ "30Gy/10", "10 x 3 Gy"."""
        before, after = _at(words, at - 1), _at(words, at + 1)
        if before.text in _JOINS and self._is_after_dose(words, at) and _ends(after):
            return True
        return after.text in _TIMES and _at(words, at + 2).kind == "number" and _at(words, at + 3).kind == "dose"

    def _is_after_dose(self, words: Sequence[_Word], at: int) -> bool:
        """Whether what a joined number is joined to is a dose: "30Gy/10", "8 Gy x 1", "3 Gy/fx daily x 10"."""
        place = at - 2
        if _at(words, place).kind == "daily" and _at(words, place - 1).text in self._once:
            place -= 1
        place -= _is_daily(_at(words, place))
        if _at(words, place).kind == "fraction":
            place -= 2 if _at(words, place - 1).text in _PER else 1
        return _at(words, place).kind == "dose" and _at(words, place - 1).kind == "number"

    def _is_multiplied(self, words: Sequence[_Word], at: int) -> bool:
        """Whether a dose is that of each of several, counted behind it: "3 Gy qd x10", "3 Gy fractions x 10"."""
        place = at + 2
        place += 2 if _at(words, place).text in _PER and _at(words, place + 1).kind == "fraction" else 0
        place += _at(words, place).kind == "fraction"
        place += _at(words, place).text in self._once
        place += _is_daily(_at(words, place))
        counted = _at(words, place + 1).kind == "number" and _ends(_at(words, place + 2))
        return _at(words, place).text in _TIMES and counted

    def _is_of_a_kind(self, words: Sequence[_Word], at: int) -> bool:
        """ "in 5 daily fractions", "10 consecutive fractions"; without "in", "2 daily fractions" may be two a day."""
        after, place = _at(words, at + 1), at + 1
        if after.kind in ("daily", "weekly"):
            place += _at(words, at - 1).text in _WITHIN
        elif after.text in self._kinds_of:
            place += 1
            place += _at(words, place).text in self._kinds_of or _is_daily(_at(words, place))
        return place > at + 1 and _at(words, place).kind == "fraction"

    def _is_labelled(self, words: Sequence[_Word], at: int) -> bool:
        """ "fractions: 10", 次数10; not "fraction 3 of 10", 每日次数2, "3 Gy/fraction 10"."""
        named = _at(words, at - 1).text in _SAYS
        place = at - 2 if named else at - 1
        label, before, after = _at(words, place), _at(words, place - 1), _at(words, at + 1)
        if label.text not in self._labels and not (named and label.kind == "fraction"):
            return False
        rate = before.kind in ("time", "daily", "weekly", "dose") or before.text in _PER | _EVERY
        counted = label.kind == "fraction" and before.kind == "number"  # "10 fractions 3" counts them already
        other = after.kind in ("dose", "weekly") or after.text in _PER | {"of"} or not _ends(after)
        return not (rate or counted or other)


def _neighbours(words: Sequence[_Word]) -> Iterable[tuple[_Word, _Word, _Word]]:
    """Each word between the one before and the one behind it."""
    return zip([_NOTHING, *words], words, [*words[1:], _NOTHING], strict=False)


def _hyphen(before: _Word, word: _Word, after: _Word) -> bool:
    """Whether a hyphen only joins: "single-fraction", "8-Gy"."""
    return word.text == "-" and before.kind in ("number", "single") and after.kind in ("fraction", "dose")


def _is_daily(word: _Word) -> bool:
    """Whether it says once a day ("bid" is two a day)."""
    return word.text in _DAILY


def _goes_on(after: _Word) -> bool:
    """Whether "once" or "single" is how often: "once daily", "one time per week"."""
    return after.kind in ("time", "daily", "weekly") or after.text in _PER | _EVERY | {"in"}


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
