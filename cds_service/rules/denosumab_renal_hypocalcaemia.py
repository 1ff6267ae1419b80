"""Denosumab label: in severe renal impairment or dialysis, hypocalcaemia after the dose is likelier and graver."""

from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters

KIDNEYS = ("chronic-kidney-disease", "acute-kidney-injury")
# Nothing on record, or not lately: the guideline asks for no renal function before denosumab.
NOT_THERE = frozenset({"not-on-record", "too-old", "unknown"})


@rule("denosumab-renal-hypocalcaemia", ordered("rankl-inhibitor"))
def denosumab_renal_hypocalcaemia(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if order.drug != "denosumab":
        return NoAdvice("other-drug")
    clearance, dialysis = facts.renal.clearance, facts.diagnoses.found("dialysis")
    if dialysis:
        return Advise(p.indicator(), "dialysis", {"dialysis": dialysis[0]})
    if clearance is None:
        if sign := facts.severe_kidneys:
            return Advise(p.indicator(), "kidney-disease", {"sign": sign})
        if (at_least := facts.renal.at_least) and at_least >= p.number("clearance_limit"):
            return NoAdvice("surely-not-severe")
        unusable = any(m.why not in NOT_THERE for m in facts.renal.problems)
        known = facts.creatinine.current or facts.renal.egfr
        if known or unusable or facts.diagnoses.has(*KIDNEYS):
            return CannotTell(facts.renal.problems)
        return NoAdvice("clearance-unknown")
    if clearance.value < p.number("clearance_limit"):
        return Advise(p.indicator(), "severe")
    return NoAdvice("not-severe")
