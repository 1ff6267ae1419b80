"""How often: both ends of a span, one dose only, and words that only look like an interval."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.facts.dosages import every, quantity, read

DAILY = {"frequency": 1, "period": 1, "periodUnit": "d"}
DAY = {"value": 1, "unit": "d", "code": "d"}


@pytest.mark.parametrize(
    "dosage",
    [
        every(count=1, **DAILY),
        every(count=1, countMax=1, **DAILY),
        every(count=1),
        every(count=1, frequency=1, period=4, periodUnit="wk"),
        every(boundsDuration=DAY, **DAILY),
        every(boundsDuration={"value": 24, "unit": "h"}, **DAILY),
        every(boundsDuration=DAY),
        every(boundsDuration=DAY, frequency=1, period=4, periodUnit="wk"),
        every(boundsRange={"low": DAY, "high": DAY}, **DAILY),
        every(boundsPeriod={"start": "2026-03-02", "end": "2026-03-02"}, **DAILY),
        every(boundsPeriod={"start": "2026-03-02T08:00:00Z", "end": "2026-03-03T08:00:00Z"}, **DAILY),
        every(**DAILY) | {"text": "120 mg once"},
        every(**DAILY) | {"text": "单次皮下注射"},
        {"timing": {"event": ["2026-03-02"]}},
        {"timing": {"code": {"coding": [{"code": "ONCE"}]}}},
        {"timing": {"code": {"coding": [{"code": "ST"}]}}},
        {"timing": {"code": {"text": "STAT"}, "repeat": DAILY}},
        {"timing": {"code": {"text": "临时"}}},
        {"text": "4 mg IV stat"},
        {"text": "4 mg iv st"},
        {"text": "4mg ivgtt st!"},
        {"text": "4 mg as a single dose"},
        {"text": "one time only: 4 mg"},
        {"text": "4 mg one-time"},
        {"text": "单次 4mg 静滴"},
        {"text": "临时医嘱：唑来膦酸4mg"},
        {"text": "立即静滴4mg"},
        {"text": "4mg静滴st"},
        {"text": "4 mg x1 dose"},
        {"text": "4 mg", "additionalInstruction": [{"text": "once only"}]},
    ],
)
def test_one_dose_has_no_interval(dosage: dict[str, Any]) -> None:
    dosed = read(dosage)
    assert (dosed.single, dosed.interval_days, dosed.interval_high_days, dosed.interval_shown) == (
        True,
        None,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("dosage", "days"),
    [
        (every(count=6, frequency=1, period=4, periodUnit="wk"), 28),
        (every(count=1, countMax=6, frequency=1, period=4, periodUnit="wk"), 28),
        (every(boundsDuration={"value": 28, "unit": "d"}, **DAILY), 1),
        (every(boundsDuration=DAY, frequency=3, period=1, periodUnit="d"), Fraction(1, 3)),
        (every(boundsPeriod={"start": "2026-03-02", "end": "2026-03-04"}, **DAILY), 1),
        (every(boundsPeriod={"start": "2026-03-02"}, **DAILY), 1),
        (every(frequency=1, period=4, periodUnit="wk") | {"text": "once every 4 weeks"}, 28),
        ({"text": "once every 4 weeks"}, 28),
        ({"text": "120 mg once daily"}, 1),
        ({"text": "once a month"}, 30),
        ({"text": "once weekly"}, 7),
        ({"text": "once in 4 weeks"}, 28),
        ({"text": "单次剂量120mg，每4周"}, 28),
        ({"text": "first dose 4 mg, then q4w"}, 28),
        ({"text": "一次性注射器，每4周"}, 28),
        ({"text": "twice a day"}, Fraction(1, 2)),
        ({"text": "3 times daily"}, Fraction(1, 3)),
        ({"text": "twice weekly"}, Fraction(7, 2)),
        ({"text": "120 mg 4-weekly"}, 28),
        ({"text": "120 mg 4 weekly"}, 28),
        ({"text": "three-monthly"}, 90),
        ({"text": "120 mg q4wks"}, 28),
        ({"text": "1 tablet daily"}, 1),
        ({"text": "4mg，第1天，每3周重复"}, 21),
        ({"text": "three times a day"}, Fraction(1, 3)),
        ({"text": "每日3次"}, Fraction(1, 3)),
        ({"text": "每天三次"}, Fraction(1, 3)),
        ({"text": "一日3次，一次1片"}, Fraction(1, 3)),
        ({"text": "3次/日"}, Fraction(1, 3)),
        ({"text": "1次/4周"}, 28),
        ({"text": "隔日一次"}, 2),
        ({"text": "28天一次"}, 28),
        ({"text": "4周1次"}, 28),
        ({"text": "4周/次"}, 28),
        ({"text": "1周2次"}, Fraction(7, 2)),
        ({"text": "3个月一次"}, 90),
        ({"text": "半年一次"}, Fraction(365, 2)),
        ({"text": "half-yearly"}, Fraction(365, 2)),
        ({"text": "every other week"}, 14),
        ({"timing": {"code": {"coding": [{"code": "BID"}]}}}, Fraction(1, 2)),
        ({"timing": {"code": {"coding": [{"code": "QD"}]}}}, 1),
        ({"text": "q4w, 静滴q28d"}, 28),
        ({"text": "120 mg per 4 weeks"}, 28),
        ({"text": "每四周一次"}, 28),
    ],
)
def test_what_repeats_has_an_interval(dosage: dict[str, Any], days: Fraction) -> None:
    dosed = read(dosage)
    assert (dosed.single, dosed.interval_days, dosed.interval_high_days) == (False, days, days)


@pytest.mark.parametrize(
    ("dosage", "low", "high", "shown"),
    [
        (every(frequency=1, period=3, periodMax=4, periodUnit="wk"), 21, 28, "3–4 wk"),
        (every(frequency=1, frequencyMax=2, period=1, periodUnit="mo"), 15, 30, "1–2 × / 1 mo"),
        ({"text": "every 3-4 weeks"}, 21, 28, "every 3-4 weeks"),
        ({"text": "every 3 to 4 weeks"}, 21, 28, "every 3 to 4 weeks"),
        ({"text": "q3-4w"}, 21, 28, "q3-4w"),
        ({"text": "每3-4周"}, 21, 28, "每3-4周"),
        ({"text": "每3～4周1次"}, 21, 28, "每3~4周1次"),
        ({"text": "每3至4周"}, 21, 28, "每3至4周"),
        ({"text": "每21-28天"}, 21, 28, "每21-28天"),
        ({"text": "every three to four weeks"}, 21, 28, "every three to four weeks"),
        ({"text": "q21d-28d"}, 21, 28, "q21d-28d"),
        ({"text": "every 3 weeks to 1 month"}, 21, 30, "every 3 weeks to 1 month"),
        ({"text": "every 3 or 4 weeks"}, 21, 28, "every 3 or 4 weeks"),
    ],
)
def test_a_span_keeps_both_ends(dosage: dict[str, Any], low: int, high: int, shown: str) -> None:
    dosed = read(dosage)
    assert (dosed.interval_days, dosed.interval_high_days, dosed.interval_shown) == (low, high, shown)


@pytest.mark.parametrize(
    "dosage",
    [
        {"text": "120mg 皮下注射 每周期第1天"},
        {"text": "每个周期第1天"},
        {"text": "each cycle"},
        {"text": "every cycle, day 1"},
        {"text": "per cycle"},
        {"text": "Cycle 1 / Day 1"},
        {"text": "C1/D1"},
        {"text": "d1"},
        {"text": "第1天"},
        {"text": "Day 1"},
        {"text": "每疗程"},
        {"text": "每次4mg"},
        {"text": "16 mg per hour"},
        {"text": "q3w x 4, then q12w"},
        {"text": "一次4mg"},
        {"text": "once per cycle"},
        {"text": "once a cycle"},
        {"text": "单次量120mg"},
        {"text": "第4周1次"},
        {"text": "连用3天"},
        {"text": "4-3 weeks"},
        {"text": "every 4-3 weeks"},
        every(frequency=1, period=4, periodMax=3, periodUnit="wk"),
        every(frequency=1, period=3, periodMax=-4, periodUnit="wk"),
        every(boundsPeriod={"start": "2026-03-02", "end": "x"}),
        every(boundsDuration={"value": 1, "unit": "fortnight"}),
        {"timing": {"event": ["2026-03-02", "2026-03-30"]}},
        {"text": "single-dose vial 4 mg"},
        {"text": "first"},
        {"text": "take 4 daily"},
    ],
)
def test_what_states_no_interval_states_none_and_is_not_one_dose(dosage: dict[str, Any]) -> None:
    dosed = read(dosage)
    assert (dosed.single, dosed.interval_days) == (False, None)


def test_a_loading_dose_before_a_schedule_is_not_one_dose() -> None:
    dosed = read(quantity(120) | every(count=1), quantity(120) | every(frequency=1, period=4, periodUnit="wk"))
    assert (dosed.single, dosed.interval_days) == (False, 28)
    assert not read(every(count=1), every(count=1)).single


@pytest.mark.parametrize(
    "text",
    [
        "every " + "9" * 31 + " days",
        "every " + "9" * 5000 + " days",
        "every 1e400 days",
        "every 0 days",
        "every -4 weeks",
        "q" + "9" * 20 + "w",
        "每" + "9" * 31 + "天",
    ],
)
def test_an_interval_of_no_size_is_none(text: str) -> None:
    assert read({"text": text}).interval_days is None


@pytest.mark.parametrize("member", ["period", "periodMax", "frequency", "frequencyMax", "count"])
@pytest.mark.parametrize("value", ["9" * 31, "9" * 5000, "1e400", "1e-400", "0", "-1", "NaN", "Infinity"])
def test_a_timing_of_no_size_is_none(member: str, value: str) -> None:
    dosed = read(every(**{"frequency": 1, "period": 4, "periodUnit": "wk"} | {member: value}))
    assert dosed.interval_days in (None, 28) if member == "count" else dosed.interval_days is None
