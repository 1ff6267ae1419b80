"""Zoledronic acid and pamidronate labels: hold a repeat dose when creatinine has risen against the baseline."""

from datetime import date

from cds_service.base.kinds import Missing
from cds_service.evaluate.outcome import Advise, CannotTell, DeleteOrder, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.results import Reading
from cds_service.facts.subjects import DrugOrder
from cds_service.facts.treatment import KEYS as MEDICATIONS
from cds_service.knowledge.model import Parameters

DRUGS = ("zoledronic-acid", "pamidronate")


@rule("creatinine-rise-hold", ordered("bisphosphonate"))
def creatinine_rise_hold(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if order.drug not in DRUGS:
        return NoAdvice("other-drug")
    days = facts.treatment.given((order.drug,))
    if not days:
        return _no_dose(order, facts)
    first = days[0]
    current = facts.creatinine.newest
    if current is None or not facts.within(current.when, p.days("look_back")) or current.when <= first:
        return NoAdvice("no-current-creatinine")
    baseline = _baseline(facts, first, p)
    if baseline is None:
        gaps = facts.lacking("measurements")
        return CannotTell(gaps or (Missing("baseline-creatinine", "not-on-record", when=first),))
    rise = current.value - baseline.value
    normal = baseline.value < p.number("baseline_limit")
    limit = p.number("rise_normal" if normal else "rise_abnormal")
    data = {"first": first, "baseline": baseline, "current": current, "rise": rise, "limit": limit, "normal": normal}
    if rise < limit:
        return NoAdvice("no-rise", data)
    return Advise(p.indicator(), "risen", data, (Suggestion("delete", (DeleteOrder(order),), recommended=True),))


def _no_dose(order: DrugOrder, facts: Facts) -> Outcome:
    """No dose on record: the first one, or one that a prescription leaves open."""
    if missing := facts.lacking(*MEDICATIONS):
        return CannotTell(missing)
    if facts.treatment.prescribed(order.drug):
        return CannotTell((Missing("earlier-dose", "not-on-record"),))
    return NoAdvice("first-dose")


def _baseline(facts: Facts, first: date, p: Parameters) -> Reading | None:
    """The newest creatinine on or before the first dose, not older than the baseline window."""
    window = p.number("baseline_window")
    before = (r for r in facts.creatinine.history if r.when <= first and (first - r.when).days <= window)
    return next(before, None)
