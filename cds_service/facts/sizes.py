"""The chapter of measured sizes of bone lesions: two axes of one lesion at one time, and what a clinician stated.

Sizes in mm, exact. Which lesion: what the result is focused on, else its bone and side, else its own words. What has
one diameter, an unknown unit or no bone is named and left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from cds_service.base.kinds import RequestText
from cds_service.facts.explained import Fact, reference
from cds_service.facts.narrative import quoted
from cds_service.facts.observations import COUNTING, NO_RESULT
from cds_service.facts.result_codes import ResultCodes
from cds_service.facts.sites import BoneSite, Place, SiteReader
from cds_service.facts.skeleton import words
from cds_service.facts.told import Number, ago, exact
from cds_service.facts.units import converted
from cds_service.fhir.examined import BodyStructure
from cds_service.fhir.references import type_and_id
from cds_service.fhir.structs import CodeableConcept, Condition, Observation, ObservationComponent, Quantity, many
from cds_service.fhir.undecoded import concept, concepts, notes, references
from cds_service.fhir.when import day_stated
from cds_service.knowledge.measurements import Analyte, Measurements
from cds_service.knowledge.model import File
from cds_service.knowledge.terminology import BONE, Match
from cds_service.record.read import Record

KEYS = ("observations",)
SIZE, LONGEST_AXIS, OTHER_AXIS, STATUS = "lesion-size", "size-longest", "size-other", "disease-status"
ANALYTES = (LONGEST_AXIS, OTHER_AXIS)
_NUMBER, _UNIT = r"(\d{1,4}(?:\.\d{1,3})?)\s*", r"(mm|cm|毫米|厘米)"
_AXES = re.compile(rf"{_NUMBER}{_UNIT}?\s*[x×*✕]\s*{_NUMBER}{_UNIT}")


@dataclass(frozen=True, slots=True)
class Size:
    """Two axes of one lesion, the longer first."""

    lesion: str  # the same for the same lesion
    shown: RequestText  # how a card names the lesion
    longest: Fraction
    other: Fraction
    when: date
    ref: RequestText

    @property
    def product(self) -> Fraction:
        return self.longest * self.other

    @property
    def both(self) -> Fraction:
        """The sum of the two diameters: the other way to read the sentence of the table."""
        return self.longest + self.other


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A size that cannot be used: ``one-diameter``, ``unit``, ``site-not-stated``, ``undated``,
    ``status-unknown``."""

    why: str
    when: date | None
    ref: RequestText


@dataclass(frozen=True, slots=True)
class Stated:
    """What a clinician stated of the response."""

    words: RequestText
    when: date
    ref: RequestText


@dataclass(frozen=True)
class Sizes:
    """All usable sizes, the oldest first; what was left out; and the newest statement."""

    all: tuple[Size, ...]
    left_out: tuple[LeftOut, ...] = ()
    stated: Stated | None = None

    def on(self, day: date) -> dict[str, Size]:
        """The lesions measured on a day."""
        return {size.lesion: size for size in self.all if size.when == day}

    @property
    def days(self) -> tuple[date, ...]:
        """The days on which lesions were measured, ascending."""
        return tuple(sorted({size.when for size in self.all}))


