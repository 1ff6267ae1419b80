"""Rec. 5: bone-modifying drugs are not for routine prevention before bone metastasis."""

from cds_service.evaluate.outcome import Advise, NoAdvice, Outcome
from cds_service.evaluate.triggers import BONE_MODIFYING, drug_ordered
from cds_service.facts.facts import DrugOrder, Facts
from cds_service.knowledge.model import Parameters

OTHER_INDICATIONS = ("osteoporosis", "hypercalcaemia", "multiple-myeloma", "giant-cell-tumour-of-bone")


@drug_ordered("bma-prophylaxis", *BONE_MODIFYING)
def bma_prophylaxis(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if not facts.has("lung-cancer"):
        return NoAdvice("no-lung-cancer")
    if facts.has("bone-metastasis") or "bone-metastasis" in order.indications:
        return NoAdvice("bone-metastasis")
    if facts.has(*OTHER_INDICATIONS) or order.indications & set(OTHER_INDICATIONS) or facts.hypercalcaemic:
        return NoAdvice("other-indication")
    return Advise(p.indicator(), "no-metastasis", {"cancer": facts.found("lung-cancer")[0]})
