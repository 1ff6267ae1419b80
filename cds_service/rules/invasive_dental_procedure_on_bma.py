"""§4.1.4.1: invasive dental procedures are avoided during treatment with a bone-modifying drug."""

from cds_service.evaluate.outcome import Advise, CannotTell, DeleteOrder, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import BONE_MODIFYING, procedure, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import RequestedProcedure
from cds_service.facts.treatment import KEYS as MEDICATIONS
from cds_service.facts.treatment import DrugUse
from cds_service.knowledge.model import Parameters


@rule("invasive-dental-procedure-on-bma", procedure("invasive-dental-procedure"))
def invasive_dental_procedure_on_bma(order: RequestedProcedure, facts: Facts, p: Parameters) -> Outcome:
    days = p.days("look_back")
    treated = facts.treatment.ever(BONE_MODIFYING)
    recent = [u for u in treated if u.active or facts.within(u.when, days) or facts.within(u.until, days)]
    if recent:
        delete = Suggestion("delete", (DeleteOrder(order),))
        use = recent[-1]
        data = {"use": use, "last": facts.treatment.last_dose(use.drugs), "held": _held(use, facts)}
        return Advise(p.indicator(), "on-treatment", data, (delete,))
    if missing := facts.lacking(*MEDICATIONS):
        return CannotTell(missing)
    ordered = [o for o in facts.orders.drugs(*BONE_MODIFYING) if o.product.use != "osteoporosis"]
    if ordered:
        return Advise(p.indicator("before-first"), "before-first", {"first": ordered[0]})
    return NoAdvice("no-treatment")


def _held(use: DrugUse, facts: Facts) -> bool:
    """Whether a draft of the same set holds or ends the drug, as the guideline lets it be."""
    return not facts.orders.ended.isdisjoint(use.drugs)
