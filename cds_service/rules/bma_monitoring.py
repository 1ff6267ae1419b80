"""Rec. 8, §4.1.4.1 to §4.1.4.3: what is due on bone-modifying treatment; calcium low on a RANKL inhibitor."""

from collections.abc import Iterator

from cds_service.base.kinds import Missing
from cds_service.evaluate.outcome import Advise, CannotTell, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import chart_opened, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Chart
from cds_service.facts.treatment import DrugUse
from cds_service.knowledge.model import Parameters

EXAMINATION = ("dental-examination", "dental-referral")
CALCIUM = ("calcium-total", "calcium-ionised", "calcium-corrected")
CREATININE = ("creatinine", "creatinine-clearance-measured")
# What is due -> what an order's card says of it.
CLAIMS = {"due-exam": "exam-due", "due-calcium": "calcium-due", "due-renal": "renal-due"}
TREATMENT = ("medicationRequests", "medicationAdministrations")


@rule("bma-monitoring", chart_opened())
def bma_monitoring(subject: Chart, facts: Facts, p: Parameters) -> Outcome:
    uses = _treated(facts)
    if not uses:
        missing = facts.lacking(*TREATMENT)
        return CannotTell(missing) if len(missing) == len(TREATMENT) else NoAdvice("not-on-bma")
    rankl = next((u for u in uses if "rankl-inhibitor" in u.groups), None)
    items = [*_examination(facts, p), *_calcium(rankl, facts, p), *_renal(uses, facts, p)]
    due = tuple(each for each in items if isinstance(each, str))
    data = {"due": due, "uses": uses, "use": rankl, "exam": facts.procedures.last_done(*EXAMINATION)}
    suggestions = tuple(_suggestions(due))
    claims: dict[str, object] = {CLAIMS[each]: data["exam"] if each == "due-exam" else None for each in due}
    if rankl and facts.calcium.level == "low":
        claims["calcium-low"] = (facts.calcium.value, facts.calcium.unit, facts.calcium.when)
        return Advise(p.indicator("low-calcium"), "low-calcium", data, suggestions, choose="any", claims=claims)
    if due:
        say = "due" if "due-exam" in due else "due-tests"
        return Advise(p.indicator(), say, data, suggestions, choose="any", claims=claims)
    unknown = tuple(each for each in items if isinstance(each, Missing))
    return CannotTell(unknown) if unknown else NoAdvice("nothing-due")


def _treated(facts: Facts) -> tuple[DrugUse, ...]:
    """What is given: with bone metastasis whatever it is, else the products of oncology."""
    treated = facts.bone_modifying
    return treated.uses if facts.diagnoses.has("bone-metastasis") else treated.oncology()


def _examination(facts: Facts, p: Parameters) -> Iterator[str | Missing]:
    """Jaw necrosis has a topic of its own."""
    if facts.diagnoses.has("osteonecrosis-of-jaw") or facts.procedures.arranged(p.days("exam"), *EXAMINATION):
        return
    missing = facts.lacking("procedures", "serviceRequests")
    yield from missing or ("due-exam",)


def _calcium(rankl: DrugUse | None, facts: Facts, p: Parameters) -> Iterator[str | Missing]:
    """The guideline asks for calcium with a RANKL inhibitor only."""
    if rankl is None or facts.calcium.level or facts.tests.arranged(p.days("ordered"), *CALCIUM):
        return
    yield from facts.lacking_within(facts.calcium.look_back_days, "laboratory") or ("due-calcium",)


def _renal(uses: tuple[DrugUse, ...], facts: Facts, p: Parameters) -> Iterator[str | Missing]:
    """With a bisphosphonate only: with a RANKL inhibitor it is neither needed nor recommended."""
    given = any("bisphosphonate" in u.groups for u in uses)
    if not given or facts.renal_tests.lately or facts.tests.arranged(p.days("ordered"), *CREATININE):
        return
    yield from facts.lacking_within(facts.renal_tests.days, "laboratory") or ("due-renal",)


def _suggestions(due: tuple[str, ...]) -> Iterator[Suggestion]:
    if "due-exam" in due:
        yield Suggestion("order-exam", (CreateService("dental-examination"),), recommended=True)
    if "due-calcium" in due:
        yield Suggestion("order-calcium", (CreateService("calcium"), CreateService("albumin")), recommended=True)
    if "due-renal" in due:
        yield Suggestion("order-creatinine", (CreateService("creatinine"),), recommended=True)
