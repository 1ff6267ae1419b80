"""Denosumab label: in severe renal impairment or dialysis, hypocalcaemia after the dose is likelier and graver."""

from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters


@rule("denosumab-renal-hypocalcaemia", ordered("rankl-inhibitor"))
def denosumab_renal_hypocalcaemia(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if order.drug != "denosumab":
        return NoAdvice("other-drug")
    clearance, dialysis = facts.renal.clearance, facts.diagnoses.found("dialysis")
    if dialysis:
        return Advise(p.indicator(), "dialysis", {"dialysis": dialysis[0]})
    if clearance is None:
        kidneys = facts.diagnoses.has("chronic-kidney-disease", "acute-kidney-injury")
        return CannotTell(facts.renal.problems) if kidneys else NoAdvice("clearance-unknown")
    if clearance.value < p.number("clearance_limit"):
        return Advise(p.indicator(), "severe")
    return NoAdvice("not-severe")
