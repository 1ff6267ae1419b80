"""§4.3.2.2: an opioid is stopped at a dose from which the guideline steps down first."""

from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.triggers import rule, stopped
from cds_service.facts.facts import Facts
from cds_service.facts.opioids import OpioidDaily, schedule
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters

RELIEVED = "pain-relieved"


@rule("opioid-taper", stopped("opioid"))
def opioid_taper(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if (because := _other_reason(order, facts, p)) is not None:
        return because
    stops = facts.analgesics.stopped_opioids
    if order is not next(o for o in stops if o.selected):
        return NoAdvice("said-once")
    if all(o.daily is not None and o.daily.as_needed for o in stops):
        return NoAdvice("prn-only")
    last = facts.analgesics.last_told(order)
    if last is not None and (facts.today - last).days > p.days("told_back"):
        return CannotTell(facts.analgesics.whether_taken(last))
    daily = facts.analgesics.daily_opioid(stops, regular=True)
    if daily.ome > p.number("target"):
        return _stepwise(daily, facts, p)
    if daily.unread:
        return CannotTell(daily.why_unread)
    if daily.foreign:
        return Advise(p.indicator("not-convertible"), "not-convertible", {"daily": daily, "score": facts.pain.newest})
    return NoAdvice("borderline" if daily.high > p.number("target") else "under-target", {"daily": daily})


def _other_reason(order: DrugOrder, facts: Facts, p: Parameters) -> NoAdvice | None:
    """Why no schedule is offered, whatever the dose."""
    if order.held:
        return NoAdvice("held")
    if order.stop_stated and RELIEVED not in order.stop_reasons:
        return NoAdvice("reason-stated")
    if going_on := facts.analgesics.opioids(p.days("given_back"), regular=True):
        return NoAdvice("switched" if going_on[0] in facts.orders.all else "continued", {"use": going_on[0]})
    since = facts.analgesics.stopped_since(order, p.days("gap"))
    if since is not None and (facts.today - since).days < p.days("shortest"):
        return NoAdvice("short-course", {"since": since})
    return None


def _stepwise(daily: OpioidDaily, facts: Facts, p: Parameters) -> Outcome:
    steps = schedule(daily, p.number("target"), p.share("least_share"), p.share("most_share"))
    rescue = facts.analgesics.opioids(p.days("given_back"), regular=False)
    data = {"daily": daily, "steps": steps, "score": facts.pain.newest, "rescue": rescue}
    return Advise(p.indicator(), "taper" if steps else "without-schedule", data)
