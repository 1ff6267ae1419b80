"""Zoledronic acid label: infused over no less than 15 minutes."""

from cds_service.evaluate.outcome import Advise, NoAdvice, Outcome
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters


@rule("infusion-time", ordered("bisphosphonate"))
def infusion_time(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if order.drug != "zoledronic-acid":
        return NoAdvice("other-drug")
    if order.infusion_minutes is None:
        return NoAdvice("no-time")
    if order.infusion_minutes >= p.number("minimum"):
        return NoAdvice("long-enough", {"minutes": order.infusion_minutes})
    return Advise(p.indicator(), "too-fast", {"minutes": order.infusion_minutes})
