"""§4.1.4.3: calcium is checked, and corrected when low, before a RANKL inhibitor is given."""

from cds_service.evaluate.alike import known_calcium
from cds_service.evaluate.outcome import Advise, CreateService, Outcome, Suggestion
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
    return known_calcium(facts, p, {"calcium-low": (calcium.value, calcium.unit, calcium.when)})
