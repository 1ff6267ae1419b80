"""§4.7: a screen for distress is due, or a positive one was not answered."""

from cds_service.evaluate.outcome import Advise, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import chart_opened, rule
from cds_service.facts.distress import Screen
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Chart
from cds_service.knowledge.model import Parameters

# Instrument -> the parameter of its cut-off.
CUT_OFFS = {
    "phq-9": "phq_9", "phq-2": "phq_2", "gad-7": "gad_7", "hads": "hads", "hads-anxiety": "hads_anxiety",
    "hads-depression": "hads_depression", "distress-thermometer": "distress_thermometer",
}  # fmt: skip
REFER = Suggestion("refer", (CreateService("psych-referral"),))


@rule("psychological-support", chart_opened())
def psychological_support(chart: Chart, facts: Facts, p: Parameters) -> Outcome:
    if not facts.diagnoses.standing("bone-metastasis"):
        return NoAdvice("no-metastasis")
    days = p.days("screen_back")
    item = facts.distress.item(days)
    if item and item.score >= p.number("item_9"):
        return Advise(p.indicator("positive"), "self-harm", {"item": item}, (REFER,))
    positive = [s for s in facts.distress.newest(days) if _is_positive(s, p)]
    if positive:
        return _positive(max(positive, key=lambda s: (s.when, s.instrument)), facts, p)
    if done := facts.distress.done(days):
        return NoAdvice("screened", {"done": done})
    if arranged := facts.procedures.arranged(days, "distress-screening"):
        return NoAdvice("arranged", {"arranged": arranged})
    if facts.diagnoses.has("depression", "anxiety") and _cared_for(p.days("care_back"), facts, p):
        return NoAdvice("under-care")
    return Advise(p.indicator(), "due", suggestions=(Suggestion("screen", (CreateService("psych-assessment"),)),))


def _is_positive(screen: Screen, p: Parameters) -> bool:
    return screen.score is not None and screen.score >= p.number(CUT_OFFS[screen.instrument])


def _positive(screen: Screen, facts: Facts, p: Parameters) -> Outcome:
    if _cared_for(facts.days_since(screen.when) + p.days("care_before"), facts, p):
        return NoAdvice("cared-for", {"screen": screen})
    limit, shown = p.number(CUT_OFFS[screen.instrument]), p.number("show_score") > 0
    return Advise(p.indicator("positive"), "positive", {"screen": screen, "limit": limit, "shown": shown}, (REFER,))


def _cared_for(days: int, facts: Facts, p: Parameters) -> bool:
    """Whether psychological care was given or arranged in so many days, or a psychotropic drug is taken."""
    arranged = facts.procedures.arranged(days, "psychological-care")
    return arranged is not None or bool(facts.treatment.taking(("psychotropic",), p.days("medicine_back")))
