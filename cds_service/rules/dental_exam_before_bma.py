"""Rec. 8, §4.1.4.1: an oral examination before bone-modifying drugs."""

from cds_service.evaluate.outcome import Advise, CannotTell, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import BONE_MODIFYING, ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters

SERVICES = ("dental-examination", "dental-referral")


@rule("dental-exam-before-bma", ordered(*BONE_MODIFYING))
def dental_exam_before_bma(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if exam := facts.procedures.arranged(p.days("look_back"), *SERVICES):
        return NoAdvice(exam.how, {"exam": exam})
    if missing := facts.lacking("procedures", "serviceRequests", "appointments"):
        return CannotTell(missing)
    return Advise(
        p.indicator(),
        "none-found",
        {"last": facts.procedures.last_done(*SERVICES)},
        (Suggestion("order-exam", (CreateService("dental-examination"),), recommended=True),),
    )
