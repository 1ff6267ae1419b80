"""Sizes compared, lesions called new, drafts of the call, and creatinines over time: exact, at each limit."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from cds_service.base.kinds import RequestText
from cds_service.edition import Edition
from cds_service.facts.creatinine import Creatinine, Rise, creatinine, explained, in_unit
from cds_service.facts.explained import Fact, Input
from cds_service.facts.lesions import Appeared
from cds_service.facts.response import Compared, Sum, appeared, compare, reported_new
from cds_service.facts.results import Reading, Unusable
from cds_service.facts.sites import BoneSite
from cds_service.facts.sizes import LeftOut, Size, Sizes, per_cent
from cds_service.facts.skeleton import METASTASIS, Sign
from cds_service.facts.subjects import DrugOrder, Orders, RequestedProcedure
from cds_service.knowledge.drugs import Product
from tests.build import NOW

T = RequestText
TODAY = NOW.date()
WINDOW, APART, LAG = 60, 21, 30


def day(days_ago: int) -> date:
    return TODAY - timedelta(days=days_ago)


# Sizes


def size(lesion: str, days_ago: int, longest: int, other: int) -> Size:
    ref = T(f"Observation/{lesion}{days_ago}")
    return Size(lesion, T(lesion), Fraction(longest), Fraction(other), day(days_ago), ref)


def of(*sizes: Size, left: str | None = None) -> Any:
    out = (LeftOut(left, None, T("x")),) if left else ()
    return compare(Sizes(tuple(sorted(sizes, key=lambda s: s.when)), out), TODAY, WINDOW, APART)


def test_the_newest_day_is_compared_with_the_first_and_the_smallest() -> None:
    a = [size("a", n, long, 10) for n, long in ((200, 20), (150, 10), (100, 12), (5, 30))]
    b = [size("b", n, long, 5) for n, long in ((200, 8), (150, 9), (100, 6), (5, 7))]
    only, before = size("c", 5, 3, 3), size("d", 300, 9, 9)
    assert of(*a, *b, only, before) == Compared(
        lesions=(a[3], b[3]),
        unmatched=(only,),
        baseline=Sum(day(200), Fraction(240), Fraction(43)),
        nadir=Sum(day(150), Fraction(145), Fraction(34)),
        newest=Sum(day(5), Fraction(335), Fraction(52)),
    )
    same = of(size("a", 200, 10, 10), size("a", 150, 10, 10), size("a", 5, 10, 10))
    assert same.nadir.day == day(200), "of two as small the earlier"
    part = of(
        size("a", 200, 10, 10), size("b", 200, 9, 9), size("a", 150, 1, 1), size("a", 5, 8, 8), size("b", 5, 7, 7)
    )
    assert part.nadir == part.baseline, "a day on which not all were measured is no smallest"


@pytest.mark.parametrize(
    ("newest", "before", "why"),
    [
        (0, 100, None), (WINDOW, 100, None), (WINDOW + 1, 200, "too-old"), (5, None, "one-date"),
        (5, 5 + APART, None), (5, 5 + APART - 1, "too-close"),
    ],
)  # fmt: skip
def test_why_there_is_no_comparison(newest: int, before: int | None, why: str | None) -> None:
    sizes = [size("a", n, 10, 10) for n in (newest, before) if n is not None]
    found = of(*sizes)
    assert found == why if why else isinstance(found, Compared)


def test_what_is_not_measured_twice_is_not_compared() -> None:
    assert of() == "not-measured"
    assert of(left="site-not-stated") == "not-measured"
    assert of(left="one-diameter") == "one-diameter"
    assert of(size("a", 5, 10, 10), size("b", 100, 10, 10)) == "unmatched"
    assert of(size("a", -1, 10, 10)) == "too-old"
    assert of(size("a", -1, 10, 10), size("a", 5, 10, 10), size("a", 90, 20, 10)).newest.day == day(5)


def test_a_change_in_per_cent() -> None:
    assert per_cent(Fraction(3), Fraction(2)) == 50
    assert per_cent(Fraction(1), Fraction(2)) == -50
    assert per_cent(Fraction(1), Fraction(0)) is None


# New lesions

FEMUR, HIP, RIB = BoneSite("femur", "left"), BoneSite("femur", "right"), BoneSite("rib-sternum")
BONE = BoneSite("bone")


def sign(name: str, days_ago: int | None, site: BoneSite | None = None) -> Sign:
    return Sign(METASTASIS, True, True, site, None if days_ago is None else day(days_ago), T(name), T("x"))


def new(*signs: Sign, since: date | None = None) -> tuple[str | None, str | None]:
    found, possible = appeared(signs, since, LAG)
    return found and found.ref, possible and possible.ref


@pytest.mark.parametrize(
    ("signs", "since", "expected"),
    [
        ((), None, (None, None)),
        ((sign("a", None, FEMUR),), None, (None, None)),
        ((sign("a", 100, FEMUR),), None, (None, None)),
        ((sign("a", 100, FEMUR), sign("b", 69, RIB)), None, ("b", None)),
        ((sign("a", 100, FEMUR), sign("b", 70, RIB)), None, (None, None)),
        ((sign("b", 69, RIB), sign("a", 100, FEMUR)), None, ("b", None)),
        ((sign("a", 100, FEMUR), sign("b", 5, HIP)), None, ("b", None)),
        ((sign("a", 100, FEMUR), sign("b", 5, FEMUR)), None, (None, None)),
        ((sign("a", 100, FEMUR), sign("b", 5, BONE)), None, (None, "b")),
        ((sign("a", 100, FEMUR), sign("b", 5)), None, (None, "b")),
        ((sign("a", 100, BONE), sign("b", 5, RIB)), None, (None, "b")),
        ((sign("a", 100), sign("b", 5, RIB)), None, (None, "b")),
        ((sign("a", 100, FEMUR), sign("u", None), sign("b", 5, RIB)), None, ("b", None)),
        ((sign("a", 100, FEMUR), sign("c", 70, RIB), sign("b", 5, RIB)), None, (None, None)),
        ((sign("a", 100, FEMUR), sign("c", 70), sign("b", 5, RIB)), None, (None, "b")),
        ((sign("a", 100, FEMUR), sign("c", 70, BONE)), None, (None, None)),
        ((sign("a", 100, FEMUR), sign("c", 20, RIB), sign("b", 5, RIB)), None, ("c", None)),
        ((sign("a", 100, FEMUR), sign("c", 20, RIB), sign("b", 5, HIP)), None, ("b", None)),
        ((sign("a", 100, FEMUR), sign("c", 20), sign("b", 5, HIP)), None, (None, "b")),
        ((sign("a", 100, FEMUR), sign("b", 5, RIB)), day(5), (None, None)),
        ((sign("a", 100, FEMUR), sign("b", 5, RIB)), day(6), ("b", None)),
        ((sign("a", 100, FEMUR), sign("b", 5, RIB), sign("c", 5, HIP)), None, ("c", None)),
    ],
)
def test_which_metastasis_is_new(
    signs: tuple[Sign, ...], since: date | None, expected: tuple[str | None, str | None]
) -> None:
    assert new(*signs, since=since) == expected


def told(name: str, days_ago: int | None, *, confirmed: bool = True) -> Appeared:
    return Appeared(confirmed, None, None if days_ago is None else day(days_ago), T(name), T("x"))


def test_which_words_call_one_new() -> None:
    first = (sign("u", None), sign("a", 50), sign("b", 100))
    words = (told("z", 70), told("old", 69), told("new", 5), told("late", 5), told("u", None))
    doubts = (told("doubt", 69, confirmed=False), told("may", 6, confirmed=False))
    for all_ in ((*words, *doubts), (*doubts[::-1], *words[::-1])):
        assert reported_new(all_, first, None, LAG) == (words[2], doubts[1])
    assert reported_new(words[:1], first, None, LAG) == (None, None)
    assert reported_new(words[:2], first, None, LAG) == (words[1], None)
    assert reported_new(words, first, day(5), LAG) == (None, None)
    assert reported_new(words[2:3], first, day(6), LAG) == (words[2], None)
    assert reported_new(words, first[:1], None, LAG) == reported_new(words, (), None, LAG) == (None, None)


# Drafts


def drug(name: str, group: Any, *, stops: bool = False) -> DrugOrder:
    return DrugOrder(name, 0, None, T(name), (name,), frozenset({group}), Product("oncology"), True, stops, None)


def procedure(name: str, *, stops: bool = False) -> RequestedProcedure:
    return RequestedProcedure(name, 0, None, T(name), (name,), True, stops)


def test_what_the_drafts_start_end_and_request() -> None:
    zoledronic, denosumab = drug("zoledronic-acid", "bisphosphonate"), drug("denosumab", "rankl-inhibitor")
    ended = drug("pamidronate", "bisphosphonate", stops=True)
    mri, ct = procedure("mri"), procedure("ct", stops=True)
    orders = Orders((denosumab, mri, zoledronic, ended, ct))
    assert list(orders) == [denosumab, mri, zoledronic, ended, ct]
    assert orders.drugs("bisphosphonate", "rankl-inhibitor") == (zoledronic, denosumab)
    assert orders.drugs("rankl-inhibitor") == (denosumab,)
    assert orders.ended == {"pamidronate"}
    assert [orders.requests(name) for name in ("mri", "ct", "denosumab")] == [True, False, False]
    assert DrugOrder("k", 0, None, T("x"), (), frozenset(), Product("oncology"), True, False, None).drug == ""


# Creatinine


def reading(name: str, days_ago: int, value: int = 1, own: int | None = None) -> Reading:
    exact = None if own is None else Fraction(own)
    ref, unit = T(f"Observation/{name}"), "" if own is None else "umol/L"
    return Reading("creatinine", Fraction(value), "mg/dL", name, day(days_ago), ref, own=exact, own_unit=unit)


def test_which_creatinines_lie_before_another_and_after_a_day() -> None:
    a, b, c, d = (reading(name, n) for name, n in (("a", 1), ("b", 3), ("c", 8), ("d", 9)))
    unusable = Unusable("creatinine", "unit-missing", None, day(0), T("x"))
    found = Creatinine(28, (unusable, a, b, c, d), TODAY)
    assert list(found.history) == [a, b, c, d]
    assert (found.newest, found.current) == (a, a)
    assert list(found.before(a, 7)) == [b, c]
    assert list(found.before(b, 6)) == [c, d]
    assert list(found.before(d, 99)) == []
    assert list(found.since(day(3))) == [a]
    assert list(found.since(day(4))) == [a, b]
    assert list(found.since(day(1))) == []
    old = Creatinine(0, (a,), TODAY)
    assert (old.newest, old.current) == (a, None)
    assert Creatinine(28, (unusable,), TODAY).newest is None


def test_a_rise_and_its_limit() -> None:
    baseline, current = reading("a", 9, 1, 90), reading("b", 1, 2, 150)

    def rise(limit: int) -> Rise:
        return Rise(baseline, current, Fraction(90), Fraction(limit), Fraction(100))

    assert rise(60).amount == 60
    assert [rise(n).reached for n in (59, 60, 61)] == [True, True, False]
    assert in_unit(baseline, current) == 90
    assert in_unit(reading("c", 1, 3), current) == 225


def test_creatinines_are_told_with_what_they_rest_on(edition: Edition) -> None:
    measurements = edition.knowledge.measurements
    a, b = reading("a", 1), reading("b", 3)
    found = creatinine({"creatinine": (a, b)}, TODAY, measurements)
    days = measurements.days("renal")
    assert found == Creatinine(days, (a, b), TODAY)
    assert creatinine({}, TODAY, measurements) == Creatinine(days, (), TODAY)
    data = {"newest": a, "current": a, "earlier": (b,), "days": days}
    inputs = tuple(Input.of("creatinine", r) for r in (a, b))
    assert list(explained(found)) == [
        Fact("creatinine", data, Fraction(1), "mg/dL", day(1), a.ref, inputs, windows=("renal",))
    ]
