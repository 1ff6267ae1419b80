"""Texts and units are read up to a length, whole or not at all."""

from __future__ import annotations

import pytest

from cds_service.facts.bounded import norm, told
from cds_service.knowledge.words import MAX_TEXT

WIDE = "ﷺ"  # one character, of which NFKC makes eighteen


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Ｄ１，４ｍｇ；每日\n一次。 ", "d1 , 4mg ; 每日 一次 ;"),
        ("4：5、6", "4 : 5 , 6"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_text_is_folded_to_one_line(text: str | None, expected: str) -> None:
    assert told(text) == expected


def test_the_longest_text_is_read_and_a_longer_one_not_by_its_beginning() -> None:
    assert told("a" * MAX_TEXT) == "a" * MAX_TEXT
    assert told("a" * (MAX_TEXT + 1)) == ""
    assert norm("A" * MAX_TEXT) == "a" * MAX_TEXT
    assert norm("A" * (MAX_TEXT + 1)) == ""


def test_a_text_that_grows_is_bounded_after_it_has() -> None:
    folded = len(told(WIDE))
    count, rest = divmod(2 * MAX_TEXT, 18)
    assert folded == 18
    assert len(told(WIDE * count + "a" * rest)) == 2 * MAX_TEXT
    assert told(WIDE * count + "a" * (rest + 1)) == ""


@pytest.mark.parametrize(("text", "expected"), [(" ＭＧ ", "mg"), ("", ""), (None, ""), ("Ampoule", "ampoule")])
def test_a_unit_is_compared_folded_and_trimmed(text: str | None, expected: str) -> None:
    assert norm(text) == expected
