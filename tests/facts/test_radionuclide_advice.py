"""What the card before a radionuclide says of radiotherapy: planned, given to a part not stated, or neither."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.evaluate.outcome import Advise
from cds_service.review.cases import ask

TOPIC = "radionuclide-not-first-line"
STRONTIUM = {"order": {"drug": "radiopharmaceutical", "substance": "strontium-89"}}


def advice(edition: Edition, **given: Any) -> Advise:
    outcome = ask(edition, TOPIC, STRONTIUM | given).outcome
    assert isinstance(outcome, Advise)
    return outcome


@pytest.mark.parametrize(
    ("given", "planned"),
    [
        ({}, False),
        ({"also_ordered": [{"service": "radiotherapy", "site": "femur"}]}, True),
        ({"also_ordered": [{"service": "sbrt", "site": "spine"}]}, True),
        ({"also_ordered": [{"service": "radiotherapy", "site": "femur", "stops": True}]}, False),
        ({"also_ordered": [{"service": "radiotherapy"}]}, False),
        ({"also_ordered": [{"service": "bone-scan", "site": "femur"}]}, False),
        ({"activities": [{"what": "radiotherapy", "how": "ordered", "days_ago": 4, "site": "femur"}]}, True),
        ({"activities": [{"what": "radiotherapy", "how": "ordered", "days_ago": 4}]}, False),
        ({"activities": [{"what": "radiotherapy", "how": "ordered", "days_ago": 4, "elsewhere": True}]}, False),
        ({"activities": [{"what": "radiotherapy", "days_ago": 4}]}, False),
    ],
)
def test_radiotherapy_of_bone_is_planned(edition: Edition, given: dict[str, Any], planned: bool) -> None:
    assert advice(edition, **given).data["planned"] is planned


@pytest.mark.parametrize(
    ("activity", "told"),
    [
        ({"what": "radiotherapy", "days_ago": 4}, True),
        ({"what": "radiotherapy", "days_ago": 4, "elsewhere": True}, False),
        ({"what": "radiotherapy", "how": "ordered", "days_ago": 4}, False),
    ],
)
def test_radiotherapy_of_a_part_not_stated_is_told(edition: Edition, activity: dict[str, Any], told: bool) -> None:
    assert bool(advice(edition, activities=[activity]).data["unstated"]) is told
    assert [o.text for o in advice(edition).data["orders"]] == ["radiopharmaceutical"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("number", "kind", "multiple", "blastic"),
    [
        ("multiple", "osteoblastic", True, True),
        ("solitary", "osteolytic", False, False),
        ("unknown", "osteoblastic", False, True),
    ],
)
def test_what_the_guideline_speaks_of_is_told(
    edition: Edition, number: str, kind: str, multiple: bool, blastic: bool
) -> None:
    found = advice(edition, lesion_counts=[{"number": number}], lesion_kinds=[{"kinds": [kind]}])
    assert found.data["multiple"] is multiple
    assert bool(found.data["blastic"]) is blastic
