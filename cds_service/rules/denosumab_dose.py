"""§4.1.2.1, §4.1.4.2: denosumab 120 mg subcutaneously every 4 weeks, whatever the renal function."""

from fractions import Fraction

from cds_service.evaluate.outcome import Advise, CreateDrug, DeleteOrder, NoAdvice, Outcome, ReviseOrder, Suggestion
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters

# Given in schedules of their own, with loading doses; the guideline's is for bone metastasis.
OTHER_SCHEDULES = {"giant-cell-tumour-of-bone", "hypercalcaemia"}
KIDNEYS = ("dialysis", "chronic-kidney-disease", "acute-kidney-injury")


@rule("denosumab-dose", ordered("rankl-inhibitor"))
def denosumab_dose(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if order.drug != "denosumab":
        return NoAdvice("other-drug")
    metastasis = facts.diagnoses.has("bone-metastasis") or "bone-metastasis" in order.indications
    if order.indications & OTHER_SCHEDULES or (facts.diagnoses.has(*OTHER_SCHEDULES) and not metastasis):
        return NoAdvice("other-indication")
    dose = order.dose.mg if order.dose else None
    wrong_dose = dose is not None and dose != p.number("dose")
    wrong_route = order.route not in (None, "subcutaneous")
    wrong_interval = _wrong_interval(order, p)
    if not (wrong_dose or wrong_route or wrong_interval):
        if order.interval_days not in (None, p.number("interval")):
            return NoAdvice("near-interval")
        return NoAdvice("as-recommended" if dose is not None else "no-dose")
    say = "dose" if wrong_dose else "route" if wrong_route else "interval"
    data = {
        "osteoporosis": dose == p.number("osteoporosis_dose"),
        "wrong_route": wrong_route,
        "wrong_interval": wrong_interval,
        "renal": _reduced_for_renal(dose, facts, p),
        "metastasis": metastasis,
    }
    # Without bone metastasis the order may be right for what it is for: nothing is offered that one click would change.
    # Nor while calcium is low, nor where the right order stands beside it.
    offered = metastasis and facts.calcium.level != "low" and not _twice(order, facts)
    return Advise(p.indicator(say), say, data, (_suggestion(order, dose, p),) if offered else ())


def _twice(order: DrugOrder, facts: Facts) -> bool:
    """Whether another order of it stands among the drafts."""
    return any(o.drug == order.drug for o in facts.orders.drugs("rankl-inhibitor") if o != order)


def _wrong_interval(order: DrugOrder, p: Parameters) -> bool:
    """Too often by the longest of the intervals it names, or too seldom by the shortest; a month is four weeks."""
    if order.interval_days is None or order.single:
        return False
    longest = order.interval_high_days or order.interval_days
    return longest < p.number("interval") or order.interval_days > p.number("near_interval_high")


def _suggestion(order: DrugOrder, dose: Fraction | None, p: Parameters) -> Suggestion:
    """The order changed; an order for the osteoporosis product replaced, as its product cannot hold the dose."""
    if dose == p.number("osteoporosis_dose") or order.product.use == "osteoporosis":
        return Suggestion("replace", (DeleteOrder(order), CreateDrug("denosumab", p.number("dose"))), recommended=True)
    revise = ReviseOrder(order, p.number("dose"), p.days("interval"), subcutaneous=True)
    return Suggestion("revise", (revise,), recommended=True)


def _reduced_for_renal(dose: Fraction | None, facts: Facts, p: Parameters) -> bool:
    """A reduced dose in renal impairment: the guideline asks for none."""
    if dose is None or dose >= p.number("dose"):
        return False
    clearance = None if facts.unsteady else facts.renal.clearance
    return facts.diagnoses.has(*KIDNEYS) or bool(clearance and clearance.value < p.number("renal_impairment"))
