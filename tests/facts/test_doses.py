"""Dosages as they are written: dose, interval, infusion time, route; nothing is guessed."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.base.folders import content_root
from cds_service.base.yamlfile import load_as
from cds_service.facts.doses import Dosed, DoseReader
from cds_service.facts.exact import positive
from cds_service.facts.pieces import NOTHING_KNOWN, Piece
from cds_service.fhir.structs import Dosage, Extension
from cds_service.knowledge.dosing import Dosing

READER = DoseReader(load_as(content_root() / "dosing.yaml", Dosing))
ORDERED = "http://open.epic.com/FHIR/StructureDefinition/extension/ordered-dose"
MG4 = {"value": 4, "unit": "mg"}


def read(*dosages: dict[str, Any], extensions: Any = (), strength: int | None = None) -> Dosed:
    """Dosages decoded from JSON as they come."""
    return READER.read(
        msgspec.convert(dosages, list[Dosage], strict=False),
        msgspec.convert(extensions, list[Extension], strict=False),
        Piece(Fraction(strength)) if strength else NOTHING_KNOWN,
    )


def quantity(value: Any, unit: str | None = "mg", **members: Any) -> dict[str, Any]:
    return {"doseAndRate": [{"doseQuantity": {"value": value, "unit": unit} | members}]}


def mg(dosed: Dosed) -> Fraction | None:
    return dosed.dose.mg if dosed.dose else None


# The dose


@pytest.mark.parametrize(
    ("dosage", "expected"),
    [
        (quantity(4), 4),
        (quantity("0.004", "g"), 4),
        (quantity(400, "µg"), Fraction(2, 5)),
        (quantity(400, "μg"), Fraction(2, 5)),
        (quantity(400, None, code="ug", system="http://unitsofmeasure.org"), Fraction(2, 5)),
        (quantity(4, "ＭＧ"), 4),
        (quantity(4, "毫克"), 4),
        ({"doseAndRate": {"doseQuantity": MG4}}, 4),
        ({"doseQuantity": MG4}, 4),
        ({"dose": MG4}, 4),
        ({"text": "90 mg", "doseAndRate": [{"doseQuantity": MG4}]}, 4),
        ({"extension": [{"url": ORDERED, "valueQuantity": MG4}]}, 4),
        ({"extension": [{"url": ORDERED, "extension": [{"url": "dose", "valueQuantity": MG4}]}]}, 4),
    ],
)
def test_a_dose_is_read_wherever_it_stands(dosage: dict[str, Any], expected: Fraction) -> None:
    assert mg(read(dosage)) == expected


SPAN = {"doseRange": {"low": {"value": 3, "unit": "mg"}, "high": MG4}}


@pytest.mark.parametrize("dosage", [SPAN, {"doseAndRate": [SPAN]}])
def test_of_a_range_the_upper_end_counts(dosage: dict[str, Any]) -> None:
    dose = read(dosage).dose
    assert dose is not None
    assert dose.mg == 4
    assert dose.is_range


def test_a_range_without_an_upper_end_has_its_lower() -> None:
    assert mg(read({"doseRange": {"low": MG4}})) == 4
    assert read({"doseRange": {}}).dose is None


def test_of_several_doses_the_largest_counts() -> None:
    assert mg(read(quantity(3), quantity(4), quantity("3.5"))) == 4


def test_an_unread_dosage_does_not_hide_a_read_one() -> None:
    dosed = read(quantity(5, "mL"), quantity(4))
    assert mg(dosed) == 4
    assert dosed.problem is None


@pytest.mark.parametrize("url", [ORDERED, f"{ORDERED}/"])
def test_a_dose_only_in_an_extension_of_the_order(url: str) -> None:
    assert mg(read({}, extensions=[{"url": url, "valueQuantity": MG4}])) == 4
    assert mg(read(extensions=[{"url": url, "extension": [{"url": "x"}, {"valueQuantity": MG4}]}])) == 4


def test_other_extensions_state_no_dose() -> None:
    assert read({}, extensions=[{"url": "http://x/weight", "valueQuantity": MG4}, {"valueQuantity": MG4}]).dose is None
    assert read({"extension": [{"url": "http://x/weight", "valueQuantity": MG4}]}).dose is None
    assert read({}, extensions=[{"url": ORDERED}, {"url": ORDERED, "valueQuantity": {"value": 4}}]).dose is None


def test_the_order_s_own_dose_outranks_the_extension() -> None:
    assert mg(read(quantity(3), extensions=[{"url": ORDERED, "valueQuantity": MG4}])) == 3


@pytest.mark.parametrize("unit", ["支", "瓶", "{vial}", "vial", "1", "{PILL}"])
def test_pieces_need_the_strength_of_one(unit: str) -> None:
    assert mg(read(quantity(2, unit), strength=4)) == 8
    unknown = read(quantity(2, unit))
    assert (unknown.dose, unknown.problem) == (None, "dose-unit-unknown")


@pytest.mark.parametrize(
    "members",
    [
        {"value": "NaN"},
        {"value": "Infinity"},
        {"value": "1e999"},
        {"value": "1e-999"},
        {"value": 0},
        {"value": -4},
        {"value": None},
        {"value": 4, "comparator": "<"},
        {"value": 4, "unit": None},
        {"value": 4, "unit": "mL"},
        {"value": 4, "unit": "mg/kg"},
        {"value": 4, "unit": "mg/mL"},
        {"value": 4, "unit": "IU"},
    ],
)
def test_a_quantity_that_is_no_dose_is_told(members: dict[str, Any]) -> None:
    dosed = read({"doseAndRate": [{"doseQuantity": {"unit": "mg"} | members}]})
    assert (dosed.dose, dosed.problem) == (None, "dose-unit-unknown")


def test_numbers_in_the_body_are_as_harmless_as_strings() -> None:
    raw = b'{"doseQuantity": {"value": 1e999, "unit": "mg"}}'
    assert READER.read([msgspec.json.decode(raw, type=Dosage)], []).dose is None
    assert positive(None) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4 mg", 4),
        ("0.4 mg", Fraction(2, 5)),
        ("4mg/次", 4),
        ("４ｍｇ", 4),
        ("4 mg/dose", 4),
        ("静滴，4mg，每4周一次", 4),
        ("4 mg in 100 mL over 15 min", 4),
        ("4 mg (4 mg/100 mL)", 4),
        ("4 mg = 4 mg", 4),
        ("每次4毫克", 4),
        ("100 mg/d", 100),
    ],
)
def test_text_with_one_mass_is_a_dose(text: str, expected: Fraction) -> None:
    assert mg(read({"text": text})) == expected


@pytest.mark.parametrize(
    "text",
    [
        "as directed",
        "4-8 mg",
        "4 - 8 mg",
        "4–8 mg",
        "4～8mg",
        "4至8 mg",
        "4 to 8 mg",
        "4 mg-8 mg",
        "4 mg then 8 mg",
        "3,5 mg",
        "1,500 mg",
        "1/4 mg",
        "0 mg",
        "4 mg/100 mL",
        "4 mg/5mL",
        "0.8 mg/mL",
        "0.8mg/ml注射液",
        "3 mg/kg",
        "75 mg/m²",
        "16 mg/h",
        "1 mg/min",
        "4mg×2",
        "4 mgx",
        "4 ml",
    ],
)
def test_text_that_leaves_the_dose_open_is_not_read(text: str) -> None:
    dosed = read({"text": text})
    assert (dosed.dose, dosed.problem) == (None, "dose-text-unreadable")


def test_text_helps_out_where_the_quantity_is_in_bags() -> None:
    assert mg(read({"text": "4 mg"} | quantity(1, "bag"))) == 4


def test_no_dose_written_is_no_problem() -> None:
    assert read() == Dosed()
    assert read({"timing": {}}) == Dosed()


@pytest.mark.parametrize(
    ("name", "strength"),
    [
        ("zoledronic acid 4 mg/5 mL", 4),
        ("Zoledronic acid 4 mg/100 mL solution", 4),
        ("唑来膦酸注射液 100ml:4mg", 4),
        ("唑来膦酸 4mg×1支", 4),
        ("zoledronic acid 0.8 mg/mL", None),
        ("denosumab 70 mg/1 mL", None),
        ("zoledronic acid 4 mg or 5 mg", None),
        ("zoledronic acid", None),
    ],
)
def test_what_one_piece_holds_by_its_name(name: str, strength: int | None) -> None:
    assert READER.piece_mass(name) == strength


@pytest.mark.parametrize("start", ["q", "1", "1 mg/", "every 4"])
def test_long_runs_of_spaces_are_read_at_once(start: str) -> None:
    assert read({"text": start + " " * 20_000 + "x"}).interval_days is None


# The interval


def every(**repeat: Any) -> dict[str, Any]:
    return {"timing": {"repeat": repeat}}


@pytest.mark.parametrize(
    ("dosage", "days"),
    [
        (every(frequency=1, period=4, periodUnit="wk"), 28),
        (every(frequency=1, period=28, periodUnit="d"), 28),
        (every(period=1, periodUnit="mo"), 30),
        (every(frequency=2, period=1, periodUnit="d"), Fraction(1, 2)),
        (every(period=12, periodUnit="h"), Fraction(1, 2)),
        ({"text": "q4w"}, 28),
        ({"text": "静滴q28d"}, 28),
        ({"text": "every 3 weeks"}, 21),
        ({"text": "每4周"}, 28),
        ({"text": "每4周1次"}, 28),
        ({"text": "每隔4周"}, 28),
        ({"text": "每3个月"}, 90),
        ({"text": "每月"}, 30),
        ({"text": "4 mg/4周"}, 28),
        ({"text": "4 mg/100 mL q4w"}, 28),
        ({"text": "4 mg at 16 mg/h, q4w"}, 28),
        ({"text": "75 mg/m2 q3w"}, 21),
        ({"timing": {"code": {"text": "Q4W"}}}, 28),
        ({"timing": {"code": {"coding": [{"code": "Q4W"}]}}}, 28),
        ({"timing": {"code": {"coding": [{"display": "every 4 weeks"}, {}]}}}, 28),
        (every(boundsPeriod={}) | {"text": "q4w"}, 28),
    ],
)
def test_interval(dosage: dict[str, Any], days: Fraction) -> None:
    dosed = read(dosage)
    assert dosed.interval_days == days
    assert dosed.interval_shown


@pytest.mark.parametrize(
    "dosage",
    [
        every(frequency=0, period=4, periodUnit="wk"),
        every(frequency=1, period=0, periodUnit="wk"),
        every(frequency=1, period=-4, periodUnit="wk"),
        every(frequency=1, period=4),
        every(frequency=1, period=4, periodUnit="fortnight"),
        every(frequency=1, period="Infinity", periodUnit="d"),
        {"text": "16 mg/h"},
        {"text": "75 mg/m2"},
        {"text": "q0w"},
        {"text": "once"},
        {"timing": {"code": {}}},
    ],
)
def test_an_interval_that_is_not_stated_is_not_made_up(dosage: dict[str, Any]) -> None:
    assert read(dosage).interval_days is None


def test_the_daily_dose_is_dose_by_interval() -> None:
    assert read(quantity(50) | every(frequency=2, period=1, periodUnit="d")).daily_mg == 100
    assert read(quantity(50)).daily_mg is None
    assert read(every(period=1, periodUnit="d")).daily_mg is None


# The infusion time


def rated(**rate: Any) -> dict[str, Any]:
    return {"doseAndRate": [{"doseQuantity": MG4} | rate]}


@pytest.mark.parametrize(
    ("dosage", "minutes"),
    [
        (every(duration=15, durationUnit="min"), 15),
        (every(duration="0.5", durationUnit="h"), 30),
        (rated(rateQuantity={"value": 16, "unit": "mg/h"}), 15),
        (rated(rateQuantity={"value": 16, "unit": "x", "code": "mg/h"}), 15),
        ({"doseQuantity": MG4, "rateQuantity": {"value": "0.5", "unit": "mg/min"}}, 8),
        (rated(rateRatio={"numerator": MG4, "denominator": {"value": 15, "unit": "min"}}), 15),
        ({"doseQuantity": MG4, "rateRatio": {"numerator": MG4, "denominator": {"value": 1, "code": "h"}}}, 60),
    ],
)
def test_infusion_time(dosage: dict[str, Any], minutes: int) -> None:
    assert read(dosage).infusion_minutes == minutes


@pytest.mark.parametrize(
    "dosage",
    [
        rated(rateQuantity={"value": 400, "unit": "mL/h"}),
        rated(rateQuantity={"value": 4, "unit": "mg"}),
        rated(rateQuantity={"value": 0, "unit": "mg/h"}),
        rated(rateQuantity={"unit": "mg/h"}),
        rated(rateQuantity={"value": -16, "unit": "mg/h"}),
        rated(rateRatio={"numerator": {"value": 100, "unit": "mL"}, "denominator": {"value": 15, "unit": "min"}}),
        rated(rateRatio={"numerator": MG4, "denominator": {"value": 15, "unit": "mL"}}),
        rated(rateRatio={"numerator": MG4, "denominator": {"value": 0, "unit": "min"}}),
        rated(rateRatio={"numerator": MG4}),
        rated(),
        {"rateQuantity": {"value": 16, "unit": "mg/h"}},
        every(duration=15),
        every(duration=15, durationUnit="fortnight"),
        every(duration=-15, durationUnit="min"),
    ],
)
def test_a_volume_or_a_broken_rate_gives_no_infusion_time(dosage: dict[str, Any]) -> None:
    assert read(dosage).infusion_minutes is None


# The route


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ({"coding": [{"system": "http://snomed.info/sct", "code": "47625008"}]}, "intravenous"),
        ({"text": "IV"}, "intravenous"),
        ({"text": "静脉滴注（避光）"}, "intravenous"),
        ({"coding": [{"display": "Subcutaneous route"}]}, "subcutaneous"),
        ({"text": "PO"}, "oral"),
        ({"text": "外用"}, "topical"),
        ({"text": "intrathecal"}, "other"),
        ({"coding": [{"code": "000"}]}, None),
        ({}, None),
        (None, None),
    ],
)
def test_route(route: Any, expected: str | None) -> None:
    assert read({"route": route}).route == expected


# Whatever the numbers are

ODD = st.sampled_from(["NaN", "-Infinity", "1e999", "1e-30", "0", "-1", "4", "0.5", "1e12", None])
UNITS = st.sampled_from(["mg", "g", "mL", "mg/h", "min", "h", "wk", "d", "支", None])
QUANTITY = st.fixed_dictionaries({"value": ODD, "unit": UNITS})
DOSAGE = st.fixed_dictionaries({
    "text": st.one_of(st.none(), st.text(max_size=30)),
    "timing": st.fixed_dictionaries({
        "repeat": st.fixed_dictionaries({
            "frequency": ODD, "period": ODD, "periodUnit": UNITS, "duration": ODD, "durationUnit": UNITS
        })
    }),
    "doseAndRate": st.lists(st.fixed_dictionaries({
        "doseQuantity": QUANTITY,
        "rateQuantity": QUANTITY,
        "rateRatio": st.fixed_dictionaries({"numerator": QUANTITY, "denominator": QUANTITY}),
    }), max_size=2),
})  # fmt: skip


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(DOSAGE, max_size=2), st.sampled_from([None, 4]))
def test_what_is_read_is_always_above_zero(dosages: list[dict[str, Any]], strength: int | None) -> None:
    dosed = read(*dosages, strength=strength)
    numbers = [mg(dosed), dosed.interval_days, dosed.infusion_minutes, dosed.daily_mg]
    assert all(n is None or n > 0 for n in numbers)
