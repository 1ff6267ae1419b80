"""§4.3.2: pain that nothing on record treats: an NSAID or acetaminophen from mild, an opioid from moderate on."""

from collections.abc import Mapping

from cds_service.base.kinds import Indicator
from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.triggers import chart_opened, rule
from cds_service.facts.analgesics import ANY, OPIOID
from cds_service.facts.facts import Facts
from cds_service.facts.pain import PainScore
from cds_service.facts.subjects import Chart
from cds_service.knowledge.model import Parameters


@rule("analgesia-ladder", chart_opened())
def analgesia_ladder(chart: Chart, facts: Facts, p: Parameters) -> Outcome:
    if not facts.diagnoses.standing("bone-metastasis"):
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
        return _graded(facts, p.indicator(), "moderate", {"score": score}, {"opioid-step": score})
    modifying = facts.bone_modifying.oncology()
    data = {"score": score, "modifying": modifying[0] if modifying else None}
    claims = {"opioid-step": score} | ({} if modifying else {"bma-for-severe-pain": score})
    return _graded(facts, p.indicator("severe"), "severe-treated" if modifying else "severe", data, claims)


def _graded(
    facts: Facts, indicator: Indicator, say: str, data: Mapping[str, object], claims: Mapping[str, object] | None = None
) -> Outcome:
    """Recommendation 9 and its grade are about several metastases; what is said is the same."""
    several = f"{say}-multiple" if facts.lesions.number == "multiple" else say
    return Advise(indicator, several, data, claims=claims or {})


def _mild(score: PainScore, facts: Facts, p: Parameters) -> Outcome:
    """An NSAID or acetaminophen; what speaks against the first is said."""
    clearance = facts.renal.clearance
    low = clearance is not None and clearance.value < p.number("clearance_limit")
    given = facts.bone_modifying.oncology("bisphosphonate")
    data = {"score": score, "low": low, "given": given[0] if given else None}
    return _graded(facts, p.indicator(), "mild-renal" if low or given else "mild", data)


def _without_score(facts: Facts) -> Outcome:
    """Why no score counts."""
    if facts.pain.elsewhere_now:
        return NoAdvice("other-site")
    return NoAdvice("score-too-old" if facts.pain.last else "no-score")
