"""The chapter of conferences: whether several disciplines have met, or are to meet, about the patient.

Told by procedures, requests and visits, and by the note of a tumour board among the reports. Notes of other kinds and
what is on paper are not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from cds_service.base.kinds import RequestText
from cds_service.facts.activities import Activities, Activity, ActivityReader
from cds_service.facts.explained import Fact, reference
from cds_service.facts.imaging import REPORTED
from cds_service.facts.sites import Place
from cds_service.fhir.examined import DiagnosticReport
from cds_service.fhir.when import day_stated
from cds_service.record.read import Record

KEYS = ("procedures", "serviceRequests", "encounters", "reports")
CONFERENCE = "mdt"


@dataclass(frozen=True)
class Conferences:
    """All that are on record."""

    all: tuple[Activity, ...]
    activities: Activities

    def arranged(self, days: int) -> Activity | None:
        """The latest one held in the last days, asked for, or planned."""
        return self.activities.arranged(days, among=self.all)

    @property
    def last(self) -> Activity | None:
        """The latest one that was held."""
        today = self.activities.today
        held = (a for a in self.all if a.how == "done" and a.when and a.when <= today)
        return max(held, key=lambda a: (a.when or date.min, a.ref), default=None)


def conferences(record: Record, activities: Activities, reader: ActivityReader) -> Conferences:
    """From activities, visits and reports."""
    found = [*activities.of(CONFERENCE), *(a for a in reader.encounters() if CONFERENCE in a.what)]
    for report in record.all(DiagnosticReport):
        if report.status in REPORTED and report.code and CONFERENCE in reader.what(report.code):
            when = day_stated(report)
            ref, text = RequestText(f"DiagnosticReport/{report.id or '?'}"), RequestText(report.code.said())
            found.append(Activity(frozenset({CONFERENCE}), "done", when, Place(), text, ref))
    return Conferences(tuple(found), activities)


def explained(conferences: Conferences) -> Iterator[Fact]:
    """Each conference held, asked for or planned."""
    for each in conferences.all:
        yield Fact("conference", {"conference": each}, when=each.when, ref=reference(each.ref))
