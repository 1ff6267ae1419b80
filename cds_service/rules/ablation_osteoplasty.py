"""Rec. 12, §4.6: a lytic bone metastasis that still hurts after other treatment, and no ablation."""

from datetime import timedelta

from cds_service.evaluate.outcome import Advise, NoAdvice, Outcome
from cds_service.evaluate.triggers import chart_opened, rule
from cds_service.facts.activities import Activity
from cds_service.facts.facts import Facts
from cds_service.facts.pain import PainScore
from cds_service.facts.skeleton import CORD
from cds_service.facts.subjects import Chart
from cds_service.knowledge.model import Parameters

BEFORE = ("radiotherapy", "sbrt", "bone-surgery", "spinal-stabilisation")
INTERVENTIONS = ("ablation", "bone-augmentation")


@rule("ablation-osteoplasty", chart_opened())
def ablation_osteoplasty(chart: Chart, facts: Facts, p: Parameters) -> Outcome:
    if not facts.skeleton.metastatic:
        return NoAdvice("metastasis-not-confirmed")
    lesion = facts.lesions.of_kind("osteolytic")
    if lesion is None:
        return NoAdvice("not-lytic" if facts.lesions.typed else "lesion-type-unknown")
    score = facts.pain.newest
    if score is None or not facts.pain.is_at_least("moderate"):
        return NoAdvice("pain-mild")
    if done := facts.activities.arranged(p.days("look_back"), among=_of_bone(facts)):
        return NoAdvice("ablation-arranged", {"done": done})
    before = score.when - timedelta(days=p.days("earlier_treatment"))
    treated = facts.activities.done_of_bone(before, *BEFORE)
    opioid, unfit = _on_opioid(score, facts, p), _unfit(facts, p)
    if not (treated or opioid or unfit):
        return NoAdvice("no-earlier-treatment")
    # Beside what cannot wait it is a card of its own or nothing: an emergency has no line of an option.
    say = "beside-cord" if facts.skeleton.found(CORD) else "default"
    return Advise(p.indicator(), say, {"lesion": lesion, "score": score, "treated": treated, "opioid": opioid})


def _of_bone(facts: Facts) -> list[Activity]:
    """Ablations of another organ are none of these; cement is always of bone."""
    found = facts.activities.of(*INTERVENTIONS)
    return [a for a in found if "bone-augmentation" in a.what or a.place.of_bone != "no"]


def _on_opioid(score: PainScore, facts: Facts, p: Parameters) -> bool:
    taken, since = facts.analgesics.on_opioid_since(p.days("opioid_gap"))
    return taken and (since is None or since <= score.when - timedelta(days=p.days("opioid")))


def _unfit(facts: Facts, p: Parameters) -> bool:
    ecog = facts.function.ecog
    return ecog is not None and ecog.value >= p.number("unfit")
