"""A clearance needs a steady creatinine: acute kidney injury, or two results of one week that differ too much."""

from cds_service.evaluate.outcome import Advise, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters


@rule("renal-function-unstable", ordered("bisphosphonate"))
def renal_function_unstable(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if order.route == "oral":
        return NoAdvice("oral")
    if facts.unsteady is None:
        return NoAdvice("steady")
    test = Suggestion("order-creatinine", (CreateService("creatinine"),), recommended=True)
    if "hypercalcaemia" in order.indications:  # for which no dose by clearance is asked
        return Advise(p.indicator(), "hypercalcaemia", suggestions=(test,))
    return Advise(p.indicator(), "injury" if facts.unsteady.injury else "changing", suggestions=(test,))
