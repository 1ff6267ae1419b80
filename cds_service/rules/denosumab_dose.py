"""§4.1.2.1, §4.1.4.2: denosumab 120 mg subcutaneously every 4 weeks, whatever the renal function."""

from fractions import Fraction

from cds_service.facts.model import DrugOrder, Facts
from cds_service.guideline.model import Parameters
from cds_service.outcome import Advise, NoAdvice, Outcome, ReviseOrder, Suggestion
from cds_service.rulebook import drug_ordered


@drug_ordered("denosumab-dose", "rankl-inhibitor")
def denosumab_dose(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    if order.drug != "denosumab":
        return NoAdvice("other-drug")
    dose = order.dose.mg if order.dose else None
    wrong_dose = dose is not None and dose != p.number("dose")
    wrong_route = order.route not in (None, "subcutaneous")
    wrong_interval = order.interval_days not in (None, p.number("interval"))
    if not (wrong_dose or wrong_route or wrong_interval):
        return NoAdvice("as-recommended" if dose is not None else "no-dose")
    near = not (wrong_dose or wrong_route) and _near(order.interval_days, p)
    say = "dose" if wrong_dose else "route" if wrong_route else "near-interval" if near else "interval"
    data = {
        "osteoporosis": dose == p.number("osteoporosis_dose"),
        "wrong_route": wrong_route,
        "wrong_interval": wrong_interval,
        "renal": _reduced_for_renal(dose, facts, p),
    }
    revise = ReviseOrder(order, p.number("dose"), p.days("interval"), subcutaneous=True)
    return Advise(p.indicator(say), say, data, (Suggestion("revise", (revise,), recommended=True),))


def _near(interval: Fraction | None, p: Parameters) -> bool:
    """A month or 30 days instead of 4 weeks."""
    return interval is not None and p.number("near_interval_low") <= interval <= p.number("near_interval_high")


def _reduced_for_renal(dose: Fraction | None, facts: Facts, p: Parameters) -> bool:
    """A reduced dose in renal impairment: the guideline asks for neither."""
    clearance = facts.renal.clearance
    impaired = clearance is not None and clearance.value < p.number("renal_impairment")
    return impaired and dose is not None and dose < p.number("dose")
