"""§3.1.3: a plain film of bone to screen for bone metastasis, where there is neither pain nor a known metastasis."""

from cds_service.evaluate.outcome import Advise, CannotTell, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.several import said_once
from cds_service.evaluate.triggers import procedure, rule
from cds_service.facts.facts import Facts
from cds_service.facts.skeleton import METASTASIS
from cds_service.facts.subjects import RequestedProcedure
from cds_service.knowledge.model import Parameters

# A survey for metastasis states its purpose by its name.
SURVEY, OF_BONE, ANY = "bone-survey", "xray-bone", "xray"


@rule("xray-not-for-screening", procedure(SURVEY, OF_BONE, ANY))
def xray_not_for_screening(order: RequestedProcedure, facts: Facts, p: Parameters) -> Outcome:
    return said_once(order, xray_not_for_screening, facts.orders, lambda each: _judged(each, facts, p))


def _judged(order: RequestedProcedure, facts: Facts, p: Parameters) -> Outcome:
    if order.says.unread:
        return NoAdvice("order-unread")
    if {SURVEY, OF_BONE}.isdisjoint(order.concepts) and not order.says.bone:
        return NoAdvice("not-of-bone")
    if not any(d.confirmed for d in facts.diagnoses.found("lung-cancer")):
        return NoAdvice("not-lung-cancer")
    purposes = order.says.purposes
    if other := purposes.other:
        return NoAdvice("other-purpose", {"purpose": other})
    purpose = purposes.of("bone-screening", "screening")
    if purpose is None and SURVEY not in order.concepts:
        return NoAdvice("not-screening")
    if facts.skeleton.ever_metastatic or facts.skeleton.suspected(METASTASIS):
        return NoAdvice("metastasis-known")
    if facts.skeleton.found("bone-pain") or facts.pain.is_at_least("mild"):
        return NoAdvice("pain")
    if missing := facts.lacking("observations"):
        return CannotTell(missing)
    scan = facts.imaging.arranged(p.days("scan"), "bone-scan")
    data = {"orders": (order,), "purpose": purpose, "scan": scan}
    if scan or facts.orders.requests("bone-scan"):
        return Advise(p.indicator("arranged"), "arranged", data)
    scan_first = Suggestion("bone-scan", (CreateService("bone-scan"),), recommended=True)
    return Advise(p.indicator(), "default", data, (scan_first,))
