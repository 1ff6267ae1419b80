"""Rec. 4: a confirmed bone metastasis, and no conference of several disciplines on record."""

from cds_service.evaluate.outcome import Advise, CannotTell, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import chart_opened, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Chart
from cds_service.knowledge.model import Parameters


@rule("multidisciplinary-plan", chart_opened())
def multidisciplinary_plan(chart: Chart, facts: Facts, p: Parameters) -> Outcome:
    if not facts.skeleton.metastatic:
        return NoAdvice("metastasis-not-confirmed")
    if conference := facts.conferences.arranged(p.days("look_back")):
        return NoAdvice(conference.how, {"conference": conference})
    if missing := facts.lacking("procedures", "serviceRequests", "encounters"):
        return CannotTell(missing)
    ask = Suggestion("mdt", (CreateService("mdt"),), recommended=True)
    return Advise(p.indicator(), "default", {"last": facts.conferences.last}, (ask,))
