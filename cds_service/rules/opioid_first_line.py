"""§4.3.2.2: pain of 4 and more, an NSAID or acetaminophen ordered, and no opioid."""

from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.analgesics import OPIOID
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters

FEVER = "fever"
NON_OPIOID = frozenset({"nsaid", "acetaminophen"})


@rule("opioid-first-line", ordered("nsaid", "acetaminophen"))
def opioid_first_line(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if not facts.diagnoses.standing("bone-metastasis"):
        return NoAdvice("no-metastasis")
    if FEVER in order.indications:
        return NoAdvice("not-for-pain")
    asking = (o for o in facts.orders.all if isinstance(o, DrugOrder) and o.selected and not o.stops)
    if order is not next(o for o in asking if o.groups & NON_OPIOID and FEVER not in o.indications):
        return NoAdvice("said-once")
    if not facts.pain.is_at_least("moderate"):
        return NoAdvice("mild" if facts.pain.newest else "other-site" if facts.pain.elsewhere_now else "no-score")
    ordered_too = facts.orders.drugs(OPIOID)
    if ordered_too or (taken := facts.analgesics.taken((OPIOID,), p.days("look_back"))):
        return NoAdvice("covered", {"opioid": ordered_too[0] if ordered_too else taken[0]})
    missing = facts.lacking("medicationRequests")
    if missing:
        return CannotTell(missing)
    score = facts.pain.newest
    return Advise(p.indicator(), "no-opioid", {"score": score}, claims={"opioid-step": score})
