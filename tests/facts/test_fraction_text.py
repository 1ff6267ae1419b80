"""Dose and fractions in words: what is no number of fractions, and what makes a text say nothing for certain."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cds_service.base.folders import content_root
from cds_service.base.yamlfile import load_as
from cds_service.facts.fraction_text import MOST_NUMBERS, MOST_WORDS, FractionText, Said, together
from cds_service.knowledge.radiotherapy import RadiotherapyWords

TEXT = FractionText(load_as(content_root() / "radiotherapy.yaml", RadiotherapyWords))


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        # A rate is none: how often a day, a week, or every so many days.
        ("qd 1次", set()), ("qd 10次", {10}), ("daily 1 fraction", set()),
        ("每2周1次", set()), ("每天1次", set()), ("每周5次", set()), ("every 2 days 1 fraction", set()),
        ("每2天1次 共10次", {10}), ("2天1次", {1}),
        ("5 fractions weekly", set()), ("1次/日", set()), ("5次/周", set()), ("5 fractions a week", set()),
        ("1 fraction daily", set()), ("1 fraction every 2 days", set()), ("3 fractions daily", {3}),
        # Nor is one end of a span.
        ("8-10次", set()), ("30Gy/8-10", set()), ("5 to 10 fractions", set()), ("8 or 10 fractions", set()),
        # Nor a number of something else.
        ("30Gy/10 daily", set()), ("30Gy/6MV", set()), ("30Gy/2周", set()), ("30Gy/10x", set()), ("30Gy/10/", set()),
        ("第3次", set()), ("10", set()), ("/10", set()), ("a/10", set()),
        ("30Gy/10", {10}), ("30 Gy : 10", {10}), ("8Gy x1", {1}), ("10x3Gy", {10}), ("10x3", set()), ("10+3Gy", set()),
        ("fractions: 1", {1}), ("Number of fractions 10", {10}), ("fractions=5, 20Gy", {5}),
        ("30Gy，次数10，分次3Gy", {10}), ("分割次数:10", {10}), ("每周次数5 次数10", {10}), ("次：10", {10}),
        ("fraction 1 of 10", set()), ("每日次数2", set()), ("fractions 5 per week", set()), ("fractions 8-10", set()),
        ("daily fractions: 2", set()), ("3 Gy/fraction 10 MV", set()), ("fractions 3 Gy", set()),
        ("8-Gy single-fraction", {1}), ("5-fraction course", {5}), ("10 treatments", {10}),
        ("in 5 daily fractions", {5}), ("10 consecutive daily fractions", {10}), ("2 daily fractions", set()),
        ("3Gy qd×10", {10}), ("3 Gy daily x10", {10}), ("3 Gy/fx x 10", {10}), ("3 Gy fractions x 10", {10}),
        ("1.5 Gy BID x10", set()), ("3 Gy daily x 2 weeks", set()),
        ("十五次", {15}), ("10(次)", {10}), ("400cGyx5", {5}), ("8Gyx1", {1}), ("3Gyx10f", {10}),
        ("单次", set()), ("single fraction", {1}),
    ],
)  # fmt: skip
def test_what_counts_fractions(text: str, counts: set[int]) -> None:
    assert TEXT.read(text).counts == counts


@pytest.mark.parametrize(
    ("text", "totals", "each"),
    [
        ("30Gy", {30}, set()), ("2000cGy", {20}, set()), ("30戈瑞", {30}, set()),
        ("3Gy/次", set(), {3}), ("3Gy per fraction", set(), {3}), ("3Gy 每次", set(), {3}),
        ("每次3Gy", set(), {3}), ("每次:3Gy", set(), {3}), ("每次=3Gy", set(), {3}), ("分次剂量：3Gy", set(), {3}),
        ("3Gy×10次", set(), {3}), ("10×3Gy", set(), {3}),
        ("3Gy/周", {3}, set()), ("单次8Gy", set(), set()),
        ("5 fractions of 4 Gy", set(), {4}), ("分次3Gy", set(), {3}), ("4 Gy each", set(), {4}),
        ("3Gy qd×10", set(), {3}), ("10次 30Gy", {30}, set()), ("3 Gy fractions x 10", set(), {3}),
        ("30 Gy daily x 2 weeks", {30}, set()),
        ("总量30Gy 每次3Gy", {30}, {3}), ("3Gy每次 10次", set(), {3}),
        ("30Gy 每次3Gy 共10次", {30}, {3}), ("2.5Gy/次", set(), {Fraction(5, 2)}),
    ],
)  # fmt: skip
def test_a_dose_is_in_all_or_of_each(text: str, totals: set[Fraction], each: set[Fraction]) -> None:
    said = TEXT.read(text)
    assert (said.totals, said.each) == (totals, each)


@pytest.mark.parametrize(
    ("text", "unclear"),
    [
        ("10.5次", True), ("8-10次", True), ("8次", False), ("20-30Gy", True), ("1.2.3Gy", True), ("1,2,3次", True),
        ("3-5天", False), ("3-5", False), ("", False), ("放疗", False),
    ],
)  # fmt: skip
def test_a_span_or_a_broken_number_is_unclear(text: str, unclear: bool) -> None:
    assert TEXT.read(text).unclear is unclear


@pytest.mark.parametrize(
    ("text", "weak"),
    [
        ("单次8Gy", True), ("单次", True), ("single 8Gy", True), ("single dose", True), ("single fraction", False),
        ("8 Gy once", True), ("8 Gy, once", True), ("one-time 8 Gy", True), ("8Gy 单次 每日一次", True),
        ("3 Gy once daily", False), ("3 Gy once a day", False), ("repeat once", False),
        ("one time per day 3 Gy", False), ("single lesion", False), ("单次 10次", True), ("10次", False),
    ],
)  # fmt: skip
def test_single_is_weak_where_it_does_not_say_of_what(text: str, weak: bool) -> None:
    assert TEXT.read(text).weak is weak


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("次 " * (MOST_WORDS - 2) + "10次", {10}), ("次 " * (MOST_WORDS - 1) + "10次", set()),
        ("8Gy " * (MOST_NUMBERS - 1) + "10次", {10}), ("8Gy " * MOST_NUMBERS + "10次", set()),
    ],
    ids=["words that fit", "a word too many", "numbers that fit", "a number too many"],
)  # fmt: skip
def test_a_text_too_long_prescribes_no_one_course(text: str, read: set[int]) -> None:
    said = TEXT.read(text)
    assert said.counts == read
    assert said.unclear is (not read)


def test_a_long_text_without_a_number_is_not_unclear() -> None:
    assert not TEXT.read("次 " * (MOST_WORDS + 1)).unclear


def test_texts_together_say_what_each_says() -> None:
    one, two = TEXT.read("30Gy/10次"), TEXT.read("每次3Gy 单次 8-10次")
    assert together([one, two]) == Said({10}, {Fraction(30)}, {Fraction(3)}, weak=True, unclear=True)
    assert together([]) == Said()
