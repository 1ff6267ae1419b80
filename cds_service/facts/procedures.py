"""The chapters of procedures and of tests ordered: what was done, is ordered or booked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

import msgspec

from cds_service.base.kinds import RequestText
from cds_service.facts.explained import Fact, reference
from cds_service.facts.orders import OrderReader
from cds_service.facts.subjects import Order, RequestedProcedure
from cds_service.facts.told import NOW, ago
from cds_service.facts.window import within
from cds_service.fhir.dates import day_of
from cds_service.fhir.examined import Appointment
from cds_service.fhir.structs import CodeableConcept, Procedure, ServiceRequest, many
from cds_service.knowledge.model import File
from cds_service.record.read import Record

KEYS = ("procedures", "serviceRequests", "appointments")
TEST_KEYS = ("serviceRequests",)
DONE = frozenset({"completed", "in-progress"})
ORDERED = frozenset({"active", "on-hold"})
BOOKED = frozenset({"booked", "pending", "arrived", "checked-in"})
# A proposal or plan on record is not an order.
NOT_ORDERED = frozenset({"proposal", "plan", "option"})


class Arrangement(msgspec.Struct, frozen=True, gc=False):
    """A procedure or test done, ordered or booked; ``concept`` of the code lists."""

    concept: str
    how: Literal["done", "ordered", "booked"]
    when: date | None
    ref: RequestText


@dataclass(frozen=True)
class Procedures:
    """What is on record, and what the same draft set orders."""

    all: tuple[Arrangement, ...]
    today: date

    def arranged(self, days: int, *concepts: str) -> Arrangement | None:
        """The latest of these done or ordered in the look-back, or booked for today or later.

        An active order without a date counts; something done without a date does not.
        """
        found = [a for a in self.all if a.concept in concepts and self._stands(a, days)]
        return max(found, key=lambda a: (a.when or date.max, a.ref), default=None)

    def _stands(self, arrangement: Arrangement, days: int) -> bool:
        if arrangement.how == "booked":
            return arrangement.when is not None and arrangement.when >= self.today
        if arrangement.when is None:
            return arrangement.how == "ordered"
        return within(arrangement.when, self.today, days)

    def last_done(self, *concepts: str) -> Arrangement | None:
        """The latest of these done at any time."""
        done = [a for a in self.all if a.concept in concepts and a.how == "done" and a.when]
        return max((a for a in done if a.when and a.when <= self.today), key=lambda a: (a.when, a.ref), default=None)


def procedures(record: Record, orders: Iterable[Order], reader: OrderReader, today: date) -> Procedures:
    """From Procedures, ServiceRequests and Appointments."""
    return Procedures((*arrangements(record, reader), *drafted(orders, today)), today)


def tests(record: Record, orders: Iterable[Order], reader: OrderReader, today: date) -> Procedures:
    """Laboratory tests: only their orders are looked at, for their results stand among the results."""
    return Procedures((*_requested(record, reader), *drafted(orders, today)), today)


def drafted(orders: Iterable[Order], today: date) -> Iterator[Arrangement]:
    """What the same draft set orders is already arranged."""
    for order in orders:
        if isinstance(order, RequestedProcedure) and not order.stops:
            yield from (Arrangement(concept, "ordered", today, order.text) for concept in order.concepts)


def arrangements(record: Record, orders: OrderReader) -> Iterator[Arrangement]:
    """Procedures and tests of the code lists that are done, ordered or booked on record."""
    for procedure in record.all(Procedure):
        if procedure.status in DONE and procedure.code:
            period = procedure.performed_period or procedure.occurrence_period
            when = day_of(procedure.performed_date_time or procedure.occurrence_date_time)
            when = when or day_of((period.end or period.start) if period else None)
            yield from _arranged(orders, procedure.code, "done", when, f"Procedure/{procedure.id or '?'}")
    yield from _requested(record, orders)
    for appointment in record.all(Appointment):
        yield from _appointment(appointment, orders)


def _requested(record: Record, orders: OrderReader) -> Iterator[Arrangement]:
    for request in record.all(ServiceRequest):
        if request.do_not_perform or request.intent in NOT_ORDERED or not request.code:
            continue
        when = day_of(request.occurrence_date_time) or day_of(request.authored_on)
        ref = f"ServiceRequest/{request.id or '?'}"
        if request.status in ORDERED:
            yield from _arranged(orders, request.code, "ordered", when, ref)
        elif request.status == "completed":
            yield from _arranged(orders, request.code, "done", when, ref)


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
    for concept in orders.procedures(code):
        yield Arrangement(concept, how, when, RequestText(ref))  # type: ignore[arg-type]  # done, ordered or booked


# A draft of the same call stands by its text, and has its own place among the orders.
_ON_RECORD = ("Procedure/", "ServiceRequest/", "Appointment/")


def explained(procedures: Procedures) -> Iterator[Fact]:
    """Each procedure or test done, ordered or booked, or that there is none."""
    for each in procedures.all:
        ref = reference(each.ref) if each.ref.startswith(_ON_RECORD) else None
        yield Fact("procedure", {"procedure": each}, when=each.when, ref=ref)
    if not procedures.all:
        yield Fact("procedures-none")


class ExamGiven(File, frozen=True):
    service: str = "dental-examination"
    how: Literal["done", "ordered", "booked"] = "done"
    days_ago: int | None = None


class ProceduresGiven(File, frozen=True):
    """What a case may say of procedures and tests on record."""

    exams: list[ExamGiven] = []

    def told(self, orders: Iterable[Order]) -> Procedures:
        on_record = (
            Arrangement(e.service, e.how, ago(e.days_ago), RequestText(f"Procedure/exam-{number}"))
            for number, e in enumerate(self.exams)
        )
        return Procedures((*on_record, *drafted(orders, NOW.date())), NOW.date())
