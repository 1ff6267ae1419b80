"""§4.1.4.1, §4.1.3: a bone-modifying drug is ordered while osteonecrosis of the jaw is active."""

from cds_service.facts.model import DrugOrder, Facts
from cds_service.guideline.model import Parameters
from cds_service.outcome import Advise, DeleteOrder, NoAdvice, Outcome, Suggestion
from cds_service.rulebook import BONE_MODIFYING, drug_ordered


@drug_ordered("bma-with-onj", *BONE_MODIFYING)
def bma_with_onj(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if not facts.has("osteonecrosis-of-jaw"):
        return NoAdvice("none")
    return Advise(p.indicator(), "active", suggestions=(Suggestion("delete", (DeleteOrder(order),)),))
