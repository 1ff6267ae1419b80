"""Selections are looked up, not compared with every draft."""

from __future__ import annotations

import time

from cds_service.facts.orders import _chosen
from cds_service.fhir.structs import Entry, MedicationRequest


def spent(number: int) -> float:
    """Processor time for so many drafts, all selected."""
    drafts = tuple((n, Entry(f"https://ehr.example.org/{n}"), MedicationRequest(id=f"o{n}")) for n in range(number))
    selections = tuple(f"MedicationRequest/o{n}" for n in range(number))
    began = time.thread_time()
    assert _chosen(drafts, selections) == frozenset(range(number))
    return time.thread_time() - began


def test_ten_times_the_drafts_take_ten_times_the_time() -> None:
    few, many = (min(spent(number) for _ in range(3)) for number in (1_000, 10_000))
    # Compared one by one, they would take a hundred times the time.
    assert many < 40 * few + 0.01
