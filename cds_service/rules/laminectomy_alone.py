"""§4.5.4.2: a laminectomy of the spine in bone metastasis, and nothing ordered or done that stabilises it."""

from datetime import timedelta

from cds_service.base.kinds import RequestText
from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.several import said_once
from cds_service.evaluate.triggers import procedure, rule
from cds_service.facts.activities import STABILISING
from cds_service.facts.facts import Facts
from cds_service.facts.sites import BoneSite
from cds_service.facts.skeleton import CORD, DEGENERATIVE, METASTASIS, SPINE
from cds_service.facts.subjects import RequestedProcedure
from cds_service.knowledge.model import Parameters

TUMOROUS = frozenset({METASTASIS, CORD, "pathological-fracture", "spinal-instability", "nerve-compression"})
ANTERIOR = ("anterior-approach", "anterior-decompression")


@rule("laminectomy-alone", procedure("laminectomy"))
def laminectomy_alone(order: RequestedProcedure, facts: Facts, p: Parameters) -> Outcome:
    return said_once(order, laminectomy_alone, facts.orders, lambda each: _judged(each, facts, p))


def _judged(order: RequestedProcedure, facts: Facts, p: Parameters) -> Outcome:
    if not facts.skeleton.metastatic:
        return NoAdvice("metastasis-not-confirmed")
    site = order.says.place.bone
    if not SPINE.may_be(site):
        return NoAdvice("not-spine")
    if not {*order.says.said, *order.concepts}.isdisjoint(ANTERIOR):
        return NoAdvice("anterior-approach")
    if DEGENERATIVE in order.says.conditions and TUMOROUS.isdisjoint(order.says.conditions):
        return NoAdvice("degenerative")
    if not _spinal(order, facts):
        return NoAdvice("metastasis-elsewhere")
    if by := _stabilised(order, facts, p):
        return NoAdvice("stabilised", {"by": by})
    if missing := facts.lacking("procedures", "serviceRequests"):
        return CannotTell(missing)
    unstable = facts.skeleton.found("spinal-instability")
    data = {
        "orders": (order,),
        "site": site,
        "sins": facts.instability.sins,
        "unstable": unstable[0] if unstable else None,
    }
    return Advise(p.indicator(), "default", data)


def _spinal(order: RequestedProcedure, facts: Facts) -> bool:
    """Whether it can be for the metastasis: one of the spine or of no stated bone, or the cord is pressed."""
    sites = [s.site for s in facts.skeleton.found(METASTASIS)]
    cord = any(not s.degenerative for s in facts.skeleton.found(CORD))
    return cord or not TUMOROUS.isdisjoint(order.says.conditions) or any(SPINE.may_be(site) for site in sites)


def _stabilised(order: RequestedProcedure, facts: Facts, p: Parameters) -> RequestText | None:
    """What stabilises the same level: this order, another draft, or what is on record, planned or just done."""
    if not {*order.concepts, *order.says.named}.isdisjoint(STABILISING):
        return order.text
    site = order.says.place.bone or SPINE
    since = facts.today - timedelta(days=p.days("stabilised"))
    drafted = (o.text for o in facts.orders if isinstance(o, RequestedProcedure) and _stabilises(o, site))
    on_record = (
        a.text
        for a in facts.activities.about(site, *STABILISING)
        if (a.how != "done" if a.when is None else a.when >= since)
    )
    return next(drafted, None) or next(on_record, None)


def _stabilises(other: RequestedProcedure, site: BoneSite) -> bool:
    place = other.says.place
    of_it = place.of_bone != "no" and site.may_be(place.bone)
    return of_it and not other.stops and not {*other.concepts, *other.says.named}.isdisjoint(STABILISING)
