"""Table 2, note: pamidronate 90 mg is infused over 2 to 4 hours or longer."""

from cds_service.evaluate.outcome import Advise, NoAdvice, Outcome
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters


@rule("pamidronate-infusion-time", ordered("bisphosphonate"))
def pamidronate_infusion_time(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if order.drug != "pamidronate" or order.dose is None or order.dose.mg < p.number("dose"):
        return NoAdvice("other-order")
    if order.infusion_minutes is None:
        return NoAdvice("time-unreadable" if order.infusion_problem else "no-time")
    if order.infusion_minutes >= p.number("minimum"):
        return NoAdvice("long-enough", {"minutes": order.infusion_minutes})
    return Advise(p.indicator(), "too-fast", {"minutes": order.infusion_minutes})
