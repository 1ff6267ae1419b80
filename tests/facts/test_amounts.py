"""Quantities of orders: masses, volumes, times and rates, and what a Medication says of one piece."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec
import pytest

from cds_service.base.folders import content_root
from cds_service.base.yamlfile import load_as
from cds_service.facts.amounts import Amounts
from cds_service.facts.pieces import NOTHING_KNOWN, Piece
from cds_service.fhir.structs import DoseAndRate, Medication, Quantity
from cds_service.knowledge.dosing import Dosing
from tests.build import Json

DOSING = load_as(content_root() / "dosing.yaml", Dosing)
F = Fraction
VIAL = Piece(F(4), F(5), F("0.8"), (F("3.5"), F(4)))


def quantity(value: Any, unit: str | None = None, code: str | None = None, comparator: str | None = None) -> Quantity:
    members = {"value": value, "unit": unit, "code": code, "comparator": comparator}
    return msgspec.convert(members, Quantity, strict=False)


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (quantity(4, "mg"), 4),
        (quantity("0.5", "g"), 500),
        (quantity(400, "µg"), "0.4"),
        (quantity(4, "毫克"), 4),
        (quantity(4, " MG "), 4),
        (quantity(4, "lumps", "mg"), 4),
        (quantity(4, "mg", "lumps"), 4),
        (quantity(2, "vial"), 8),
        (quantity(2, "lumps", "{vial}"), 8),
        (quantity(5, "mL"), 4),
        (quantity("0.005", "L"), 4),
        (quantity("4.4", "mL"), "3.5"),
        # 0.0044 L says as much as 4.4 mL; 0.00440 L and 4.40 mL leave no label within their rounding.
        (quantity("0.0044", "L"), "3.5"),
        (quantity("0.00440", "L"), "3.52"),
        (quantity("4.40", "mL"), "3.52"),
        (quantity("1E+1", "mL"), 8),
        (quantity(100, "mL"), None),
        (quantity(4, "lumps"), None),
        (quantity(4), None),
        (quantity(None, "mg"), None),
        (quantity(0, "mg"), None),
        (quantity(4, "mg", comparator="<"), None),
        (quantity("1e40", "mg"), None),
    ],
)
def test_a_mass(read: Quantity, expected: Any) -> None:
    assert Amounts(DOSING).mass(read, VIAL) == (None if expected is None else F(expected))


def test_a_mass_of_nothing_known_is_one_of_mass_only() -> None:
    assert Amounts(DOSING).mass(quantity(4, "mg")) == 4
    assert Amounts(DOSING).mass(quantity(2, "vial")) is None
    assert Amounts(DOSING).mass(quantity(5, "mL")) is None


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (quantity(5, "mL"), 5),
        (quantity("0.1", "L"), 100),
        (quantity(5, "lumps", "mL"), 5),
        (quantity(5, "毫升"), 5),
        (quantity(5, "mg"), None),
        (quantity(5), None),
        (quantity(None, "mL"), None),
        (quantity(5, "mL", comparator=">"), None),
        (None, None),
    ],
)
def test_a_volume(read: Quantity | None, expected: int | None) -> None:
    assert Amounts(DOSING).volume(read) == expected


@pytest.mark.parametrize(
    ("value", "units", "expected"),
    [
        (15, ("min",), 15),
        (2, ("h",), 120),
        (30, ("秒",), "0.5"),
        (2, ("lumps", "h"), 120),
        (2, (None, "H"), 120),
        (2, ("h", "min"), 120),
        (2, ("lumps",), None),
        (2, (), None),
        (0, ("h",), None),
        (None, ("h",), None),
    ],
)
def test_a_length_of_time(value: int | None, units: tuple[str | None, ...], expected: Any) -> None:
    found = Amounts(DOSING).minutes(quantity(value).value, *units)
    assert found == (None if expected is None else F(expected))


def ratio(mass: Json | None, time: Json | None) -> Json:
    return {"rateRatio": {"numerator": mass, "denominator": time}}


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ({"rateQuantity": {"value": 16, "unit": "mg/h"}}, F(16, 60)),
        ({"rateQuantity": {"value": 1, "unit": "g/h"}}, F(1000, 60)),
        ({"rateQuantity": {"value": 2, "code": "mg/min", "unit": "mL/h"}}, 2),
        ({"rateQuantity": {"value": 2, "code": "mL/h", "unit": "mg/min"}}, 2),
        ({"rateQuantity": {"value": 2, "unit": "mL/h"}}, None),
        ({"rateQuantity": {"value": 2, "unit": "mg/kg/h"}}, None),
        ({"rateQuantity": {"value": 2, "unit": "mg/h/m2"}}, None),
        ({"rateQuantity": {"value": 2, "unit": "mg"}}, None),
        ({"rateQuantity": {"value": 0, "unit": "mg/h"}}, None),
        ({"rateQuantity": {"unit": "mg/h"}}, None),
        (ratio({"value": 4, "unit": "mg"}, {"value": 15, "unit": "min"}), F(4, 15)),
        (ratio({"value": 4, "unit": "mg"}, {"value": 1, "unit": "lumps", "code": "h"}), F(4, 60)),
        (ratio({"value": 4, "unit": "mL"}, {"value": 15, "unit": "min"}), None),
        (ratio({"value": 4, "unit": "mg"}, {"value": 15, "unit": "lumps"}), None),
        (ratio({"value": 4, "unit": "mg"}, {"unit": "min"}), None),
        (ratio({"value": 4, "unit": "mg"}, None), None),
        (ratio(None, {"value": 15, "unit": "min"}), None),
        ({}, None),
    ],
)
def test_a_rate_of_mass(rate: Json, expected: Fraction | None) -> None:
    assert Amounts(DOSING).rate(msgspec.convert(rate, DoseAndRate, strict=False)) == expected


def medication(*ingredients: Json, **more: Any) -> Medication:
    return msgspec.convert({"ingredient": list(ingredients), **more}, Medication, strict=False)


def strength(mg: Json, per: Json) -> Json:
    return {"strength": {"numerator": mg, "denominator": per}}


MG4: Json = {"value": 4, "unit": "mg"}
ML5: Json = {"value": 5, "unit": "mL"}


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        (medication(strength(MG4, ML5)), Piece(F(4), F(5), F("0.8"))),
        (medication({"strengthRatio": {"numerator": MG4, "denominator": ML5}}), Piece(F(4), F(5), F("0.8"))),
        # A concentration per 1 mL tells no volume of the piece; the product's own does.
        (medication(strength(MG4, {"value": 1, "unit": "mL"})), Piece(None, None, F(4))),
        (
            medication(strength(MG4, {"value": 1, "unit": "mL"}), amount={"numerator": ML5}),
            Piece(F(20), F(5), F(4)),
        ),
        (medication(strength(MG4, ML5), totalVolume={"value": 10, "unit": "mL"}), Piece(F(8), F(10), F("0.8"))),
        (
            medication(strength(MG4, ML5), amount={"numerator": ML5}, totalVolume={"value": 10, "unit": "mL"}),
            Piece(F(4), F(5), F("0.8")),
        ),
        (medication(strength(MG4, {"value": 1, "unit": "vial"})), Piece(F(4))),
        (medication(strength(MG4, {"value": 2, "unit": "vial"})), Piece(F(2))),
        (medication(strength(MG4, {"value": 1, "code": "{vial}"})), Piece(F(4))),
        (medication(strength(MG4, {"value": 1})), Piece(F(4))),
        (medication(strength(MG4, {"value": 1, "unit": "kg"})), NOTHING_KNOWN),
        (medication(strength(MG4, {"unit": "vial"})), NOTHING_KNOWN),
        (medication(strength({"value": 4, "unit": "lumps"}, ML5)), Piece(None, F(5))),
        (medication(strength({"value": 4, "unit": "lumps"}, {"value": 1, "unit": "vial"})), NOTHING_KNOWN),
        (medication({"strengthQuantity": MG4}), Piece(F(4))),
        (medication({"strengthQuantity": MG4}, totalVolume=ML5), Piece(F(4), F(5))),
        (medication({}, totalVolume=ML5), Piece(None, F(5))),
        (medication({"strength": {"numerator": MG4}}, totalVolume=ML5), Piece(None, F(5))),
        (medication({"strength": {"denominator": ML5}}, totalVolume=ML5), Piece(None, F(5))),
        (medication(), NOTHING_KNOWN),
        (medication({"strengthQuantity": MG4}, {"strengthQuantity": MG4}), NOTHING_KNOWN),
    ],
)
def test_what_a_medication_says_of_a_piece(product: Medication, expected: Piece) -> None:
    assert Amounts(DOSING).of_medication(product) == expected
