"""Diagnoses, treatment and services on record, as facts. Statuses are whitelisted; what never counts is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from cds_service.facts.dates import day_of
from cds_service.facts.drugs import DrugReader, Lookup
from cds_service.facts.facts import Arrangement, Diagnosis, DrugUse, RequestText
from cds_service.facts.medications import NOT_TREATMENT, REQUEST_ACTIVE, treatments
from cds_service.facts.orders import OrderReader
from cds_service.fhir.structs import (
    Appointment,
    CodeableConcept,
    Condition,
    Procedure,
    ServiceRequest,
    many,
)
from cds_service.knowledge.terminology import Match, Terminology
from cds_service.record.read import Record

NEVER_VERIFIED = frozenset({"refuted", "entered-in-error"})
INACTIVE = frozenset({"inactive", "resolved"})
DONE = frozenset({"completed", "in-progress"})
BOOKED = frozenset({"booked", "pending", "arrived", "checked-in"})


def diagnoses(conditions: Iterable[Condition], terminology: Terminology, now: datetime) -> Iterator[Diagnosis]:
    """The conditions that are of a known concept and not refuted, entered in error, or dated after ``now``."""
    for condition in conditions:
        if _code(condition.verification_status) in NEVER_VERIFIED:
            continue
        when = day_of(condition.onset_date_time) or day_of(condition.recorded_date)
        recorded = day_of(condition.recorded_date)
        if recorded and recorded > now.date():
            continue
        concept = condition.code.codeable if condition.code else CodeableConcept()
        codings = [(c.system, c.code, c.display) for c in concept.codings()]
        over = condition.abatement_date_time or condition.abatement_string
        active = _code(condition.clinical_status) not in INACTIVE and not over
        for match in _specific(terminology.match("condition", codings, concept.text)):
            yield Diagnosis(
                concept=match.concept,
                active=active,
                text=RequestText(concept.said()),
                ref=RequestText(f"Condition/{condition.id or '?'}"),
                when=when,
                by_name=match.by_name,
            )


def _specific(matches: Iterable[Match]) -> Iterator[Match]:
    """A broad code never decides alone (K10.2 is any inflammation of the jaws)."""
    seen: set[str] = set()
    for match in matches:
        if "broad" not in match.flags and match.concept not in seen:
            seen.add(match.concept)
            yield match


def _code(status: CodeableConcept | str | None) -> str | None:
    if isinstance(status, CodeableConcept):
        return next((c.code for c in status.codings() if c.code), status.text)
    return status


def uses(
    record: Record, reader: DrugReader, lookup: Lookup, drafts: frozenset[str], now: datetime
) -> Iterator[DrugUse]:
    """Treatment on record with a drug of the code lists (``medications`` tells also what cannot be read)."""
    yield from treatments(record, reader, lookup, drafts, now).uses


def arrangements(record: Record, orders: OrderReader) -> Iterator[Arrangement]:
    """Services of the code lists that are done, ordered or booked on record."""
    for procedure in record.of(Procedure):
        if procedure.status in DONE and procedure.code:
            period = procedure.performed_period or procedure.occurrence_period
            when = day_of(procedure.performed_date_time or procedure.occurrence_date_time)
            when = when or day_of((period.end or period.start) if period else None)
            yield from _arranged(orders, procedure.code, "done", when, f"Procedure/{procedure.id or '?'}")
    for request in record.of(ServiceRequest):
        if request.do_not_perform or request.intent in NOT_TREATMENT or not request.code:
            continue
        when = day_of(request.occurrence_date_time) or day_of(request.authored_on)
        ref = f"ServiceRequest/{request.id or '?'}"
        if request.status in REQUEST_ACTIVE:
            yield from _arranged(orders, request.code, "ordered", when, ref)
        elif request.status == "completed":
            yield from _arranged(orders, request.code, "done", when, ref)
    for appointment in record.of(Appointment):
        yield from _appointment(appointment, orders)


def _appointment(appointment: Appointment, orders: OrderReader) -> Iterator[Arrangement]:
    how = "done" if appointment.status == "fulfilled" else "booked" if appointment.status in BOOKED else None
    if how is None:
        return
    told = [*many(appointment.service_type), *many(appointment.reason_code), *many(appointment.reason)]
    told += [CodeableConcept(text=appointment.description)] if appointment.description else []
    ref = f"Appointment/{appointment.id or '?'}"
    for concept in told:
        yield from _arranged(orders, concept, how, day_of(appointment.start), ref)


def _arranged(
    orders: OrderReader, code: CodeableConcept, how: str, when: date | None, ref: str
) -> Iterator[Arrangement]:
    for service in orders.services(code):
        yield Arrangement(service, how, when, RequestText(ref))  # type: ignore[arg-type]  # done, ordered or booked
