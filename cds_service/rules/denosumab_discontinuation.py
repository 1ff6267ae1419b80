"""Denosumab labels: after denosumab ends or lapses with no other agent, vertebral fractures may follow."""

from cds_service.evaluate.alike import PAIN_OR_EVENT
from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.triggers import BONE_MODIFYING, chart_opened, ordered, rule, stopped
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Chart, DrugOrder
from cds_service.facts.treatment import KEYS as MEDICATIONS
from cds_service.facts.treatment import DrugUse
from cds_service.knowledge.model import Parameters

DENOSUMAB = "denosumab"
# After these the drug ends for good, and what follows its end must be thought of all the same.
ADVERSE = {"osteonecrosis-of-jaw", "acute-kidney-injury", "chronic-kidney-disease", "dialysis", "hypocalcaemia"}


@rule("denosumab-discontinuation", ordered("rankl-inhibitor"), stopped("rankl-inhibitor"), chart_opened())
def denosumab_discontinuation(order: DrugOrder | Chart, facts: Facts, p: Parameters) -> Outcome:
    if isinstance(order, Chart):
        return _lapsed(facts, p)
    if order.drug != DENOSUMAB:
        return NoAdvice("other-drug")
    # The guideline lets the drug be held for it.
    if order.held and facts.orders.requests("invasive-dental-procedure"):
        return NoAdvice("dental-procedure")
    if order.stop_stated and not order.stop_reasons & (ADVERSE | PAIN_OR_EVENT):
        return NoAdvice("reason-stated")
    if _covered(order, facts, p):
        return NoAdvice("other-agent")
    missing = facts.lacking(*MEDICATIONS)
    if missing:
        return CannotTell(missing)
    days = facts.treatment.given((order.drug,))
    last = days[-1] if days else None
    if order.stops:
        return Advise(p.indicator(), "stopped", {"last": last}, claims={"denosumab-ends": last})
    due = p.days("interval") + p.days("overdue")
    if last and not any(_for_cancer(u) for u in facts.treatment.ever(("rankl-inhibitor",)) if u.when == last):
        return NoAdvice("osteoporosis-product", {"last": last})  # which is given every half year
    if last is None or (facts.today - last).days <= due:
        return NoAdvice("on-time", {"last": last})
    data = {"last": last, "days": facts.days_since(last), "calcium": facts.calcium.level}
    return Advise(p.indicator(), "overdue", data, claims={"denosumab-ends": last})


def _lapsed(facts: Facts, p: Parameters) -> Outcome:
    """Nothing is ordered, and the dose is overdue. Why it was not given a record hardly tells: its lapse counts."""
    uses = [u for u in facts.treatment.ever(("rankl-inhibitor",)) if _for_cancer(u)]
    if not uses:
        missing = facts.lacking("medicationRequests", "medicationAdministrations")
        return CannotTell(missing) if missing else NoAdvice("never-given")
    if any(DENOSUMAB not in u.drugs for u in facts.treatment.taking(BONE_MODIFYING, p.days("overdue"))):
        return NoAdvice("other-agent")
    last = facts.treatment.last_dose((DENOSUMAB,))
    if last is None:
        return NoAdvice("no-dose")
    days = facts.days_since(last)
    if days <= p.days("interval") + p.days("overdue"):
        return NoAdvice("on-time", {"last": last})
    if days > p.days("latest"):
        return NoAdvice("long-ago", {"last": last})
    jaw, held = facts.diagnoses.has("osteonecrosis-of-jaw"), facts.bone_modifying.held(uses[-1])
    data = {"last": last, "days": days, "jaw": jaw, "held": held}
    return Advise(p.indicator(), "lapsed", data, claims={"denosumab-ends": last})


def _for_cancer(use: DrugUse) -> bool:
    return DENOSUMAB in use.drugs and use.product.use != "osteoporosis"


def _covered(order: DrugOrder, facts: Facts, p: Parameters) -> bool:
    """Whether another bone-modifying drug is ordered or active, or denosumab itself ordered anew as it is stopped."""
    drafts = facts.orders.drugs(*BONE_MODIFYING)
    ordered = any(order.stops or o.drug != order.drug for o in drafts)
    active = any(order.drug not in use.drugs for use in facts.treatment.taking(BONE_MODIFYING, p.days("overdue")))
    return ordered or active
