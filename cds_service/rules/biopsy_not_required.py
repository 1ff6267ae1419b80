"""Rec. 3, §3.1.7: a biopsy of bone ordered in confirmed lung cancer with several bone lesions."""

from cds_service.evaluate.outcome import Advise, NoAdvice, Outcome
from cds_service.evaluate.several import said_once
from cds_service.evaluate.triggers import procedure, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import RequestedProcedure
from cds_service.knowledge.model import Parameters

MARROW = "marrow"


@rule("biopsy-not-required", procedure("bone-biopsy", "biopsy"))
def biopsy_not_required(order: RequestedProcedure, facts: Facts, p: Parameters) -> Outcome:
    return said_once(order, biopsy_not_required, facts.orders, lambda each: _judged(each, facts, p))


def _judged(order: RequestedProcedure, facts: Facts, p: Parameters) -> Outcome:
    says = order.says
    if order.says.unread:
        return NoAdvice("order-unread")
    if "bone-biopsy" not in order.concepts and not says.bone:
        return NoAdvice("not-of-bone")
    if MARROW in says.said:
        return NoAdvice("marrow-biopsy")
    if not any(d.confirmed for d in facts.diagnoses.found("lung-cancer")):
        return NoAdvice("lung-cancer-not-confirmed")
    if facts.diagnoses.ever("other-primary-cancer", "multiple-myeloma"):
        return NoAdvice("other-primary")
    if says.purposes.of("molecular"):
        return NoAdvice("molecular")
    if other := says.purposes.of("second-cancer") or says.purposes.other:
        return NoAdvice("other-purpose", {"purpose": other})
    if facts.lesions.number != "multiple":
        return NoAdvice("solitary" if facts.lesions.number == "solitary" else "number-unknown")
    return Advise(p.indicator(), "default", {"orders": (order,), "told": facts.lesions.newest[0]})
