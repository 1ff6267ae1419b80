"""The length of an infusion in words: one unmistakable phrase is read, several or doubtful ones are told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.facts.dosages import every, read


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("4 mg IV over 15 min", 15),
        ("4 mg over 15 minutes q4w", 15),
        ("infuse over 2 hours", 120),
        ("infuse over at least 15 minutes", 15),
        ("infused over no less than 15 min", 15),
        ("over not less than 15 min", 15),
        ("over ≥15 min", 15),
        ("over 15+ min", 15),
        ("IV over 0.5 h", 30),
        ("15-minute infusion", 15),
        ("as a 15 min IV infusion", 15),
        ("infusion time: 2 h", 120),
        ("静滴30分钟", 30),
        ("静滴半小时", 30),
        ("infuse over half an hour", 30),
        ("静脉滴注 维持4小时以上", 240),
        ("静脉滴注 30min", 30),
        ("静滴，30分钟", 30),
        ("输注时间≥2h", 120),
        ("输注时间不少于15分钟", 15),
        ("滴注时间大于15分钟", 15),
        ("滴注15分钟以上", 15),
        ("持续静滴2小时", 120),
        ("静脉输注2小时以上", 120),
        ("ivgtt 30min", 30),
        ("4mg ivgtt(30min)", 30),
        ("15分钟滴完", 15),
        ("静滴(15分钟)", 15),
        ("over 15 min. infuse over 15 minutes", 15),
        ("over 15 min, observe 30 min", 15),
        ("over 15 min q12h", 15),
        ("静滴30分钟，输注前30分钟地塞米松", 30),
        ("infuse over 5 minutes", 5),
        ("静脉滴注时间不得少于15分钟", 15),
        ("15min ivgtt", 15),
        ("静滴>=15min", 15),
        ("run in over 30 minutes", 30),
    ],
)
def test_one_unmistakable_time_is_read(text: str, minutes: int) -> None:
    dosed = read({"text": text})
    assert (dosed.infusion_minutes, dosed.infusion_problem) == (minutes, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("over 15 min; infuse over 2 hours", "infusion-times-differ"),
        ("静滴30分钟，输注时间2小时", "infusion-times-differ"),
        ("over 15-30 min", "infusion-text-unreadable"),
        ("over 15 to 30 minutes", "infusion-text-unreadable"),
        ("infuse over 15min - 30min", "infusion-text-unreadable"),
        ("over 15 or 30 min", "infusion-text-unreadable"),
        ("静滴15分钟至30分钟", "infusion-text-unreadable"),
        ("静滴15~30分钟", "infusion-text-unreadable"),
        ("静滴30分钟内", "infusion-text-unreadable"),
        ("输注时间不超过30分钟", "infusion-text-unreadable"),
        ("输注时间<30min", "infusion-text-unreadable"),
        ("infuse over no more than 30 min", "infusion-text-unreadable"),
        ("infusion time: less than 15 min", "infusion-text-unreadable"),
        ("over 1,5 h", "infusion-text-unreadable"),
        ("over 0 min", "infusion-text-unreadable"),
        ("over " + "9" * 31 + " min", "infusion-text-unreadable"),
        ("over " + "9" * 900 + " min", "infusion-text-unreadable"),
    ],
)
def test_a_doubtful_time_is_not_read_and_told(text: str, problem: str) -> None:
    dosed = read({"text": text})
    assert (dosed.infusion_minutes, dosed.infusion_problem) == (None, problem)


@pytest.mark.parametrize(
    "text",
    [
        "4 mg IV q4w",
        "every 12 hours",
        "静滴 每12小时",
        "30 min before infusion",
        "输注前30分钟口服",
        "静滴后30分钟观察",
        "observe for 30 min",
        "4 mg at 16 mg/h",
        "over 3 days",
        "overnight 8 h",
    ],
)
def test_other_times_are_no_infusion(text: str) -> None:
    dosed = read({"text": text})
    assert (dosed.infusion_minutes, dosed.infusion_problem) == (None, None)


def test_what_is_stated_outranks_the_text() -> None:
    assert read(every(duration=15, durationUnit="min") | {"text": "over 5 min"}).infusion_minutes == 15
    assert read(every(duration="1e400", durationUnit="min") | {"text": "over 5 min"}).infusion_minutes == 5


def test_of_several_stated_times_the_shortest_counts() -> None:
    dosages: list[dict[str, Any]] = [every(duration=15, durationUnit="min"), every(duration=5, durationUnit="min")]
    assert read(*dosages).infusion_minutes == 5


def test_an_additional_instruction_is_read_like_the_text() -> None:
    assert read({"text": "4 mg", "additionalInstruction": [{"text": "infuse over 15 min"}]}).infusion_minutes == 15
    assert read({"additionalInstruction": {"coding": [{"display": "静滴30分钟"}]}}).infusion_minutes == 30
    assert read({"additionalInstruction": "over 15 min"}).infusion_minutes == 15
    both = read({"text": "over 5 min", "additionalInstruction": [{"text": "over 15 min"}]})
    assert both.infusion_problem == "infusion-times-differ"
