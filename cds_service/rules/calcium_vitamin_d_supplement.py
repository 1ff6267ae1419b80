"""§4.1.4.3: calcium and vitamin D beside a bone-modifying drug, unless calcium is high."""

from cds_service.evaluate.outcome import Advise, CannotTell, CreateDrug, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import BONE_MODIFYING, drug_ordered
from cds_service.facts.facts import DrugGroup, DrugOrder, Facts
from cds_service.knowledge.model import Parameters

MEDICATIONS = ("medicationRequests", "medicationStatements", "medicationAdministrations")
SUPPLEMENTS: tuple[tuple[DrugGroup, str], ...] = (("calcium", "calcium-supplement"), ("vitamin-d", "vitamin-d"))


@drug_ordered("calcium-vitamin-d-supplement", *BONE_MODIFYING)
def calcium_vitamin_d_supplement(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if facts.hypercalcaemic:
        return NoAdvice("hypercalcaemia")
    days = p.days("look_back")
    absent = [(g, o) for g, o in SUPPLEMENTS if not facts.drug_orders(g) and not facts.taking((g,), days)]
    if not absent:
        return NoAdvice("taken")
    if missing := facts.lacking(*MEDICATIONS):
        return CannotTell(missing)
    say = "both" if len(absent) == len(SUPPLEMENTS) else f"{absent[0][0]}-only"
    suggestions = tuple(Suggestion(f"add-{group}", (CreateDrug(orderable),)) for group, orderable in absent)
    return Advise(p.indicator(), say, suggestions=suggestions, choose="any")
