"""Doses in words: pieces and what each holds, concentrations, volumes; whatever leaves the dose open is not read."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from cds_service.facts.pieces import Piece
from tests.facts.dosages import READER, every, mg, quantity, read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 vials (4 mg/vial) IV over 15 min", 8),
        ("2 vials (4 mg per vial)", 8),
        ("2 vials of 4 mg", 8),
        ("2 vials, each vial contains 4 mg", 8),
        ("2 vials (4 mg each)", 8),
        ("two 4 mg vials", 8),
        ("two 4-mg vials", 8),
        ("2 x 4 mg vials", 8),
        ("4 mg vials x 2", 8),
        ("4 mg/vial x 2", 8),
        ("give 1 vial (4 mg/5 mL)", 4),
        ("4 mg vial IV over 15 min", 4),
        ("1 vial (4 mg)", 4),
        ("8 mg = 2 vials (4 mg/vial)", 8),
        ("每次2支(4mg/支)", 8),
        ("每次2支（4mg/支）", 8),
        ("2支，每支4mg", 8),
        ("两支(每支含4毫克)", 8),
        ("4mg×2支", 8),
        ("4mg*2支 静滴", 8),
        ("4mg/支×2支", 8),
        ("4mg/支 × 2", 8),
        ("1支(5ml:4mg)", 4),
        ("2支(5ml:4mg)", 8),
        ("唑来膦酸4mg 1支 静滴", 4),
        ("120mg×1支 皮下注射", 120),
        ("two 60 mg syringes", 120),
        ("3 ampoules (2 mg/ampoule)", 6),
        ("每支1mg,6支", 6),
        ("8 mg (2 x 4 mg vials)", 8),
        ("2×4mg/支", 8),
        ("90mg(15mg×6支)静滴2-4小时", 90),
        ("一次2支(每支4mg)，一日1次", 8),
        ("500 mg every 6 hours", 500),
        ("口服 每次40mg 每12小时1次", 40),
    ],
)
def test_pieces_with_what_each_holds_are_a_dose(text: str, expected: int) -> None:
    assert mg(read({"text": text})) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2 vials (8 mg)",  # together, or each?
        "2 vials",
        "2-3 vials (4 mg/vial)",
        "1/2 vial (4 mg/vial)",
        "½ vial (4 mg/vial)",
        "1.5.2 vials (4 mg/vial)",
        "4 mg vials",
        "4 mg/vial",
        "每支4mg",
        "2 vials (4 mg/vial or 5 mg/vial)",
        "2 vials (4 mg/vial), 4 mg",
        "2支 4mg",
        "2 x 4 mg",
        "day 2 4 mg vials",
        "d2 4 mg vials",
    ],
)
def test_pieces_that_leave_the_dose_open_are_no_dose(text: str) -> None:
    dosed = read({"text": text})
    assert (dosed.dose, dosed.problem) == (None, "dose-text-unreadable")


@pytest.mark.parametrize(("text", "strength", "expected"), [("2支", 4, 8), ("2 vials", 4, 8), ("2支 8mg", 4, 8)])
def test_pieces_in_words_of_a_known_strength(text: str, strength: int, expected: int) -> None:
    assert mg(read({"text": text}, strength=strength)) == expected


def test_the_text_tells_what_a_piece_of_the_quantity_holds() -> None:
    assert mg(read({"text": "4mg/支"} | quantity(2, "支"))) == 8
    assert mg(read({"text": "4 mg/vial"} | quantity(2, "vial"), strength=5)) == 10


@pytest.mark.parametrize(
    "text",
    [
        "0.8 mg per mL",
        "0.8 mg/mL",
        "0.8mg每毫升",
        "每毫升0.8mg",
        "每毫升含0.8mg",
        "每ml含唑来膦酸0.8mg",
        "0.8 mg in each mL",
        "0.8 mg in 1 mL",
        "100ml:4mg",
        "4mg:100ml",
        "4 mg per 100 mL",
        "3 mg per kg",
        "3mg每公斤",
        "每公斤体重0.06mg",
        "75 mg per m2",
        "1 mg per minute",
        "每小时16mg",
        "16mg每小时",
        "max 4 mg",
        "不超过4mg",
        "≤4mg",
        "<4 mg",
        "-4 mg",
        ".4 mg",
        "4 mg, 8 mg",
    ],
)
def test_a_concentration_a_rate_and_a_limit_are_no_dose(text: str) -> None:
    assert read({"text": text}).dose is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4 mg every 4 weeks, max 8 mg", 4),
        ("4 mg at 16 mg/h", 4),
        ("75 mg/m2 = 120 mg", 120),
        ("30mg×3天", 30),
        ("4 mg x 1 dose", 4),
        ("4 mg per dose", 4),
        ("每次4mg", 4),
        ("每4周4mg", 4),
        ("d1，4mg", 4),
        ("iv 4mg", 4),
        ("4mg加入生理盐水100ml静滴", 4),
        ("4 mg (0.8 mg per mL)", 4),
        ("90 mg in 500 mL over 2 h", 90),
    ],
)
def test_one_mass_beside_other_numbers_is_the_dose(text: str, expected: int) -> None:
    assert mg(read({"text": text})) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5 mL (0.8 mg/mL)", 4),
        ("5 mL of 0.8 mg per mL solution in 100 mL saline", 4),
        ("5 mL (4 mg/5 mL)", 4),
        ("5ml(0.8mg/ml)", 4),
        ("100 mL (4 mg/100 mL)", 4),
        ("4 mg: 5 mL (0.8 mg/mL) in 100 mL", None),  # "4 mg: 5 mL" may be a concentration
        ("0.8 mg/mL, 5 mL", 4),
        ("0.8 mg/mL in 100 mL saline", None),
        ("0.8mg/ml，5ml，加入100ml", 4),
        ("4 mg, 5 mL (0.8 mg/mL)", 4),
        ("8 mg, 5 mL (0.8 mg/mL)", None),
        ("5 mL", None),
        ("in 100 mL over 15 min", None),
    ],
)
def test_a_volume_times_its_concentration_is_a_dose(text: str, expected: int | None) -> None:
    assert mg(read({"text": text})) == expected


LABELLED = tuple(Fraction(mg) for mg in ("3", "3.3", "3.5", "4"))
VIAL = Piece(Fraction(4), Fraction(5), Fraction(4, 5), LABELLED)


@pytest.mark.parametrize(
    ("volume", "unit", "expected"),
    [
        ("5", "mL", "4"),
        ("4.4", "mL", "3.5"),
        ("4.1", "ml", "3.3"),
        ("3.8", "毫升", "3"),
        ("10", "mL", "8"),
        ("4", "mL", "3.2"),  # three labelled doses lie within its rounding: it is what it is
        ("100", "mL", None),  # the volume of the infusion
        ("5", "L", None),
    ],
)
def test_a_volume_of_a_known_product_is_a_dose(volume: str, unit: str, expected: str | None) -> None:
    assert mg(read(quantity(volume, unit), piece=VIAL)) == (Fraction(expected) if expected else None)


def test_a_volume_of_an_unknown_product_is_told() -> None:
    assert read(quantity(5, "mL")).problem == "dose-unit-unknown"


def test_a_syringe_s_own_volume_is_its_own_strength() -> None:
    syringe = Piece(Fraction(120), Fraction("1.7"), Fraction(70))
    assert mg(read(quantity("1.7", "mL"), piece=syringe)) == 120
    assert mg(read(quantity("1.7", "mL"), piece=Piece(None, None, Fraction(70), (Fraction(60), Fraction(120))))) == 120


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("zoledronic acid 0.8 mg per mL, 5 mL vial", (4, 5, "0.8")),
        ("5 ML zoledronic acid 0.8 MG/ML Injection", (4, 5, "0.8")),
        ("zoledronic acid 4 mg/5 mL", (4, 5, "0.8")),
        ("zoledronic acid 4 mg per 5 mL", (4, 5, "0.8")),
        ("唑来膦酸注射液 100ml:4mg", (4, 100, "0.04")),
        ("唑来膦酸注射液(5ml:4mg)×1支", (4, 5, "0.8")),
        ("注射用唑来膦酸 4mg*5支/盒", (4, None, None)),
        ("每支含唑来膦酸4mg", (4, None, None)),
        ("denosumab 70 mg/mL", (None, None, 70)),
        ("denosumab 120 mg/1.7 mL (70 mg/mL) vial", (120, "1.7", None)),
        ("地舒单抗注射液(安加维)120mg(1.7ml)", (120, "1.7", None)),
        ("1 ML denosumab 60 MG/ML Prefilled Syringe", (60, 1, 60)),
        ("calcium carbonate 1,500 mg", (None, None, None)),
        ("zoledronic acid 4 mg or 5 mg", (None, None, None)),
    ],
)
def test_what_a_name_says_of_one_piece(name: str, piece: tuple[Any, Any, Any]) -> None:
    found = READER.piece_of(name)
    assert (found.mg, found.ml, found.mg_per_ml) == tuple(None if n is None else Fraction(n) for n in piece)


def typed(code: str | None, value: Any, **members: Any) -> dict[str, Any]:
    system = "http://terminology.hl7.org/CodeSystem/dose-rate-type"
    kind = {"type": {"coding": [{"system": system, "code": code}]}} if code else {}
    return kind | {"doseQuantity": {"value": value, "unit": "mg"}} | members


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([typed("calculated", 3.3), typed("ordered", 4)], 4),
        ([typed("ordered", 4), typed("calculated", 8)], 4),
        ([typed("calculated", 8), typed(None, 4)], 4),
        ([typed(None, 8), typed("ordered", 4)], 4),
        ([typed("other", 8), typed(None, 4)], 4),
        ([typed("other", 4)], 4),
        ([typed("ordered", 3), typed("ordered", 4)], 4),
        ([{"type": {"text": "Calculated"}, "doseQuantity": {"value": 8, "unit": "mg"}}, typed(None, 4)], 4),
        ([typed("calculated", 4)], None),
        ([typed(None, 8, type="calculated"), typed(None, 4, type="ordered")], 4),
    ],
)
def test_what_was_ordered_outranks_and_what_was_calculated_never_counts(entries: Any, expected: int | None) -> None:
    assert mg(read({"doseAndRate": entries})) == expected


def test_a_calculated_dose_alone_is_told_and_the_text_may_help() -> None:
    assert read({"doseAndRate": [typed("calculated", 4)]}).problem == "dose-calculated"
    assert mg(read({"doseAndRate": [typed("calculated", 8)], "text": "4 mg"})) == 4


def test_a_calculated_rate_makes_no_infusion_time() -> None:
    rate = {"rateQuantity": {"value": 16, "unit": "mg/h"}}
    assert read({"doseAndRate": [typed("ordered", 4, **rate)]}).infusion_minutes == 15
    assert read({"doseAndRate": [typed("ordered", 4), typed("calculated", 4, **rate)]}).infusion_minutes is None


def test_many_digits_are_computed_with_and_shown_short() -> None:
    dose = read(quantity("3.9999999999999996")).dose
    assert dose is not None
    assert (dose.mg, dose.shown) == (Fraction("3.9999999999999996"), "4 mg")
    assert read(quantity("3.50")).dose.shown == "3.50 mg"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        ("4 mg in 100 mL over 15 min", 4, "3.3", "3.3 mg in 100 mL over 15 min"),
        ("每次4mg，静滴", 4, "3.5", "每次3.5 mg，静滴"),
        ("2 vials (4 mg/vial) over 15 min", 8, "4", "4 mg"),
        ("4mg×2支", 8, "4", "4 mg"),
        ("2支", 8, "4", "4 mg"),
        ("4 mg " + "x" * 2000, 4, "3", "3 mg"),
    ],
)
def test_a_revised_text_never_states_another_dose(text: str, old: int, new: str, expected: str) -> None:
    assert READER.with_mass(text, Fraction(old), Fraction(new)) == expected


def test_an_ordered_dose_beside_an_interval_is_the_daily_dose() -> None:
    assert read({"text": "1片(100mg/片)"} | every(frequency=1, period=1, periodUnit="d")).daily_mg == 100


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A volume beside a dose is what it stands in; an open one leaves all open.
        ("5 mL; 8 mg", 8),
        ("(5 mL) 4 mg", 4),
        ("0.8 mg/mL, 5 mL", 4),
        ("4 mg in 2-3 ml", None),
        ("4 mg 2-3 ml", None),
        ("5 mL/4 mg", None),
        ("1 vial (5 mL/4 mg)", 4),
        ("2支(5ml/4mg)", 8),
        ("2支(1ml:4mg)", 8),
        # What each piece holds, before and behind it.
        ("2 vials, 4 mg ea", 8),
        ("2 vials × 4 mg", 8),
        ("2 ampoules, each ampoule: 4 mg", 8),
        ("4mg/支 2支/次", 8),
        ("4 mg/vial, 2 vials/day", 8),
        ("each 5 vials 4 mg", None),
        ("give 4 mg vials", None),
        ("8 mg, 4 mg vials", 8),
        ("4 mg/vial x 2-3", None),
        ("4 mg x 2-3 vials", None),
        # Days, hours and givings are no factor; a bare number is one of what nobody knows.
        ("4mg×3天", 4),
        ("4 mg x 24 h", 4),
        ("4 mg × 2 doses", 4),
        ("4mg x 2", None),
        ("8 mg ×", None),
        # A number in front of a piece is how many, unless it belongs to a day, an hour or a name.
        ("day 1: 4 mg vial", 4),
        ("every 12 h 4 mg vial", 4),
        ("day 1 4 mg vial", None),
        ("B12 4 mg vials", None),
        ("VitB2 4 mg vials", None),
        # By the body or by the hour it is no dose.
        ("4 mg per kg", None),
        ("4mg/m2", None),
        ("4 mg/h", None),
    ],
)
def test_what_stands_beside_a_dose_says_what_it_is(text: str, expected: int | None) -> None:
    assert mg(read({"text": text})) == expected


@pytest.mark.parametrize(("numbers", "expected"), [(40, 4), (41, None)])
def test_a_text_of_so_many_numbers_is_read(numbers: int, expected: int | None) -> None:
    assert mg(read({"text": "4 mg" + " 1" * (numbers - 1)})) == expected
