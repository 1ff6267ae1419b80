"""§4.1.4.3: hypercalcaemia is a contraindication to calcium and vitamin D."""

from cds_service.evaluate.outcome import Advise, CannotTell, CreateService, DeleteOrder, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import BONE_MODIFYING, ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.facts.treatment import KEYS as MEDICATIONS
from cds_service.facts.treatment import SUPPLEMENTS
from cds_service.knowledge.model import Parameters


@rule("hypercalcaemia-no-supplement", ordered(*SUPPLEMENTS, *BONE_MODIFYING))
def hypercalcaemia_no_supplement(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if not facts.hypercalcaemic:
        # Beside a bone-modifying drug its own calcium topic names what cannot be read.
        unread = facts.calcium.unread if order.groups & set(SUPPLEMENTS) else ()
        return CannotTell(unread) if unread else NoAdvice("not-hypercalcaemic")
    # With a diagnosis alone nobody knows how high calcium is.
    mild = facts.calcium.level is not None and not facts.calcium.severe
    urgency = p.indicator("mild" if mild else "severe")
    if order.groups & set(SUPPLEMENTS):
        return Advise(urgency, "ordered", {"calcium": facts.calcium}, suggestions=_suggestions(order, facts))
    if taken := facts.treatment.supplemented(SUPPLEMENTS, p.days("look_back")):
        return Advise(urgency, "active", {"taken": taken, "calcium": facts.calcium})
    missing = facts.lacking(*MEDICATIONS)
    return CannotTell(missing) if missing else NoAdvice("not-taken")


def _suggestions(order: DrugOrder, facts: Facts) -> tuple[Suggestion, ...]:
    """Removing the order; where only a diagnosis says that calcium is high, measuring it first."""
    known = facts.calcium.level is not None
    delete = Suggestion("delete", (DeleteOrder(order),), recommended=known)
    test = Suggestion("order-calcium", (CreateService("calcium"), CreateService("albumin")), recommended=True)
    return (delete,) if known else (test, delete)
