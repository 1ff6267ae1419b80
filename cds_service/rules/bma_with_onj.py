"""§4.1.4.1, §4.1.3: a bone-modifying drug is ordered while osteonecrosis of the jaw is active."""

from cds_service.evaluate.outcome import Advise, DeleteOrder, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import BONE_MODIFYING, ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters


@rule("bma-with-onj", ordered(*BONE_MODIFYING))
def bma_with_onj(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if not facts.diagnoses.has("osteonecrosis-of-jaw"):
        return NoAdvice("none")
    return Advise(p.indicator(), "active", suggestions=(Suggestion("delete", (DeleteOrder(order),)),))
