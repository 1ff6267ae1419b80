"""§4.3.2.1: acetaminophen of all products, at most 4 g a day."""

from cds_service.evaluate.outcome import Advise, CannotTell, DeleteOrder, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.analgesics import ACETAMINOPHEN, DaySum, identical
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters


@rule("acetaminophen-daily-maximum", ordered("acetaminophen"))
def acetaminophen_daily_maximum(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    drafts = facts.orders.drugs(ACETAMINOPHEN)
    if order is not next(o for o in drafts if o.selected):
        return NoAdvice("said-once")
    found = facts.analgesics.acetaminophen(p.days("given_back"), p.days("stale"))
    if found.total > p.number("limit"):
        return _too_much(drafts, found, p)
    if found.unknown:
        return CannotTell(found.why_unknown)
    missing = facts.lacking("medicationRequests")
    return CannotTell(missing) if missing else NoAdvice("under-limit", {"found": found})


def _too_much(drafts: tuple[DrugOrder, ...], found: DaySum, p: Parameters) -> Outcome:
    again = next((o for n, o in enumerate(drafts) if any(identical(o, other) for other in drafts[:n])), None)
    suggestions = (Suggestion("delete", (DeleteOrder(again),)),) if again else ()
    return Advise(p.indicator(), "known-part" if found.unknown else "total", {"found": found}, suggestions)
