"""§4.4.3: a bone-seeking radionuclide is ordered before any radiotherapy of bone, or radium-223 in lung cancer."""

from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.several import said_once
from cds_service.evaluate.triggers import ordered, procedure, rule
from cds_service.facts.activities import RADIOTHERAPY, Activity
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder, Order, RequestedProcedure
from cds_service.knowledge.model import Parameters

RADIUM = "radium-223"
OTHER_AGENT, OTHER_CANCERS = "other-radionuclide", ("other-primary-cancer", "multiple-myeloma")


@rule("radionuclide-not-first-line", ordered("radiopharmaceutical"), procedure("radionuclide-therapy"))
def radionuclide_not_first_line(order: Order, facts: Facts, p: Parameters) -> Outcome:
    return said_once(order, radionuclide_not_first_line, facts.orders, lambda each: _judged(each, facts, p))


def _judged(order: Order, facts: Facts, p: Parameters) -> Outcome:
    if isinstance(order, RequestedProcedure) and OTHER_AGENT in {*order.concepts, *order.says.named}:
        return NoAdvice("not-bone-agent")
    if facts.diagnoses.ever(*OTHER_CANCERS):
        return NoAdvice("second-cancer")
    data = {
        "orders": (order,),
        "agent": _agent(order),
        "confirmed": facts.skeleton.metastatic,
        "blastic": facts.lesions.of_kind("osteoblastic"),
        "multiple": facts.lesions.number == "multiple",
    }
    if _agent(order) == RADIUM:
        return Advise(p.indicator(), "radium", data)
    known = facts.activities.of(*RADIOTHERAPY)
    given = [a for a in known if a.how == "done" and a.place.bone]
    if given:
        return NoAdvice("after-radiotherapy", {"given": given[-1]})
    if missing := facts.lacking("procedures", "serviceRequests"):
        return CannotTell(missing)
    unstated = [a for a in known if a.how == "done" and a.place.of_bone == "unknown"]
    data |= {"unstated": unstated[0] if unstated else None, "planned": _planned(known, facts)}
    return Advise(p.indicator(), "default", data)


def _agent(order: Order) -> str:
    return order.substance if isinstance(order, DrugOrder) else order.says.substance


def _planned(known: tuple[Activity, ...], facts: Facts) -> bool:
    """Whether radiotherapy of bone is ordered or booked. What was given to a bone has been answered before."""
    drafted = (o for o in facts.orders if isinstance(o, RequestedProcedure) and not o.stops and o.says.place.bone)
    on_record = any(a.place.bone and facts.activities.is_awaited(a) for a in known)
    return on_record or any(not {*o.concepts, *o.says.named}.isdisjoint(RADIOTHERAPY) for o in drafted)
