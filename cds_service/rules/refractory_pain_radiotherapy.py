"""Rec. 10, §4.4.1, §4.4.2: compression of the cord, pathological fracture or refractory pain, and no radiotherapy."""

from collections.abc import Iterable
from datetime import date, timedelta

from cds_service.evaluate.outcome import Advise, CannotTell, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import chart_opened, rule
from cds_service.facts.activities import RADIOTHERAPY, Activity
from cds_service.facts.events import OPERATIONS
from cds_service.facts.facts import Facts
from cds_service.facts.skeleton import CORD, SPINE, Sign
from cds_service.facts.subjects import Chart
from cds_service.facts.treatment import KEYS as MEDICATIONS
from cds_service.knowledge.model import Parameters

MRIS = {"mri", "mri-bone", "mri-whole-body", "pet-mri"}
ARRANGED = (*RADIOTHERAPY, "radiotherapy-referral")
MRI = Suggestion("mri-spine", (CreateService("mri-spine"),), recommended=True)
RADIOTHERAPIST = Suggestion("radiotherapy-referral", (CreateService("radiotherapy-referral"),), recommended=True)
SURGEON = Suggestion("orthopaedic-referral", (CreateService("orthopaedic-referral"),), recommended=True)


@rule("refractory-pain-radiotherapy", chart_opened())
def refractory_pain_radiotherapy(chart: Chart, facts: Facts, p: Parameters) -> Outcome:
    if not facts.skeleton.metastatic:
        return NoAdvice("metastasis-not-confirmed")
    certain = [s for s in facts.skeleton.found(CORD) if not s.degenerative]
    for say, signs in (
        ("cord", certain),
        ("suspected-cord", [s for s in facts.skeleton.suspected(CORD) if not s.degenerative]),
        ("fracture", facts.skeleton.found("pathological-fracture") if _treated(facts) else ()),
    ):
        if sign := _open(signs, facts, p):
            offered = (*_settled_by(say, facts, p), RADIOTHERAPIST, *(() if say == "fracture" else (SURGEON,)))
            return Advise(p.indicator(say), say, {"sign": sign, "earlier": _earlier(facts)}, offered, choose="any")
    return _reported(facts, p) or _pain(facts, p)


def _reported(facts: Facts, p: Parameters) -> Advise | None:
    """A report that names a compressed cord, and no diagnosis does; that of a treated spine names it for long."""
    study = facts.imaging.of_cord(p.days("recent"))
    lately = facts.today - timedelta(days=p.days("recent"))
    if study is None or facts.skeleton.known(CORD) or facts.activities.treating(SPINE, lately, *ARRANGED, *OPERATIONS):
        return None
    offered = (*(() if study.kind in MRIS else (MRI,)), RADIOTHERAPIST, SURGEON)
    return Advise(
        p.indicator("reported-cord"),
        "reported-cord",
        {"study": study, "earlier": _earlier(facts)},
        offered,
        choose="any",
    )


def _settled_by(say: str, facts: Facts, p: Parameters) -> tuple[Suggestion, ...]:
    """What settles a suspicion: MRI of the spine, where none has just been done or is on its way."""
    if say != "suspected-cord" or facts.imaging.arranged(p.days("before_finding"), "mri-bone", "mri-whole-body"):
        return ()
    return (MRI,)


def _open(signs: Iterable[Sign], facts: Facts, p: Parameters) -> Sign | None:
    """The first recent one that no radiotherapy of that bone, nor a referral, has followed; one without a day is."""
    recent = [s for s in signs if s.when is None or facts.within(s.when, p.days("recent"))]
    return next((s for s in recent if _followed(s, facts, p) is None), None)


def _followed(sign: Sign, facts: Facts, p: Parameters) -> Activity | None:
    if sign.when is None:
        since = facts.today - timedelta(days=p.days("recent"))
    else:
        since = sign.when - timedelta(days=p.days("before_finding"))
    return facts.activities.treating(sign.site, since, *ARRANGED)


def _treated(facts: Facts) -> bool:
    """Whether systemic treatment of the cancer is on record, whenever it was."""
    drugs = facts.treatment.ever(("systemic-anticancer", "platinum"))
    return bool(drugs or facts.activities.of("systemic-anticancer-treatment"))


def _earlier(facts: Facts) -> Activity | None:
    return facts.activities.done_of_bone(facts.today, *RADIOTHERAPY)


def _pain(facts: Facts, p: Parameters) -> Outcome:
    score = facts.pain.newest
    if score is None or not facts.pain.is_at_least("severe"):
        missing = facts.lacking("observations")
        return CannotTell(missing) if missing and score is None else NoAdvice("no-finding")
    taken, since = facts.analgesics.on_opioid_since(p.days("opioid_gap"))
    if not taken:
        missing = facts.lacking(*MEDICATIONS)
        return CannotTell(missing) if missing else NoAdvice("no-opioid")
    if since is not None and since > score.when - timedelta(days=p.days("refractory")):
        return NoAdvice("not-refractory", {"since": since})
    lately = _since(facts.today, p)
    if found := facts.activities.treating(None, lately, *ARRANGED):
        return NoAdvice("radiotherapy-arranged", {"found": found})
    data = {"score": score, "since": since, "earlier": _earlier(facts)}
    return Advise(p.indicator("pain"), "pain", data, (RADIOTHERAPIST,))


def _since(today: date, p: Parameters) -> date:
    return today - timedelta(days=p.days("radiotherapy_pain"))
