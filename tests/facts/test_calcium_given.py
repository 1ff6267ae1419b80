"""What a case says of calcium becomes the calcium that a record with these results would give."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from cds_service.facts.calcium import Calcium
from cds_service.facts.calcium_given import CalciumGiven, OneCalciumGiven
from cds_service.facts.told import NOW, ProblemGiven
from tests.facts.lab import MEASUREMENTS

DAYS = MEASUREMENTS.days("calcium")


def told(**given: Any) -> Calcium:
    return CalciumGiven(calcium=OneCalciumGiven(**given)).told(MEASUREMENTS)


@pytest.mark.parametrize(
    ("kind", "analyte", "value", "level"),
    [
        ("ionised", "calcium-ionised", "1.20", "normal"),
        ("ionised", "calcium-ionised", "1.00", "low"),
        ("corrected-reported", "calcium-corrected", "2.53", "high"),
        ("total-uncorrected", "calcium-total", "2.10", "low"),
    ],
)
def test_a_number_in_mmol_l_is_a_result_of_its_kind(kind: str, analyte: str, value: str, level: str) -> None:
    found = told(kind=kind, mmol_l=Decimal(value), days_ago=3)
    assert (found.kind, found.level, found.value, found.unit) == (kind, level, Fraction(value), "mmol/L")
    assert (found.lab, found.lab_unit) == (Fraction(value), "mmol/L")
    assert (found.ref, found.when) == (f"Observation/{analyte}", NOW.date() - timedelta(days=3))
    assert found.reading
    assert (found.reading.analyte, found.reading.shown, found.reading.unit) == (analyte, f"{value} mmol/L", "mmol/L")


def test_a_number_in_mg_dl_keeps_the_unit_of_its_laboratory() -> None:
    found = told(mg_dl=Decimal("8.0"))
    assert (found.lab, found.lab_unit, found.unit) == (8, "mg/dL", "mmol/L")
    assert found.value == 8 * 10 / Fraction("40.078")
    assert found.reading
    assert (found.reading.shown, found.reading.analyte) == ("8.0 mg/dL", "calcium-corrected")
    assert (found.level, found.severe) == ("low", False)
    assert told(mg_dl=Decimal("7.9")).severe


def test_a_total_is_corrected_with_its_albumin() -> None:
    found = told(total_mmol_l=Decimal("2.20"), albumin_g_l=Decimal(30), days_ago=2)
    # 0.8 mg/dL for each 10 g/L below 40.
    assert found.value == Fraction("2.20") + Fraction("0.8") * 10 / Fraction("40.078")
    assert found.kind == "corrected-computed"
    day = NOW.date() - timedelta(days=2)
    inputs = [
        i.reading and (i.name, i.reading.analyte, i.value, i.unit, i.reading.shown, i.reading.when)
        for i in found.inputs
    ]
    assert inputs == [
        ("calcium-total", "calcium-total", Fraction("2.20"), "mmol/L", "2.20 mmol/L", day),
        ("albumin", "albumin", 30, "g/L", "30 g/L", day),
    ]
    assert (found.lab_unit, found.ref) == ("mmol/L", "Observation/calcium-total")
    assert found.albumin
    assert found.albumin.ref == "Observation/albumin"


def test_a_level_can_be_said_without_a_number_and_a_number_outweighs_none() -> None:
    assert [told(level=level).level for level in ("low", "normal", "high")] == ["low", "normal", "high"]
    assert told(level="low").value == Fraction("2.30")
    assert CalciumGiven().told(MEASUREMENTS).level == "normal"
    assert told().level == "normal"
    assert told(mmol_l=Decimal("2.53")).level == "high"


def test_no_level_is_an_unknown_calcium_with_its_reasons() -> None:
    (missing,) = told(level=None).problems
    assert (missing.what, missing.why, missing.when) == ("calcium", "not-on-record", None)
    given = CalciumGiven(
        calcium=OneCalciumGiven(level=None), calcium_problems=[ProblemGiven("calcium", "too-old", 40)]
    ).told(MEASUREMENTS)
    assert (given.look_back_days, given.level, given.value) == (DAYS, None, None)
    assert [(m.what, m.why, m.when) for m in given.problems] == [
        ("calcium", "too-old", NOW.date() - timedelta(days=40))
    ]


@pytest.mark.parametrize(("days", "known"), [(DAYS, True), (DAYS + 1, False), (-1, False)])
def test_the_days_of_a_case_meet_the_window(days: int, known: bool) -> None:
    assert (told(days_ago=days).level is not None) is known
