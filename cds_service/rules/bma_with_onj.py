"""§4.1.4.1, §4.1.3: a bone-modifying drug is ordered, or given, while osteonecrosis of the jaw is active."""

from cds_service.evaluate.outcome import Advise, CannotTell, DeleteOrder, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import BONE_MODIFYING, chart_opened, ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Chart, DrugOrder
from cds_service.knowledge.model import Parameters

TREATMENT = ("medicationRequests", "medicationAdministrations")


@rule("bma-with-onj", ordered(*BONE_MODIFYING), chart_opened())
def bma_with_onj(subject: DrugOrder | Chart, facts: Facts, p: Parameters) -> Outcome:
    if not facts.diagnoses.has("osteonecrosis-of-jaw"):
        return NoAdvice("none")
    if isinstance(subject, Chart):
        return _on_treatment(facts, p)
    delete = Suggestion("delete", (DeleteOrder(subject),))
    return Advise(p.indicator(), "active", suggestions=(delete,), claims=_claims(facts))


def _on_treatment(facts: Facts, p: Parameters) -> Outcome:
    uses = facts.bone_modifying.uses
    if not uses:
        missing = facts.lacking(*TREATMENT)
        return CannotTell(missing) if len(missing) == len(TREATMENT) else NoAdvice("not-on-bma")
    # A hold is a decision that was made.
    say = "held" if all(facts.bone_modifying.held(use) for use in uses) else "on-treatment"
    data = {"use": uses[0], "last": facts.bone_modifying.last_dose(uses[0])}
    return Advise(p.indicator(), say, data, claims=_claims(facts))


def _claims(facts: Facts) -> dict[str, object]:
    return {"onj-on-bma": facts.diagnoses.found("osteonecrosis-of-jaw")}
