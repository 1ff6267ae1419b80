"""Skeletal-related events read from FHIR: what makes two records one."""

from __future__ import annotations

import pytest

from cds_service.edition import Edition
from tests.build import BONE_METASTASIS, PATIENT, SNOMED, Json, ago, condition
from tests.facts.whole import facts_of

METASTASIS = BONE_METASTASIS | {"recordedDate": ago(300)}
VISIT = [
    {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-category", "code": "encounter-diagnosis"}]}
]


def fracture(number: int, days: int, text: str = "左股骨病理性骨折", **more: object) -> Json:
    told: Json = {"id": f"f-{number}", "code": {"text": text}, "recordedDate": ago(days)}
    return condition("x") | told | more


def done(number: int, days: int, text: str, **more: object) -> Json:
    return {
        "resourceType": "Procedure", "id": f"p-{number}", "status": "completed", "code": {"text": text},
        "subject": {"reference": f"Patient/{PATIENT}"}, "performedDateTime": ago(days),
    } | more  # fmt: skip


def kinds(edition: Edition, *resources: Json) -> list[str]:
    return [event.kind for event in facts_of(edition, METASTASIS, *resources).events.all]


def test_what_is_written_anew_at_each_visit_is_one(edition: Edition) -> None:
    first, second = fracture(1, 80, category=VISIT), fracture(2, 20, category=VISIT)
    assert kinds(edition, first, second) == ["fracture"]


def test_a_problem_with_a_beginning_of_its_own_is_another(edition: Edition) -> None:
    first, second = fracture(1, 80, category=VISIT), fracture(2, 20, category=VISIT, onsetDateTime=ago(20))
    assert kinds(edition, first, second) == ["fracture", "fracture"]
    assert kinds(edition, fracture(1, 80), fracture(2, 20)) == ["fracture", "fracture"]


def test_a_bone_that_is_not_stated_never_joins_two_that_are(edition: Edition) -> None:
    unsited = done(1, 38, "骨折切开复位内固定术")
    found = facts_of(edition, METASTASIS, fracture(1, 40), unsited, fracture(2, 36, "胸8椎体病理性骨折")).events.all
    assert len(found) == 2
    assert found[0].also == ("bone-surgery",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("胸8椎体放疗 30Gy/10次", ["bone-radiotherapy"]),
        ("肺部放疗", []),
        ("放疗", []),
        ("External beam radiotherapy, left femur", ["bone-radiotherapy"]),
    ],
)
def test_radiotherapy_counts_where_it_is_of_bone(edition: Edition, text: str, expected: list[str]) -> None:
    assert kinds(edition, done(1, 20, text)) == expected


def test_what_was_not_done_or_has_no_day_is_none(edition: Edition) -> None:
    undated = done(1, 20, "胸8椎体放疗")
    del undated["performedDateTime"]
    undone = done(2, 20, "胸8椎体放疗", status="not-done")
    assert kinds(edition, undated, undone) == []


def test_the_same_records_in_another_order_are_the_same_events(edition: Edition) -> None:
    told = [fracture(1, 40), done(1, 38, "左股骨骨折切开复位内固定术"), done(2, 10, "腰2椎体放疗"), fracture(2, 30)]
    assert kinds(edition, *told) == kinds(edition, *reversed(told)) == ["fracture", "bone-radiotherapy"]


def test_a_trauma_is_none(edition: Edition) -> None:
    wrist = condition("263102004", SNOMED, recordedDate=ago(20))
    assert kinds(edition, wrist) == []
