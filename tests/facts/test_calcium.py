"""Which calcium counts, its correction, and low or high at the limits."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.facts.calcium import Calcium, calcium, corrected
from cds_service.fhir.structs import Observation
from tests.facts.lab import MEASUREMENTS, TODAY, observation, results


def lab(analyte: str, value: Any, ago: int = 0, **members: Any) -> Observation:
    day = (TODAY - timedelta(days=ago)).isoformat()
    unit = members.pop("unit", "g/L" if analyte == "albumin" else "mmol/L")
    return observation(analyte, value, unit, **({"id": f"{analyte}-{ago}", "effectiveDateTime": day} | members))


def ionised(value: Any, ago: int = 0, **members: Any) -> Observation:
    return lab("calcium-ionised", value, ago, **members)


def as_corrected(value: Any, ago: int = 0, **members: Any) -> Observation:
    return lab("calcium-corrected", value, ago, **members)


def total(value: Any, ago: int = 0, **members: Any) -> Observation:
    return lab("calcium-total", value, ago, **members)


def albumin(value: Any, ago: int = 0, **members: Any) -> Observation:
    return lab("albumin", value, ago, **members)


def of(*rows: Observation) -> Calcium:
    found = calcium(results(*rows), TODAY, MEASUREMENTS)
    assert (found.level is None) == bool(found.problems), "a level, or why there is none"
    return found


@pytest.mark.parametrize(
    ("rows", "kind", "ref"),
    [
        ((ionised(1.2), as_corrected(2.3), total(2.3), albumin(40)), "ionised", "calcium-ionised-0"),
        ((ionised(1.2, 1), as_corrected(2.3)), "corrected-reported", "calcium-corrected-0"),
        ((ionised(1.2), as_corrected(2.3, 1)), "ionised", "calcium-ionised-0"),
        ((as_corrected(2.3), total(2.3), albumin(40)), "corrected-reported", "calcium-corrected-0"),
        # the newest day counts, whatever the kind: an old normal value must not hide a new low one
        ((ionised(1.2, 1), total(2.3), albumin(40)), "corrected-computed", "calcium-total-0"),
        ((as_corrected(2.3, 1), total(2.3)), "total-uncorrected", "calcium-total-0"),
        ((ionised(1.2, 29), total(2.3), albumin(40)), "corrected-computed", "calcium-total-0"),
        ((total(2.3), total(2.4, 1), albumin(40)), "corrected-computed", "calcium-total-0"),
        ((total(2.3), albumin(40, 28)), "corrected-computed", "calcium-total-0"),
        ((total(2.3), albumin(40, 29)), "total-uncorrected", "calcium-total-0"),
        ((total(2.3), albumin(40, unit="pinch")), "total-uncorrected", "calcium-total-0"),
        ((total(2.3),), "total-uncorrected", "calcium-total-0"),
        ((total(2.3, unit="cup"), total(2.4, 1)), "total-uncorrected", "calcium-total-1"),
    ],
)
def test_which_calcium_counts(rows: tuple[Observation, ...], kind: str, ref: str) -> None:
    found = of(*rows)
    assert (found.kind, found.ref) == (kind, f"Observation/{ref}")


@pytest.mark.parametrize(("ago", "counts"), [(27, True), (28, True), (29, False)])
def test_the_window_includes_its_last_day(ago: int, counts: bool) -> None:
    for row in (ionised(1.2, ago), as_corrected(2.3, ago), total(2.3, ago)):
        found = of(row)
        assert (found.level is not None) == counts
        assert found.look_back_days == MEASUREMENTS.days("calcium")


def test_the_correction_in_both_units() -> None:
    # 8.0 mg/dL with albumin 2.0 g/dL: 8.0 + 0.8 x 2.0 = 9.6 mg/dL
    american = of(total(8.0, unit="mg/dL"), albumin(2.0, unit="g/dL"))
    assert american.value == Fraction("9.6") * 10 / Fraction("40.078")
    assert of(total(8.0, unit="mg/dL"), albumin(20)).value == american.value
    assert of(total(80, unit="mg/L"), albumin(20)).value == american.value
    assert american.unit == "mmol/L"


def test_an_albumin_of_4_corrects_nothing() -> None:
    assert of(total(2.2), albumin(40)).value == Fraction("2.2")


def test_the_card_can_show_what_was_corrected_with_what() -> None:
    found = of(total(2.2, 3), albumin(30, 5))
    assert [(i.name, i.value, i.unit, i.reading and i.reading.shown) for i in found.inputs] == [
        ("calcium-total", Fraction("2.2"), "mmol/L", "2.2 mmol/L"),
        ("albumin", 30, "g/L", "30 g/L"),
    ]
    assert found.when == TODAY - timedelta(days=3)
    assert of(total(2.2)).inputs == ()


@pytest.mark.parametrize(
    ("albumins", "used"),
    [
        (((20, 10), (30, 12), (40, 14)), 30),
        (((20, 11), (40, 13)), 20),
        (((20, 0), (40, 13)), 40),
        (((20, 28), (40, 0)), 40),
    ],
)
def test_the_albumin_nearest_to_the_calcium_is_used(albumins: tuple[tuple[int, int], ...], used: int) -> None:
    found = of(total(2.2, 12), *(albumin(value, ago) for value, ago in albumins))
    assert found.inputs[1].value == used


OWN = [{"low": {"value": 2.0}, "high": {"value": 2.8}}]


@pytest.mark.parametrize(
    ("value", "ranges", "level"),
    [
        ("1.99", OWN, "low"),
        ("2.00", OWN, "normal"),
        ("2.01", OWN, "normal"),
        ("2.79", OWN, "normal"),
        ("2.80", OWN, "normal"),
        ("2.81", OWN, "high"),
        ("2.10", None, "low"),
        ("2.11", None, "normal"),
        ("2.12", None, "normal"),
        ("2.51", None, "normal"),
        ("2.52", None, "normal"),
        ("2.53", None, "high"),
    ],
)
def test_the_limits_themselves_are_normal(value: str, ranges: Any, level: str) -> None:
    for row in (as_corrected(float(value), referenceRange=ranges), total(float(value), referenceRange=ranges)):
        found = of(row)
        assert (found.level, found.range_origin) == (level, "result" if ranges else "default")
        assert of(row, *([albumin(40)] if found.kind == "total-uncorrected" else [])).level == level


@pytest.mark.parametrize(
    ("value", "level"),
    [(1.09, "low"), (1.1, "normal"), (1.11, "normal"), (1.29, "normal"), (1.3, "normal"), (1.31, "high")],
)
def test_ionised_calcium_has_its_own_default_range(value: float, level: str) -> None:
    assert of(ionised(value)).level == level


def test_american_values_meet_their_own_range_exactly() -> None:
    own = [{"low": {"value": 8.5, "unit": "mg/dL"}, "high": {"value": 10.5, "unit": "mg/dL"}}]
    levels = [of(total(v, unit="mg/dL", referenceRange=own)).level for v in (8.4, 8.5, 10.5, 10.6)]
    assert levels == ["low", "normal", "normal", "high"]


def test_a_bound_the_result_lacks_comes_from_the_default() -> None:
    low_only = of(total(2.6, referenceRange=[{"low": {"value": 2.0}}]))
    assert (low_only.low, low_only.high, low_only.range_origin) == (2, Fraction("2.52"), "default")
    assert low_only.level == "high"
    high_only = of(total(2.0, referenceRange=[{"high": {"value": 2.8}}]))
    assert (high_only.low, high_only.high, high_only.level) == (Fraction("2.11"), Fraction("2.8"), "low")


def test_a_bound_beyond_the_other_default_is_no_range() -> None:
    found = of(total(2.3, referenceRange=[{"low": {"value": 2.6}}]))
    assert (found.low, found.high, found.level) == (Fraction("2.11"), Fraction("2.52"), "normal")
    assert found.range_origin == "default"


def test_a_computed_value_is_held_against_the_range_of_the_total_calcium() -> None:
    found = of(total(1.9, referenceRange=OWN), albumin(30))
    assert (found.kind, found.low, found.level) == ("corrected-computed", 2, "normal")


def test_preliminary_results_count_and_say_so() -> None:
    assert of(total(2.2, status="preliminary")).preliminary
    assert of(total(2.2), albumin(30, status="preliminary")).preliminary
    assert not of(total(2.2), albumin(30)).preliminary


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((), ["not-on-record"]),
        ((albumin(40),), ["not-on-record"]),
        ((total(2.3, 29),), ["too-old"]),
        ((total(2.3, unit=None),), ["unit-missing"]),
        ((total(2.3, unit="U/L"), ionised(9)), ["implausible", "unit-unknown"]),
        ((total(None, dataAbsentReason={"text": "x"}),), ["data-absent"]),
        ((total(9.2),), ["implausible"]),
        ((total(2.3, status="entered-in-error"),), ["not-on-record"]),
        ((total(2.3, -3),), ["after-now"]),
    ],
)
def test_why_there_is_no_calcium_status(rows: tuple[Observation, ...], expected: list[str]) -> None:
    found = of(*rows)
    assert [p.why for p in found.problems] == expected
    assert {p.what for p in found.problems} == {"calcium"}
    assert found.value is None


@given(st.decimals("1.5", "3.5", places=2), st.decimals(15, 55, places=1))
def test_less_albumin_never_gives_less_corrected_calcium(value: Any, grams: Any) -> None:
    here = corrected(Fraction(value), Fraction(grams), MEASUREMENTS)
    assert corrected(Fraction(value), Fraction(grams) - 1, MEASUREMENTS) > here


@given(st.integers(40, 160), st.integers(10, 60))
def test_the_same_blood_in_another_unit_gives_the_same_status(tenths: int, grams: int) -> None:
    american = of(total(tenths / 10, unit="mg/dL"), albumin(grams / 10, unit="g/dL"))
    other = of(total(tenths, unit="mg/L"), albumin(grams))
    assert (american.value, american.level) == (other.value, other.level)


ROWS = (ionised(1.2, 3), ionised(1.25, 3, id="b"), as_corrected(2.3, 2), total(2.2, 1), albumin(30), albumin(35, 2))


@given(st.permutations(ROWS), st.sets(st.integers(0, len(ROWS) - 1)))
def test_the_order_of_the_record_makes_no_difference(rows: list[Observation], chosen: set[int]) -> None:
    some = [row for row in rows if ROWS.index(row) in chosen]
    assert of(*some) == of(*(ROWS[i] for i in sorted(chosen)))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # level, beyond the first grade, low by the correction alone
        ((total(2.30), albumin(40)), ("normal", False, False)),
        ((total(2.20), albumin(48)), ("normal", False, True)),  # 2.04
        ((total(2.15), albumin(50)), ("low", False, True)),  # 1.95: a grade less than it would be by itself
        ((total(2.10), albumin(42)), ("low", False, False)),  # the measured one is low, too
        ((total(2.05), albumin(40)), ("low", False, False)),
        ((total(1.90), albumin(40)), ("low", True, False)),
        ((as_corrected(2.00),), ("low", False, False)),
        ((as_corrected(1.99),), ("low", True, False)),
        ((total(1.75),), ("low", False, False)),
        ((total(1.74),), ("low", True, False)),
        ((ionised(1.00),), ("low", False, False)),
        ((ionised(0.99),), ("low", True, False)),
        ((as_corrected(2.90),), ("high", False, False)),
        ((as_corrected(2.91),), ("high", True, False)),
        ((ionised(1.50),), ("high", False, False)),
        ((ionised(1.51),), ("high", True, False)),
    ],
)
def test_how_low_or_high_and_whether_the_correction_alone_makes_it_so(
    rows: tuple[Observation, ...], expected: tuple[str, bool, bool]
) -> None:
    found = of(*rows)
    assert (found.level, found.severe, found.downward) == expected


def test_of_two_albumins_as_near_the_newer_corrects() -> None:
    assert of(total(2.2, 12), albumin(20, 10), albumin(40, 14)).inputs[1].value == 20
    # One of the calcium's own day, of a later hour, is as near as can be: none before it is looked at.
    same = [albumin(30, 12, id="x"), albumin(20, 12, id="a"), albumin(40, 14)]
    assert of(total(2.2, 12), *same).inputs[1].value == of(total(2.2, 12), *same[::-1]).inputs[1].value != 40


@pytest.mark.parametrize(
    ("row", "severe"),
    [
        (as_corrected(8.0, unit="mg/dL"), False), (as_corrected(7.9, unit="mg/dL"), True),
        (as_corrected(80, unit="mg/L"), False), (as_corrected(79, unit="mg/L"), True),
        # Limits that their source prints in mmol/L alone: 1.75 mmol/L are 7.01 mg/dL, 1.00 are 4.01.
        (total(7.1, unit="mg/dL"), False), (total(7.0, unit="mg/dL"), True),
        (ionised(4.1, unit="mg/dL"), False), (ionised(4.0, unit="mg/dL"), True),
    ],
)  # fmt: skip
def test_a_value_is_graded_in_the_unit_of_its_laboratory(row: Observation, severe: bool) -> None:
    found = of(row)
    assert (found.level, found.severe) == ("low", severe)
