"""A text of an analgesic as pharmacies write it: a number said twice, moments of a day, two dosages in one line,
patches counted in words, and combinations by their brand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.facts.bounded import told
from cds_service.facts.subjects import DrugOrder
from tests.asked import call_of, orders_of
from tests.build import request

MORPHINE = "硫酸吗啡缓释片 30mg"
PATCH = "芬太尼透皮贴剂 50μg/h"


def daily_of(edition: Edition, drug: str, text: str) -> Any:
    draft = {
        "resourceType": "MedicationRequest", "id": "a", "status": "draft", "intent": "order",
        "medicationCodeableConcept": {"text": drug}, "dosageInstruction": [{"text": text}],
    }  # fmt: skip
    (order,) = orders_of(edition, call_of(request(draft)))
    assert isinstance(order, DrugOrder)
    assert order.daily is not None
    return order.daily


@pytest.mark.parametrize(
    ("drug", "text", "regular", "most"),
    [
        ("morphine ER 30 mg tablet", "Take 1 tablet (30 mg total) by mouth 2 (two) times daily", 60, 60),
        ("oxycodone 10 mg tablet", "Take 1 tablet by mouth every 12 (twelve) hours.", 20, 20),
        ("oxycodone 500 mg tablet", "Take 2 tablets (1,000 mg total) every 12 (twelve) hours", 2000, 2000),
        # Moments, each once, or each with an amount of its own.
        (MORPHINE, "早晚各30mg", 60, 60),
        (MORPHINE, "每日早晚各1片", 60, 60),
        (MORPHINE, "1片 早中晚", 90, 90),
        (MORPHINE, "早30mg 晚60mg", 90, 90),
        (MORPHINE, "每早1片 每晚2片", 90, 90),
        (MORPHINE, "睡前1片", 30, 30),
        ("morphine ER 30 mg", "30 mg qAM and 60 mg qPM", 90, 90),
        ("morphine ER 30 mg", "1 tablet in the morning and 2 tablets at bedtime", 90, 90),
        ("morphine ER 30 mg", "1 tablet in the morning and at bedtime", 60, 60),
        (MORPHINE, "晚期癌痛 30mg", None, None),
        ("morphine ER 30 mg", "30 mg in the evening or at bedtime", None, None),
        # Regular and as needed in one line: the regular part stays.
        (MORPHINE, "1片 q12h 及 10mg 必要时 q4h", 60, 120),
        ("morphine 15 mg", "30 mg q12h; 15 mg q4h prn", 60, 150),
        # One after the other is no sum.
        (MORPHINE, "60mg q12h 3天, 然后 30mg q12h", None, None),
        ("morphine ER 30 mg", "60 mg q12h day 1-3, 30 mg q12h day 4-6", None, None),
        ("morphine 30 mg tablets", "30 mg BD", 60, 60),
        ("morphine 10 mg tablets", "10 mg QDS", 40, 40),
    ],
)  # fmt: skip
def test_how_much_a_day(edition: Edition, drug: str, text: str, regular: int | None, most: int | None) -> None:
    daily = daily_of(edition, drug, text)
    (portion,) = daily.of("opioid")
    assert (portion.regular, portion.most) == (regular, most)
    assert daily.as_needed is False


@pytest.mark.parametrize(
    ("drug", "text", "rate"),
    [
        (PATCH, "2贴 q3d", 100),
        (PATCH, "每次两贴 每72小时", 100),
        (PATCH, "1贴 q72h", 50),
        (PATCH, "q72h", 50),
        (PATCH, "1贴 q72h ×5贴", None),
        ("fentaNYL (DURAGESIC) 50 mcg/hr", "Place 1 patch onto the skin every third day", 50),
        ("fentaNYL (DURAGESIC) 50 mcg/hr", "Place two patches onto the skin every 72 (seventy-two) hours.", 100),
    ],
)
def test_patches_worn_at_once(edition: Edition, drug: str, text: str, rate: int | None) -> None:
    daily = daily_of(edition, drug, text)
    assert daily.form == "transdermal"
    assert daily.rate == (None if rate is None else Fraction(rate))


@pytest.mark.parametrize(
    ("drug", "text", "opioid", "acetaminophen"),
    [
        ("Endocet 5-325", "1 tab q6h", 20, 1300),
        ("Lortab 7.5-325", "2 caplets q6h", 60, 2600),
        ("Ultracet 37.5-325", "2 tabs q6h", 300, 2600),
        ("路盖克 500mg/10mg", "1片 q6h", 40, 2000),
        ("及通安 37.5mg/325mg", "1片 q6h", 150, 1300),
        ("氨酚待因片(I) 0.3g/8.4mg", "2片 tid", Fraction("50.4"), 1800),
        ("co-codamol 30/500", "2 tablets four times a day", 240, 4000),
    ],
)
def test_combinations_by_brand(edition: Edition, drug: str, text: str, opioid: Any, acetaminophen: int) -> None:
    daily = daily_of(edition, drug, text)
    assert [p.most for p in daily.of("opioid")] == [opioid]
    assert [p.most for p in daily.of("acetaminophen")] == [acetaminophen]


def test_a_prodrug_gives_its_share(edition: Edition) -> None:
    (portion,) = daily_of(edition, "注射用盐酸丙帕他莫 1g", "2g 静滴 q6h").of("acetaminophen")
    assert portion.most == 4000


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2 (two) tabs every 12 (twelve) h", "2 tabs every 12 h"), ("72 (Seventy-Two) h", "72 h"),
        ("2 (three) tabs", "2 (three) tabs"), ("1.2 (two)", "1.2 (two)"), ("20 (twenty)", "20"),
    ],
)  # fmt: skip
def test_a_number_said_twice_is_one(text: str, read: str) -> None:
    assert told(text) == read
