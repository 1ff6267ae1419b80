"""Procedures as wards word them: what is not to be done, what is done afterwards, and names of devices."""

from __future__ import annotations

from functools import cache

import pytest

from cds_service.base.folders import content_root
from cds_service.knowledge.terminology import Terminology


@cache
def terminology() -> Terminology:
    return Terminology.load(content_root() / "codelists")


def named(text: str) -> set[str]:
    return {row.concept for row in terminology().read("procedure", text).rows}


@pytest.mark.parametrize(
    "text",
    [
        "不能拔牙",
        "禁止拔牙",
        "暂缓拔牙",
        "避免拔牙",
        "拔牙暂缓",
        "拔牙禁忌",
        "avoid tooth extraction",
        "tooth extraction deferred",
    ],
)
def test_what_is_not_to_be_done(text: str) -> None:
    assert "invasive-dental-procedure" not in named(text)


@pytest.mark.parametrize(
    ("text", "done", "before"),
    [
        ("放疗后复查MRI", "mri", "radiotherapy"),
        ("椎体成形术后随访CT", "ct", "bone-augmentation"),
        ("MRI L-spine s/p laminectomy", "mri", "laminectomy"),
    ],
)
def test_what_is_done_after_it_is_not_it(text: str, done: str, before: str) -> None:
    assert done in named(text)
    assert before not in named(text)


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("Cyberknife T10", "sbrt"), ("骨水泥注入术", "bone-augmentation"), ("全身骨SPECT/CT", "bone-scan"),
        ("Full mouth extractions", "invasive-dental-procedure"), ("拔牙", "invasive-dental-procedure"),
        ("术后放疗", "radiotherapy"), ("放疗以避免骨折", "radiotherapy"), ("禁食后骨显像", "bone-scan"),
    ],
)  # fmt: skip
def test_what_is_done(text: str, concept: str) -> None:
    assert concept in named(text)


def test_osteomyelitis_of_the_jaw_by_a_bisphosphonate_is_its_necrosis() -> None:
    def said(text: str) -> set[str]:
        return {row.concept for row in terminology().read("condition", text).rows}

    assert "osteonecrosis-of-jaw" in said("双膦酸盐相关性颌骨骨髓炎")
    assert "osteonecrosis-of-jaw" not in said("颌骨骨髓炎")
