"""§4.1.4.2: a bisphosphonate is dosed by renal function; what was found of it, and why it could not be used."""

from cds_service.evaluate.outcome import Advise, CannotTell, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters

BODY = frozenset({"weight", "height"})
NEEDS_BODY = "no-body-surface"


@rule("renal-function-missing", ordered("bisphosphonate"))
def renal_function_missing(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if facts.renal.clearance:
        return NoAdvice("known")
    if order.route == "oral":
        return NoAdvice("oral")
    problems = facts.renal.problems
    missing = facts.lacking("measurements")
    if missing and all(problem.what in BODY or problem.why == NEEDS_BODY for problem in problems):
        return CannotTell(missing)
    if creatinine := facts.creatinine.current:
        return Advise(p.indicator(), "inputs-missing", {"creatinine": creatinine})
    arranged = facts.tests.arranged(facts.renal.look_back_days, "creatinine")
    order_test = Suggestion("order-creatinine", (CreateService("creatinine"),), recommended=True)
    return Advise(p.indicator(), "no-usable-result", {"ordered": arranged}, () if arranged else (order_test,))
