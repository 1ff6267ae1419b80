"""Rec. 5 and 6, §4.1: bone metastasis on record, and no bone-modifying drug."""

from cds_service.evaluate.alike import starting_bma
from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.triggers import BONE_MODIFYING, chart_opened, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Chart
from cds_service.knowledge.model import Parameters


@rule("start-bma", chart_opened())
def start_bma(subject: Chart, facts: Facts, p: Parameters) -> Outcome:
    metastasis = facts.diagnoses.standing("bone-metastasis")
    if not metastasis:
        return NoAdvice("metastasis-not-confirmed")
    if facts.diagnoses.has("osteonecrosis-of-jaw"):
        return NoAdvice("jaw-necrosis")
    if treated := facts.bone_modifying.oncology():
        return NoAdvice("treated", {"use": treated[0]})
    if missing := facts.lacking("medicationRequests"):
        return CannotTell(missing)
    if refused := facts.refusals.lately(p.days("refused"), *BONE_MODIFYING):
        return NoAdvice("declined", {"refused": refused})
    if not facts.bma_options.offered:
        return NoAdvice("nothing-left")
    last = facts.bone_modifying.earlier
    data = {"metastasis": metastasis[0], "other": facts.bone_modifying.uses, "last": last}
    if facts.bone_modifying.uses:
        return Advise(p.indicator(), "other-product", data)
    claims = {"bma-missing": (metastasis[0], facts.calcium.level)}
    say = _say(facts, last is not None)
    return Advise(p.indicator(), say, data, tuple(starting_bma(facts, p)), choose="any", claims=claims)


def _say(facts: Facts, earlier: bool) -> str:
    """The one thing that decides most what can be given."""
    if facts.calcium.level == "low":
        return "calcium-low"
    if facts.unsteady:
        return "unsteady"
    if facts.renal.clearance is None and not facts.diagnoses.has("dialysis"):
        return "clearance-unknown"
    if facts.calcium.level is None:
        return "calcium-unknown"
    return "earlier" if earlier else "untreated"
