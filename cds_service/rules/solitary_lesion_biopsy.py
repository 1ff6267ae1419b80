"""Rec. 3, §3.1.7: one bone lesion is stated, and no biopsy of bone done or arranged."""

from datetime import timedelta

from cds_service.base.kinds import Missing
from cds_service.evaluate.outcome import Advise, CannotTell, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import chart_opened, rule
from cds_service.facts.facts import Facts
from cds_service.facts.skeleton import METASTASIS
from cds_service.facts.subjects import Chart
from cds_service.knowledge.model import Parameters


@rule("solitary-lesion-biopsy", chart_opened())
def solitary_lesion_biopsy(chart: Chart, facts: Facts, p: Parameters) -> Outcome:
    lesions = facts.lesions
    if lesions.contradicting:
        return CannotTell((Missing("lesion-number", "contradictory", when=lesions.counted[0].when),))
    if lesions.number != "solitary":
        return NoAdvice("multiple" if lesions.number == "multiple" else "not-stated")
    newest = lesions.newest[0]
    if newest.when is None or not facts.within(newest.when, p.days("look_back")):
        return NoAdvice("too-old", {"told": newest})
    metastases = [s for s in facts.skeleton.all if s.concept == METASTASIS and s.active]
    days = [s.when for s in metastases if s.when] + [c.when for c in lesions.counted if c.when]
    since = min(days) - timedelta(days=p.days("before_lesion"))
    if biopsy := facts.activities.bone_biopsy(since, [s.site for s in metastases]):
        return NoAdvice("biopsied" if biopsy.how == "done" else biopsy.how, {"biopsy": biopsy})
    if missing := facts.lacking("procedures", "serviceRequests"):
        return CannotTell(missing)
    order = Suggestion("bone-biopsy", (CreateService("bone-biopsy"),), recommended=True)
    return Advise(p.indicator(), "default", {"told": newest}, (order,))
