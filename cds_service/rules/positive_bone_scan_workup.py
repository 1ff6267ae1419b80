"""Rec. 2, §3.1.4, §3.1.5: a bone scan read positive or equivocal that nothing has followed."""

from cds_service.base.kinds import Missing
from cds_service.evaluate.outcome import Advise, CannotTell, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import chart_opened, rule
from cds_service.facts.facts import Facts
from cds_service.facts.skeleton import CORD
from cds_service.facts.subjects import Chart
from cds_service.knowledge.model import Parameters


@rule("positive-bone-scan-workup", chart_opened())
def positive_bone_scan_workup(chart: Chart, facts: Facts, p: Parameters) -> Outcome:
    if not facts.diagnoses.has("lung-cancer"):
        return NoAdvice("not-lung-cancer")
    if facts.skeleton.ever_metastatic:
        return NoAdvice("confirmed")
    scan = facts.imaging.newest_scan(p.days("look_back"))
    missing = facts.lacking("reports")
    if missing and (scan is None or scan.reading in (None, "not-read")):
        return CannotTell(missing)
    if scan is None or scan.when is None or scan.reading == "negative":
        return NoAdvice("no-positive-scan")
    if scan.reading in (None, "not-read"):
        return CannotTell((Missing("scan-reading", "not-read", when=scan.when),))
    if found := facts.imaging.worked_up(scan.when):
        return NoAdvice("worked-up", {"study": found})
    data = {"scan": scan, "before": facts.imaging.closer_look_before(scan.when)}
    spine = scan.spine or bool(facts.skeleton.found(CORD))
    say = "equivocal" if scan.reading == "equivocal" else "spine" if spine else "positive"
    mri = "mri-spine" if spine else "mri-bone"
    choices = (
        Suggestion(mri, (CreateService(mri),), recommended=say == "spine"),
        Suggestion("pet-ct", (CreateService("pet-ct"),)),
        Suggestion("ct-bone", (CreateService("ct-bone"),)),
        Suggestion("bone-biopsy", (CreateService("bone-biopsy"),)),
    )
    return Advise(p.indicator(say), say, data, choices)
