"""§4.1.3, Rec. 7: a bone-modifying drug is ended early, or because of bone pain or a skeletal-related event."""

from datetime import date

from cds_service.evaluate.alike import PAIN_OR_EVENT
from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.triggers import BONE_MODIFYING, rule, stopped
from cds_service.facts.clearances import Clearance
from cds_service.facts.creatinine import in_unit
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.facts.treatment import KEYS as MEDICATIONS
from cds_service.knowledge.model import Parameters

# A serious adverse reaction is the guideline's reason to stop; these are the ones a record can show.
ADVERSE = ("osteonecrosis-of-jaw", "acute-kidney-injury", "dialysis", "severe-kidney-disease")
# The drugs that Table 2 does not recommend in its lowest row.
NOT_BELOW = ("zoledronic-acid", "pamidronate")
CREATININE = ("zoledronic-acid", "pamidronate")


@rule("bma-early-discontinuation", stopped(*BONE_MODIFYING))
def bma_early_discontinuation(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if facts.orders.drugs(*BONE_MODIFYING):
        return NoAdvice("switch")
    # The guideline lets the drug be held for it.
    if order.held and facts.orders.requests("invasive-dental-procedure"):
        return NoAdvice("dental-procedure")
    events = order.stop_reasons & PAIN_OR_EVENT
    if order.stop_stated and not events:
        return NoAdvice("reason-stated")
    if facts.diagnoses.has(*ADVERSE) or _calcium_low(facts) or _creatinine_rose(order, facts, p):
        return NoAdvice("adverse-event")
    first, forbidden = _first_dose(order, facts), _not_recommended(order, facts, p)
    data = {
        "first": first,
        "months": facts.months_since(first) if first else None,
        "events": sorted(events),
        "forbidden": forbidden,
    }
    if events and "bisphosphonate" in order.groups:
        # The graded recommendation is about events; on bone pain the guideline says the same without a grade.
        say = "after-event" if events - {"bone-pain"} else "after-pain"
        return Advise(p.indicator("after-event"), say, data)
    if forbidden:
        return NoAdvice("not-recommended", data)
    missing = facts.lacking(*MEDICATIONS)
    if missing and (first is None or facts.months_since(first) < p.number("minimum_months")):
        # An earlier dose may stand in what was not obtained.
        return CannotTell(missing)
    if first is None:
        return NoAdvice("no-start")
    if facts.months_since(first) < p.number("minimum_months"):
        return Advise(p.indicator("short"), "short", data)
    return NoAdvice("long-enough", data)


def _calcium_low(facts: Facts) -> bool:
    """By a result, or where there is none by a diagnosis."""
    calcium = facts.calcium.level
    return calcium == "low" or (calcium is None and facts.diagnoses.has("hypocalcaemia"))


def _not_recommended(order: DrugOrder, facts: Facts, p: Parameters) -> Clearance | None:
    """The clearance at which Table 2 does not recommend the drug; of exactly the limit the lower row is read."""
    clearance, limit = facts.renal.clearance, p.number("not_recommended")
    if clearance is None or order.drug not in NOT_BELOW or clearance.value > limit:
        return None
    return clearance if clearance.value < limit or order.drug == "pamidronate" else None


def _first_dose(order: DrugOrder, facts: Facts) -> date | None:
    """The first day of treatment with any bone-modifying drug, the ended prescription itself included."""
    days = [use.when for use in facts.treatment.ever(BONE_MODIFYING) if use.when]
    return min([*days, *([order.authored] if order.authored else [])], default=None)


def _creatinine_rose(order: DrugOrder, facts: Facts, p: Parameters) -> bool:
    """A rise since before the first dose for which the labels hold the drug (``creatinine-rise-hold``)."""
    days, current = facts.treatment.given((order.drug,)), facts.creatinine.current
    if order.drug not in CREATININE or not days or current is None or current.when <= days[0]:
        return False
    window = p.number("baseline_window")
    before = (r for r in facts.creatinine.history if r.when <= days[0] and (days[0] - r.when).days <= window)
    baseline = next(before, None)
    if baseline is None:
        return False
    unit, was = current.lab_unit, in_unit(baseline, current)
    normal = was < p.limit("baseline_limit", unit)
    return current.lab - was >= p.limit("rise_normal" if normal else "rise_abnormal", unit)
