"""Beside the result that counts, the newer ones that cannot be used are told; nothing else is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cds_service.base.kinds import Missing
from cds_service.facts.calcium import calcium
from cds_service.facts.diagnoses import Diagnoses
from cds_service.facts.patient import PatientFacts
from cds_service.facts.renal import renal
from cds_service.fhir.structs import Observation
from tests.facts.lab import MEASUREMENTS, TODAY, observation, results

NOBODY = PatientFacts(None, None, None)
COUNTS = 5  # days ago


def row(analyte: str, ago: int | None, unit: str) -> Observation:
    day = None if ago is None else (TODAY - timedelta(days=ago)).isoformat()
    members: dict[str, Any] = {"id": f"{analyte}-{ago}", "effectiveDateTime": day}
    return observation(analyte, 61, unit, **members)


def newer(*rows: Observation) -> tuple[Missing, ...]:
    """What is told beside a measured clearance."""
    found = renal(
        results(row("creatinine-clearance-measured", COUNTS, "mL/min"), *rows),
        NOBODY,
        Diagnoses(()),
        TODAY,
        MEASUREMENTS,
    ).clearance
    assert found is not None
    return found.newer


def newer_calcium(*rows: Observation) -> tuple[Missing, ...]:
    """What is told beside a total calcium."""
    counts = observation("calcium-total", 2.3, "mmol/L", effectiveDateTime=(TODAY - timedelta(days=COUNTS)).isoformat())
    return calcium(results(counts, *rows), TODAY, MEASUREMENTS).newer


@pytest.mark.parametrize(
    ("analyte", "what"),
    [
        ("creatinine", "creatinine"),
        ("creatinine-clearance-measured", "clearance"),
        ("creatinine-clearance-reported", "clearance"),
    ],
)
def test_a_newer_result_that_cannot_be_used_is_told_with_its_day(analyte: str, what: str) -> None:
    (told,) = newer(row(analyte, 1, "cup"))
    assert (told.what, told.why, told.when) == (what, "unit-unknown", TODAY - timedelta(days=1))
    assert told.detail == "61 cup"


@pytest.mark.parametrize("analyte", ["calcium-ionised", "calcium-corrected", "calcium-total"])
def test_a_newer_calcium_of_any_kind_is_told(analyte: str) -> None:
    (told,) = newer_calcium(row(analyte, 1, "cup"))
    assert (told.what, told.why, told.when) == ("calcium", "unit-unknown", TODAY - timedelta(days=1))
    assert told.detail == "61 cup"


def test_of_the_same_day_or_older_nothing_is_told() -> None:
    assert not newer(row("creatinine", COUNTS, "cup"), row("creatinine", COUNTS + 1, "cup"))
    assert not newer_calcium(row("calcium-ionised", COUNTS, "cup"), row("calcium-total", COUNTS + 1, "cup"))


@pytest.mark.parametrize(
    ("counts", "other", "told"), [("08:00", "14:00", 1), ("14:00", "08:00", 0), ("08:00", "08:00", 0)]
)
def test_of_the_same_day_a_later_one_is_told(counts: str, other: str, told: int) -> None:
    def at(analyte: str, value: float, unit: str, time: str) -> Observation:
        moment = f"{(TODAY - timedelta(days=COUNTS)).isoformat()}T{time}:00Z"
        return observation(analyte, value, unit, id=f"{unit}-{time}", effectiveDateTime=moment)

    found = results(at("calcium-total", 2.3, "mmol/L", counts), at("calcium-total", 61, "cup", other))
    assert len(calcium(found, TODAY, MEASUREMENTS).newer) == told
    measured = at("creatinine-clearance-measured", 61, "mL/min", counts)
    kidneys = renal(results(measured, at("creatinine", 61, "cup", other)), NOBODY, Diagnoses(()), TODAY, MEASUREMENTS)
    assert kidneys.clearance
    assert len(kidneys.clearance.newer) == told


def test_today_is_told_and_a_result_without_a_day_that_may_be_newer() -> None:
    assert [told.when for told in newer(row("creatinine", 0, "cup"))] == [TODAY]
    undated = [row("creatinine", None, "cup"), row("creatinine", None, "mg/dL")]
    assert {(told.why, told.when) for told in newer(*undated, *undated)} == {
        ("unit-unknown", None),
        ("implausible", None),
    }
    assert [told.why for told in newer_calcium(row("calcium-total", None, "cup"))] == ["unit-unknown"]


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        (None, ["undated"]), ("2026-11", ["date-imprecise"]), ("2026", ["date-imprecise"]),
        ("2026-13", ["date-imprecise"]), ("0000", ["date-imprecise"]),
        ("2026-10", []), ("2019-12", []), ("2025", []),
    ],
)  # fmt: skip
def test_a_month_or_year_that_ended_before_is_no_newer_day(stated: str | None, told: list[str]) -> None:
    undated = observation("creatinine", 1.2, "mg/dL", id="u", effectiveDateTime=stated)
    assert [m.why for m in newer(undated)] == told
    low = observation("calcium-total", 1.8, "mmol/L", id="u", effectiveDateTime=stated)
    assert [m.why for m in newer_calcium(low)] == told


def test_all_newer_ones_are_told() -> None:
    told = newer(
        row("creatinine", 1, "cup"), row("creatinine", 2, "cup"), row("creatinine-clearance-reported", 3, "cup")
    )
    assert [(t.what, t.when) for t in told] == [
        ("creatinine", TODAY - timedelta(days=1)),
        ("creatinine", TODAY - timedelta(days=2)),
        ("clearance", TODAY - timedelta(days=3)),
    ]
