"""The chapter of care at the end of life: what the record says of a hospice. Palliative care is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from cds_service.base.kinds import RequestText
from cds_service.facts.activities import Activities, Activity
from cds_service.facts.conditions import has_abated
from cds_service.facts.diagnoses import INACTIVE, NEVER_VERIFIED, coded
from cds_service.facts.explained import Basis, Fact, reference
from cds_service.facts.window import within
from cds_service.fhir.dates import day_of
from cds_service.fhir.structs import Condition
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.terminology import Terminology

KEYS = ("conditions", "procedures", "serviceRequests")
CONCEPT = "hospice-care"
WINDOW = "comfort-care"
BASIS = Basis(windows=(WINDOW,))


@dataclass(frozen=True, slots=True)
class ComfortCare:
    """Care by a hospice, on the problem list, given, or asked for; None of ``when``: without a day."""

    when: date | None
    ref: RequestText


def comfort_care(
    conditions: Iterable[Condition],
    activities: Activities,
    encounters: Iterable[Activity],
    terminology: Terminology,
    measurements: Measurements,
    today: date,
) -> ComfortCare | None:
    """What says so now, or said so within the window; None: nothing does. ``encounters`` are read where they came."""
    days = measurements.days(WINDOW)
    stays = (each for each in encounters if CONCEPT in each.what)
    if arranged := activities.arranged(days, among=(*activities.of(CONCEPT), *stays)):
        return ComfortCare(arranged.when, arranged.ref)
    return next(_conditions(conditions, terminology, today, days), None)


def _conditions(
    conditions: Iterable[Condition], terminology: Terminology, today: date, days: int
) -> Iterator[ComfortCare]:
    for condition in conditions:
        if condition.code is None or coded(condition.verification_status) in NEVER_VERIFIED:
            continue
        codings = [(c.system, c.code, c.display) for c in condition.code.codings()]
        # A plan of care that stands among the problems is told by the names of the care.
        matches = terminology.match("procedure", codings, condition.code.codeable.text)
        if all(match.concept != CONCEPT for match in matches):
            continue
        when = day_of(condition.onset_date_time) or day_of(condition.recorded_date)
        ended = coded(condition.clinical_status) in INACTIVE or has_abated(condition, today)
        if not ended or within(when, today, days):
            yield ComfortCare(when, RequestText(f"Condition/{condition.id or '?'}"))


def explained(care: ComfortCare | None) -> Iterator[Fact]:
    """That a hospice cares for the patient."""
    if care:
        yield Fact("comfort-care", {"care": care}, when=care.when, ref=reference(care.ref), windows=BASIS.windows)
