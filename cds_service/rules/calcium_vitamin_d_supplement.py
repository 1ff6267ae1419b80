"""§4.1.4.3: calcium and vitamin D beside a bone-modifying drug, unless calcium is high."""

from cds_service.base.kinds import DrugGroup
from cds_service.evaluate.outcome import Advise, CannotTell, CreateDrug, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import BONE_MODIFYING, ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.facts.treatment import KEYS as MEDICATIONS
from cds_service.knowledge.model import Parameters

ORDERABLES: tuple[tuple[DrugGroup, str], ...] = (("calcium", "calcium-supplement"), ("vitamin-d", "vitamin-d"))


@rule("calcium-vitamin-d-supplement", ordered(*BONE_MODIFYING))
def calcium_vitamin_d_supplement(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if facts.hypercalcaemic:
        return NoAdvice("hypercalcaemia")
    days = p.days("look_back")
    absent = [
        (group, orderable)
        for group, orderable in ORDERABLES
        if not facts.orders.drugs(group) and not facts.treatment.supplemented((group,), days)
    ]
    if not absent:
        return NoAdvice("taken")
    if missing := facts.lacking(*MEDICATIONS):
        return CannotTell(missing)
    say = "both" if len(absent) == len(ORDERABLES) else f"{absent[0][0]}-only"
    suggestions = tuple(Suggestion(f"add-{group}", (CreateDrug(orderable),)) for group, orderable in absent)
    # No evidence of its own: a calcium that is not high takes nothing back, and one that grew too old adds nothing.
    return Advise(p.indicator(), say, suggestions=suggestions, choose="any")
