"""§4.3.1: an analgesic is taken, and pain was not assessed."""

from cds_service.evaluate.outcome import Advise, CannotTell, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import chart_opened, rule
from cds_service.facts.analgesics import ANY
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Chart
from cds_service.knowledge.model import Parameters


@rule("pain-assessment-due", chart_opened())
def pain_assessment_due(chart: Chart, facts: Facts, p: Parameters) -> Outcome:
    if not facts.diagnoses.standing("bone-metastasis"):
        return NoAdvice("no-metastasis")
    taken = facts.analgesics.taken(ANY, p.days("look_back"))
    if not taken:
        missing = facts.lacking("medicationRequests")
        return CannotTell(missing) if missing else NoAdvice("no-analgesic")
    if facts.pain.newest or facts.pain.elsewhere_now:
        return NoAdvice("scored")
    if arranged := facts.procedures.arranged(p.days("ordered_back"), "pain-assessment"):
        return NoAdvice("arranged", {"arranged": arranged})
    suggestion = Suggestion("assess", (CreateService("pain-assessment"),))
    data = {"taken": taken[0], "last": facts.pain.last, "other": facts.pain.other}
    return Advise(p.indicator(), "due", data, (suggestion,))
