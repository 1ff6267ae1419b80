"""A score of pain as wards write it: spans, the scale told by its ends, the moment beside a single number."""

from __future__ import annotations

import pytest

from cds_service.edition import Edition
from cds_service.facts.pain import Pain, PainScore
from tests.build import PATIENT, Json, ago
from tests.facts.whole import facts_of


def pain_of(edition: Edition, name: str = "疼痛评分", **value: Json | str) -> Pain:
    told = {
        "resourceType": "Observation", "id": "pain", "status": "final", "code": {"text": name},
        "subject": {"reference": f"Patient/{PATIENT}"}, "effectiveDateTime": ago(2),
    }  # fmt: skip
    return facts_of(edition, told | value).pain


def newest(edition: Edition, **value: Json | str) -> PainScore:
    found = pain_of(edition, **value).newest
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text",
    [
        "7~8分", "7-8分", "7～8/10", "7至8分", "7到8分", "NRS 7–8", "7—8分", "7/10-8/10", "7分-8分", "7 to 8",
        "腰痛NRS 7-8分", "静息3-4分，活动7-8分", "worst 7-8", "NRS(0-10): 7-8",
    ],
)  # fmt: skip
def test_of_a_span_the_higher_end_counts_and_the_lower_is_told(edition: Edition, text: str) -> None:
    score = newest(edition, valueString=text)
    assert score.value == 8
    assert score.tied


@pytest.mark.parametrize(
    "text",
    [
        "目前NRS 7分", "目前疼痛评分7分", "现疼痛7分", "活动时7分", "爆发痛7分", "右髋部疼痛NRS 7分",
        "current pain 7/10", "worst pain 7 / 10", "7 out of 10", "NRS（0-10分）：7分", "NRS=7",
        "疼痛程度：7分", "持续性疼痛7分",
    ],
)  # fmt: skip
def test_what_stands_beside_one_number(edition: Edition, text: str) -> None:
    score = newest(edition, valueString=text)
    assert score.value == 7
    assert not score.tied


@pytest.mark.parametrize(
    "text",
    [
        "0-10", "8-7分", "2026-03", "3-4-5", "3-4 7分", "7-15分", "最轻2分", "at least 7", "7分钟", "7/100", "12 of 10",
        "治疗前7-8分，治疗后3分", "7-8 mg",
    ],
)  # fmt: skip
def test_what_is_no_such_value(edition: Edition, text: str) -> None:
    found = pain_of(edition, valueString=text)
    assert found.newest is None
    assert found.unusable


def test_a_place_of_no_bone_stays_one(edition: Edition) -> None:
    assert pain_of(edition, valueString="切口痛7-8分").newest is None
    assert pain_of(edition, valueString="目前头痛7分").elsewhere is not None


def test_a_range_as_such(edition: Edition) -> None:
    score = newest(edition, valueRange={"low": {"value": 7}, "high": {"value": 8}})
    assert score.value == 8
    assert pain_of(edition, valueRange={"low": {"value": 7}}).newest is None
    assert pain_of(edition, valueRange={"high": {"value": 8, "unit": "{score}"}}).newest is None


@pytest.mark.parametrize("name", ["ECOG", "KPS"])
def test_a_span_of_another_scale_is_not_read(edition: Edition, name: str) -> None:
    told = {
        "resourceType": "Observation", "id": "o", "status": "final", "code": {"text": name}, "valueString": "1-2",
        "subject": {"reference": f"Patient/{PATIENT}"}, "effectiveDateTime": ago(2),
    }  # fmt: skip
    found = facts_of(edition, told).function
    assert (found.ecog, found.karnofsky) == (None, None)
