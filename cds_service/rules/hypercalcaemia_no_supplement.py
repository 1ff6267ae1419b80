"""§4.1.4.3: hypercalcaemia is a contraindication to calcium and vitamin D."""

from collections.abc import Sequence

from cds_service.evaluate.outcome import Advise, CannotTell, CreateService, DeleteOrder, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.scope import at_oncology_dose
from cds_service.evaluate.several import SAID_ONCE
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
    supplements = list(dict.fromkeys(o for o in facts.orders.drugs(*SUPPLEMENTS) if o.selected))
    if order != _spokesman(order, supplements, facts):
        return NoAdvice(SAID_ONCE)
    # With a diagnosis alone nobody knows how high calcium is.
    mild = facts.calcium.level is not None and not facts.calcium.severe
    urgency = p.indicator("mild" if mild else "severe")
    taken = facts.treatment.supplemented(SUPPLEMENTS, p.days("look_back"))
    data = {"calcium": facts.calcium, "taken": taken}
    if supplements:
        return Advise(
            urgency, "ordered", data | {"supplements": supplements}, suggestions=_suggestions(supplements, facts)
        )
    if taken:
        return Advise(urgency, "active", data)
    missing = facts.lacking(*MEDICATIONS)
    return CannotTell(missing) if missing else NoAdvice("not-taken")


def _spokesman(order: DrugOrder, supplements: Sequence[DrugOrder], facts: Facts) -> DrugOrder:
    """Of all drafts asked about the one whose card speaks for all: the same calcium would stand on each.

    A bone-modifying drug at a dose against metastases is in scope whenever a supplement is; at another dose it is not.
    """
    modifying = [o for o in facts.orders.drugs(*BONE_MODIFYING) if o.selected]
    return next((o for o in (*filter(at_oncology_dose, modifying), *supplements, *modifying)), order)


def _suggestions(supplements: Sequence[DrugOrder], facts: Facts) -> tuple[Suggestion, ...]:
    """Removing the orders; where only a diagnosis says that calcium is high, measuring it first."""
    known = facts.calcium.level is not None
    delete = Suggestion("delete", tuple(DeleteOrder(o) for o in supplements), recommended=known)
    test = Suggestion("order-calcium", (CreateService("calcium"), CreateService("albumin")), recommended=True)
    return (delete,) if known else (test, delete)
