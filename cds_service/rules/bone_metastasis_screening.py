"""Rec. 1, §3.1.1: signs of bone metastasis in lung cancer, and no bone scan done or arranged."""

from cds_service.evaluate.outcome import Advise, CannotTell, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import chart_opened, rule
from cds_service.facts.facts import Facts
from cds_service.facts.skeleton import CORD, METASTASIS
from cds_service.facts.subjects import Chart
from cds_service.knowledge.model import Parameters

SCANS = ("bone-scan", "naf-pet", "pet-mri", "pet-ct", "mri-whole-body")
LOOKED_IN = ("procedures", "serviceRequests", "reports")


@rule("bone-metastasis-screening", chart_opened())
def bone_metastasis_screening(chart: Chart, facts: Facts, p: Parameters) -> Outcome:
    if not any(d.confirmed for d in facts.diagnoses.found("lung-cancer")):
        return NoAdvice("not-lung-cancer")
    if facts.skeleton.ever_metastatic:
        return NoAdvice("metastasis-known")
    cord = next((s for s in facts.skeleton.found(CORD) if not s.degenerative), None)
    pain, raised = facts.skeleton.found("bone-pain"), facts.skeleton.found("raised-alkaline-phosphatase")
    alp = facts.phosphatase.reading if facts.phosphatase.raised == "yes" else None
    if not (cord or pain or raised or alp or facts.hypercalcaemic):
        return NoAdvice("no-sign")
    if scan := facts.imaging.arranged(p.days("look_back"), *SCANS):
        return NoAdvice(scan.how, {"scan": scan})
    if missing := facts.lacking(*LOOKED_IN):
        return CannotTell(missing)
    data = {
        "cord": cord, "pain": pain, "raised": raised, "alp": alp, "last": facts.imaging.last("bone-scan"),
        "suspected": facts.skeleton.suspected(METASTASIS),
    }  # fmt: skip
    scan_first = Suggestion("bone-scan", (CreateService("bone-scan"),), recommended=not cord)
    if cord:
        spine = Suggestion("mri-spine", (CreateService("mri-spine"),), recommended=True)
        return Advise(p.indicator("cord"), "cord", data, (spine, scan_first), choose="any")
    return Advise(p.indicator(), "default", data, (scan_first,))
