"""Rec. 8, §4.1.4.1: an oral examination before bone-modifying drugs."""

from cds_service.evaluate.outcome import Advise, CannotTell, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import BONE_MODIFYING, ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.facts.treatment import KEYS as MEDICATIONS
from cds_service.knowledge.model import Parameters

SERVICES = ("dental-examination", "dental-referral")


@rule("dental-exam-before-bma", ordered(*BONE_MODIFYING))
def dental_exam_before_bma(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if facts.diagnoses.has("osteonecrosis-of-jaw"):
        return NoAdvice("jaw-necrosis")
    if exam := facts.procedures.arranged(p.days("look_back"), *SERVICES):
        return NoAdvice(exam.how, {"exam": exam})
    if missing := facts.lacking("procedures", "serviceRequests", "appointments"):
        return CannotTell(missing)
    # That this is the first dose is said only where all treatment could be seen.
    first = "treatment-not-seen" if facts.lacking(*MEDICATIONS) else "before-first"
    say = "on-treatment" if _treated(facts) else first
    data = {"last": facts.procedures.last_done(*SERVICES)}
    order_exam = Suggestion("order-exam", (CreateService("dental-examination"),), recommended=True)
    return Advise(p.indicator(say), say, data, (order_exam,), claims={"exam-due": data["last"]})


def _treated(facts: Facts) -> bool:
    """Whether a bone-modifying drug is on record from before today. The small doses of osteoporosis do not count."""
    uses = facts.treatment.ever(BONE_MODIFYING)
    return any(u.when and u.when < facts.today and u.product.use != "osteoporosis" for u in uses)
