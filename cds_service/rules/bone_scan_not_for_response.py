"""§3.1.1: a bone scan ordered in known, treated bone metastasis, to judge response or without a purpose."""

from datetime import date, timedelta

from cds_service.base.kinds import DrugGroup
from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.several import said_once
from cds_service.evaluate.triggers import procedure, rule
from cds_service.facts.activities import RADIOTHERAPY, Activity
from cds_service.facts.facts import Facts
from cds_service.facts.skeleton import METASTASIS
from cds_service.facts.subjects import RequestedProcedure
from cds_service.facts.treatment import KEYS as MEDICATIONS
from cds_service.facts.treatment import DrugUse
from cds_service.knowledge.model import Parameters

SYSTEMIC: tuple[DrugGroup, ...] = ("systemic-anticancer", "platinum")
SYSTEMIC_VISIT = "systemic-anticancer-treatment"


@rule("bone-scan-not-for-response", procedure("bone-scan"))
def bone_scan_not_for_response(order: RequestedProcedure, facts: Facts, p: Parameters) -> Outcome:
    return said_once(order, bone_scan_not_for_response, facts.orders, lambda each: _judged(each, facts, p))


def _judged(order: RequestedProcedure, facts: Facts, p: Parameters) -> Outcome:
    purposes, response = order.says.purposes, order.says.purposes.of("response")
    if order.says.unread:
        return NoAdvice("order-unread")
    if "naf-pet" in {*order.concepts, *order.says.named}:
        return NoAdvice("naf-pet")
    if other := purposes.other or (None if response else next(iter(purposes.all), None)):
        return NoAdvice("other-purpose", {"purpose": other})
    first = _first(facts)
    if not facts.skeleton.metastatic:
        return NoAdvice("no-metastasis")
    if first is None or first > facts.today - timedelta(days=p.days("known")):
        return NoAdvice("early")
    taken = _taken(facts, p)
    drug, given = taken or next(iter(facts.bone_modifying.oncology()), None), _given(facts, p)
    if not drug and not given:
        missing = facts.lacking_within(p.days("systemic"), *MEDICATIONS, "procedures")
        return CannotTell(missing) if missing else NoAdvice("not-on-treatment")
    data = {
        "orders": (order,), "first": first, "drug": drug, "anticancer": taken is not None, "given": given,
        "purpose": response, "last": facts.imaging.last_done("bone-scan"),
    }  # fmt: skip
    say = "response" if response else "unstated"
    return Advise(p.indicator(say), say, data)


def _first(facts: Facts) -> date | None:
    """The first day on which a confirmed bone metastasis was recorded; one without a day is no "since"."""
    return min((s.when for s in facts.skeleton.found(METASTASIS) if s.when), default=None)


def _taken(facts: Facts, p: Parameters) -> DrugUse | None:
    """The anticancer drug last taken or given in the window."""
    taken = [u for u in facts.treatment.ever(SYSTEMIC) if u.counts and _lately(u, facts, p)]
    return max(taken, key=lambda u: (u.until or u.when or date.min, u.ref), default=None)


def _lately(use: DrugUse, facts: Facts, p: Parameters) -> bool:
    days = p.days("systemic")
    return use.active or facts.within(use.when, days) or facts.within(use.until, days)


def _given(facts: Facts, p: Parameters) -> Activity | None:
    """Anticancer treatment in a visit, or radiotherapy of bone, done lately."""
    done = [
        a for a in facts.activities.of(SYSTEMIC_VISIT, *RADIOTHERAPY)
        if a.how == "done" and (SYSTEMIC_VISIT in a.what or a.site) and facts.within(a.when, p.days("systemic"))
    ]  # fmt: skip
    return max(done, key=lambda a: (a.when or date.min, a.ref), default=None)
