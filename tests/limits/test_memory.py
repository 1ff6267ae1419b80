"""What callers invent is not remembered: units, codes and their systems, however many and however long."""

from __future__ import annotations

import gc
import tracemalloc

import pytest

from cds_service.edition import Edition
from cds_service.tools.asking import answer_body
from tests.build import NOW, Json, bundle, encoded, observation, prefetch, request, zoledronic

RESULTS, LENGTH = 40, 20_000


def with_unit(invented: str) -> Json:
    return observation("2160-0", 1, invented)


def with_system(invented: str) -> Json:
    made = observation("2160-0", 1, "mg/dL")
    made["code"]["coding"].append({"system": f"urn:{invented}", "code": "1"})
    return made


def with_code(invented: str) -> Json:
    made = observation("2160-0", 1, "mg/dL")
    made["code"]["coding"].append({"system": "http://loinc.org", "code": invented})
    return made


@pytest.mark.parametrize("made", [with_unit, with_code, with_system])
def test_memory_does_not_grow_with_what_callers_invent(edition: Edition, made: object) -> None:
    def called(number: int) -> None:
        """One call with results of a kind that no call had before: 0.8 MB of invention."""
        assert callable(made)
        results = [made(f"{number}.{n}." + "x" * LENGTH) | {"id": f"o{n}"} for n in range(RESULTS)]
        body = encoded(request(zoledronic(), prefetch=prefetch(laboratory=bundle(*results))))
        answer_body(edition, "bone-modifying-agents", body, NOW, "en")

    called(0)
    tracemalloc.start()
    try:
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for number in range(1, 6):
            called(number)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < RESULTS * LENGTH, f"{grown} bytes stay of five calls"
