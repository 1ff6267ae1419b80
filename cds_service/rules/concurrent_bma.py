"""All labels: two bone-modifying drugs, or two products of one, are not given together; a switch is none."""

from cds_service.evaluate.outcome import Advise, CannotTell, DeleteOrder, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import BONE_MODIFYING, chart_opened, ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Chart, DrugOrder
from cds_service.facts.treatment import KEYS as MEDICATIONS
from cds_service.facts.treatment import DrugUse
from cds_service.knowledge.model import Parameters

USES = {"oncology", "osteoporosis"}
TREATMENT = ("medicationRequests", "medicationAdministrations")  # what an opened chart is told by


@rule("concurrent-bma", ordered(*BONE_MODIFYING), chart_opened())
def concurrent_bma(order: DrugOrder | Chart, facts: Facts, p: Parameters) -> Outcome:
    if isinstance(order, Chart):
        return _both_active(facts, p)
    delete = Suggestion("delete", (DeleteOrder(order),))
    others = _ordered_together(order, facts)
    if any(o.selected and o.position > order.position for o in others) and any(_before(order, o) for o in others):
        return NoAdvice("said-once")
    if others := [o for o in others if _before(order, o)]:
        say = "products-together" if {o.drug for o in others} == {order.drug} else "ordered-together"
        # Which of them stays is the prescriber's choice: each can be taken off.
        offered = (delete, *(Suggestion("delete", (DeleteOrder(o),)) for o in others))
        both = len(others) == 1
        return Advise(p.indicator(), say, {"others": tuple(others)}, offered, "at-most-one" if both else "any")
    if active := _active(order, facts, p):
        use = active[0]
        data = {"use": use, "last": facts.treatment.last_dose(use.drugs)}
        return Advise(p.indicator(), "product-active" if order.drug in use.drugs else "active", data, (delete,))
    missing = facts.lacking(*MEDICATIONS)
    return CannotTell(missing) if missing else NoAdvice("alone")


def _both_active(facts: Facts, p: Parameters) -> Outcome:
    """Two drugs or products at once, each by a prescription or a dose. One whose prescription ended is a switch."""
    active = facts.treatment.taking(BONE_MODIFYING, p.days("look_back"), p.days("lapsed"))
    uses = [u for u in active if u.kind != "statement" and (u.active or not facts.treatment.over(u.drugs))]
    for number, use in enumerate(uses):
        if other := next((o for o in uses[number + 1 :] if _differ(use, o)), None):
            return Advise(p.indicator(), "both-active", {"use": use, "other": other})
    missing = facts.lacking(*TREATMENT)
    return CannotTell(missing) if len(missing) == len(TREATMENT) else NoAdvice("alone")


def _differ(one: DrugUse, other: DrugUse) -> bool:
    """Two drugs that are not both for osteoporosis, or the two products of one."""
    products = {one.product.use, other.product.use}
    return products == USES if set(one.drugs) & set(other.drugs) else products != {"osteoporosis"}


def _ordered_together(order: DrugOrder, facts: Facts) -> list[DrugOrder]:
    """The bone-modifying drafts beside this one, where another drug or product is among them."""
    drafts = [o for o in facts.orders.drugs(*BONE_MODIFYING) if o is not order]
    return drafts if any(o.drug != order.drug or _two_products(o, order) for o in drafts) else []


def _before(order: DrugOrder, other: DrugOrder) -> bool:
    """Of two selected orders the later carries the card."""
    return other.position < order.position or not other.selected


def _active(order: DrugOrder, facts: Facts, p: Parameters) -> list[DrugUse]:
    """Active treatment with another drug, or another product of this one, that no draft ends."""
    lapsed = p.days("lapsed")
    active = facts.treatment.taking(BONE_MODIFYING, p.days("look_back"), lapsed)
    # A product of osteoporosis works far longer than one interval of oncology.
    longer = facts.treatment.taking(BONE_MODIFYING, p.days("osteoporosis_look_back"), lapsed)
    uses = [*active, *(u for u in longer if u not in active and _two_products(u, order))]
    others = [u for u in uses if order.drug not in u.drugs or _two_products(u, order)]
    return [use for use in others if facts.orders.ended.isdisjoint(use.drugs)]


def _two_products(one: DrugOrder | DrugUse, order: DrugOrder) -> bool:
    """Whether these are the two products of one substance that is sold for two uses."""
    return order.drug in one.drugs and {one.product.use, order.product.use} == USES
