"""§4.1.4.3: calcium is checked, and corrected when low, before a RANKL inhibitor is given."""

from cds_service.evaluate.outcome import Advise, CannotTell, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters


@rule("denosumab-hypocalcaemia", ordered("rankl-inhibitor"))
def denosumab_hypocalcaemia(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    calcium = facts.calcium
    if calcium.level is None:
        arranged = facts.tests.arranged(calcium.look_back_days, "calcium-total", "calcium-ionised", "calcium-corrected")
        tests = Suggestion("order-calcium", (CreateService("calcium"), CreateService("albumin")), recommended=True)
        data, suggested = {"ordered": arranged}, () if arranged else (tests,)
        return Advise(p.indicator("missing"), "missing", data, suggested, claims={"calcium-due": None})
    if calcium.level != "low":
        if calcium.unread:
            return CannotTell(calcium.unread)  # it may be low, and nobody can tell
        return NoAdvice("not-low-measured" if calcium.downward else "not-low")
    urgency = p.indicator("severe" if calcium.severe else "mild")
    claims = {"calcium-low": (calcium.value, calcium.unit, calcium.when)}
    if calcium.downward:
        ionised = Suggestion("order-ionised", (CreateService("calcium-ionised"),), recommended=True)
        return Advise(urgency, "low-corrected", suggestions=(ionised,), claims=claims)
    if calcium.kind == "total-uncorrected":
        albumin = Suggestion("order-albumin", (CreateService("albumin"),), recommended=True)
        return Advise(urgency, "low-uncorrected", suggestions=(albumin,), claims=claims)
    return Advise(urgency, "low", claims=claims)
