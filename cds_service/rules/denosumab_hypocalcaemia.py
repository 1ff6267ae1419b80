"""§4.1.4.3: calcium is checked, and corrected when low, before a RANKL inhibitor is given."""

from cds_service.evaluate.outcome import Advise, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import drug_ordered
from cds_service.facts.facts import DrugOrder, Facts
from cds_service.knowledge.model import Parameters

CONFIRM = Suggestion("order-albumin", (CreateService("albumin"),), recommended=True)


@drug_ordered("denosumab-hypocalcaemia", "rankl-inhibitor")
def denosumab_hypocalcaemia(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    calcium = facts.calcium
    if calcium.level == "low" and calcium.kind == "total-uncorrected":
        return Advise(p.indicator("low"), "low-uncorrected", suggestions=(CONFIRM,))
    if calcium.level == "low":
        return Advise(p.indicator("low"), "low")
    if calcium.level is not None:
        return NoAdvice("not-low")
    ordered = facts.arranged(calcium.look_back_days, "calcium-total", "calcium-ionised", "calcium-corrected")
    tests = Suggestion("order-calcium", (CreateService("calcium"), CreateService("albumin")), recommended=True)
    return Advise(p.indicator("missing"), "missing", {"ordered": ordered}, () if ordered else (tests,))
