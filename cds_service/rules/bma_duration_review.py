"""§4.1.3: treatment with bone-modifying drugs for more than two years is reviewed."""

from cds_service.base.kinds import Missing
from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.triggers import chart_opened, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Chart
from cds_service.knowledge.model import Parameters

TREATMENT = ("medicationRequests", "medicationAdministrations")


@rule("bma-duration-review", chart_opened())
def bma_duration_review(subject: Chart, facts: Facts, p: Parameters) -> Outcome:
    if facts.diagnoses.has("osteonecrosis-of-jaw"):
        return NoAdvice("jaw-necrosis")
    if not facts.bone_modifying.oncology():
        missing = facts.lacking(*TREATMENT)
        return CannotTell(missing) if len(missing) == len(TREATMENT) else NoAdvice("not-on-bma")
    courses = facts.bone_modifying.courses(p.days("gap"))
    if not courses:
        return CannotTell((Missing("first-dose", "undated"),))
    course = courses[-1]
    # Not the course itself: where treatment goes on, its last day is today, and evidence must not change by the day.
    data = {"start": course.start, "drugs": course.drugs, "months": facts.months_since(course.start)}
    if not facts.longer_than(p.days("months"), course.start):
        return NoAdvice("new-course" if len(courses) > 1 else "under-two-years", data)
    denosumab = any(use.drug == "denosumab" for use in facts.bone_modifying.oncology())
    return Advise(p.indicator(), "denosumab" if denosumab else "review", data)
