"""Dosages told back as they were written, and the corners of reading them that a changed sign would turn."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from cds_service.base.folders import content_root
from cds_service.base.yamlfile import load_as
from cds_service.facts.doses import Dosed, DoseReader
from cds_service.facts.exact import positive
from cds_service.facts.pieces import NOTHING_KNOWN, Piece
from cds_service.fhir.structs import Dosage, Extension
from cds_service.knowledge.dosing import Dosing

READER = DoseReader(load_as(content_root() / "dosing.yaml", Dosing))
ORDERED = "http://open.epic.com/FHIR/StructureDefinition/extension/ordered-dose"
PIECE = {"value": 2, "unit": "支"}


def read(*dosages: dict[str, Any], extensions: Any = (), strength: int | None = None) -> Dosed:
    return READER.read(
        msgspec.convert(dosages, list[Dosage], strict=False),
        msgspec.convert(extensions, list[Extension], strict=False),
        Piece(Fraction(strength)) if strength else NOTHING_KNOWN,
    )


def quantity(**members: Any) -> dict[str, Any]:
    return {"doseAndRate": [{"doseQuantity": members}]}


@pytest.mark.parametrize(
    ("dosage", "shown"),
    [
        (quantity(value=4, unit="mg"), "4 mg"),
        (quantity(value=4, unit="mg", code="MG"), "4 mg"),
        (quantity(value=400, code="ug"), "400 ug"),
        ({"dose": {"value": 4, "unit": "mg"}}, "4 mg"),
        ({"text": "4 mg iv every 4 weeks"}, "4 mg iv every 4 weeks"),
        ({"extension": [{"url": ORDERED, "valueQuantity": {"value": 4, "unit": "mg"}}]}, "4 mg"),
    ],
)
def test_a_dose_is_told_as_it_was_written_and_is_no_range(dosage: dict[str, Any], shown: str) -> None:
    dose = read(dosage).dose
    assert dose is not None
    assert (dose.shown, dose.is_range) == (shown, False)


def test_a_quantity_without_unit_is_told_without_one() -> None:
    dose = read(quantity(value=1, code="1"), strength=4).dose
    assert dose is not None
    assert dose.shown == "1 1"


@pytest.mark.parametrize("place", ["order", "dosage", "nested"])
def test_pieces_in_the_extension_count_by_their_strength(place: str) -> None:
    said = {"url": ORDERED, "valueQuantity": PIECE}
    if place == "order":
        dosed = read(extensions=[said], strength=4)
    else:
        inner = said if place == "dosage" else {"url": ORDERED, "extension": [{"url": "d", "valueQuantity": PIECE}]}
        dosed = read({"extension": [inner]}, strength=4)
    assert dosed.dose is not None
    assert dosed.dose.mg == 8


def test_grams_in_words() -> None:
    assert READER.text_mass("0.09 g once") == 90
    assert READER.piece_mass("disodium pamidronate 0.03 g") == 30


def test_a_range_in_capitals_is_a_range() -> None:
    assert READER.text_mass("3 MG TO 4 MG") is None
    assert READER.text_mass("3-4 MG") is None
    assert READER.text_mass("3至4 MG") is None


def test_only_the_old_dose_is_replaced_in_words() -> None:
    assert READER.with_mass("0.004 g, not 8 mg", Fraction(4), Fraction(3)) == "3 mg, not 8 mg"


def test_topical_forms_in_both_languages() -> None:
    assert READER.topical("Diclofenac 1% GEL")
    assert READER.topical("双氯芬酸乳膏")
    assert READER.topical("双氯芬酸二乙胺乳胶剂")
    assert READER.topical("Voltaren Emulgel")
    assert READER.topical("ketoprofen patch, 6 pieces")
    assert not READER.topical("gelatine capsule")
    assert not READER.topical("diclofenac")


def test_an_interval_in_words_is_told_as_it_was_written() -> None:
    assert read({"text": "120 mg every 4 weeks"}).interval_shown == "every 4 weeks"
    assert read({"text": "60 mg every month"}).interval_shown == "every month"


def test_an_interval_in_numbers_is_told_in_short() -> None:
    repeat = {"frequency": 2, "period": 4, "periodUnit": "wk"}
    assert read({"timing": {"repeat": repeat}}).interval_shown == "2 × / 4 wk"
    assert read({"timing": {"repeat": repeat | {"frequency": 1}}}).interval_shown == "4 wk"


def test_a_day_is_an_interval_and_an_hour_a_rate() -> None:
    assert read({"text": "4 mg/天"}).interval_days == 1
    assert read({"text": "4 mg/h"}).interval_days is None


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("经静脉滴注给药", "intravenous"),
        ("静滴给药", "intravenous"),
        ("taken orally", "oral"),
        ("temporary", None),  # holds "po"
        ("private", None),  # holds "iv"
    ],
)
def test_a_route_within_a_longer_phrase(text: str, route: str | None) -> None:
    assert read({"route": {"text": text}}).route == route


def test_a_rate_in_micrograms() -> None:
    dosage = {
        "doseAndRate": [{"doseQuantity": {"value": 4, "unit": "mg"}, "rateQuantity": {"value": 100, "unit": "ug/min"}}]
    }
    assert read(dosage).infusion_minutes == 40


@pytest.mark.parametrize(("number", "read_as"), [("0", None), ("-1", None), ("1E12", 10**12), ("1E13", None)])
def test_above_zero_and_of_a_size_that_can_be(number: str, read_as: int | None) -> None:
    assert positive(Decimal(number)) == read_as
