"""The chapter of pain: scores and words for how strong it is, the newest first, and what on record is no such score.

A score that names a place of no bone does not count; one that names no place does, and the card says so. Scales: 0 to
10 in whole numbers; a visual analogue scale with decimals, also in mm; faces. An observer's scale, and how much pain
interferes, are no severity.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from itertools import groupby
from typing import Literal

from cds_service.base.kinds import Missing, RequestText
from cds_service.facts.explained import Basis, Fact, reference
from cds_service.facts.score_text import DEGREES, Degree, Written
from cds_service.facts.scored import KEYS as SCORE_KEYS
from cds_service.facts.scored import OTHER_PAIN, PAIN_SCALES, Scored, Scores
from cds_service.facts.told import NOW, Number, ago, exact
from cds_service.facts.window import within
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import File

KEYS = SCORE_KEYS
LOOK_BACK = {"observations": "pain"}
BASIS = Basis(windows=("pain",), limits=("pain-moderate", "pain-severe"))
TOLD = 3  # scores that the explanation tells
Scale = Literal["numeric", "visual", "faces", "unstated", "words"]
SCALES: dict[str, Scale] = {
    "pain-numeric": "numeric", "pain-visual": "visual", "pain-faces": "faces", "pain-score": "unstated"
}  # fmt: skip
VISUAL = "pain-visual"
ASKED = frozenset({*PAIN_SCALES, OTHER_PAIN})
# Scales run from nothing to this; of a visual scale of 100 mm a tenth is one.
TOP, TENTH = Fraction(10), Fraction(1, 10)
MILLIMETRES, CENTIMETRES = frozenset({"mm"}), frozenset({"cm"})


@dataclass(frozen=True, slots=True)
class PainScore:
    """``value`` of ten; None where only a word tells the ``degree``. ``site``: as written, None where none is stated.

    ``tied``: another score of the same moment was lower.
    """

    value: Fraction | None
    degree: Degree
    scale: Scale
    when: date
    ref: RequestText
    shown: RequestText | None = None
    site: RequestText | None = None
    preliminary: bool = False
    at: datetime | None = None
    tied: bool = False


@dataclass(frozen=True, slots=True)
class Steps:
    """From which score on pain is moderate, and severe."""

    moderate: Fraction
    severe: Fraction

    @classmethod
    def of(cls, measurements: Measurements) -> Steps:
        return cls(measurements.limit("pain-moderate", "{score}"), measurements.limit("pain-severe", "{score}"))

    def degree(self, value: Fraction) -> Degree:
        """Above nothing and below the first step it is mild."""
        if value >= self.severe:
            return "severe"
        if value >= self.moderate:
            return "moderate"
        return "mild" if value > 0 else "none"


@dataclass(frozen=True)
class Pain:
    """``scores``: those that count, newest first. ``elsewhere``: newest score that names a place of no bone.
    ``other``: newest result that is a score of pain and no severity. ``unusable``: newest first.
    """

    scores: tuple[PainScore, ...]
    today: date
    window: int
    steps: Steps
    elsewhere: PainScore | None = None
    other: PainScore | None = None
    unusable: tuple[Missing, ...] = ()

    @property
    def newest(self) -> PainScore | None:
        """The score that counts: the newest of the window."""
        return next((s for s in self.scores if within(s.when, self.today, self.window)), None)

    @property
    def last(self) -> PainScore | None:
        """The newest score at all."""
        return next(iter(self.scores), None)

    @property
    def elsewhere_now(self) -> bool:
        """Whether a score of the window names a place of no bone."""
        return self.elsewhere is not None and within(self.elsewhere.when, self.today, self.window)

    def is_at_least(self, degree: Degree) -> bool:
        """Whether the score that counts is of this degree or a stronger one."""
        newest = self.newest
        return newest is not None and DEGREES.index(newest.degree) >= DEGREES.index(degree)


def pain(scores: Scores, answered: Sequence[Scored], written: Written, today: date, measurements: Measurements) -> Pain:
    """From the scores of the record, and from those ``answered`` in questionnaires."""
    steps = Steps.of(measurements)
    found: list[PainScore] = []
    elsewhere: PainScore | None = None
    unusable: list[Missing] = []
    told = (*(s for name in PAIN_SCALES for s in scores.get(name, ())), *_known(answered, today, PAIN_SCALES))
    for score in sorted(told, key=lambda s: (s.order, s.ref), reverse=True):
        read = _read(score, written, steps)
        if isinstance(read, Missing):
            unusable.append(read)
        elif read.site is not None and written.elsewhere(read.site):
            elsewhere = elsewhere or read
        else:
            found.append(read)
    no_severity = (*scores.get(OTHER_PAIN, ()), *_known(answered, today, (OTHER_PAIN,)))
    other = next((_other(s) for s in no_severity if s.when and not s.why), None)
    window = measurements.days("pain")
    return Pain(tuple(_ordered(found)), today, window, steps, elsewhere, other, tuple(unusable))


def _known(answered: Iterable[Scored], today: date, names: Collection[str]) -> Iterator[Scored]:
    """Those of these lists that are not dated after now."""
    return (s for s in answered if s.concept in names and not (s.when and s.when > today))


def _read(score: Scored, written: Written, steps: Steps) -> PainScore | Missing:
    """One score, or why it cannot be used."""
    if score.why or score.when is None:
        return Missing("pain-score", score.why or "undated", score.shown, score.when)
    places = [*score.places]
    degree: Degree | None = None
    number, unit, tied = score.number, score.unit, False
    if number is None:
        words = written.highest(score.words)
        number, degree, tied = words.number, words.degree, words.lower
        places += words.places
    scale = SCALES[VISUAL if VISUAL in score.methods else score.concept]
    value = None if number is None else of_ten(number, unit, scale)
    if isinstance(value, str):
        return Missing("pain-score", value, score.shown, score.when)
    if value is not None:
        degree = steps.degree(value)
    if degree is None:  # words of which something was left unread: neither a number nor a degree
        return Missing("pain-score", "not-a-number", score.shown, score.when)
    site = _site(places, score.name, written)
    return PainScore(
        value, degree, scale if value is not None else "words", score.when, score.ref, score.shown, site,
        score.preliminary, score.at, tied,
    )  # fmt: skip


def _site(places: Sequence[str], name: str, written: Written) -> RequestText | None:
    """The place a score names: one of no bone first, for that ends it; the code's own name too."""
    if no_bone := next((p for p in (*places, name) if written.elsewhere(p)), None):
        return RequestText(no_bone)
    return RequestText(places[0]) if places else None


