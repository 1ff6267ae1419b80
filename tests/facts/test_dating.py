"""From which member the day of a result is taken, and in which zone a time without one is read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from cds_service.facts.dating import Dating
from cds_service.fhir.structs import Observation
from tests.facts.lab import NOW, by_code, observation

DAY = date(2026, 11, 20)


def result(**members: Any) -> Observation:
    return observation(value=1, **{"effectiveDateTime": None} | members)


def dated(*results: Observation, now: datetime = NOW) -> list[tuple[date | None, str | None, bool]]:
    dating = Dating(by_code(results), now, 24)
    return [(found.day, found.unusable, found.ahead) for found in map(dating.of, results)]


@pytest.mark.parametrize(
    "members",
    [
        {"effectiveDateTime": "2026-11-20"},
        {"effectiveDateTime": "2026-11-20", "effectiveInstant": "2026-11-19T08:00:00Z"},
        {"effectiveInstant": "2026-11-20T08:00:00Z", "effectivePeriod": {"end": "2026-11-19"}},
        {"effectivePeriod": {"start": "2026-11-18", "end": "2026-11-20"}},
        {"effectivePeriod": {"start": "2026-11-20"}},
        {"effectivePeriod": {"start": "2026-11-20"}, "effectiveTiming": {"event": ["2026-11-21"]}},
        {"effectiveTiming": {"event": ["2026-11-18", "2026-11-20", "2026-11-19"]}},
        {"effectiveTiming": {"event": "2026-11-20"}},
        {"effectiveTiming": {"event": [7, "2026-11-20", None]}},
        {"effectiveTiming": {"event": ["2026-11-20"]}, "issued": "2026-11-22T08:00:00Z"},
        {"effectiveTiming": {"event": 7}, "issued": "2026-11-20T08:00:00Z"},
        {"effectiveTiming": {"event": {"2026-11-19": 1}}, "issued": "2026-11-20T08:00:00Z"},
        {"effectiveTiming": {"event": []}, "issued": "2026-11-20T08:00:00Z"},
        {"effectiveTiming": "daily", "issued": "2026-11-20T08:00:00Z"},
        {"effectiveTiming": {"repeat": {}}, "issued": "2026-11-20T08:00:00Z"},
        {"issued": "2026-11-20T08:00:00Z"},
    ],
)
def test_the_first_member_that_states_a_day_decides(members: dict[str, Any]) -> None:
    assert dated(result(**members)) == [(DAY, None, False)]


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (None, (None, "undated", False)),
        ("2026-11", (None, "date-imprecise", False)),
        ("2026", (None, "date-imprecise", False)),
        # By the day: today counts, tomorrow is within the hours that clocks differ, the day after is not.
        ("2026-11-24", (date(2026, 11, 24), None, False)),
        ("2026-11-25", (date(2026, 11, 24), None, True)),
        ("2026-11-26", (date(2026, 11, 26), "after-now", False)),
        # By the hour: now is 12:00 UTC.
        ("2026-11-24T12:00:00Z", (date(2026, 11, 24), None, False)),
        ("2026-11-24T12:00:01Z", (date(2026, 11, 24), None, True)),
        ("2026-11-25T12:00:00Z", (date(2026, 11, 24), None, True)),
        ("2026-11-25T12:00:01Z", (date(2026, 11, 25), "after-now", False)),
        ("2026-11-25T20:00:00+08:00", (date(2026, 11, 24), None, True)),
    ],
)
def test_what_is_after_now(stated: str | None, expected: tuple[date | None, str | None, bool]) -> None:
    assert dated(result(effectiveDateTime=stated)) == [expected]


@pytest.mark.parametrize(
    ("others", "ahead"),
    [
        # 13:00 without a zone, at 12:00 UTC: it is past in the east and ahead in the west.
        (["2026-11-20T08:00:00+08:00"], False),
        (["2026-11-20T08:00:00-05:00"], True),
        (["2026-11-20T08:00:00+08:00", "2026-11-20T09:00:00+08:00", "2026-11-20T08:00:00-05:00"], False),
        # As common: the western, by which it is later and so needs more care.
        (["2026-11-20T08:00:00+08:00", "2026-11-20T08:00:00-05:00"], True),
        # Days and what cannot be read tell no zone; then it is the server's.
        (["2026-11-20", "2026", "soon"], True),
        (["2026-11-20", "2026-11-20T08:00:00", "2026-11-20T08:00:00+08:00"], False),
    ],
)
def test_a_time_without_a_zone_is_in_the_commonest_of_the_record(others: list[str], ahead: bool) -> None:
    bare = result(effectiveDateTime="2026-11-24T13:00:00")
    rest = [result(effectiveDateTime=other, id=f"o{n}") for n, other in enumerate(others)]
    assert dated(bare, *rest)[0] == (date(2026, 11, 24), None, ahead)


def test_the_zone_of_the_server_counts_where_the_record_tells_none() -> None:
    bare = result(effectiveDateTime="2026-11-24T13:00:00")
    east = NOW.astimezone(timezone(timedelta(hours=8)))
    assert dated(bare, now=east)[0][2] is False
    assert dated(bare, now=NOW.astimezone(UTC))[0][2] is True