class SizeReader:
    """Reads sizes with the code lists of results and body sites."""

    def __init__(self, codes: ResultCodes, sites: SiteReader, measurements: Measurements) -> None:
        self._codes, self._sites = codes, sites
        self._axis: Analyte = measurements.analytes[LONGEST_AXIS]

    def read(self, record: Record) -> Sizes:
        """All sizes of the record."""
        found: list[Size] = []
        left: list[LeftOut] = []
        stated: list[Stated] = []
        for code, observations in record.coded.items():
            lists = _lists(self._codes.named(code))
            if not lists & {SIZE, STATUS}:
                continue
            named = concept(code)
            for it in observations:
                if it.status in NO_RESULT or named is None:
                    continue
                if STATUS in lists:
                    stated += _stated(it) if it.status in COUNTING else ()
                    continue
                read = self._size(it, named, record.referred)
                (found if isinstance(read, Size) else left).append(read)  # type: ignore[arg-type]  # told apart
        found.sort(key=lambda s: (s.when, s.lesion, s.ref))
        return Sizes(tuple(found), tuple(left), max(stated, key=lambda s: (s.when, s.ref), default=None))

    def _size(self, it: Observation, code: CodeableConcept, lookup: Callable[[str], object]) -> Size | LeftOut:
        ref = RequestText(f"Observation/{it.id or '?'}")
        when = day_stated(it)
        if it.status not in COUNTING:
            return LeftOut("status-unknown", when, ref)
        told = [code.codeable.text or "", *notes(it.note)]
        focus = next((r.reference for r in references(it.focus) if r.reference), None)
        site = self._site(it, told, lookup(focus) if focus else None)
        if site is None:
            return LeftOut("site-not-stated", when, ref)
        axes = self._axes(it)
        if isinstance(axes, str):
            return LeftOut(axes, when, ref)
        if when is None:
            return LeftOut("undated", None, ref)
        lesion = type_and_id(focus) if focus else _named(site, told)
        return Size(lesion, quoted(site.shown or site.name), *axes, when, ref)

    def _site(self, it: Observation, told: Iterable[str], target: object) -> BoneSite | None:
        """The bone that the result itself names, else the one that what it is focused on does."""
        own = self._sites.of(concepts(it.body_site), [t for t in told if t])
        return own.bone or self._focused(target).bone

    def _focused(self, target: object) -> Place:
        if isinstance(target, BodyStructure):
            inside = [i.structure for i in many(target.included_structure) if i.structure]
            return self._sites.of([*inside, *([target.location] if target.location else [])])
        if isinstance(target, Condition):
            return self._sites.of(many(target.body_site), words(target))
        return Place()

    def _axes(self, it: Observation) -> tuple[Fraction, Fraction] | str:
        parts = many(it.component)
        longest = [v for part in parts if LONGEST_AXIS in _lists(self._codes.of(part.code)) for v in self._mm(part)]
        others = [v for part in parts if OTHER_AXIS in _lists(self._codes.of(part.code)) for v in self._mm(part)]
        if not (longest or others):
            match = it.value_string and _AXES.search(it.value_string[:200])
            if not match:
                return "one-diameter"
            first, unit, second, last = match.groups()
            written = [(first, unit or last), (second, last)]
            longest, others = ([converted(Quantity(value=Decimal(n), unit=u), self._axis)] for n, u in written)
        values = sorted((v for v in (*longest, *others) if isinstance(v, Fraction)), reverse=True)
        if len(values) < len(longest) + len(others):
            return "unit"
        return (values[0], values[1]) if longest and others else "one-diameter"

    def _mm(self, part: ObservationComponent) -> Iterator[Fraction | str]:
        if isinstance(part.value_quantity, Quantity):
            yield converted(part.value_quantity, self._axis)


def _named(site: BoneSite, told: Iterable[str]) -> str:
    """By what name a lesion is known that nothing leads to: its bone, or the words where they name none closely."""
    if site.name == BONE:
        return " ".join(told)
    return f"{site.name} {site.side or ''} {' '.join(sorted(site.levels))}"


def _lists(meant: Iterable[Match]) -> frozenset[str]:
    return frozenset([m.concept for m in meant])


def _stated(it: Observation) -> Iterator[Stated]:
    when = day_stated(it)
    value = it.value_codeable_concept.said() if it.value_codeable_concept else it.value_string
    if when and value:
        yield Stated(quoted(value), when, RequestText(f"Observation/{it.id or '?'}"))


def explained(sizes: Sizes) -> Iterator[Fact]:
    """The table of lesions, each size beside the one before it; what was left out; and what was stated."""
    before: dict[str, Size] = {}
    for _, same_day in groupby(sizes.all, key=lambda s: s.when):
        measured = tuple(same_day)
        for size in measured:
            last = before.get(size.lesion)
            data = {"size": size, "before": last, "change": per_cent(size.product, last.product) if last else None}
            yield Fact("lesion-size", data, size.product, "mm2", size.when, reference(size.ref))
        before |= {size.lesion: size for size in measured}
    for left in sizes.left_out:
        yield Fact("lesion-size-left-out", {"left": left}, when=left.when, ref=reference(left.ref))
    if sizes.stated:
        yield Fact("response-stated", {"stated": sizes.stated}, when=sizes.stated.when, ref=reference(sizes.stated.ref))


def per_cent(now: Fraction, then: Fraction) -> Fraction | None:
    """The change in per cent; None of what was nothing."""
    return (now / then - 1) * 100 if then else None


class SizeGiven(File, frozen=True):
    """A measured lesion, in mm."""

    longest: Number
    other: Number
    days_ago: int
    lesion: str = "a"


class SizesGiven(File, frozen=True):
    """What a case may say of sizes; ``one_diameter``: so many days ago one was measured with one axis."""

    sizes: list[SizeGiven] = []
    one_diameter: int | None = None
    response_stated: str | None = None
    response_days_ago: int = 1

    def told(self) -> Sizes:
        found = [_of_case(n, s) for n, s in enumerate(self.sizes)]
        one, day, ref = self.one_diameter, ago(self.response_days_ago), RequestText("Observation/size")
        left = () if one is None else (LeftOut("one-diameter", ago(one), ref),)
        stated = Stated(RequestText(self.response_stated), day, ref) if self.response_stated and day else None
        return Sizes(tuple(sorted(found, key=lambda s: (s.when, s.lesion))), left, stated)


def _of_case(position: int, given: SizeGiven) -> Size:
    longest, other, when = exact(given.longest), exact(given.other), ago(given.days_ago)
    assert longest is not None
    assert other is not None
    assert when is not None
    ref = RequestText(f"Observation/size-{position}")
    return Size(given.lesion, RequestText(given.lesion), max(longest, other), min(longest, other), when, ref)
