"""The interval and the alarm, against values from elsewhere and by hand."""

from __future__ import annotations

from fractions import Fraction
from math import comb
from time import perf_counter

import pytest

from cds_service.report.rates import Comparison, at_most, wilson
from cds_service.store.engine import Database
from tests.report.made import Store, at, read, topic_of


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        # R. G. Newcombe, Stat Med 1998;17:857-872, table I, method 3 (score).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_intervals(count: int, of: int, low: float, high: float) -> None:
    rate = wilson(count, of)
    assert rate is not None
    assert (round(rate.low, 4), round(rate.high, 4)) == (low, high)
    assert rate.value == count / of


def test_wilson_ends_exactly_at_the_ends() -> None:
    none, all_ = wilson(0, 7), wilson(7, 7)
    assert none is not None
    assert all_ is not None
    assert (none.low, all_.high) == (0.0, 1.0)
    assert none.high == pytest.approx(1 - all_.low)


def test_of_nothing_there_is_no_rate() -> None:
    assert wilson(0, 0) is None


@pytest.mark.parametrize("share", [Fraction(1, 5), Fraction(1, 2), Fraction(9, 10)])
@pytest.mark.parametrize("of", [0, 1, 7, 40])
def test_the_tail_is_the_sum_of_its_terms(of: int, share: Fraction) -> None:
    for count in range(of + 1):
        exact = sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(count + 1))
        assert at_most(count, of, share) == pytest.approx(float(exact), rel=1e-9)


def test_the_tail_of_large_counts_is_quick_and_does_not_overflow() -> None:
    begun = perf_counter()
    assert at_most(1_000_000, 10_000_000, Fraction(1, 2)) == 0.0
    assert at_most(5_000_000, 10_000_000, Fraction(1, 2)) == pytest.approx(0.5, abs=1e-3)
    assert perf_counter() - begun < 2


@pytest.mark.parametrize(
    ("comparison", "verdict"),
    [
        # Nothing in 100 of 400 calls, 25 before: 0.75 ** 25 = 0.00075. With 24: 0.75 ** 24 = 0.001003.
        (Comparison(0, 100, 25, 300), "stopped"),
        (Comparison(0, 100, 24, 300), "steady"),
        # 5 in the one call of four, none before: 0.25 ** 5 = 0.00098; 4: 0.0039.
        (Comparison(5, 1, 0, 3), "exploded"),
        (Comparison(4, 1, 0, 3), "steady"),
        # Exactly half, exactly double, and one card less: chance is excluded in all of them.
        (Comparison(500, 1000, 1000, 1000), "stopped"),
        (Comparison(501, 1000, 1000, 1000), "steady"),
        (Comparison(1000, 1000, 500, 1000), "exploded"),
        (Comparison(999, 1000, 500, 1000), "steady"),
        # A quiet week: a tenth of the cards in a tenth of the calls.
        (Comparison(100, 1000, 1000, 10_000), "steady"),
        (Comparison(0, 1000, 0, 1000), "steady"),
        (Comparison(0, 0, 1000, 1000), "too-little"),
        (Comparison(1000, 1000, 0, 0), "too-little"),
    ],
)
def test_the_verdict(comparison: Comparison, verdict: str) -> None:
    assert comparison.verdict == verdict


@pytest.fixture
def store(database: Database) -> Store:
    """Four weeks with 300 calls, of which 60 gave a card, before the last one."""
    made = Store(database)
    made.calls(at(5), 240)
    for day in range(20):
        for hour in range(3):
            made.cards(at(day, hour))
    return made


def verdict(store: Store) -> str:
    return topic_of(read(store.database)).comparison.verdict


def test_a_topic_that_stops_while_calls_go_on_is_told(store: Store) -> None:
    store.calls(at(30), 75)
    assert topic_of(read(store.database)).comparison == Comparison(0, 75, 60, 300)
    assert verdict(store) == "stopped"
    assert [topic.topic for topic in read(store.database).alarms] == ["denosumab-dose"]


def test_a_quiet_week_of_the_hospital_is_no_alarm(store: Store) -> None:
    store.calls(at(30), 8)
    store.cards(at(30), number=2)
    assert verdict(store) == "steady"
    assert read(store.database).comparable


def test_a_topic_that_explodes_is_told_and_not_when_calls_grew_alike(store: Store) -> None:
    for _ in range(40):
        store.cards(at(30))
    store.calls(at(30), 20)
    assert verdict(store) == "exploded"
    store.calls(at(30), 140)
    assert verdict(store) == "steady"


@pytest.mark.parametrize("outcome", ["silent", "suppressed"])
def test_silent_mode_is_no_stop(store: Store, outcome: str) -> None:
    store.calls(at(30), 60)
    for _ in range(15):
        store.cards(at(30), outcome=outcome)
    assert verdict(store) == "steady"


def test_failed_calls_are_no_exposure(store: Store) -> None:
    store.calls(at(30), 75, status=412, outcome="not-obtained")
    assert verdict(store) == "too-little"
    assert not read(store.database).comparable


def test_the_last_seven_days_begin_where_they_should(store: Store) -> None:
    store.calls(at(27, 23.99), 5)
    store.calls(at(28, 0), 7)
    comparison = topic_of(read(store.database)).comparison
    assert (comparison.recent_calls, comparison.before_calls) == (7, 305)
