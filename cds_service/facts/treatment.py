"""Diagnoses, treatment and services on record, as facts. Statuses are whitelisted; what never counts is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from cds_service.facts.conditions import has_abated, meanings
from cds_service.facts.dates import day_of
from cds_service.facts.drugs import DrugReader, Lookup, Recognised
from cds_service.facts.facts import Arrangement, Diagnosis, DrugUse, RequestText
from cds_service.facts.orders import OrderReader
from cds_service.fhir.structs import (
    Appointment,
    CodeableConcept,
    Condition,
    MedicationAdministration,
    MedicationRequest,
    MedicationStatement,
    Procedure,
    ServiceRequest,
    many,
)
from cds_service.knowledge.terminology import Match, Terminology
from cds_service.record.read import Record

NEVER_VERIFIED = frozenset({"refuted", "entered-in-error"})
INACTIVE = frozenset({"inactive", "resolved"})
REQUEST_ACTIVE = frozenset({"active", "on-hold"})
REQUEST_ENDED = frozenset({"stopped", "completed"})
# A proposal or plan on record is not treatment.
NOT_TREATMENT = frozenset({"proposal", "plan", "option"})
STATEMENT_ACTIVE = frozenset({"active", "recorded"})
STATEMENT_ENDED = frozenset({"completed", "stopped"})
NOT_TAKEN = frozenset({"not-taking", "stopped", "not-taken", "on-hold", "never"})
GIVEN = frozenset({"completed", "in-progress"})
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
        active = _code(condition.clinical_status) not in INACTIVE and not has_abated(condition, now.date())
        for match in _specific(meanings(condition, terminology)):
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
    """Treatment on record with a drug of the code lists. ``drafts``: references of the draft orders, which stand for
    themselves and not for treatment."""
    today = now.date()
    for request in record.of(MedicationRequest):
        if f"MedicationRequest/{request.id}" not in drafts and (use := _request(request, reader, lookup)):
            yield use
    for statement in record.of(MedicationStatement):
        if use := _statement(statement, reader, lookup, today):
            yield use
    for administration in record.of(MedicationAdministration):
        if (use := _administration(administration, reader, lookup)) and use.when and use.when <= today:
            yield use


def _request(request: MedicationRequest, reader: DrugReader, lookup: Lookup) -> DrugUse | None:
    status = request.status
    if request.do_not_perform or request.intent in NOT_TREATMENT or status not in REQUEST_ACTIVE | REQUEST_ENDED:
        return None
    ref = f"MedicationRequest/{request.id or '?'}"
    found, when = reader.read(request, lookup), day_of(request.authored_on)
    return _use("request", found, ref, when, None, status in REQUEST_ACTIVE, status in REQUEST_ENDED)


def _statement(statement: MedicationStatement, reader: DrugReader, lookup: Lookup, today: date) -> DrugUse | None:
    status = statement.status
    adherence = _code(statement.adherence.code) if statement.adherence else None
    if status not in STATEMENT_ACTIVE | STATEMENT_ENDED or adherence in NOT_TAKEN:
        return None
    period = statement.effective_period
    start = day_of(statement.effective_date_time) or day_of(period.start if period else None)
    until = day_of(period.end) if period else None
    over = status in STATEMENT_ENDED or (until is not None and until < today)
    ref = f"MedicationStatement/{statement.id or '?'}"
    when = start or day_of(statement.date_asserted)
    return _use("statement", reader.read(statement, lookup), ref, when, until, not over, over)


def _administration(given: MedicationAdministration, reader: DrugReader, lookup: Lookup) -> DrugUse | None:
    if given.status not in GIVEN:
        return None
    period = given.effective_period or given.occurence_period
    when = day_of(given.effective_date_time or given.occurence_date_time) or day_of(period.start if period else None)
    ref = f"MedicationAdministration/{given.id or '?'}"
    return _use("administration", reader.read(given, lookup), ref, when, None, given.status == "in-progress", False)


def _use(
    kind: str, found: Recognised, ref: str, when: date | None, until: date | None, active: bool, ended: bool
) -> DrugUse | None:
    if not found.groups:
        return None
    return DrugUse(
        kind=kind,  # type: ignore[arg-type]  # one of the three words above
        drugs=found.drugs,
        groups=found.groups,
        product=found.product,
        active=active,
        ended=ended,
        when=when,
        until=until,
        text=found.text,
        ref=RequestText(ref),
        dose=found.dosed.dose,
        route=found.dosed.route,
        daily_mg=found.dosed.daily_mg,
        counts=found.counts,
        substance=found.substance,
    )


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
