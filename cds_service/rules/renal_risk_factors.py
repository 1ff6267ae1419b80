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
    fixed, changeable = tuple(_fixed(facts, p)), tuple(_changeable(facts, p))
    factors = (*fixed, *changeable)
    if not factors:
        missing = facts.lacking(*MEDICATIONS)
        return CannotTell(missing) if missing else NoAdvice("none")
    several = len(factors) >= p.number("several")
    data = {"factors": factors, "count": len(factors), "nsaid": any(n.startswith("nsaid") for n, _ in changeable)}
    # What nobody can change and is the only one is no card: it is said where something else is.
    alone = several or bool(changeable)
    return Advise(p.indicator("several" if several else "one"), "found", data, alone=alone)


def _fixed(facts: Facts, p: Parameters) -> Iterator[tuple[str, object]]:
    """Factors of the patient, each with its evidence."""
    clearance = facts.renal.clearance
    # An unsteady creatinine gives no clearance: renal-function-unstable says so.
    if clearance and not facts.unsteady and clearance.value < p.number("clearance_limit"):
        yield "clearance", clearance
    if facts.patient.age is not None and facts.patient.age > p.number("age_limit"):
        yield "age", facts.patient.age
    if found := facts.diagnoses.found("diabetes"):
        yield "diabetes", found[0]


def _changeable(facts: Facts, p: Parameters) -> Iterator[tuple[str, object]]:
    """Drugs, each with its evidence."""
    for group in NEPHROTOXIC:
        if drafts := facts.orders.drugs(group):
            yield f"{group}-ordered", drafts[0]
        elif taken := facts.treatment.taking((group,), p.days("look_back")):
            yield group, taken[0]
