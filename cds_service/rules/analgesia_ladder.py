"""§4.3.2: pain that nothing on record treats: an NSAID or acetaminophen from mild, an opioid from moderate on."""

from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.triggers import chart_opened, rule
from cds_service.facts.analgesics import ANY, OPIOID
from cds_service.facts.facts import Facts
from cds_service.facts.pain import PainScore
from cds_service.facts.subjects import Chart
from cds_service.knowledge.model import Parameters


@rule("analgesia-ladder", chart_opened())
def analgesia_ladder(chart: Chart, facts: Facts, p: Parameters) -> Outcome:
    if not facts.diagnoses.has("bone-metastasis"):
        return NoAdvice("no-metastasis")
    score = facts.pain.newest
    if score is None:
        return _without_score(facts)
    if score.degree == "none":
        return NoAdvice("no-pain")
    mild = score.degree == "mild"
    if taken := facts.analgesics.taken(ANY if mild else (OPIOID,), p.days("look_back")):
        return NoAdvice("covered", {"taken": taken[0]})
    if missing := facts.lacking("medicationRequests"):
        return CannotTell(missing)
    if mild:
        return _mild(score, facts, p)
    if score.degree == "moderate":
        return Advise(p.indicator(), "moderate", {"score": score})
    if modifying := facts.treatment.bone_modifying(p.days("bma_look_back")):
        return Advise(p.indicator("severe"), "severe-treated", {"score": score, "modifying": modifying[0]})
    return Advise(p.indicator("severe"), "severe", {"score": score})


def _mild(score: PainScore, facts: Facts, p: Parameters) -> Outcome:
    """An NSAID or acetaminophen; what speaks against the first is said."""
    clearance = facts.renal.clearance
    low = clearance is not None and clearance.value < p.number("clearance_limit")
    if given := facts.treatment.taking(("bisphosphonate",), p.days("bma_look_back")):
        return Advise(p.indicator(), "mild-renal", {"score": score, "low": low, "given": given[0]})
    return Advise(p.indicator(), "mild-renal" if low else "mild", {"score": score, "low": low, "given": None})


def _without_score(facts: Facts) -> Outcome:
    """Why no score counts."""
    if facts.pain.elsewhere_now:
        return NoAdvice("other-site")
    return NoAdvice("score-too-old" if facts.pain.last else "no-score")
