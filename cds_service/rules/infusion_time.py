"""Labels of intravenous bisphosphonates: the shortest time over which they are infused."""

from fractions import Fraction

from cds_service.evaluate.outcome import Advise, NoAdvice, Outcome
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters


@rule("infusion-time", ordered("bisphosphonate"))
def infusion_time(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    minimum = _minimum(order, p)
    if minimum is None:
        return NoAdvice("other-drug")
    if order.infusion_minutes is None:
        return NoAdvice("time-unreadable" if order.infusion_problem else "no-time")
    data = {"minutes": order.infusion_minutes, "minimum": minimum}
    if order.infusion_minutes >= minimum:
        return NoAdvice("long-enough", data)
    return Advise(p.indicator(), "too-fast", data)


def _minimum(order: DrugOrder, p: Parameters) -> Fraction | None:
    """Minutes; None for a drug whose label is not known here."""
    if order.drug == "zoledronic-acid":
        return p.number("minimum")
    return p.number("ibandronate_minimum") if order.drug == "ibandronate" else None
