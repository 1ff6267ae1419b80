"""What has not happened yet: resources dated after now are not in a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from cds_service.fhir.answered import AllergyIntolerance, QuestionnaireResponse
from cds_service.fhir.dates import moment_of
from cds_service.fhir.examined import DiagnosticReport
from cds_service.fhir.structs import (
    Condition,
    MedicationAdministration,
    MedicationRequest,
    MedicationStatement,
    Period,
    Procedure,
    Resource,
    ServiceRequest,
)

# The clock of the system that wrote the resource may be ahead of ours: what it wrote this very minute has happened.
CLOCKS_DIFFER = timedelta(minutes=5)


def _start(*texts: str | None, periods: tuple[Period | None, ...] = ()) -> str | None:
    """The first date that is stated."""
    return next((text for text in (*texts, *(p.start for p in periods if p)) if text), None)


def _condition(it: Condition) -> str | None:
    return _start(it.recorded_date, it.onset_date_time)


def _request(it: MedicationRequest | ServiceRequest) -> str | None:
    return it.authored_on


def _statement(it: MedicationStatement) -> str | None:
    return _start(it.effective_date_time, periods=(it.effective_period,)) or it.date_asserted


def _administration(it: MedicationAdministration) -> str | None:
    return _start(it.effective_date_time, it.occurence_date_time, periods=(it.effective_period, it.occurence_period))


def _procedure(it: Procedure) -> str | None:
    return _start(it.performed_date_time, it.occurrence_date_time, periods=(it.performed_period, it.occurrence_period))


def _report(it: DiagnosticReport) -> str | None:
    return _start(it.effective_date_time, periods=(it.effective_period,)) or it.issued


def _answered(it: QuestionnaireResponse) -> str | None:
    return it.authored


def _allergy(it: AllergyIntolerance) -> str | None:
    return it.recorded_date


# When a resource says it happened. An Appointment lies ahead by its nature, and so does
# a planned Encounter; results have a reading of their own, since
# what is wrong with one is told on a card.
_WHEN: Mapping[type[Resource], Callable[..., str | None]] = {
    Condition: _condition,
    MedicationRequest: _request,
    MedicationStatement: _statement,
    MedicationAdministration: _administration,
    Procedure: _procedure,
    ServiceRequest: _request,
    DiagnosticReport: _report,
    QuestionnaireResponse: _answered,
    AllergyIntolerance: _allergy,
}
DATED = frozenset(_WHEN)


class Clock:
    """The moment a record is read at. ``now`` is aware."""

    def __init__(self, now: datetime) -> None:
        self._now, self._latest = now, now + CLOCKS_DIFFER
        self._today = now.date().isoformat()

    def is_later(self, resource: Resource) -> bool:
        """Whether it is dated after now. A time without a zone is in ours; a day without a time counts whole."""
        when = _WHEN.get(type(resource))
        text = when(resource) if when else None
        # Letters sort as days do: what was written on an earlier day needs no reading.
        if text is None or text[:10] < self._today:
            return False
        moment = moment_of(text)
        if moment is None:
            return False
        if moment.at is None:
            return moment.day > self._now.date()
        at = moment.at if moment.at.tzinfo else moment.at.replace(tzinfo=self._now.tzinfo)
        return at > self._latest
