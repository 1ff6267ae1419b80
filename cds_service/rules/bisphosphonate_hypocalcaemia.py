"""Labels of intravenous bisphosphonates: a low calcium is corrected before the dose; one not measured is no card."""

from cds_service.evaluate.alike import known_calcium
from cds_service.evaluate.outcome import Advise, CannotTell, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters


@rule("bisphosphonate-hypocalcaemia", ordered("bisphosphonate"))
def bisphosphonate_hypocalcaemia(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if order.route == "oral" or order.drug == "other-bisphosphonate" or _for_osteoporosis(order, facts):
        return NoAdvice("not-intravenous")
    calcium = facts.calcium
    if calcium.level is None:
        if facts.diagnoses.has("hypocalcaemia"):
            tests = Suggestion("order-calcium", (CreateService("calcium"), CreateService("albumin")), recommended=True)
            return Advise(p.indicator("diagnosis"), "diagnosis", suggestions=(tests,))
        # Not measured is no card: the guideline asks for calcium before denosumab only.
        return CannotTell(calcium.unread) if calcium.unread else NoAdvice("not-known")
    return known_calcium(facts, p)


def _for_osteoporosis(order: DrugOrder, facts: Facts) -> bool:
    """Its product of osteoporosis, unless it is meant for bone metastasis: the drug is the same."""
    metastasis = facts.diagnoses.has("bone-metastasis") or "bone-metastasis" in order.indications
    return order.product.use == "osteoporosis" and not metastasis
