"""A clearance needs a steady creatinine: acute kidney injury, or two results of one week that differ too much."""

from fractions import Fraction

from cds_service.evaluate.outcome import Advise, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.results import Reading
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Parameters


@rule("renal-function-unstable", ordered("bisphosphonate"))
def renal_function_unstable(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    injury = facts.diagnoses.found("acute-kidney-injury")
    pair = _unsteady(facts, p)
    if not injury and pair is None:
        return NoAdvice("steady")
    test = Suggestion("order-creatinine", (CreateService("creatinine"),), recommended=True)
    data = {"pair": pair, "change": _change(*pair) if pair else None}
    return Advise(p.indicator(), "injury" if injury else "changing", data, (test,))


def _unsteady(facts: Facts, p: Parameters) -> tuple[Reading, Reading] | None:
    """The newest creatinine of the look-back and one of the days before it that differs by more than the limit."""
    newest = facts.creatinine.current
    if newest is None:
        return None
    limit = p.share("change")
    earlier = facts.creatinine.before(newest, p.days("window"))
    return next(((newest, older) for older in earlier if _change(newest, older) > limit), None)


def _change(newest: Reading, older: Reading) -> Fraction:
    """The difference as a share of the older value."""
    return abs(newest.value - older.value) / older.value
