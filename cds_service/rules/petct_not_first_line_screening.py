"""§3.1.2: PET/CT ordered as the first screening for bone metastasis, and no metastases elsewhere suspected."""

from cds_service.evaluate.outcome import Advise, CannotTell, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.several import said_once
from cds_service.evaluate.triggers import procedure, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import RequestedProcedure
from cds_service.knowledge.model import Parameters

SCREENED_BY = ("reports", "procedures")


@rule("petct-not-first-line-screening", procedure("pet-ct", "pet-mri", "naf-pet"))
def petct_not_first_line_screening(order: RequestedProcedure, facts: Facts, p: Parameters) -> Outcome:
    return said_once(order, petct_not_first_line_screening, facts.orders, lambda each: _judged(each, facts, p))


def _judged(order: RequestedProcedure, facts: Facts, p: Parameters) -> Outcome:
    if order.says.unread:
        return NoAdvice("order-unread")
    if not any(d.confirmed for d in facts.diagnoses.found("lung-cancer")):
        return NoAdvice("not-lung-cancer")
    purposes = order.says.purposes
    if other := purposes.other:
        return NoAdvice("other-purpose", {"purpose": other})
    purpose = purposes.of("bone-screening")
    if purpose is None:
        return NoAdvice("purpose-not-bone-screening")
    if facts.skeleton.ever_metastatic:
        return NoAdvice("metastasis-known")
    if elsewhere := facts.spread.first or purposes.elsewhere:
        return NoAdvice("other-metastasis", {"deposit": elsewhere})
    if scan := facts.imaging.newest_scan(p.days("scan")):
        return NoAdvice("positive-scan" if scan.reading in ("positive", "equivocal") else "not-first", {"scan": scan})
    if missing := facts.lacking_within(p.days("scan"), *SCREENED_BY):
        return CannotTell(missing)
    arranged = facts.imaging.arranged(p.days("scan"), "bone-scan") is not None or facts.orders.requests("bone-scan")
    offered = () if arranged else (Suggestion("bone-scan", (CreateService("bone-scan"),), recommended=True),)
    data = {"orders": (order,), "purpose": purpose, "arranged": arranged, "with_mri": "pet-mri" in order.concepts}
    return Advise(p.indicator(), "default", data, offered)
