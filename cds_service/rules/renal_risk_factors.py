"""§4.1.4.2: clearance, age, diabetes, NSAIDs and cisplatin raise the risk of renal injury on a bisphosphonate."""

from collections.abc import Iterator

from cds_service.base.kinds import DrugGroup
from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder
from cds_service.facts.treatment import KEYS as MEDICATIONS
from cds_service.knowledge.model import Parameters

NEPHROTOXIC: tuple[DrugGroup, ...] = ("nsaid", "platinum")


@rule("renal-risk-factors", ordered("bisphosphonate"))
def renal_risk_factors(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    factors = tuple(_factors(facts, p))
    if not factors:
        missing = facts.lacking(*MEDICATIONS)
        return CannotTell(missing) if missing else NoAdvice("none")
    urgency = "several" if len(factors) >= p.number("several") else "one"
    return Advise(p.indicator(urgency), "found", {"factors": factors, "count": len(factors)})


def _factors(facts: Facts, p: Parameters) -> Iterator[tuple[str, object]]:
    """Each factor found, with its evidence."""
    # In acute kidney injury the clearance is unsteady: renal-function-unstable says so, and it is not quoted here.
    clearance = None if facts.diagnoses.has("acute-kidney-injury") else facts.renal.clearance
    if clearance and clearance.value < p.number("clearance_limit"):
        yield "clearance", clearance
    if facts.patient.age is not None and facts.patient.age > p.number("age_limit"):
        yield "age", facts.patient.age
    if found := facts.diagnoses.found("diabetes"):
        yield "diabetes", found[0]
    for group in NEPHROTOXIC:
        if drafts := facts.orders.drugs(group):
            yield f"{group}-ordered", drafts[0]
        elif taken := facts.treatment.taking((group,), p.days("look_back")):
            yield group, taken[0]
