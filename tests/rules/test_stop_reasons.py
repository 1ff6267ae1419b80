"""A skeletal-related event as the reason for stopping, in the words of a chart, is none of the other reasons."""

from __future__ import annotations

import pytest

from cds_service.edition import Edition
from tests.asked import answered
from tests.build import bundle, prefetch, request, zoledronic

GIVEN = {
    "resourceType": "MedicationAdministration",
    "id": "given",
    "status": "completed",
    "medicationCodeableConcept": {"text": "zoledronic acid"},
    "effectiveDateTime": "2026-01-20",
}


@pytest.mark.parametrize(
    "reason",
    [
        "骨相关事件",
        "Skeletal-related event",
        "skeletal related events",
        "SRE",
        "腰椎压缩性骨折",
        "Compression fracture of L1",
    ],
)
def test_a_skeletal_event_is_no_reason_to_stop_at_once(edition: Edition, reason: str) -> None:
    stop = zoledronic(status="stopped", statusReason={"text": reason})
    found = answered(edition, request(stop, prefetch=prefetch(medicationAdministrations=bundle(GIVEN))))
    assert [(c.source.topic.code, c.indicator) for c in found.response.cards] == [
        ("bma-early-discontinuation", "warning")
    ]
