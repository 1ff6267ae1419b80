"""Alkaline phosphatase: raised above its own range only, and what a case says of it."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest

from cds_service.base.kinds import RequestText
from cds_service.facts.phosphatase import Phosphatase, PhosphataseGiven, explained
from cds_service.facts.results import Reading
from cds_service.facts.told import NOW

WINDOW = 90


def reading(value: int, high: int | None, days_ago: int = 1) -> Reading:
    return Reading(
        analyte="alkaline-phosphatase",
        value=Fraction(value),
        unit="U/L",
        shown=f"{value} U/L",
        when=NOW.date() - timedelta(days=days_ago),
        ref=RequestText("Observation/alp"),
        low=None if high is None else Fraction(0),
        high=None if high is None else Fraction(high),
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (PhosphataseGiven(), None),
        (PhosphataseGiven(alp=140), reading(140, None)),
        (PhosphataseGiven(alp=140, alp_high=120), reading(140, 120)),
        (PhosphataseGiven(alp=140, alp_high=120, alp_days_ago=90), reading(140, 120, 90)),
        (PhosphataseGiven(alp=140, alp_high=120, alp_days_ago=91), None),
    ],
)
def test_what_a_case_says(given: PhosphataseGiven, expected: Reading | None) -> None:
    assert given.told(WINDOW) == Phosphatase(expected)


@pytest.mark.parametrize(
    ("found", "raised"),
    [
        (Phosphatase(None), "unknown"),
        (Phosphatase(reading(140, None)), "unknown"),
        (Phosphatase(reading(121, 120)), "yes"),
        (Phosphatase(reading(120, 120)), "no"),
        (Phosphatase(reading(60, 120)), "no"),
    ],
)
def test_raised_is_above_its_own_range(found: Phosphatase, raised: str) -> None:
    assert found.raised == raised
    assert [fact.data["raised"] for fact in explained(found)] == ([raised] if found.reading else [])
