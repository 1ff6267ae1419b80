"""Cases a clinician can read, as facts: ``given`` mappings of ``tests/cases/*.yaml``.

Every key has a harmless default (a lung-cancer patient with bone metastasis, normal calcium, everything obtained), so a
case states only what matters to it. An unknown key is an error.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

from cds_service.facts.facts import (
    Arrangement,
    Calcium,
    CalciumLevel,
    Clearance,
    ClearanceMethod,
    Diagnosis,
    Dose,
    DrugGroup,
    DrugOrder,
    DrugUse,
    Facts,
    Missing,
    Order,
    PatientFacts,
    Product,
    Reading,
    Renal,
    RequestText,
    Route,
    ServiceOrder,
)
from cds_service.knowledge.drugs import Drugs
from cds_service.knowledge.model import File

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Number = Decimal | int


class OrderGiven(File, frozen=True):
    """A draft order: a drug (concept id) or a service."""

    drug: str | None = None
    service: str | None = None
    dose_mg: Number | None = None
    dose_range: bool = False
    dose_problem: str | None = None
    route: Route | None = None
    interval_days: Number | None = None
    infusion_minutes: Number | None = None
    daily_mg: Number | None = None
    stops: bool = False
    selected: bool = True
    product: Literal["oncology", "osteoporosis", "unknown"] = "oncology"
    indications: list[str] = []
    stop_reasons: list[str] = []
    authored_days_ago: int | None = None
    id: bool = True  # False: the draft has no id


class UseGiven(File, frozen=True):
    """A record of treatment."""

    drug: str
    kind: Literal["request", "statement", "administration"] = "request"
    days_ago: int | None = None
    until_days_ago: int | None = None
    active: bool = False
    ended: bool = False
    counts: bool = True


class ExamGiven(File, frozen=True):
    service: str = "dental-examination"
    how: Literal["done", "ordered", "booked"] = "done"
    days_ago: int | None = None


class CreatinineGiven(File, frozen=True):
    mg_dl: Number
    days_ago: int


class ProblemGiven(File, frozen=True):
    what: str
    why: str
    days_ago: int | None = None


class CalciumGiven(File, frozen=True):
    level: CalciumLevel | None
    mmol_l: Number = Decimal("2.30")
    kind: Literal["ionised", "corrected-reported", "corrected-computed", "total-uncorrected"] = "corrected-reported"
    days_ago: int = 1


class Given(File, frozen=True):
    order: OrderGiven
    also_ordered: list[OrderGiven] = []
    age: int | None = 60
    sex: Literal["male", "female"] | None = "male"
    diagnoses: list[str] = msgspec.field(default_factory=lambda: ["lung-cancer", "bone-metastasis"])
    clearance: Number | None = 90
    clearance_method: ClearanceMethod = "measured"
    clearance_with_ideal_weight: Number | None = None
    renal_problems: list[ProblemGiven] = []
    creatinines: list[CreatinineGiven] = []
    calcium: CalciumGiven = CalciumGiven(level="normal")
    calcium_problems: list[ProblemGiven] = []
    uses: list[UseGiven] = []
    exams: list[ExamGiven] = []
    not_obtained: list[str] = []


def facts_of(given: Given, drugs: Drugs) -> tuple[Facts, Order]:
    """The facts a case describes, and the order it is about."""
    orders = [_order(each, position, drugs) for position, each in enumerate([given.order, *given.also_ordered])]
    facts = Facts(
        now=NOW,
        patient=PatientFacts(given.sex, given.age, None),
        diagnoses=tuple(_diagnosis(concept) for concept in given.diagnoses),
        orders=tuple(orders),
        uses=tuple(_use(each, number, drugs) for number, each in enumerate(given.uses)),
        arrangements=(*(_exam(each, number) for number, each in enumerate(given.exams)), *_drafted(orders)),
        renal=_renal(given),
        calcium=_calcium(given),
        gaps={need: Missing(need, "not-obtained") for need in given.not_obtained},
    )
    return facts, orders[0]


def _ago(days: int | None) -> date | None:
    return None if days is None else NOW.date() - timedelta(days=days)


def _exact(number: Number | None) -> Fraction | None:
    return None if number is None else Fraction(number)


def _groups(drug: str, drugs: Drugs) -> frozenset[DrugGroup]:
    return frozenset({drugs.drugs[drug].group})


def _order(given: OrderGiven, position: int, drugs: Drugs) -> Order:
    kind = "ServiceRequest" if given.service else "MedicationRequest"
    ref = RequestText(f"{kind}/order-{position}") if given.id else None
    key = f"order-{position}"
    if given.service:
        text = RequestText(given.service)
        return ServiceOrder(key, position, ref, text, (given.service,), given.selected, given.stops)
    if given.drug is None:
        raise msgspec.ValidationError("an order needs a drug or a service")
    dose = _exact(given.dose_mg)
    return DrugOrder(
        key=key,
        position=position,
        ref=ref,
        text=RequestText(given.drug),
        drugs=(given.drug,),
        groups=_groups(given.drug, drugs),
        product=Product(given.product),
        selected=given.selected,
        stops=given.stops,
        dose=Dose(dose, given.dose_range, RequestText(f"{given.dose_mg} mg")) if dose is not None else None,
        dose_problem=given.dose_problem,
        route=given.route,
        interval_days=_exact(given.interval_days),
        interval_shown=RequestText(f"{given.interval_days} d") if given.interval_days is not None else None,
        infusion_minutes=_exact(given.infusion_minutes),
        daily_mg=_exact(given.daily_mg),
        indications=frozenset(given.indications),
        stop_reasons=frozenset(given.stop_reasons),
        authored=_ago(given.authored_days_ago),
    )


def _diagnosis(concept: str) -> Diagnosis:
    return Diagnosis(concept, True, RequestText(concept), RequestText(f"Condition/{concept}"), _ago(100))


def _use(given: UseGiven, number: int, drugs: Drugs) -> DrugUse:
    return DrugUse(
        kind=given.kind,
        drugs=(given.drug,),
        groups=_groups(given.drug, drugs),
        product=Product("unknown"),
        active=given.active,
        ended=given.ended,
        when=_ago(given.days_ago),
        until=_ago(given.until_days_ago),
        text=RequestText(given.drug),
        ref=RequestText(f"Medication{given.kind.title()}/use-{number}"),
        counts=given.counts,
    )


def _exam(given: ExamGiven, number: int) -> Arrangement:
    return Arrangement(given.service, given.how, _ago(given.days_ago), RequestText(f"Procedure/exam-{number}"))


def _drafted(orders: list[Order]) -> list[Arrangement]:
    """Services of the same draft set are already arranged, as the reader of facts has it."""
    return [
        Arrangement(service, "ordered", NOW.date(), order.text)
        for order in orders
        if isinstance(order, ServiceOrder) and not order.stops
        for service in order.services
    ]


def _renal(given: Given) -> Renal:
    history = tuple(_creatinine(each, number) for number, each in enumerate(given.creatinines))
    newest = sorted(history, key=lambda r: r.when, reverse=True)
    clearance = None
    if given.clearance is not None:
        other = given.clearance_with_ideal_weight
        clearance = Clearance(
            value=Fraction(given.clearance),
            method=given.clearance_method,
            when=NOW.date(),
            ref=RequestText("Observation/clearance"),
            by_other_weight=(("ideal", Fraction(other)),) if other is not None else (),
        )
    problems = tuple(Missing(p.what, p.why, when=_ago(p.days_ago)) for p in given.renal_problems)
    return Renal(28, clearance, problems, None, newest[0] if newest else None, tuple(newest))


def _creatinine(given: CreatinineGiven, number: int) -> Reading:
    return Reading(
        analyte="creatinine",
        value=Fraction(given.mg_dl),
        unit="mg/dL",
        shown=RequestText(f"{given.mg_dl} mg/dL"),
        when=NOW.date() - timedelta(days=given.days_ago),
        ref=RequestText(f"Observation/creatinine-{number}"),
    )


def _calcium(given: Given) -> Calcium:
    calcium = given.calcium
    if calcium.level is None:
        problems = tuple(Missing(p.what, p.why, when=_ago(p.days_ago)) for p in given.calcium_problems)
        return Calcium(28, None, problems=problems or (Missing("calcium", "not-on-record"),))
    return Calcium(
        look_back_days=28,
        level=calcium.level,
        kind=calcium.kind,
        value=Fraction(calcium.mmol_l),
        unit="mmol/L",
        when=_ago(calcium.days_ago),
        ref=RequestText("Observation/calcium"),
        low=Fraction("2.11"),
        high=Fraction("2.52"),
        range_origin="result",
    )
