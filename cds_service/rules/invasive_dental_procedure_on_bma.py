"""§4.1.4.1: invasive dental procedures are avoided during treatment with a bone-modifying drug."""

from cds_service.evaluate.outcome import Advise, CannotTell, DeleteOrder, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import BONE_MODIFYING, procedure, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import RequestedProcedure
from cds_service.facts.treatment import KEYS as MEDICATIONS
from cds_service.knowledge.model import Parameters


@rule("invasive-dental-procedure-on-bma", procedure("invasive-dental-procedure"))
def invasive_dental_procedure_on_bma(order: RequestedProcedure, facts: Facts, p: Parameters) -> Outcome:
    days = p.days("look_back")
    treated = facts.treatment.ever(BONE_MODIFYING)
    recent = [u for u in treated if u.active or facts.within(u.when, days) or facts.within(u.until, days)]
    if recent:
        delete = Suggestion("delete", (DeleteOrder(order),))
        use = recent[-1]
        data = {"use": use, "last": facts.treatment.last_dose(use.drugs)}
        return Advise(p.indicator(), "on-treatment", data, (delete,))
    missing = facts.lacking(*MEDICATIONS)
    return CannotTell(missing) if missing else NoAdvice("no-treatment")
