"""When a result or a report says it was taken, in whatever form it says so."""

from __future__ import annotations

from datetime import date

from cds_service.fhir.dates import day_of
from cds_service.fhir.examined import DiagnosticReport
from cds_service.fhir.structs import Observation


def stated(it: Observation | DiagnosticReport) -> str | None:
    """``effectiveDateTime``, else the instant, else the end (or start) of the period, else the last event of the
    timing, else ``issued``: the first that is there, also where it cannot be read."""
    return _effective(it) or it.issued


def day_stated(it: Observation | DiagnosticReport) -> date | None:
    """The day of ``stated``; where that names none, the day it was issued."""
    return day_of(_effective(it)) or day_of(it.issued)


def _effective(it: Observation | DiagnosticReport) -> str | None:
    if it.effective_date_time:  # of nearly every one
        return it.effective_date_time
    period = it.effective_period
    spanned = (period.end or period.start) if period else None
    if isinstance(it, DiagnosticReport):
        return spanned
    timing = it.effective_timing
    return it.effective_instant or spanned or (_last_event(timing.get("event")) if isinstance(timing, dict) else None)


def _last_event(events: object) -> str | None:
    """The last of the moments that a Timing names."""
    named = [events] if isinstance(events, str) else events if isinstance(events, list) else []
    return max((event for event in named if isinstance(event, str)), default=None)
