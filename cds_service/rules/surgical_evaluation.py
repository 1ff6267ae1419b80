"""§4.5.3: a sign that asks for a surgical opinion in bone metastasis, and none on record."""

from collections.abc import Iterator
from datetime import date, timedelta

from cds_service.evaluate.outcome import Advise, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import chart_opened, rule
from cds_service.facts.activities import OPERATIONS, RADIOTHERAPY
from cds_service.facts.facts import Facts
from cds_service.facts.sites import BoneSite
from cds_service.facts.skeleton import CORD, METASTASIS, Sign
from cds_service.facts.subjects import Chart
from cds_service.knowledge.model import Parameters


@rule("surgical-evaluation", chart_opened())
def surgical_evaluation(chart: Chart, facts: Facts, p: Parameters) -> Outcome:
    if not facts.skeleton.metastatic:
        return NoAdvice("metastasis-not-confirmed")
    told = [s for s in _signs(facts) if s.when is None or facts.within(s.when, p.days("recent"))]
    signs = [s for s in told if not _operated(s.site, s.when, facts)]
    sins = facts.instability.sins
    if sins and (sins.value < p.number("sins") or _operated(BoneSite("spine"), sins.when, facts)):
        sins = None
    pain = _pain_after_radiotherapy(facts, p)
    if not (signs or sins or pain):
        return NoAdvice("operated-since" if told else "no-sign")
    if referral := facts.activities.arranged(p.days("referral"), "surgical-referral"):
        return NoAdvice("referral-arranged", {"referral": referral})
    nerves = [s for s in signs if s.concept in (CORD, "nerve-compression")]
    spine = bool(sins or nerves) or any(s.site and s.site.name == "spine" for s in signs)
    urgent = bool(sins or nerves) or any(s.site is None or s.site.weight_bearing is not False for s in signs)
    data = {"signs": signs, "sins": sins, "pain": facts.pain.newest if pain else None, "spine": spine}
    say = "nerve" if nerves and len(nerves) == len(signs) and not (sins or pain) else "default"
    offered = [Suggestion("orthopaedic-referral", (CreateService("orthopaedic-referral"),), recommended=True)]
    if any(s.concept == CORD for s in signs):
        offered.append(Suggestion("neurosurgery-referral", (CreateService("neurosurgery-referral"),)))
    return Advise(p.indicator("urgent" if urgent else "default"), say, data, tuple(offered))


def _signs(facts: Facts) -> Iterator[Sign]:
    """Signs (3), (5) and (6) among the diagnoses."""
    sites = [s.site for s in facts.skeleton.found(METASTASIS)]
    spinal = any(site and site.name == "spine" for site in sites)
    yield from facts.skeleton.found("pathological-fracture", "spinal-instability")
    if spinal and not facts.diagnoses.has("osteoporosis"):
        yield from facts.skeleton.found("vertebral-compression-fracture")
    # A metastasis of a bone that nobody states may lie beside the nerve.
    near = any(site is None or site.may_be(BoneSite("spine")) for site in sites)
    nerves = facts.skeleton.found(CORD, *(("nerve-compression",) if near else ()))
    yield from (s for s in nerves if not s.degenerative)


def _operated(site: BoneSite | None, since: date | None, facts: Facts) -> bool:
    """Whether that bone, or one not stated, was operated on since the day of the sign, or is going to be."""
    return since is not None and any(
        a.when is not None and a.when >= since if a.how == "done" else facts.activities.is_awaited(a)
        for a in facts.activities.about(site, *OPERATIONS)
    )


def _pain_after_radiotherapy(facts: Facts, p: Parameters) -> bool:
    """Sign (2), narrowly: severe pain on an opioid, long enough after radiotherapy of bone."""
    if not facts.pain.is_at_least("severe") or not facts.analgesics.on_opioid_since(p.days("opioid_gap"))[0]:
        return False
    before = facts.today - timedelta(days=p.days("radiotherapy"))
    return facts.activities.done_of_bone(before, *RADIOTHERAPY) is not None
