"""Limits of reading numbers: how large, how long, how plausible; and a range that would be none."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from cds_service.facts.calcium import calcium
from cds_service.facts.units import converted
from cds_service.fhir.structs import Quantity
from tests.facts.lab import MEASUREMENTS, TODAY, observation, results


def test_a_bound_that_meets_the_other_default_is_no_range() -> None:
    reference = MEASUREMENTS.analytes["calcium-corrected"].reference
    assert reference is not None
    low, high = reference.exact
    row = observation(
        "calcium-corrected",
        2.3,
        "mmol/L",
        effectiveDateTime=TODAY.isoformat(),
        referenceRange=[{"low": {"value": float(high), "unit": "mmol/L"}}],
    )
    found = calcium(results(row), TODAY, MEASUREMENTS)
    assert (found.low, found.high, found.level) == (low, high, "normal")


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("1E12", "implausible"),
        ("1E13", "not-a-number"),
        ("1." + "0" * 38, Fraction(1)),
        ("1." + "0" * 39, "not-a-number"),
    ],
)
def test_a_number_of_a_size_and_length_that_can_be(number: str, why: str | Fraction) -> None:
    assert converted(Quantity(value=Decimal(number), unit="mg/dL"), MEASUREMENTS.analytes["creatinine"]) == why


def test_plausible_bounds_of_every_analyte_are_inclusive() -> None:
    for analyte in MEASUREMENTS.analytes.values():
        low, high = analyte.bounds
        under = low * Fraction(9, 10) if low else Fraction(-1)
        for bound, beyond in ((low, under), (high, high * Fraction(11, 10))):
            for value, plausible in ((bound, True), (beyond, False)):
                exact = Quantity(value=Decimal(value.numerator) / Decimal(value.denominator), unit=analyte.unit)
                assert (converted(exact, analyte) != "implausible") is plausible
