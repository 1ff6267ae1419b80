"""The most a day that a dosage states: in its member, in words, in pieces; and what is no limit of a day."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec
import pytest

from cds_service.base.folders import content_root
from cds_service.base.yamlfile import load_as
from cds_service.facts.ceilings import Ceilings
from cds_service.facts.doses import DoseReader
from cds_service.facts.pieces import NOTHING_KNOWN, Piece
from cds_service.fhir.structs import Dosage
from cds_service.knowledge.dosing import Dosing
from tests.build import Json

DOSING = load_as(content_root() / "dosing.yaml", Dosing)
TABLET = Piece(Fraction(500))


def most(dosage: Json, piece: Piece = TABLET, *, alone: bool = True) -> Fraction | None:
    read = msgspec.json.decode(msgspec.json.encode(dosage), type=Dosage, strict=False)
    return Ceilings(DOSING, DoseReader(DOSING)).read(read, piece, alone=alone)


def a_period(value: float, unit: str, period: float = 1, period_unit: str = "d") -> Json:
    """One member of ``maxDosePerPeriod``."""
    return {
        "numerator": {"value": value, "unit": unit},
        "denominator": {"value": period, "unit": period_unit},
    }


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (a_period(4, "g"), 4000),
        ([a_period(4, "g")], 4000),
        (a_period(4, "g", 24, "h"), 4000),
        (a_period(4, "g", 2), 2000),
        (a_period(7, "g", 1, "wk"), 1000),
        (a_period(6, "tablet"), 3000),
        ([a_period(4, "g"), a_period(3, "g")], 3000),
        ([{}, a_period(3, "g")], 3000),
        ([{"numerator": {"value": 3, "unit": "g"}}, a_period(4, "g")], 4000),
        ([a_period(3, "lumps"), a_period(4, "g")], 4000),
        ([a_period(3, "g", 1, "cycle"), a_period(4, "g")], 4000),
        (None, None),
        (7, None),
    ],
)
def test_a_stated_limit(stated: Any, expected: int | None) -> None:
    assert most({"maxDosePerPeriod": stated}) == expected


def test_a_mass_of_a_combination_limits_nobody_knows_what() -> None:
    assert most({"maxDosePerPeriod": a_period(4, "g")}, alone=False) is None
    assert most({"maxDosePerPeriod": a_period(6, "tablet")}, alone=False) == 3000
    assert most({"text": "max 4 g/day"}, alone=False) is None
    assert most({"text": "max 6 tablets/day"}, alone=False) == 3000


def test_pieces_of_an_unknown_strength_limit_nothing() -> None:
    assert most({"maxDosePerPeriod": a_period(6, "tablet")}, NOTHING_KNOWN) is None
    assert most({"text": "max 6 tablets/day"}, NOTHING_KNOWN) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max 3 g/day", 3000),
        ("max 3 g per day", 3000),
        ("max 3 g per 1 day", 3000),
        ("max 3 g in 24 h", 3000),
        ("max 3 g in any 24 hours", 3000),
        ("max 3 g per day for 2 weeks", 3000),
        ("max total dose 3 g per day", 3000),
        ("max 6 tablets per day", 3000),
        ("每日不超过3g", 3000),
        ("每日总量不超过3g", 3000),
        ("一日最多6片", 3000),
        # The amount behind the word, not before it; the first one that is an amount.
        ("1 g, max 3 g/day", 3000),
        ("max tablets 3 g/day", 3000),
        ("max 2 times 3 g per day", 3000),
        # Several: the lowest, and one that is none stops no other.
        ("max 2 g/day, max 3 g/day", 2000),
        ("max 3 g/day, max 2 g/day", 2000),
        ("max 8 days, then max 2 g/day", 2000),
        ("max 1 g per dose, max 4 g per day", 4000),
        ("max", None),
        ("max 3 g", None),
        ("max 3 g per dose", None),
        ("max 3 g per 2 days", None),
        ("max 3 g in 12 h", None),
        ("max 3 g in 24 min", None),
        ("max 3 g per 24", None),
        ("max 3 g per 5 per day", None),
        # So near the words stand together.
        ("max as we said 3 g/day", None),
        ("max 3 g in the whole day", 3000),
        ("max 3 g in the course of day", None),
        ("a day in all: max 3 g", 3000),
        ("a day, in all: max 3 g", None),
        ("3 g/day", None),
        # Hours of a day before the limit, with what stands between.
        ("1 g q4h prn, 24小时内不超过3g", 3000),
        ("24小时内总量不得超过3g", 3000),
        ("24h内使用不超过6片", 3000),
        ("12小时内不超过3g", None),
        ("24小时1次，最多3g", None),
    ],
)
def test_a_limit_in_words(text: str, expected: int | None) -> None:
    assert most({"text": text}) == expected


def test_of_member_text_and_instruction_the_lowest() -> None:
    stated = {"maxDosePerPeriod": a_period(4, "g")}
    assert most(stated | {"text": "max 3 g/day"}) == 3000
    assert most(stated | {"text": "max 5 g/day"}) == 4000
    assert most({"text": "max 3 g/day", "additionalInstruction": [{"text": "max 2 g/day"}]}) == 2000
    assert most({"text": "max 2 g/day", "additionalInstruction": [{"text": "max 3 g/day"}]}) == 2000
    assert most({}) is None
