"""Labels of intravenous bisphosphonates: a low calcium is corrected before the dose; one not measured is no card."""

from cds_service.evaluate.outcome import Advise, CannotTell, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters

# Not measured, or not lately: the guideline asks for calcium before denosumab only.
NOT_THERE = frozenset({"not-on-record", "too-old"})


@rule("bisphosphonate-hypocalcaemia", ordered("bisphosphonate"))
def bisphosphonate_hypocalcaemia(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if order.route == "oral" or order.drug == "other-bisphosphonate" or order.product.use == "osteoporosis":
        return NoAdvice("not-intravenous")
    calcium = facts.calcium
    if calcium.level is None:
        unusable = tuple(m for m in calcium.problems if m.why not in NOT_THERE)
        return CannotTell(unusable) if unusable else NoAdvice("not-known")
    if calcium.level != "low":
        if calcium.newer:
            return CannotTell(calcium.newer)  # it may be low, and nobody can read it
        return NoAdvice("not-low-measured" if calcium.downward else "not-low")
    urgency = p.indicator("severe" if calcium.severe else "mild")
    if calcium.downward:
        ionised = Suggestion("order-ionised", (CreateService("calcium-ionised"),), recommended=True)
        return Advise(urgency, "low-corrected", suggestions=(ionised,))
    if calcium.kind == "total-uncorrected":
        albumin = Suggestion("order-albumin", (CreateService("albumin"),), recommended=True)
        return Advise(urgency, "low-uncorrected", suggestions=(albumin,))
    return Advise(urgency, "low")
