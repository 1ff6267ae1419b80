"""How often a drug is given: the interval with both its ends, or one dose only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from cds_service.base.kinds import RequestText
from cds_service.facts.bounded import CHINESE, norm, told
from cds_service.facts.exact import bounded, number, plain, positive
from cds_service.facts.units import LONGEST_NUMBER
from cds_service.fhir.dates import Moment, moment_of
from cds_service.fhir.structs import CodeableConcept, Dosage, Quantity, Repeat, many
from cds_service.knowledge.dosing import Dosing

# Begun nowhere within a longer number, and ended soon: a run of digits is looked at once.
_NUMBER = rf"(?<![0-9.])[0-9]{{1,{LONGEST_NUMBER}}}(?:\.[0-9]{{1,{LONGEST_NUMBER}}})?(?![0-9.])"
_TIMES = re.compile("[×*]")
_SPAN = r" ?(?:[-~‐–—−〜至到或]|to\b|or\b) ?"


_WEEK = 7
_latin = re.compile("[a-z]")
# What parts words: every mark, and the border between Latin letters and Chinese.
_marks = re.compile(f"[^a-z0-9{CHINESE}]+|(?<=[a-z])(?=[{CHINESE}])|(?<=[{CHINESE}])(?=[a-z])")


@dataclass(frozen=True, slots=True)
class Interval:
    """Days from dose to dose. ``high`` differs from ``low`` where the order leaves a span ("every 3 to 4 weeks")."""

    low: Fraction
    high: Fraction
    shown: RequestText


@dataclass(frozen=True, slots=True)
class Spacing:
    """What dosages say of time: an interval, or ``single`` (one dose), or neither."""

    interval: Interval | None = None
    single: bool = False


class IntervalReader:
    """Reads intervals with the spelling tables of ``cards/dosing.yaml``."""

    def __init__(self, dosing: Dosing) -> None:
        self._days = {norm(u): f for u, f in dosing.days.items()}
        self._numbers = {norm(w): str(n) for w, n in dosing.numbers.items()}
        words = "|".join(map(re.escape, self._numbers))  # the longest first, as they are made
        amount = rf"{_NUMBER}|{words}"
        # 三五天 is three to five days, and 一百二十天 not twenty.
        digits = "".join({each for word in self._numbers for each in word if not each.isascii()})
        units = sorted(self._days, key=len, reverse=True)
        latin = "|".join(re.escape(u) for u in units if u.isascii())
        chinese = "|".join(re.escape(u) for u in units if not u.isascii())
        # 每周期 is each cycle, and 月经 no month.
        plain_unit = rf"(?:{latin})(?![a-z0-9])|(?:{chinese})(?![期经])"
        unit = rf"(?P<unit>{plain_unit})"
        leads = (
            r"(?<![a-z])(?:every|each|per)(?![a-z])",
            r"(?<![a-z])q(?![a-z]{3})",
            r"每隔?|间隔",
            # "once in a day": its "a" is no year.
            r"(?:(?<=once )|(?<=twice )|(?<=times ))(?:an?|in an?|in(?! an? ))(?= )",
            rf"(?<![0-9.a-z第百千万零{digits}])(?=(?:{amount}) ?个?(?:{chinese}) ?/? ?(?:(?:{amount}) ?)?次)",
            r"/",
        )
        # "4x/day" counts givings, and "x" before a number does not.
        counted = r"(?:次|times|doses?|x(?= ?/| (?:an?|per|each|every)(?![a-z])))"
        times = rf"(?P<before>(?:once|twice)(?= )|(?:{amount})(?= ?{counted})) ?{counted}? ?"
        self._every = re.compile(
            rf"(?:{times})?(?P<lead>{'|'.join(leads)}) ?"
            rf"(?:(?P<first>{amount})(?: ?(?P<near>{plain_unit}))?{_SPAN}(?P<last>{amount})|(?P<only>{amount}))?"
            rf" ?-?(?:个)? ?{unit}"
            rf"(?: ?/? ?(?:(?:{amount}){_SPAN})?(?P<after>{amount}) ?(?:次|times))?"
        )
        # What a rate "per day" or "/日" divides: a dose, a piece or a giving. "Cycle 1 / Day 1" divides nothing.
        divided = {*map(norm, dosing.milligrams), *map(norm, dosing.count_units), *map(norm, dosing.dose_words)}
        self._divided = re.compile("(?:" + "|".join(map(re.escape, divided)) + ") ?$")
        limits = "|".join(rf"(?<![a-z]){re.escape(w)}" if w.isascii() else w for w in map(norm, dosing.limit_words))
        # The most of a day is no interval: "max 4 g/day", 每日总量不超过4g, 24小时内最多4次.
        self._limit_before = re.compile(rf"(?:{limits})[^,;，。；]{{0,20}}$")
        self._limit_behind = re.compile(rf"[^,;.，。；0-9]{{0,8}}?(?:{limits})")
        self._intervals = {norm(w): f for w, f in dosing.intervals.items()}
        named = "|".join(
            rf"(?<![a-z]){re.escape(w)}(?![a-z])".replace(r"\ ", "[ -]") if w.isascii() else re.escape(w)
            for w in sorted(self._intervals, key=len, reverse=True)
        )
        count = rf"(?P<times>(?:once|twice)(?= )|(?:{amount})(?=(?: times|x)(?![a-z]))) ?(?:times |x )?"
        self._named = re.compile(rf"(?:{count}|(?P<several>{amount})[- ])?(?P<word>{named})")
        self._once = tuple(map(_spaced, dosing.once_words))
        self._in_a_day = tuple(map(_spaced, dosing.once_in_a_day))
        self._not_once = tuple(map(_spaced, dosing.not_once))

    def read(self, dosages: Iterable[Dosage]) -> Spacing:
        """Dosages taken together: the first interval, else whether there is exactly one dosage, of one dose."""
        singles = 0
        for dosage in dosages:
            spacing = self._one(dosage)
            if spacing.interval:
                return spacing
            singles += spacing.single
        return Spacing(single=singles == 1)

    def length(self, quantity: Quantity | None) -> Fraction | None:
        """A Duration in days; None when it has no such unit or number."""
        if quantity is None or quantity.comparator:
            return None
        known = (self._days[norm(u)] for u in (quantity.code, quantity.unit) if u and norm(u) in self._days)
        unit, value = next(known, None), positive(quantity.value)
        return bounded(value * unit) if unit and value else None

    def _one(self, dosage: Dosage) -> Spacing:
        timing = dosage.timing
        repeat = timing.repeat if timing else None
        stated = self._stated(repeat) if repeat else None
        if timing and self._structurally_once(repeat, stated, _events(timing.event)):
            return Spacing(single=True)
        texts = [line for line in map(told, instructions(dosage)) if line]
        if stated is None:
            stated = next((i for i in map(self._written, texts) if i), None)
        elif not any(self._written(line) for line in texts) and any(map(self._says_once, texts)):
            return Spacing(single=True)
        if stated:
            once = stated.low == stated.high == 1 and any(map(self._ends_in_a_day, texts))
            return Spacing(single=True) if once else Spacing(stated)
        return Spacing(single=any(map(self._says_once, texts)))

    # Structured

    def _stated(self, repeat: Repeat) -> Interval | None:
        if repeat.period is None or not repeat.period_unit:
            return None
        unit, period = self._days.get(norm(repeat.period_unit)), positive(repeat.period)
        longest = positive(repeat.period_max) if repeat.period_max is not None else period
        fewest = positive(repeat.frequency) if repeat.frequency is not None else Fraction(1)
        most = positive(repeat.frequency_max) if repeat.frequency_max is not None else fewest
        if not (unit and period and longest and fewest and most):
            return None
        low, high = bounded(period * unit / most), bounded(longest * unit / fewest)
        if not (low and high and low <= high):
            return None
        often = "" if most == 1 else f"{_span(fewest, most)} × / "
        return Interval(low, high, RequestText(f"{often}{_span(period, longest)} {norm(repeat.period_unit)}"))

    def _structurally_once(self, repeat: Repeat | None, stated: Interval | None, events: int) -> bool:
        """One dose by count, by a single event, or because no second one fits into bounds of one day."""
        if repeat is None:
            return events == 1
        count = positive(repeat.count)
        if count is not None and positive(repeat.count_max) in (None, count):
            return count == 1
        return self._one_day(repeat) and (stated is None or stated.low >= 1)

    def _one_day(self, repeat: Repeat) -> bool:
        bounds = self.length(repeat.bounds_duration)
        if bounds is None and repeat.bounds_range:
            bounds = self.length(repeat.bounds_range.high)
        if bounds is not None:
            return bounds <= 1
        period = repeat.bounds_period
        start, end = (moment_of(period.start), moment_of(period.end)) if period else (None, None)
        return start is not None and end is not None and _within_a_day(start, end)

    # In words

    def _written(self, line: str) -> Interval | None:
        """The one interval of a text; None when it states none, or several."""
        found = list(self._every_in(line)) or list(self._named_in(line))
        return found[0] if len({(i.low, i.high) for i in found}) == 1 else None

    def _named_in(self, line: str) -> Iterator[Interval]:
        """ "weekly", "twice daily" (half a day), "3-weekly" (three weeks; of days and years nobody says so)."""
        for match in self._named.finditer(line):
            days = self._intervals[match["word"].replace("-", " ")]
            times, several = self._amount(match["times"]), self._amount(match["several"])
            if times and several and not (match["several"] and days < _WEEK):
                days = days * several / times
                yield Interval(days, days, RequestText(match.group(0).strip()))

    def _every_in(self, line: str) -> Iterator[Interval]:
        for match in self._every.finditer(line):
            lead, unit = match["lead"], self._days[match["unit"]]
            if (lead in ("/", "per") and not self._divides(line, match, unit)) or self._is_limit(line, match, unit):
                continue
            first, last = self._amount(match["first"] or match["only"]), self._amount(match["last"] or match["only"])
            times = self._amount(match["after"] or match["before"])
            if first and last and times:
                near = self._days[match["near"]] if match["near"] else unit
                low, high = bounded(first * near / times), bounded(last * unit / times)
                if low and high and low <= high:
                    yield Interval(low, high, RequestText(match.group(0).strip()))

    def _divides(self, line: str, match: re.Match[str], unit: Fraction) -> bool:
        """Whether a "/" or "per" makes an interval: after a dose, and of a day or more (16 mg/h is a rate)."""
        before = match["before"] is not None or self._divided.search(
            line[max(0, match.start() - 20) : match.start("lead")]
        )
        return bool(before) and unit >= 1

    def _is_limit(self, line: str, match: re.Match[str], unit: Fraction) -> bool:
        """Whether a rate "/day" or a day is that of a limit of a day, and not of what is ordered."""
        if (self._amount(match["only"]) or 0) * unit != 1:
            return False
        if match["lead"] in ("/", "per"):
            return bool(self._limit_before.search(line[max(0, match.start() - 30) : match.start()]))
        return bool(self._limit_behind.match(line, match.end(), match.end() + 16))

    def _amount(self, text: str | None) -> Fraction | None:
        return number(self._numbers.get(text, text)) if text else Fraction(1)

    def _ends_in_a_day(self, line: str) -> bool:
        """Whether a rate of once a day goes on for that day only."""
        spaced = _spaced(_TIMES.sub(" x", line))
        return any(word in spaced for word in self._in_a_day)

    def _says_once(self, line: str) -> bool:
        spaced = _spaced(line)
        for word in self._not_once:
            spaced = spaced.replace(word, "  ")
        return any(word in spaced for word in self._once)


def _events(stated: object) -> int:
    """How many moments of giving are named."""
    return len(stated) if isinstance(stated, list) else int(isinstance(stated, str))


def instructions(dosage: Dosage) -> Iterator[str]:
    """All that a dosage says in words: the code of its timing, its text, its additional instructions."""
    if dosage.timing and dosage.timing.code:
        yield from (t for c in dosage.timing.code.codings() for t in (c.code, c.display) if t)
        if dosage.timing.code.text:
            yield dosage.timing.code.text
    if dosage.text:
        yield dosage.text
    yield from additional(dosage)


def additional(dosage: Dosage) -> Iterator[str]:
    """The texts of a dosage's additional instructions."""
    more = dosage.additional_instruction
    for concept in many(CodeableConcept(text=more) if isinstance(more, str) else more):
        yield from (t for t in (concept.codeable.text, *(c.display for c in concept.codings())) if t)


def _spaced(text: str) -> str:
    """A text as words with spaces around, so that "st" is not found in "first"; a Chinese name without them."""
    words = " ".join(_marks.sub(" ", text).split())
    return f" {words} " if _latin.search(words) else words


def _within_a_day(start: Moment, end: Moment) -> bool:
    if start.day == end.day:
        return True
    aware = start.at and end.at and (start.at.tzinfo is None) == (end.at.tzinfo is None)
    return bool(aware) and timedelta(0) <= end.at - start.at <= timedelta(days=1)  # type: ignore[operator]  # both stated


def _span(low: Fraction, high: Fraction) -> str:
    return plain(low) if low == high else f"{plain(low)}–{plain(high)}"
