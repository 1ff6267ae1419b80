"""§4.4.2, beside Rec. 10: SBRT of bone is ordered where life expectancy is short or the vertebra may fracture."""

from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.several import said_once
from cds_service.evaluate.triggers import procedure, rule
from cds_service.facts.activities import RADIOTHERAPY
from cds_service.facts.facts import Facts
from cds_service.facts.instability import Sins
from cds_service.facts.skeleton import METASTASIS, SPINE, Sign
from cds_service.facts.subjects import RequestedProcedure
from cds_service.knowledge.model import Parameters

FRACTURES = ("pathological-fracture", "vertebral-compression-fracture", "impending-fracture", "spinal-instability")


@rule("sbrt-selection", procedure(*RADIOTHERAPY))
def sbrt_selection(order: RequestedProcedure, facts: Facts, p: Parameters) -> Outcome:
    return said_once(order, sbrt_selection, facts.orders, lambda each: _judged(each, facts, p))


def _judged(order: RequestedProcedure, facts: Facts, p: Parameters) -> Outcome:
    if not facts.courses.of(order).stereotactic:
        return NoAdvice("not-sbrt")
    if order.says.place.of_bone != "yes":
        return NoAdvice("not-bone")
    if not facts.skeleton.metastatic and METASTASIS not in order.says.conditions:
        return NoAdvice("metastasis-not-confirmed")
    life, sign, sins = facts.function.life, _fracture(order, facts), _unstable(facts, p)
    worded = not (order.says.conditions | order.says.doubted).isdisjoint(FRACTURES)
    short = life is not None and life.high is not None and life.high <= p.number("life_expectancy")
    fragile = bool(sign or sins or worded) and SPINE.may_be(order.says.place.bone)
    if not (short or fragile):
        missing = facts.lacking("observations") if life is None else ()
        return CannotTell(missing) if missing else NoAdvice("longer" if life else "life-expectancy-unknown")
    say = "both" if short and fragile else "short" if short else "fracture"
    earlier = facts.activities.done_of_bone(facts.today, *RADIOTHERAPY)
    data = {"orders": (order,), "life": life, "sign": sign, "sins": sins, "earlier": earlier}
    return Advise(p.indicator(), say, data)


def _fracture(order: RequestedProcedure, facts: Facts) -> Sign | None:
    """A vertebra that is broken, about to break or unstable: this one, or one that is not stated."""
    site = order.says.place.bone
    found = facts.skeleton.about(site, *FRACTURES)
    return next((s for s in found if SPINE.may_be(s.site)), None)


def _unstable(facts: Facts, p: Parameters) -> Sins | None:
    sins = facts.instability.sins
    return sins if sins and sins.value >= p.number("sins") else None
