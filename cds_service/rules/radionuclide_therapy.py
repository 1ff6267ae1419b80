"""§4.4.3: several blastic bone metastases that still hurt after radiotherapy, and no radionuclide."""

from datetime import timedelta

from cds_service.evaluate.outcome import Advise, NoAdvice, Outcome
from cds_service.evaluate.triggers import chart_opened, rule
from cds_service.facts.activities import RADIOTHERAPY
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Chart
from cds_service.knowledge.model import Parameters


@rule("radionuclide-therapy", chart_opened())
def radionuclide_therapy(chart: Chart, facts: Facts, p: Parameters) -> Outcome:
    if not facts.skeleton.metastatic:
        return NoAdvice("metastasis-not-confirmed")
    if facts.lesions.number != "multiple":
        return NoAdvice("not-multiple")
    lesion = facts.lesions.of_kind("osteoblastic")
    if lesion is None:
        return NoAdvice("not-blastic")
    score = facts.pain.newest
    if score is None or not facts.pain.is_at_least("moderate"):
        return NoAdvice("no-pain")
    if _given(facts, p):
        return NoAdvice("radionuclide-arranged")
    before = facts.today - timedelta(days=p.days("radiotherapy"))
    treated = facts.activities.done_of_bone(before, *RADIOTHERAPY)
    if treated is None:
        return NoAdvice("no-radiotherapy")
    return Advise(p.indicator(), "default", {"lesion": lesion, "score": score, "treated": treated})


def _given(facts: Facts, p: Parameters) -> bool:
    """Whether a radionuclide was given in the look-back, is ordered, or is active."""
    drugs = facts.treatment.ever(("radiopharmaceutical",))
    lately = any(u.active or facts.within(u.until or u.when, p.days("look_back")) for u in drugs)
    return lately or facts.activities.arranged(p.days("look_back"), "radionuclide-therapy") is not None
