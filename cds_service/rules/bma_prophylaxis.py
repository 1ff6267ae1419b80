"""Rec. 5: bone-modifying drugs are not for routine prevention before bone metastasis."""

from cds_service.evaluate.outcome import Advise, NoAdvice, Outcome
from cds_service.evaluate.triggers import BONE_MODIFYING, ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters

INDICATIONS = {"hypercalcaemia", "multiple-myeloma", "giant-cell-tumour-of-bone"}


@rule("bma-prophylaxis", ordered(*BONE_MODIFYING))
def bma_prophylaxis(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    # A cancer that is only suspected is no reason to call the drug wrong.
    cancer = next((d for d in facts.diagnoses.found("lung-cancer") if d.confirmed), None)
    if cancer is None:
        return NoAdvice("no-lung-cancer")
    if order.drug == "other-bisphosphonate":
        return NoAdvice("osteoporosis-drug")
    if facts.diagnoses.has("bone-metastasis") or "bone-metastasis" in order.indications:
        return NoAdvice("bone-metastasis")
    # Osteoporosis explains no oncology dose; that it is on record is said all the same.
    osteoporosis = facts.diagnoses.has("osteoporosis") or "osteoporosis" in order.indications
    explained = osteoporosis and order.product.use != "oncology"
    if explained or facts.diagnoses.has(*INDICATIONS) or order.indications & INDICATIONS or facts.hypercalcaemic:
        return NoAdvice("other-indication")
    data = {"cancer": cancer, "osteoporosis": osteoporosis}
    return Advise(p.indicator(), "no-metastasis", data)
