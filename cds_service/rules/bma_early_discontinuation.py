"""§4.1.3, Rec. 7: a bone-modifying drug is ended early, or because of bone pain or a skeletal-related event."""

from datetime import date

from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.triggers import BONE_MODIFYING, rule, stopped
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.facts.treatment import KEYS as MEDICATIONS
from cds_service.knowledge.model import Parameters

# A serious adverse reaction is the guideline's reason to stop; these are the ones a record can show.
ADVERSE = ("osteonecrosis-of-jaw", "acute-kidney-injury", "dialysis")
ADVERSE_REASONS = ("chronic-kidney-disease", "hypocalcaemia")
EVENTS = ("bone-pain", "pathological-fracture", "spinal-cord-compression", "hypercalcaemia")


@rule("bma-early-discontinuation", stopped(*BONE_MODIFYING))
def bma_early_discontinuation(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if any(facts.orders.drugs(group) for group in BONE_MODIFYING):
        return NoAdvice("switch")
    if (
        facts.diagnoses.has(*ADVERSE)
        or order.stop_reasons & {*ADVERSE, *ADVERSE_REASONS}
        or facts.calcium.level == "low"
    ):
        return NoAdvice("adverse-event")
    events = order.stop_reasons & set(EVENTS)
    first = _first_dose(order, facts)
    data = {"first": first, "months": facts.months_since(first) if first else None, "events": sorted(events)}
    if events and "bisphosphonate" in order.groups:
        # The graded recommendation is about events; on bone pain the guideline says the same without a grade.
        say = "after-event" if events - {"bone-pain"} else "after-pain"
        return Advise(p.indicator("after-event"), say, data)
    missing = facts.lacking(*MEDICATIONS)
    if missing and (first is None or facts.months_since(first) < p.number("minimum_months")):
        # An earlier dose may stand in what was not obtained.
        return CannotTell(missing)
    if first is None:
        return NoAdvice("no-start")
    if facts.months_since(first) < p.number("minimum_months"):
        return Advise(p.indicator("short"), "short", data)
    return NoAdvice("long-enough", data)


def _first_dose(order: DrugOrder, facts: Facts) -> date | None:
    """The first day of treatment with any bone-modifying drug, the ended prescription itself included."""
    days = [use.when for use in facts.treatment.ever(BONE_MODIFYING) if use.when]
    return min([*days, *([order.authored] if order.authored else [])], default=None)
