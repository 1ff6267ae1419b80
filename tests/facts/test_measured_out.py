"""A dose that is told with the volume it is given in: "650 mg/20.3 mL q3h"."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cds_service.edition import Edition
from cds_service.facts.subjects import DrugOrder
from tests.build import PATIENT
from tests.facts.dosages import READER, mg, read
from tests.facts.whole import orders_of


@pytest.mark.parametrize(
    ("text", "dose"),
    [
        ("650 mg/20.3 mL q3h", 650), ("325 mg per 10.15 mL q4h prn", 325), ("0.65g/20.3ml q6h", 650),
        ("120 mg/1.7 mL SC q4w", 120), ("120mg/1.7ml 皮下注射 每4周", 120), ("10 mg/2.5 mL every 4 hours", 10),
        ("160 mg/5 mL q4h", None), ("4 mg/100 mL q4w", None), ("0.8 mg/mL", None), ("50 mg/12.5 mL/h", None),
        ("650 mg/20.3 mL or 325 mg/10.15 mL", None),
    ],
)  # fmt: skip
def test_a_mass_in_an_odd_volume_is_a_dose(text: str, dose: int | None) -> None:
    assert mg(read({"text": text})) == dose


def ordered(edition: Edition, drug: str, text: str) -> DrugOrder:
    draft = {
        "resourceType": "MedicationRequest", "id": "d", "status": "draft", "intent": "order",
        "medicationCodeableConcept": {"text": drug}, "subject": {"reference": f"Patient/{PATIENT}"},
        "dosageInstruction": [{"text": text}],
    }  # fmt: skip
    (found,) = orders_of(edition, draft)
    assert isinstance(found, DrugOrder)
    return found


@pytest.mark.parametrize(
    ("drug", "text", "dose"),
    [
        ("唑来膦酸注射液", "4mg/100ml ivgtt q4w", 4), ("Zometa", "4 mg/5 mL IV over 15 min q4wk", 4),
        ("唑来膦酸", "0.8mg/10ml ivgtt", None), ("acetaminophen", "160 mg/5 mL q4h", None),
    ],
)  # fmt: skip
def test_in_a_whole_volume_it_is_one_where_the_label_has_that_dose(
    edition: Edition, drug: str, text: str, dose: int | None
) -> None:
    found = ordered(edition, drug, text).dose
    assert (found.mg if found else None) == dose


def test_acetaminophen_of_a_day(edition: Edition) -> None:
    daily = ordered(edition, "acetaminophen", "650 mg/20.3 mL q3h").daily
    (portion,) = daily.of("acetaminophen")
    assert portion.regular == 5200


def test_another_dose_is_not_told_with_the_volume_of_the_old_one() -> None:
    assert READER.with_mass("4 mg/5.1 mL over 15 min", Fraction(4), Fraction(3)) == "3 mg"
