"""Zoledronic acid and pamidronate labels: hold a repeat dose when creatinine has risen against the baseline."""

from datetime import date

from cds_service.base.kinds import Missing
from cds_service.evaluate.outcome import Advise, CannotTell, DeleteOrder, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.creatinine import Rise, in_unit
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
    if facts.diagnoses.has("dialysis"):
        return NoAdvice("dialysis")
    days = facts.treatment.given((order.drug,))
    if not days:
        return _no_dose(order, facts)
    first = days[0]
    current = facts.creatinine.newest
    if current is None or not facts.within(current.when, p.days("look_back")) or current.when <= first:
        return NoAdvice("no-current-creatinine")
    baseline = _baseline(facts, first, p)
    if baseline is None:
        return _without_baseline(order, facts, (first, current), p)
    rise = _rise(baseline, current, p)
    data = {"rise": rise, "first": first}
    if not rise.reached:
        return NoAdvice("no-rise", data)
    if _for_hypercalcaemia(order):
        return Advise(p.indicator("hypercalcaemia"), "hypercalcaemia", data)
    return Advise(p.indicator(), "risen", data, (_delete(order),))


def _for_hypercalcaemia(order: DrugOrder) -> bool:
    """The labels hold the drug for bone metastasis and myeloma; hypercalcaemia raises creatinine itself."""
    return "hypercalcaemia" in order.indications


def _without_baseline(order: DrugOrder, facts: Facts, known: tuple[date, Reading], p: Parameters) -> Outcome:
    """Against the lowest creatinine of half a year; steady ones since the first dose leave nothing to ask."""
    first, current = known
    before = tuple(facts.creatinine.before(current, p.days("lowest_window")))
    if before and (rise := _rise(min(before, key=lambda r: r.value), current, p)).reached:
        if _for_hypercalcaemia(order):
            return Advise(p.indicator("hypercalcaemia"), "hypercalcaemia", {"rise": rise, "first": first})
        return Advise(p.indicator("no-baseline"), "no-baseline", {"rise": rise, "first": first}, (_delete(order),))
    since = [in_unit(r, current) for r in facts.creatinine.since(first)]
    if len(since) > 1 and max(since) - min(since) <= p.limit("steady", current.lab_unit):
        return NoAdvice("steady-no-baseline")
    gaps = facts.lacking("measurements")
    return CannotTell(gaps or (Missing("baseline-creatinine", "not-on-record", when=first),))


def _rise(baseline: Reading, current: Reading, p: Parameters) -> Rise:
    unit, before = current.lab_unit, in_unit(baseline, current)
    bound = p.limit("baseline_limit", unit)
    limit = p.limit("rise_normal" if before < bound else "rise_abnormal", unit)
    return Rise(baseline, current, before, limit, bound)


def _delete(order: DrugOrder) -> Suggestion:
    return Suggestion("delete", (DeleteOrder(order),), recommended=True)


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