def of_ten(number: Fraction, unit: str, scale: Scale) -> Fraction | str:
    """A number as a score of ten, or why it is none. Only a visual scale has parts of a point."""
    spelt = unit.casefold().strip()
    if spelt in MILLIMETRES | CENTIMETRES and scale not in ("visual", "unstated"):
        return "unit-unknown"
    value = number * TENTH if spelt in MILLIMETRES else number
    if not 0 <= value <= TOP:
        return "implausible"
    if value.denominator != 1 and scale != "visual" and spelt not in MILLIMETRES | CENTIMETRES:
        return "not-a-whole-number"
    return value


def _ordered(found: Sequence[PainScore]) -> Iterator[PainScore]:
    """Newest first, as they come; of several of one moment, or of one day whose order nobody knows, the strongest
    first."""
    for _, of_a_day in groupby(found, key=lambda s: s.when):
        yield from _of_a_day(list(of_a_day))


def _of_a_day(scores: Sequence[PainScore]) -> Sequence[PainScore]:
    def strength(score: PainScore) -> tuple[int, Fraction]:
        return DEGREES.index(score.degree), score.value if score.value is not None else Fraction(-1)

    timed = all(s.at is not None for s in scores)
    first = [s for s in scores if not timed or s.at == scores[0].at]
    strongest = max(first, key=lambda s: (strength(s), s.ref))
    tied = any(strength(s) < strength(strongest) for s in first)
    others = sorted((s for s in first if s is not strongest), key=strength, reverse=True)
    return [replace(strongest, tied=True) if tied else strongest, *others, *scores[len(first) :]]


def _other(score: Scored) -> PainScore:
    assert score.when
    return PainScore(None, "none", "unstated", score.when, score.ref, RequestText(score.name))


def explained(pain: Pain) -> Iterator[Fact]:
    """The newest scores, and what on record is no such score."""
    for number, score in enumerate(pain.scores[:TOLD]):
        windows, limits = (BASIS.windows, BASIS.limits) if number == 0 else ((), ())
        ref, unit = reference(score.ref), None if score.value is None else "{score}"
        old = not within(score.when, pain.today, pain.window)
        data = {"score": score, "counts": score == pain.newest, "old": old, "window": pain.window}
        yield Fact("pain", data, score.value, unit, score.when, ref, windows=windows, limits=limits)
    for key, other in (("pain-elsewhere", pain.elsewhere), ("pain-other", pain.other)):
        if other:
            yield Fact(key, {"score": other}, when=other.when, ref=reference(other.ref))
    for problem in pain.unusable[:TOLD]:
        yield Fact("score-unusable", {"problem": problem, "shown": problem.detail}, when=problem.when)


class PainGiven(File, frozen=True):
    """A score of pain on record; without ``pain`` there is none."""

    pain: Number | None = None
    pain_word: Degree | None = None
    pain_days_ago: int = 2
    pain_scale: Scale = "numeric"
    pain_site: str | None = None
    pain_elsewhere: bool = False
    pain_other: bool = False  # an observer's scale is on record

    def told(self, measurements: Measurements) -> Pain:
        steps, when = Steps.of(measurements), ago(self.pain_days_ago)
        assert when
        value = exact(self.pain)
        degree = self.pain_word if value is None else steps.degree(value)
        site = RequestText(self.pain_site) if self.pain_site else None
        score = degree and PainScore(value, degree, self.pain_scale, when, RequestText("Observation/pain"), site=site)
        other = PainScore(None, "none", "unstated", when, RequestText("Observation/other"), RequestText("FLACC"))
        return Pain(
            (score,) if score and not self.pain_elsewhere else (),
            NOW.date(),
            measurements.days("pain"),
            steps,
            score if score and self.pain_elsewhere else None,
            other if self.pain_other else None,
        )
