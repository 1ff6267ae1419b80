"""All labels: two bone-modifying drugs are not given together; a switch, the other one ending, is none."""

from cds_service.evaluate.outcome import Advise, CannotTell, DeleteOrder, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import BONE_MODIFYING, ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.facts.treatment import KEYS as MEDICATIONS
from cds_service.facts.treatment import DrugUse
from cds_service.knowledge.model import Parameters


@rule("concurrent-bma", ordered(*BONE_MODIFYING))
def concurrent_bma(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    delete = Suggestion("delete", (DeleteOrder(order),))
    if others := _ordered_together(order, facts):
        return Advise(p.indicator(), "ordered-together", {"other": others[0]}, (delete,))
    if active := _active(order, facts, p):
        return Advise(p.indicator(), "active", {"use": active[0]}, (delete,))
    missing = facts.lacking(*MEDICATIONS)
    return CannotTell(missing) if missing else NoAdvice("alone")


def _ordered_together(order: DrugOrder, facts: Facts) -> list[DrugOrder]:
    """Another bone-modifying drug in the same drafts; of two selected ones the later carries the card."""
    drafts = [o for group in BONE_MODIFYING for o in facts.orders.drugs(group) if o.drug != order.drug]
    return [o for o in drafts if o.position < order.position or not o.selected]


def _active(order: DrugOrder, facts: Facts, p: Parameters) -> list[DrugUse]:
    """Active treatment with another bone-modifying drug that no draft ends."""
    ending = {o.drug for o in facts.orders if isinstance(o, DrugOrder) and o.stops}
    active = facts.treatment.taking(BONE_MODIFYING, p.days("look_back"))
    return [use for use in active if order.drug not in use.drugs and not ending & set(use.drugs)]
