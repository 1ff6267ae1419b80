"""§4.1.4.2: an NSAID or cisplatin is ordered while a bisphosphonate is active."""

from cds_service.evaluate.outcome import Advise, CannotTell, DeleteOrder, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.facts.treatment import KEYS as MEDICATIONS
from cds_service.knowledge.model import Parameters


@rule("nsaid-with-bisphosphonate", ordered("nsaid", "platinum"))
def nsaid_with_bisphosphonate(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if taken := facts.treatment.taking(("bisphosphonate",), p.days("look_back"), p.days("lapsed")):
        say = "cisplatin" if "platinum" in order.groups else "nsaid"
        suggestions = (Suggestion("delete", (DeleteOrder(order),)),) if say == "nsaid" else ()
        data = {"use": taken[0], "last": facts.treatment.last_dose(taken[0].drugs)}
        return Advise(p.indicator(), say, data, suggestions)
    missing = facts.lacking(*MEDICATIONS)
    return CannotTell(missing) if missing else NoAdvice("no-bisphosphonate")
