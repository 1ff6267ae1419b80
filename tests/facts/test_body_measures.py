"""Weight and height as charts hold them: units without a code, the Chinese jin, and values in words."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.facts.results import Reading, Unusable
from tests.build import PATIENT, ago
from tests.facts.whole import facts_of


def newest(edition: Edition, analyte: str, name: str, **value: Any) -> Reading | Unusable:
    told = {
        "resourceType": "Observation", "id": "o", "status": "final", "code": {"text": name},
        "subject": {"reference": f"Patient/{PATIENT}"}, "effectiveDateTime": ago(3),
    }  # fmt: skip
    return facts_of(edition, told | value).results[analyte][0]


def value_of(edition: Edition, analyte: str, name: str, **value: Any) -> Fraction | None:
    found = newest(edition, analyte, name, **value)
    return found.value if isinstance(found, Reading) else None


@pytest.mark.parametrize(
    ("number", "unit", "kilograms"),
    [
        (130, "斤", 65), (130, "市斤", 65), (65, "公斤", 65), (65, "千克", 65), (65, "KG", 65), (65, "Kgs", 65),
        (65, "kg.", 65), (65, "ｋｇ", 65),
        (150, "lb", Fraction(15000000 * 45359237, 10**13)), (150, "lbs.", Fraction(15000000 * 45359237, 10**13)),
        (150, "Pounds", Fraction(15000000 * 45359237, 10**13)), (65000, "g", 65), (108, "台斤", None), (65, "", None),
    ],
)  # fmt: skip
def test_a_weight_by_its_unit_without_a_code(edition: Edition, number: int, unit: str, kilograms: Any) -> None:
    assert value_of(edition, "body-weight", "体重", valueQuantity={"value": number, "unit": unit}) == kilograms


def test_a_jin_is_shown_as_it_was_reported(edition: Edition) -> None:
    found = newest(edition, "body-weight", "体重", valueQuantity={"value": 130, "unit": "斤"})
    assert found.shown == "130 斤"


@pytest.mark.parametrize(
    ("text", "kilograms"),
    [
        ("65kg", 65), ("65.5 公斤", Fraction(131, 2)), ("130斤", 65), ("６５ＫＧ", 65),
        ("65", None), ("65-70kg", None), ("体重下降5kg", None), ("较前下降5kg", None), ("卧床", None),
        ("<65kg", None), ("65kg 60kg", None), ("65 mg", None), ("6.5kg", None), ("65kg x" * 20, None),
    ],
)  # fmt: skip
def test_a_weight_in_words(edition: Edition, text: str, kilograms: Any) -> None:
    assert value_of(edition, "body-weight", "体重", valueString=text) == kilograms


@pytest.mark.parametrize(
    ("text", "centimetres"),
    [
        ("175cm", 175), ("175 厘米", 175), ("175公分", 175), ("1.75m", 175), ("1.75 米", 175), ("1米75", 175),
        ("1m75", 175), ("5 ft 10 in", Fraction(1778, 10)),
        ("5 feet 10 inches", Fraction(1778, 10)), ("5'10\"", Fraction(1778, 10)),
        ("5′10″", Fraction(1778, 10)), ("5 ft, 10 in.", Fraction(1778, 10)), ("70 inches", Fraction(1778, 10)),
        ("5 ft 13 in", None), ("5 ft 10", None), ("1.7m75", None), ("1米7", None), ("175", None), ("5 in 10 ft", None),
    ],
)  # fmt: skip
def test_a_height_in_words(edition: Edition, text: str, centimetres: Any) -> None:
    assert value_of(edition, "body-height", "身高", valueString=text) == centimetres


def test_words_as_a_concept_and_what_was_reported(edition: Edition) -> None:
    found = newest(edition, "body-height", "Body height", valueCodeableConcept={"text": "5 ft 10 in"})
    assert isinstance(found, Reading)
    assert (found.value, found.shown) == (Fraction(1778, 10), "5 ft 10 in")


def test_a_weight_in_words_that_no_adult_has(edition: Edition) -> None:
    found = newest(edition, "body-weight", "体重", valueString="650kg")
    assert isinstance(found, Unusable)
    assert found.why == "implausible"


@pytest.mark.parametrize(
    ("analyte", "name", "number", "value"),
    [
        ("body-weight", "体重(kg)", 65, 65), ("body-weight", "体重（斤）", 130, 65),
        ("body-height", "身高 [cm]", 175, 175),
        ("creatinine", "肌酐(μmol/L)", "88.4", 1), ("creatinine", "肌酐(酶法)", 88, None),
        ("creatinine", "肌酐", 88, None),
        ("creatinine", "Creatinine (mg/dL) (umol/L)", 88, None), ("body-weight", "体重(kg)(公斤)", 65, 65),
        ("creatinine", "Creatinine (umol/L)", "0.9", None),
    ],
)  # fmt: skip
def test_the_unit_in_a_name_is_that_of_a_value_without_one(
    edition: Edition, analyte: str, name: str, number: int | str, value: int | None
) -> None:
    assert value_of(edition, analyte, name, valueQuantity={"value": float(number)}) == value


def test_the_unit_of_the_value_comes_before_the_one_of_the_name(edition: Edition) -> None:
    told = {"value": 1, "unit": "mg/dL"}
    assert value_of(edition, "creatinine", "肌酐(μmol/L)", valueQuantity=told) == 1


@pytest.mark.parametrize("name", ["Ht", "身长", "Stature"])
def test_names_of_height(edition: Edition, name: str) -> None:
    assert value_of(edition, "body-height", name, valueQuantity={"value": 175, "unit": "cm"}) == 175


@pytest.mark.parametrize("unit", ["umol/L↑", "↑umol/L", "μM", "微摩/升", "umol/L."])
def test_a_unit_with_a_mark_of_the_laboratory(edition: Edition, unit: str) -> None:
    assert value_of(edition, "creatinine", "肌酐", valueQuantity={"value": 88.4, "unit": unit}) == 1


def test_a_body_mass_index_is_no_height(edition: Edition) -> None:
    told = {
        "resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "身高体重指数"},
        "subject": {"reference": f"Patient/{PATIENT}"}, "effectiveDateTime": ago(3),
        "valueQuantity": {"value": 22, "unit": "kg/m2"},
    }  # fmt: skip
    assert not {"body-height", "body-weight"} & facts_of(edition, told).results.keys()


def test_a_laboratory_result_in_words_stays_unread(edition: Edition) -> None:
    found = newest(edition, "creatinine", "血肌酐", valueString="88 umol/L")
    assert isinstance(found, Unusable)
