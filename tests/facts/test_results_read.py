"""Results of one moment, panels, and what stands beside a clearance that counts: compared whole."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import permutations
from typing import Any

import pytest

from cds_service.base.kinds import Missing, RequestText
from cds_service.edition import Edition
from cds_service.facts.explained import Fact, Input
from cds_service.facts.facts import Facts
from cds_service.facts.renal import BASIS, explained
from cds_service.facts.results import Reading, Unusable
from tests.build import NOW, Json, clearance, patient
from tests.build import observation as result
from tests.facts.lab import observation, results
from tests.facts.whole import facts_of

T = RequestText
TAKEN = date(2026, 11, 20)


def shown(*each: Any) -> list[str | None]:
    return [r.shown for r in results(*each)["creatinine"]]


def test_results_of_one_moment_stand_the_same_however_they_come() -> None:
    values = [observation(value=n, unit="mg/dL", id=None) for n in (1, 3, 2)] + [observation(id=None)]
    for those in permutations(values):
        assert shown(*those) == ["3 mg/dL", "2 mg/dL", "1 mg/dL", None]
    named = [observation(value=1, unit="mg/dL", id=name) for name in ("A", None, "b")]
    for those in permutations(named):
        assert [r.ref for r in results(*those)["creatinine"]] == ["Observation/b", "Observation/A", "Observation/?"]


def test_a_time_is_later_than_none() -> None:
    when = ("2026-11-20", "2026-11-20T00:00:00Z", "2026-11-20T08:00:00Z", "1969-12-31T23:00:00Z")
    values = [observation(value=1, unit="mg/dL", id=f"{n}", effectiveDateTime=at) for n, at in enumerate(when)]
    assert [r.ref[-1] for r in results(*values)["creatinine"]] == ["2", "1", "0", "3"]


def test_a_result_is_read_whole() -> None:
    at = datetime(2026, 11, 20, 8, tzinfo=UTC)
    told = {"effectiveDateTime": "2026-11-20T08:00:00Z", "status": "preliminary", "id": None}
    ranges = [{"low": {"value": 2.2}, "high": {"value": 2.6}}]
    (found,) = results(observation("calcium-total", 2.3, "mmol/L", referenceRange=ranges, **told))["calcium-total"]
    assert found == Reading(
        "calcium-total", Fraction("2.3"), "mmol/L", "2.3 mmol/L", TAKEN, T("Observation/?"), True, Fraction("2.2"),
        Fraction("2.6"), at, own_unit="mmol/L",
    )  # fmt: skip
    (odd,) = results(observation(value=1, unit="cup", id="o", effectiveDateTime="2026-11-20"))["creatinine"]
    assert odd == Unusable("creatinine", "unit-unknown", T("1 cup"), TAKEN, T("Observation/o"))
    assert results(observation(value=1, unit="mg/dL", referenceRange=ranges))["creatinine"][0] == Reading(
        "creatinine", Fraction(1), "mg/dL", "1 mg/dL", TAKEN, T("Observation/o1"), own_unit="mg/dL"
    )
    (bare,) = results(observation("calcium-total", valueString="low", referenceRange=ranges))["calcium-total"]
    assert bare == Unusable("calcium-total", "not-a-number", T("low"), TAKEN, T("Observation/o1"))


PART = {"code": {"text": "egfr"}, "valueQuantity": {"value": 80, "unit": "mL/min/1.73m2"}}
OTHER = {"code": {"text": "potassium"}, "valueQuantity": {"value": 4, "unit": "mmol/L"}}


@pytest.mark.parametrize(
    ("name", "members", "read"),
    [
        ("creatinine", {"component": [PART]}, {"egfr"}),
        ("creatinine", {"component": [PART], "value": 1, "unit": "mg/dL"}, {"egfr", "creatinine"}),
        ("creatinine", {"component": [PART], "valueString": "see"}, {"egfr", "creatinine"}),
        ("creatinine", {"component": [OTHER]}, {"creatinine"}),
        ("creatinine", {}, {"creatinine"}),
        ("visit", {"component": [PART]}, {"egfr"}),
        ("visit", {"component": [PART], "valueString": "see"}, {"egfr"}),
        ("visit", {"component": [OTHER]}, set()),
    ],
)
def test_a_panel_and_its_members(name: str, members: Json, read: set[str]) -> None:
    assert set(results(observation(name, **members))) == read


# Beside a clearance that counts


def day(days_ago: int) -> date:
    return NOW.date() - timedelta(days=days_ago)


def creatinine(days_ago: int) -> Json:
    return result("2160-0", 1, "mg/dL", days_ago)


def weight(days_ago: int, unit: str = "kg", name: str = "w") -> Json:
    return result("29463-7", 70, unit, days_ago, id=name)


def read(edition: Edition, *resources: Json) -> Facts:
    return facts_of(edition, patient(), *resources)


def test_why_a_newer_creatinine_gave_no_clearance(edition: Edition) -> None:
    def newer(*resources: Json) -> tuple[Missing, ...]:
        found = read(edition, clearance(50, 9), *resources).renal
        assert found.clearance
        assert found.clearance.method == "measured"
        assert (found.problems, found.at_least) == ((), None)
        return found.clearance.newer

    odd = Missing("weight", "unit-unknown", "70 cup", day(3))
    assert newer(creatinine(2), weight(3, "cup")) == (odd,)
    assert newer(creatinine(9), weight(3, "cup")) == (), "of the same day"
    assert newer(creatinine(12), weight(3, "cup")) == ()
    assert newer(weight(3, "cup")) == ()
    assert newer(creatinine(2)) == ()
    assert newer(creatinine(2), weight(2_000)) == (), "one too old tells nothing of today"
    unread = result("2160-0", 1, "cup", 2, id="odd")
    assert newer(unread) == (Missing("creatinine", "unit-unknown", "1 cup", day(2)),)
    assert newer(unread, creatinine(3), weight(3, "cup")) == (
        Missing("creatinine", "unit-unknown", "1 cup", day(2)), odd
    )  # fmt: skip


def test_a_usable_weight_gives_the_clearance_of_the_newer_creatinine(edition: Edition) -> None:
    found = read(edition, clearance(50, 9), creatinine(2), weight(3)).renal.clearance
    assert found
    assert (found.method, found.when, found.newer) == ("cockcroft-gault", day(2), ())
    older = read(edition, clearance(50, 2), creatinine(9), weight(3)).renal.clearance
    assert older
    assert (older.method, older.when, older.newer) == ("measured", day(2), ())


def test_what_the_clearance_is_told_to_rest_on(edition: Edition) -> None:
    found = read(edition, creatinine(2), weight(3)).renal
    assert found.clearance
    inputs = tuple(map(Input.sourced, found.clearance.inputs))
    computed, *others = explained(found)
    assert computed == Fact(
        "clearance", {"clearance": found.clearance}, found.clearance.value, "mL/min", day(2), computed.ref, inputs,
        "cockcroft-gault", BASIS.windows,
    )  # fmt: skip
    assert [f.key for f in others] in ([], ["other-weights"])
    measured = read(edition, clearance(50, 9)).renal
    assert measured.clearance
    (told,) = explained(measured)
    assert told == Fact(
        "clearance", {"clearance": measured.clearance}, Fraction(50), "mL/min", day(9), T("Observation/obs-2164-2-9"),
        told.inputs, None, BASIS.windows[:1],
    )  # fmt: skip
    none = read(edition, creatinine(2)).renal
    assert none.at_least is not None
    unknown, least = explained(none)
    assert unknown == Fact("clearance-unknown", {"problems": none.problems}, windows=BASIS.windows[:3])
    assert least == Fact(
        "clearance-at-least", {"value": none.at_least}, none.at_least, "mL/min", limits=BASIS.limits[:1]
    )
    assert none.problems == (Missing("weight", "not-on-record"),)


def test_everything_that_stood_in_the_way_creatinine_first(edition: Edition) -> None:
    assert facts_of(edition, patient(gender="unknown", birthDate=None)).renal.problems == (
        Missing("creatinine", "not-on-record"), Missing("weight", "not-on-record"), Missing("sex", "unknown"),
        Missing("age", "unknown"),
    )  # fmt: skip
    child = read(edition, creatinine(2), weight(3)) and facts_of(
        edition, patient(birthDate="2010-01-01"), creatinine(2), weight(3)
    )
    assert child.renal.problems == (Missing("age", "under-18"),)
    old = facts_of(edition, patient(birthDate="1880-01-01"), creatinine(2), weight(3))
    assert old.renal.problems == (Missing("age", "implausible"),)
    late = read(edition, creatinine(40), weight(3), result("2164-2", 50, "cup", 2, id="c")).renal.problems
    assert late == (
        Missing("creatinine", "too-old", "1 mg/dL", day(40)), Missing("clearance", "unit-unknown", "50 cup", day(2))
    )  # fmt: skip


def test_an_egfr_that_is_not_used_is_told_and_named(edition: Edition) -> None:
    egfr = result("33914-3", 55, "mL/min/{1.73_m2}", 2, id="e")
    found = read(edition, egfr).renal
    assert found.egfr
    assert found.problems[-2:] == (
        Missing("egfr", "no-body-surface", found.egfr.shown, day(2)), Missing("height", "not-on-record")
    )  # fmt: skip
    assert [f for f in explained(found) if f.key == "egfr"] == [
        Fact("egfr", {"egfr": found.egfr}, Fraction(55), found.egfr.unit, day(2), T("Observation/e"),
             windows=BASIS.windows[:1])
    ]  # fmt: skip
    child = facts_of(edition, patient(birthDate="2010-01-01"), egfr).renal.problems
    assert Missing("egfr", "under-18", found.egfr.shown, day(2)) in child
    both = read(edition, egfr, clearance(50)).renal
    assert [f.key for f in explained(both)] == ["clearance", "egfr"]
    height = result("8302-2", 170, "cm", 9, id="h")
    body = read(edition, egfr, height, weight(3)).renal
    assert body.clearance
    assert body.clearance.method == "de-indexed-egfr"
    assert [f.key for f in explained(body)] == ["clearance"]
    old = read(edition, result("33914-3", 55, "cup", 2, id="e")).renal
    assert old.problems[-1] == Missing("egfr", "unit-unknown", "55 cup", day(2))
