"""From record to facts: the one place where a patient's FHIR becomes what rules read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cds_service.call.hook import HookCall
from cds_service.facts.calcium import calcium
from cds_service.facts.dates import age_on, day_of
from cds_service.facts.doses import DoseReader
from cds_service.facts.drugs import DrugReader
from cds_service.facts.facts import Arrangement, Facts, Missing, Order, PatientFacts, ServiceOrder
from cds_service.facts.observations import collect
from cds_service.facts.orders import OrderReader
from cds_service.facts.renal import renal
from cds_service.facts.treatment import arrangements, diagnoses, uses
from cds_service.fhir.structs import Condition, Observation, Patient
from cds_service.knowledge.dosing import Dosing
from cds_service.knowledge.drugs import Drugs
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.terminology import Terminology
from cds_service.record.bundles import Completeness
from cds_service.record.read import Record, draft_resources


@dataclass(frozen=True)
class Reader:
    """Reads orders and facts with the content it was made from."""

    terminology: Terminology
    measurements: Measurements
    doses: DoseReader
    drugs: DrugReader
    order_reader: OrderReader

    @classmethod
    def of(cls, terminology: Terminology, measurements: Measurements, drugs: Drugs, dosing: Dosing) -> Reader:
        """A reader with these code lists, unit tables, drug facts and dosing words."""
        doses = DoseReader(dosing)
        drug_reader = DrugReader(terminology, drugs, doses)
        return cls(terminology, measurements, doses, drug_reader, OrderReader(drug_reader, terminology))

    def orders(self, call: HookCall, record: Record) -> tuple[Order, ...]:
        """The draft orders of a call. Raises as ``OrderReader.read`` and ``draft_resources``."""
        return self.order_reader.read(draft_resources(call), call.selections, record.referred)

    def oldest_needed(self, now: datetime) -> str:
        """The day (YYYY-MM-DD) back to which laboratory results must be known."""
        windows = self.measurements.windows
        days = max(windows.renal_days, windows.calcium_days)
        return (now.date() - timedelta(days=days)).isoformat()

    def facts(self, record: Record, orders: tuple[Order, ...], now: datetime) -> Facts:
        """Everything rules may ask for, at the moment ``now`` (aware)."""
        today = now.date()
        results = collect(record.of(Observation), self.terminology, self.measurements, now)
        patient = _patient(record, now)
        windows = self.measurements.windows
        drafts = frozenset(str(o.ref) for o in orders if o.ref)
        lookup = record.referred
        return Facts(
            now=now,
            patient=patient,
            diagnoses=tuple(diagnoses(record.of(Condition), self.terminology, now)),
            orders=orders,
            uses=tuple(uses(record, self.drugs, lookup, drafts, now)),
            arrangements=(*arrangements(record, self.order_reader), *_drafted(orders, now)),
            renal=renal(results, patient, today, windows),
            calcium=calcium(results, today, windows, self.measurements),
            gaps={key: gap for key, known in record.needs.items() if (gap := _gap(key, known))},
        )


def _gap(key: str, known: Completeness) -> Missing | None:
    if known.state == "not-obtained":
        return Missing(key, "not-obtained")
    if known.state == "incomplete":
        return Missing(key, "incomplete", when=day_of(known.back_to))
    return None


def _patient(record: Record, now: datetime) -> PatientFacts:
    patient = next(iter(record.of(Patient)), Patient())
    sex: Literal["male", "female"] | None = (
        "male" if patient.gender == "male" else "female" if patient.gender == "female" else None
    )
    birth = day_of(patient.birth_date)
    return PatientFacts(sex, age_on(birth, now.date()) if birth else None, birth)


def _drafted(orders: tuple[Order, ...], now: datetime) -> list[Arrangement]:
    """Services in the same draft set are already arranged."""
    return [
        Arrangement(service, "ordered", now.date(), order.text)
        for order in orders
        if isinstance(order, ServiceOrder) and not order.stops
        for service in order.services
    ]
