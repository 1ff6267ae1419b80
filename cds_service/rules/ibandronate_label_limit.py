"""Chinese ibandronate labels: not above a serum creatinine that they print in both units, whatever the dose."""

from cds_service.evaluate.outcome import Advise, DeleteOrder, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters


@rule("ibandronate-label-limit", ordered("bisphosphonate"))
def ibandronate_label_limit(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if order.drug != "ibandronate" or order.route == "oral":
        return NoAdvice("other-drug")
    creatinine = facts.creatinine.current
    if creatinine is None:
        return NoAdvice("no-creatinine")
    limit = p.limit("creatinine", creatinine.lab_unit)
    data = {"creatinine": creatinine, "limit": limit}
    if creatinine.lab <= limit:
        return NoAdvice("not-above", data)
    return Advise(p.indicator(), "above", data, (Suggestion("delete", (DeleteOrder(order),), recommended=True),))
