"""§4.1.4.2: a bisphosphonate is dosed by renal function; what was found of it, and why it could not be used."""

from cds_service.evaluate.outcome import Advise, CannotTell, CreateService, DeleteOrder, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters

BODY = frozenset({"weight", "height"})
NEEDS_BODY = "no-body-surface"
CONTRADICTS = "contradicts-diagnosis"
# The drugs that Table 2 does not recommend in its lowest row.
NOT_BELOW = frozenset({"zoledronic-acid", "pamidronate"})


@rule("renal-function-missing", ordered("bisphosphonate"))
def renal_function_missing(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if facts.renal.clearance:
        return NoAdvice("known")
    if order.route == "oral":
        return NoAdvice("oral")
    creatinine = facts.creatinine.current
    arranged = facts.tests.arranged(facts.renal.look_back_days, "creatinine")
    test = Suggestion("order-creatinine", (CreateService("creatinine"),), recommended=True)
    tests = () if arranged or creatinine else (test,)
    data = {"ordered": arranged, "creatinine": creatinine}
    if sign := facts.severe_kidneys:
        return _without_a_dose(order, facts, data | {"sign": sign}, tests, p)
    missing = facts.lacking("measurements")
    if missing and all(problem.what in BODY or problem.why == NEEDS_BODY for problem in facts.renal.problems):
        return CannotTell(missing)
    if creatinine:
        return Advise(p.indicator(), "inputs-missing", data)
    return Advise(p.indicator(), "no-usable-result", data, tests, claims={"renal-due": None})


def _without_a_dose(
    order: DrugOrder, facts: Facts, data: dict[str, object], tests: tuple[Suggestion, ...], p: Parameters
) -> Outcome:
    """On dialysis there is no clearance to wait for; a record that contradicts itself is to be settled first."""
    # The table is not about hypercalcaemia; what the kidneys are is said all the same.
    hypercalcaemia = "hypercalcaemia" in order.indications
    forbidden = order.drug in NOT_BELOW and not hypercalcaemia
    contradicts = any(m.why == CONTRADICTS for m in facts.renal.problems)
    data |= {"forbidden": forbidden, "contradicts": contradicts, "hypercalcaemia": hypercalcaemia}
    urgency = p.indicator("severe-not-recommended" if forbidden else "severe")
    if data["sign"] != "dialysis":
        return Advise(urgency, "severe", data, tests)
    delete = Suggestion("delete", (DeleteOrder(order),), recommended=True)
    return Advise(urgency, "dialysis", data, (delete,) if forbidden else ())
