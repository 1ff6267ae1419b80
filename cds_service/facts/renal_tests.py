"""The chapter of renal tests: when renal function was last looked at, whatever came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from cds_service.facts.explained import Fact
from cds_service.facts.renal import ANALYTES as RENAL_ANALYTES
from cds_service.facts.results import KEYS, Results
from cds_service.facts.told import NOW, ago
from cds_service.facts.window import within
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import File

__all__ = ["KEYS", "RenalTests"]

WINDOW = "renal-monitored"
LOOK_BACK = dict.fromkeys(KEYS, WINDOW)
ANALYTES = tuple(a for a in RENAL_ANALYTES if not a.startswith("body-"))


@dataclass(frozen=True, slots=True)
class RenalTests:
    """``last``: the day of the newest creatinine, clearance or eGFR, usable or not; None: none is on record.

    ``days``: so long one counts as looked at.
    """

    last: date | None
    days: int
    today: date

    @property
    def lately(self) -> bool:
        return within(self.last, self.today, self.days)


def renal_tests(results: Results, today: date, measurements: Measurements) -> RenalTests:
    """Of the results on record."""
    days = (r.when for analyte in ANALYTES for r in results.get(analyte, ()) if r.when and r.when <= today)
    return RenalTests(max(days, default=None), measurements.days(WINDOW), today)


def explained(tests: RenalTests) -> Iterator[Fact]:
    """When renal function was last looked at."""
    if tests.last:
        yield Fact("renal-tests", {"looked": tests}, when=tests.last, windows=(WINDOW,))


class RenalTestsGiven(File, frozen=True):
    """What a case may say of it."""

    renal_test_days_ago: int | None = 1

    def told(self, measurements: Measurements) -> RenalTests:
        return RenalTests(ago(self.renal_test_days_ago), measurements.days(WINDOW), NOW.date())
