"""How often, read whole: both ends and what is shown of them, one dose only, or neither."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec
import pytest

from cds_service.base.folders import content_root
from cds_service.base.kinds import RequestText
from cds_service.base.yamlfile import load_as
from cds_service.facts.intervals import Interval, IntervalReader, Spacing, additional, instructions
from cds_service.fhir.structs import Dosage, Quantity
from cds_service.knowledge.dosing import Dosing
from tests.build import Json

DOSING = load_as(content_root() / "dosing.yaml", Dosing)
ONCE, NEITHER = Spacing(single=True), Spacing()
DAY = {"value": 1, "unit": "d"}
WEEKLY = {"frequency": 1, "period": 1, "periodUnit": "wk"}
DAILY = {"frequency": 1, "period": 1, "periodUnit": "d"}


def every(low: Fraction | int, shown: str, high: Fraction | int | None = None) -> Spacing:
    return Spacing(Interval(Fraction(low), Fraction(low if high is None else high), RequestText(shown)))


def dosage(each: Json) -> Dosage:
    return msgspec.convert(each, Dosage, strict=False)


def read(*dosages: Json) -> Spacing:
    return IntervalReader(DOSING).read(map(dosage, dosages))


def repeat(**members: Any) -> Json:
    return {"timing": {"repeat": members}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("every 4 weeks", every(28, "every 4 weeks")),
        ("each week", every(7, "each week")),
        ("q4w", every(28, "q4w")),
        ("Q28D", every(28, "q28d")),
        ("once every 3 months", every(90, "once every 3 months")),
        ("once a month", every(30, "once a month")),
        ("twice in a day", every(Fraction(1, 2), "twice in a day")),
        ("once in an hour", every(Fraction(1, 24), "once in an hour")),
        ("once in a while", NEITHER),
        ("twice in 1 day", every(Fraction(1, 2), "twice in 1 day")),
        ("3 times a day", every(Fraction(1, 3), "3 times a day")),
        ("3 times in 2 weeks", every(Fraction(14, 3), "3 times in 2 weeks")),
        ("every twelve weeks", every(84, "every twelve weeks")),
        ("every 1.5 days", every(Fraction(3, 2), "every 1.5 days")),
        ("every 12 minutes", NEITHER),
        ("每4周1次", every(28, "每4周1次")),
        ("每隔2天", every(2, "每隔2天")),
        ("每3个月", every(90, "每3个月")),
        ("每日3次", every(Fraction(1, 3), "每日3次")),
        ("每天两次", every(Fraction(1, 2), "每天两次")),
        ("十二周一次", every(84, "十二周一次")),
        ("每二十八天一次", every(28, "每二十八天一次")),
        ("每日十二次", every(Fraction(1, 12), "每日十二次")),
        ("每三五天一次", NEITHER),
        ("一百二十天一次", NEITHER),
        ("28天1次", every(28, "28天1次")),
        ("3次/日", every(Fraction(1, 3), "3次/日")),
        ("1片/日", every(1, "/日")),
        ("4 mg/4 weeks", every(28, "/4 weeks")),
        ("2 tablets per day", every(1, "per day")),
        ("2 doses per day", every(Fraction(1, 2), "2 doses per day")),
        ("4 mg/h", NEITHER),
        ("cycle 1 / day 1", NEITHER),
        ("4 mg/h, every 4 weeks", every(28, "every 4 weeks")),
        ("every cycle", NEITHER),
        ("每周期", NEITHER),
        ("每月经期", NEITHER),
        ("seq 4 weeks", NEITHER),
        ("every 4 weeks then every 12 weeks", NEITHER),
        ("every 4 weeks (q28d)", every(28, "every 4 weeks")),
        # Both ends of a span.
        ("every 3-4 weeks", every(21, "every 3-4 weeks", 28)),
        ("every 3 weeks to 1 month", every(21, "every 3 weeks to 1 month", 30)),
        ("每3至4周", every(21, "每3至4周", 28)),
        ("every 4-3 weeks", NEITHER),
        # By name.
        ("weekly", every(7, "weekly")),
        ("twice daily", every(Fraction(1, 2), "twice daily")),
        ("3 times weekly", every(Fraction(7, 3), "3 times weekly")),
        ("3-weekly", every(21, "3-weekly")),
        ("three monthly", every(90, "three monthly")),
        ("2 daily", NEITHER),
        ("every other week", every(14, "every other week")),
        ("every half year", every(Fraction(365, 2), "every half year")),
        ("half-yearly", every(Fraction(365, 2), "half-yearly")),
        ("半年", every(Fraction(365, 2), "半年")),
        ("qod", every(2, "qod")),
        ("biweekly", NEITHER),
        ("隔日", every(2, "隔日")),
        ("每晚", every(1, "每晚")),
        # One dose only; a habit or the size of a dose is none.
        ("once", ONCE),
        ("stat", ONCE),
        ("iv st", ONCE),
        ("first dose", NEITHER),
        ("4mg静滴st", ONCE),
        ("single dose", ONCE),
        ("single dose vial", NEITHER),
        ("single dose of 4 mg, one time", ONCE),
        ("once per cycle", NEITHER),
        ("一次性注射器", NEITHER),
        ("单次剂量4mg, 单次", ONCE),
        ("单次剂量4mg", NEITHER),
        ("临时医嘱", ONCE),
        ("daily x 1 dose", ONCE),
        ("daily ×1 dose", ONCE),
        ("qd 共1天", ONCE),
        ("每日1次 共1天", ONCE),
        ("每日1次×1天", ONCE),
        ("每日1次 用一天", ONCE),
        ("every 4 weeks for 1 day", every(28, "every 4 weeks")),
        ("twice daily for 1 day", every(Fraction(1, 2), "twice daily")),
        ("4 mg", NEITHER),
        ("", NEITHER),
    ],
)
def test_how_often_in_words(text: str, expected: Spacing) -> None:
    assert read({"text": text}) == expected


@pytest.mark.parametrize(
    ("dosed", "expected"),
    [
        (repeat(**WEEKLY), every(7, "1 wk")),
        (repeat(period=1, periodUnit="wk"), every(7, "1 wk")),
        (repeat(frequency=2, period=1, periodUnit="d"), every(Fraction(1, 2), "2 × / 1 d")),
        (repeat(period=3, periodMax=4, periodUnit="wk"), every(21, "3–4 wk", 28)),
        (
            repeat(frequency=1, frequencyMax=2, period=1, periodUnit="d"),
            every(Fraction(1, 2), "1–2 × / 1 d", 1),
        ),
        (repeat(frequency=2, frequencyMax=1, period=1, periodUnit="d"), NEITHER),
        (repeat(period=4, periodUnit="lumps"), NEITHER),
        (repeat(period=4), NEITHER),
        (repeat(periodUnit="wk"), NEITHER),
        (repeat(period=4, periodMax=3, periodUnit="wk"), NEITHER),
        (repeat(frequency=0, period=1, periodUnit="d"), NEITHER),
        # Structure before words, but a word of one dose only beside it counts, unless the words repeat the rate.
        (repeat(**WEEKLY) | {"text": "every 4 weeks"}, every(7, "1 wk")),
        (repeat(**WEEKLY) | {"text": "once"}, ONCE),
        (repeat(**WEEKLY) | {"text": "once weekly"}, every(7, "1 wk")),
        (repeat(**DAILY) | {"text": "1 day only"}, ONCE),
        (repeat(**DAILY) | {"text": "daily for 1 day"}, ONCE),
        (repeat(**WEEKLY) | {"text": "for 1 day"}, every(7, "1 wk")),
        (repeat(period=1, periodMax=2, periodUnit="d") | {"text": "daily for 1 day"}, every(1, "1–2 d", 2)),
        (repeat(period=2, periodUnit="d") | {"text": "daily for 1 day"}, every(2, "2 d")),
        # Structurally one.
        (repeat(count=1, **WEEKLY), ONCE),
        (repeat(count=2, **DAILY, boundsDuration=DAY), every(1, "1 d")),
        (repeat(count=1, countMax=2, **WEEKLY), every(7, "1 wk")),
        (repeat(boundsDuration=DAY, **DAILY), ONCE),
        (repeat(boundsDuration={"value": 2, "unit": "d"}, **DAILY), every(1, "1 d")),
        (repeat(boundsDuration=DAY, frequency=2, period=1, periodUnit="d"), every(Fraction(1, 2), "2 × / 1 d")),
        (repeat(boundsDuration=DAY), ONCE),
        (repeat(boundsRange={"high": DAY}, **DAILY), ONCE),
        (repeat(boundsRange={"low": DAY}, **DAILY), every(1, "1 d")),
        (repeat(boundsPeriod={"start": "2026-03-02", "end": "2026-03-02"}, **DAILY), ONCE),
        (repeat(boundsPeriod={"start": "2026-03-02", "end": "2026-03-03"}, **DAILY), every(1, "1 d")),
        (repeat(boundsPeriod={"end": "2026-03-02"}, **DAILY), every(1, "1 d")),
        (
            repeat(boundsPeriod={"start": "2026-03-02T20:00:00Z", "end": "2026-03-03T20:00:00Z"}, **DAILY),
            ONCE,
        ),
        (
            repeat(boundsPeriod={"start": "2026-03-02T20:00:00Z", "end": "2026-03-03T20:00:01Z"}, **DAILY),
            every(1, "1 d"),
        ),
        (
            repeat(boundsPeriod={"start": "2026-03-03T20:00:00Z", "end": "2026-03-02T20:00:00Z"}, **DAILY),
            every(1, "1 d"),
        ),
        (repeat(boundsPeriod={"start": "2026-03-02T20:00:00Z", "end": "2026-03-03"}, **DAILY), every(1, "1 d")),
        # Midnight in another zone is another day, and no time later.
        (
            repeat(boundsPeriod={"start": "2026-03-02T23:30:00Z", "end": "2026-03-03T00:30:00+01:00"}, **DAILY),
            ONCE,
        ),
        ({"timing": {"event": ["2026-03-02"]}}, ONCE),
        ({"timing": {"event": "2026-03-02"}}, ONCE),
        ({"timing": {"event": ["2026-03-02", "2026-03-03"]}}, NEITHER),
        ({"timing": {"event": []}}, NEITHER),
        ({"timing": {"event": ["2026-03-02"], "repeat": WEEKLY}}, every(7, "1 wk")),
        ({"timing": {"code": {"text": "BID"}}}, every(Fraction(1, 2), "bid")),
        ({"timing": {"code": {"coding": [{"code": "x", "display": "every 4 weeks"}]}}}, every(28, "every 4 weeks")),
        ({"additionalInstruction": "every 4 weeks"}, every(28, "every 4 weeks")),
        ({"additionalInstruction": {"text": "every 4 weeks"}}, every(28, "every 4 weeks")),
        ({"additionalInstruction": [{"coding": [{"display": "once only"}]}]}, ONCE),
        ({"text": "4 mg", "additionalInstruction": [{"text": "q4w"}]}, every(28, "q4w")),
        ({}, NEITHER),
    ],
)
def test_how_often_by_structure(dosed: Json, expected: Spacing) -> None:
    assert read(dosed) == expected


def test_of_several_dosages_the_first_interval_counts_and_one_single_dose() -> None:
    once, weekly, monthly = {"text": "once"}, {"text": "weekly"}, {"text": "monthly"}
    assert read(once, weekly, monthly) == every(7, "weekly")
    assert read(once) == ONCE
    assert read(once, {"text": "4 mg"}) == ONCE
    assert read(once, once) == NEITHER
    assert read() == NEITHER


@pytest.mark.parametrize(
    ("quantity", "days"),
    [
        (Quantity(value=2, unit="wk"), 14),  # type: ignore[arg-type]  # any number
        (Quantity(value=36, unit="hours", code="h"), Fraction(3, 2)),  # type: ignore[arg-type]
        (Quantity(value=2, unit="weeks", code="zz"), 14),  # type: ignore[arg-type]
        (Quantity(value=2, unit="wk", comparator="<"), None),  # type: ignore[arg-type]
        (Quantity(value=2, unit="lumps"), None),  # type: ignore[arg-type]
        (Quantity(value=2), None),  # type: ignore[arg-type]
        (Quantity(unit="wk"), None),
        (None, None),
    ],
)
def test_a_length_in_days(quantity: Quantity | None, days: Fraction | None) -> None:
    whole = msgspec.convert(msgspec.to_builtins(quantity), Quantity | None, strict=False)
    assert IntervalReader(DOSING).length(whole) == days


def test_all_that_a_dosage_says_in_words() -> None:
    said = dosage(
        {
            "timing": {"code": {"coding": [{"code": "a", "display": "b"}, {"code": "c"}], "text": "d"}},
            "text": "e",
            "additionalInstruction": [{"text": "f", "coding": [{"code": "no words", "display": "g"}]}, {"text": "h"}],
        }
    )
    assert [*instructions(said)] == ["a", "b", "c", "d", "e", "f", "g", "h"]
    assert [*additional(said)] == ["f", "g", "h"]
    assert [*instructions(dosage({"timing": {}}))] == []
    assert [*additional(dosage({"additionalInstruction": "f"}))] == ["f"]
