"""How long a clinician expects a patient to live, as it is written: both ends in months."""

from __future__ import annotations

import pytest

from cds_service.edition import Edition
from tests.build import PATIENT, Json, ago
from tests.facts.whole import facts_of


def observed(text: str) -> Json:
    return {
        "resourceType": "Observation", "id": "life", "status": "final", "code": {"text": "预期生存期"},
        "subject": {"reference": f"Patient/{PATIENT}"}, "effectiveDateTime": ago(5), "valueString": text,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("预期生存不足半年", None, 6), ("不足半年", None, 6), ("半年以内", None, 6), ("less than half a year", None, 6),
        ("大于3个月", 3, None), (">3个月", 3, None), ("半年以上", 6, None), ("more than one year", 12, None),
        ("3-6个月", 3, 6), ("3个月至6个月", 3, 6), ("3 to 6 months", 3, 6), ("3个月到半年", 3, 6), ("半年到1年", 6, 12),
        ("三个月", 3, 3), ("约3个月", 3, 3), ("about 3 months", 3, 3), ("半年", 6, 6), ("half a year", 6, 6),
        ("life expectancy < 3 months", None, 3), ("预期生存时间：3-6月", 3, 6), ("six months or less", None, 6),
        ("under six months", None, 6), ("at least 6 months", 6, None), ("6-12月", 6, 12),
    ],
)  # fmt: skip
def test_a_length_of_life_is_read(edition: Edition, text: str, low: int | None, high: int | None) -> None:
    life = facts_of(edition, observed(text)).function.life
    assert life is not None
    assert (life.low, life.high) == (low, high)


@pytest.mark.parametrize(
    "text", ["较差", "数周", "weeks to months", "3-6", "6-3个月", "半年个月", "3个月 6个月", "半", "ECOG 3"]
)
def test_what_states_no_length_is_not_read(edition: Edition, text: str) -> None:
    assert facts_of(edition, observed(text)).function.life is None
