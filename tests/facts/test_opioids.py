"""Opioid arithmetic: exact, monotone, additive, whatever the order; and the table as its sources print it."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.base.folders import content_root
from cds_service.base.kinds import RequestText
from cds_service.base.yamlfile import load_as
from cds_service.edition import Edition
from cds_service.facts.opioids import Conversion, OpioidDaily, schedule, taper
from cds_service.facts.portions import Daily, Form, Portion
from cds_service.knowledge.opioids import Factor, Opioids

TABLE = load_as(content_root() / "opioids.yaml", Opioids)
CONVERSION = Conversion(TABLE)
BY_MOUTH = sorted(name for name, factor in TABLE.factors.items() if factor.unit == "mg/d")
TARGET = Fraction(30)


class Given(NamedTuple):
    text: RequestText
    daily: Daily | None


def opioid(name: str, mg: Fraction | None, form: Form = "oral", regular: Fraction | None = None) -> Given:
    portion = Portion(
        "opioid", name, mg if regular is None else regular, mg, mg, None if mg is not None else "dose-unknown"
    )
    return Given(RequestText(name), Daily((portion,), regular == 0, form))


def patch(rate: Fraction | None, form: Form = "transdermal") -> Given:
    return Given(RequestText("patch"), Daily((Portion("opioid", "fentanyl", why="dose-unknown"),), False, form, rate))


def daily(*opioids: Given, regular: bool = True) -> OpioidDaily:
    return CONVERSION.daily(opioids, regular=regular)


amounts = st.fractions(min_value=Fraction(1, 100), max_value=2000, max_denominator=1000)
doses = st.builds(opioid, st.sampled_from(BY_MOUTH), amounts)
shares = st.tuples(st.integers(1, 50), st.integers(0, 49)).map(
    lambda s: (Fraction(s[0], 100), Fraction(s[0] + s[1], 100))
)


# What a table says


def test_nothing_else_is_converted() -> None:
    assert len(TABLE.factors) == 9
    assert {"methadone", "buprenorphine", "meperidine"} <= TABLE.not_convertible.keys()


def test_the_ends_of_a_range_are_somebodys() -> None:
    assert TABLE.factors["hydromorphone"].span[0] == Fraction(30, 8)
    assert TABLE.factors["hydrocodone"].span[0] == Fraction(30, 45)
    assert TABLE.factors["fentanyl"].span[0] == 2
    assert TABLE.factors["oxycodone"].span == (1, 2)


@pytest.mark.parametrize(
    ("factor", "fault"),
    [
        ({"factor": "3"}, "between"),
        ({"low": "0"}, "between"),
        ({"high": "x"}, "no number"),
        ({"low": "1/0"}, "no number"),
    ],
)
def test_a_factor_outside_its_range_is_refused(factor: dict[str, str], fault: str) -> None:
    made = {"unit": "mg/d", "factor": "1", "low": "1", "high": "2", "range_from": []} | factor
    with pytest.raises(ValueError, match=fault):
        Factor(**made)  # type: ignore[arg-type]


# A day


@pytest.mark.parametrize(
    ("name", "mg", "ome", "low", "high"),
    [
        ("morphine", 30, "30", "30", "30"), ("oxycodone", 20, "30", "20", "40"), ("oxycodone", 21, "31.5", "21", "42"),
        ("tramadol", 400, "80", "40", "80"), ("codeine", 240, "36", "36", "36"), ("hydromorphone", 8, "40", "30", "60"),
    ],
)  # fmt: skip
def test_a_dose_in_oral_morphine(name: str, mg: int, ome: str, low: str, high: str) -> None:
    found = daily(opioid(name, Fraction(mg)))
    assert (found.ome, found.low, found.high) == (Fraction(ome), Fraction(low), Fraction(high))


@pytest.mark.parametrize(("rate", "ome"), [(12, "28.8"), (25, "60"), (50, "120")])
def test_a_patch_by_its_rate(rate: int, ome: str) -> None:
    assert daily(patch(Fraction(rate))).ome == Fraction(ome)


@pytest.mark.parametrize(
    "given_",
    [
        opioid("methadone", Fraction(20)), opioid("buprenorphine", Fraction(1)), opioid("dezocine", Fraction(10)),
        opioid("morphine", Fraction(60), "parenteral"), opioid("fentanyl", Fraction(1), "transmucosal"), patch(None),
        opioid("morphine", Fraction(60), "rectal"), opioid("", Fraction(60)), opioid("morphine", Fraction(60), "other"),
    ],
)  # fmt: skip
def test_what_no_table_converts_is_nothing_and_is_named(given_: Given) -> None:
    found = daily(given_)
    assert (found.ome, len(found.foreign), found.unread) == (0, 1, ())
    assert found.foreign[0].why


def test_what_is_not_read_is_told_apart_from_what_does_not_convert() -> None:
    found = daily(opioid("morphine", None), opioid("oxycodone", Fraction(40)))
    assert (found.ome, len(found.unread), found.foreign) == (60, 1, ())


def test_as_needed_counts_only_where_it_is_asked_for() -> None:
    rescue = opioid("morphine", Fraction(60), regular=Fraction(0))
    assert daily(rescue).ome == 0
    assert daily(rescue, regular=False).ome == 60


@given(st.lists(doses, max_size=6), st.data())
def test_the_order_makes_no_difference(given_: list[Given], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(given_))
    assert daily(*given_).ome == daily(*shuffled).ome


@given(st.lists(doses, max_size=4), st.lists(doses, max_size=4))
def test_two_lists_together_are_their_sum(some: list[Given], others: list[Given]) -> None:
    both = daily(*some, *others)
    assert both.ome == daily(*some).ome + daily(*others).ome
    assert (both.low, both.high) == (daily(*some).low + daily(*others).low, daily(*some).high + daily(*others).high)
    assert both.low <= both.ome <= both.high


@given(st.sampled_from(BY_MOUTH), amounts, amounts)
def test_more_is_never_less(name: str, mg: Fraction, more: Fraction) -> None:
    less, greater = daily(opioid(name, mg)), daily(opioid(name, mg + more))
    assert less.ome < greater.ome
    assert greater.ome - less.ome == more * TABLE.factors[name].exact


@given(amounts)
def test_no_digit_is_lost(mg: Fraction) -> None:
    assert daily(opioid("oxycodone", mg)).ome * 2 == mg * 3


# The reduction


def test_sixty_milligrams_as_the_guideline_steps_down() -> None:
    days = list(taper(Fraction(60), TARGET, Fraction(1, 10), Fraction(1, 4)))
    assert (days[0].low, days[0].high) == (45, 54)
    assert next(d.day for d in days if d.low == TARGET) == 3
    assert (days[-1].day, days[-1].low, days[-1].high, days[-1].done) == (7, 30, 30, True)


def test_the_schedule_is_in_the_drugs_own_milligrams() -> None:
    days = schedule(daily(opioid("oxycodone", Fraction(40))), TARGET, Fraction(1, 10), Fraction(1, 4))
    assert (days[0].low, days[0].high, days[-1].high) == (30, 36, 20)


@pytest.mark.parametrize(
    "given_",
    [
        (opioid("morphine", Fraction(60)), opioid("oxycodone", Fraction(60))),
        (opioid("morphine", Fraction(60)), opioid("methadone", Fraction(20))),
        (patch(Fraction(50)),),
    ],
)
def test_there_is_no_schedule_for_several_or_for_a_patch(given_: tuple[Given, ...]) -> None:
    assert schedule(daily(*given_), TARGET, Fraction(1, 10), Fraction(1, 4)) == ()


@given(amounts, shares)
def test_a_reduction_never_rises_never_goes_below_and_ends(amount: Fraction, share: tuple[Fraction, Fraction]) -> None:
    least, most = share
    days = list(taper(amount, TARGET, least, most))
    assert bool(days) == (amount > TARGET)
    for day in days:
        assert TARGET <= day.low <= day.high <= amount
    for before, after in pairwise(days):
        assert after.low <= before.low
        assert after.high == max(TARGET, before.high * (1 - least))
        assert after.low == max(TARGET, before.low * (1 - most))
    if days:
        assert [d.done for d in days] == [False] * (len(days) - 1) + [True]


@given(amounts, st.integers(5, 30))
def test_a_slower_reduction_is_never_shorter(amount: Fraction, percent: int) -> None:
    def days(share: int) -> int:
        return len(list(taper(amount, TARGET, Fraction(share, 100), Fraction(50, 100))))

    assert days(percent) >= days(percent + 1)


@pytest.mark.parametrize(
    ("target", "least", "most"),
    [(TARGET, 0, "1/4"), (TARGET, "1/4", "1/10"), (TARGET, "1/4", 1), (Fraction(0), "1/10", "1/4")],
)
def test_a_reduction_that_would_not_end_is_refused(target: Fraction, least: str, most: str) -> None:
    with pytest.raises(ValueError, match="a reduction needs"):
        list(taper(Fraction(60), target, Fraction(least), Fraction(most)))


def test_the_shares_of_the_topic_are_the_guidelines(edition: Edition) -> None:
    numbers = edition.knowledge.guideline.recommendations["opioid-taper"].numbers
    assert (numbers["least_share"], numbers["most_share"], numbers["target"], numbers["hold"]) == (10, 25, 30, 2)


@pytest.mark.parametrize("name", sorted(set(TABLE.factors) | set(TABLE.not_convertible)))
def test_every_opioid_has_a_name_in_both_languages(edition: Edition, name: str) -> None:
    for wording in edition.wordings.values():
        assert wording.language.shared.drugs[name]
