"""The chapter of courses: in how many fractions, and to which dose, the radiotherapy of each draft is prescribed.

Extensions and words count alike: where they contradict, the number of fractions is not known. Only what is printed is
shown; a total is never computed for a card.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from cds_service.facts.activities import RADIOTHERAPY
from cds_service.facts.explained import Fact, reference
from cds_service.facts.fraction_text import FractionText, Said, together
from cds_service.facts.subjects import Order, RequestedProcedure
from cds_service.facts.told import Number, exact
from cds_service.knowledge.model import File
from cds_service.knowledge.radiotherapy import RadiotherapyWords

SBRT = "sbrt"


@dataclass(frozen=True, slots=True)
class Course:
    """``fractions``: None where none are stated or what is said of them contradicts (``unclear``). ``total``, ``each``:
    gray, as stated."""

    fractions: int | None = None
    total: Fraction | None = None
    each: Fraction | None = None
    stereotactic: bool = False
    unclear: bool = False

    @property
    def single(self) -> bool:
        """Whether it is one fraction."""
        return self.fractions == 1


@dataclass(frozen=True)
class Courses:
    """By the key of the draft."""

    by_order: Mapping[str, Course] = field(default_factory=dict)
    orders: tuple[RequestedProcedure, ...] = ()

    def of(self, order: RequestedProcedure) -> Course:
        """The course of a draft; of one that is no radiotherapy, nothing."""
        return self.by_order.get(order.key, Course())


class CourseReader:
    """Reads the courses of drafts."""

    def __init__(self, words: RadiotherapyWords) -> None:
        self._text, self._most = FractionText(words), words.most_fractions

    def read(self, orders: Iterable[Order]) -> Courses:
        """Of all drafts that request radiotherapy."""
        asked = tuple(o for o in orders if isinstance(o, RequestedProcedure) and is_radiotherapy(o))
        return Courses({o.key: self._course(o) for o in asked}, asked)

    def _course(self, order: RequestedProcedure) -> Course:
        said = together(self._text.read(text) for text in order.says.told)
        stated = order.says.stated
        said.counts |= set(stated.fractions)
        said.totals |= set(stated.totals)
        said.each |= set(stated.each)
        fractions = None if said.unclear or order.says.unread else self._fractions(said)
        total, each = _only(said.totals), _only(said.each)
        contradicts = bool(fractions and total and each and total != fractions * each)
        unclear = said.unclear or order.says.unread or len(said.counts) > 1 or contradicts
        stereotactic = SBRT in {*order.concepts, *order.says.named}
        return Course(None if contradicts else fractions, total, each, stereotactic, unclear)

    def _fractions(self, said: Said) -> int | None:
        counts = said.counts
        if len(counts) == 1:
            count = next(iter(counts))
            return count if 0 < count <= self._most else None
        if counts:
            return None
        total, each = _only(said.totals), _only(said.each)
        if total and each:
            number = total / each
            return int(number) if number.denominator == 1 and number <= self._most else None
        # "Single 8 Gy": one fraction, said without a number.
        return 1 if said.weak and len(said.totals) + len(said.each) <= 1 else None


def is_radiotherapy(order: RequestedProcedure) -> bool:
    """Whether a draft requests radiotherapy."""
    return not {*order.concepts, *order.says.named}.isdisjoint(RADIOTHERAPY)


def _only(values: set[Fraction]) -> Fraction | None:
    return next(iter(values)) if len(values) == 1 else None


def explained(courses: Courses) -> Iterator[Fact]:
    """Each course as it was read, or that its fractions were not."""
    for order in courses.orders:
        course = courses.of(order)
        data = {"course": course, "order": order}
        value = None if course.fractions is None else Fraction(course.fractions)
        yield Fact("course", data, value=value, unit=None if value is None else "1", ref=reference(order.ref))


class CoursesGiven(File, frozen=True):
    """What a case may say of the course of its order. ``fractions`` left out: not read."""

    fractions: int | None = None
    total_gy: Number | None = None
    each_gy: Number | None = None
    fractions_unclear: bool = False

    def told(self, orders: Iterable[Order]) -> Courses:
        asked = tuple(o for o in orders if isinstance(o, RequestedProcedure) and is_radiotherapy(o))
        total, each = exact(self.total_gy), exact(self.each_gy)

        def course(order: RequestedProcedure) -> Course:
            stereotactic = SBRT in {*order.concepts, *order.says.named}
            return Course(self.fractions, total, each, stereotactic, self.fractions_unclear)

        return Courses({o.key: course(o) for o in asked}, asked)
