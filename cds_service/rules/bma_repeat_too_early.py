"""Label intervals: the same drug given a few days ago, or ordered twice in one set."""

from cds_service.evaluate.outcome import Advise, CannotTell, DeleteOrder, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import BONE_MODIFYING, ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters

DRUGS = ("zoledronic-acid", "pamidronate", "ibandronate", "incadronate", "denosumab")
# Given again after a week in hypercalcaemia; denosumab with loading doses a week apart in giant-cell tumour too.
WEEKLY, LOADED = {"hypercalcaemia"}, {"hypercalcaemia", "giant-cell-tumour-of-bone"}


@rule("bma-repeat-too-early", ordered(*BONE_MODIFYING))
def bma_repeat_too_early(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if order.drug not in DRUGS or order.route == "oral":
        return NoAdvice("other-drug")
    if order.drug == "pamidronate" and order.dose and order.dose.mg <= p.number("split_dose"):
        return NoAdvice("split")
    reasons = LOADED if order.drug == "denosumab" else WEEKLY
    # A high result alone is no reason: the order says it, or a diagnosis.
    weekly = bool(order.indications & reasons) or facts.diagnoses.has(*reasons)
    limit = p.days("weekly" if weekly else "minimum")
    delete = (Suggestion("delete", (DeleteOrder(order),)),)
    if twice := _twice(order, facts, limit):
        return Advise(p.indicator(), "twice", {"other": twice[0]}, delete)
    doses = [u for u in facts.treatment.doses(order.drug) if u.route != "oral"]
    if doses and doses[0].when:
        last = doses[0].when
        day = max(facts.today, order.due or facts.today)
        data = {"last": last, "days": (day - last).days, "limit": limit, "weekly": weekly}
        return Advise(p.indicator(), "early", data, delete) if (day - last).days < limit else NoAdvice("in-time", data)
    missing = facts.lacking("medicationAdministrations")
    return CannotTell(missing) if missing else NoAdvice("no-dose")


def _twice(order: DrugOrder, facts: Facts, limit: int) -> list[DrugOrder]:
    """Orders of the same drug and product in the same drafts, unless for days far enough apart."""
    drafts = [o for o in facts.orders.drugs(*BONE_MODIFYING) if o.drug == order.drug and o != order]
    same = [o for o in drafts if o.product.use == order.product.use or "unknown" in (o.product.use, order.product.use)]
    near = [o for o in same if not (o.due and order.due and abs((o.due - order.due).days) >= limit)]
    return [o for o in near if o.position < order.position or not o.selected]
