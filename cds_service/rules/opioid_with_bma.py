"""§4.3.2.3: an opioid is ordered for severe bone pain, and no bone-modifying drug is on record."""

from cds_service.evaluate.alike import starting_bma
from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.triggers import BONE_MODIFYING, ordered, rule
from cds_service.facts.analgesics import OPIOID
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters


@rule("opioid-with-bma", ordered("opioid"))
def opioid_with_bma(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if not facts.diagnoses.standing("bone-metastasis"):
        return NoAdvice("no-metastasis")
    if order is not next(o for o in facts.orders.drugs(OPIOID) if o.selected):
        return NoAdvice("said-once")
    if facts.diagnoses.has("osteonecrosis-of-jaw"):
        return NoAdvice("onj")
    if not facts.pain.is_at_least("severe"):
        return NoAdvice("below-severe" if facts.pain.newest else "no-score")
    if any(facts.orders.drugs(group) for group in BONE_MODIFYING):
        return NoAdvice("ordered")
    if treated := facts.bone_modifying.oncology():
        return NoAdvice("treated", {"use": treated[0]})
    if missing := facts.lacking("medicationRequests"):
        return CannotTell(missing)
    if refused := facts.refusals.lately(p.days("refused"), *BONE_MODIFYING):
        return NoAdvice("declined", {"refused": refused})
    say = "calcium-low" if facts.calcium.level == "low" else "missing"
    data = {"score": facts.pain.newest}
    # What start-bma and analgesia-ladder say when the chart is opened.
    missing_bma = (facts.diagnoses.standing("bone-metastasis")[0], facts.calcium.level)
    claims = {"bma-missing": missing_bma, "bma-for-severe-pain": facts.pain.newest}
    return Advise(p.indicator(), say, data, tuple(starting_bma(facts, p)), choose="any", claims=claims)
