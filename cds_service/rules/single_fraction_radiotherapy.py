"""§4.4.1: radiotherapy of a painful, uncomplicated bone metastasis is ordered in several fractions."""

from datetime import timedelta

from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.several import said_once
from cds_service.evaluate.triggers import procedure, rule
from cds_service.facts.activities import OPERATIONS, RADIOTHERAPY
from cds_service.facts.facts import Facts
from cds_service.facts.skeleton import CORD, METASTASIS, SPINE
from cds_service.facts.subjects import RequestedProcedure
from cds_service.knowledge.model import Parameters

COMPLICATING = (
    CORD, "nerve-compression", "pathological-fracture", "vertebral-compression-fracture", "impending-fracture",
    "spinal-instability",
)  # fmt: skip
# What the words of the order say that makes it another course than one for a plain, painful metastasis.
OTHER_COURSES = frozenset({"curative-intent", "postoperative", "re-irradiation", "oligometastatic", "lesion-solitary"})
PAIN = frozenset({"bone-pain", "cancer-pain"})


@rule("single-fraction-radiotherapy", procedure(*RADIOTHERAPY))
def single_fraction_radiotherapy(order: RequestedProcedure, facts: Facts, p: Parameters) -> Outcome:
    return said_once(order, single_fraction_radiotherapy, facts.orders, lambda each: _judged(each, facts, p))


def _judged(order: RequestedProcedure, facts: Facts, p: Parameters) -> Outcome:
    course = facts.courses.of(order)
    if course.stereotactic:
        return NoAdvice("stereotactic")
    if order.says.place.of_bone != "yes":
        return NoAdvice("not-bone")
    if not facts.skeleton.metastatic and METASTASIS not in order.says.conditions:
        return NoAdvice("metastasis-not-confirmed")
    if course.fractions is None:
        return NoAdvice("fractions-unread")
    if course.single:
        return NoAdvice("one-fraction")
    if because := _complicated(order, facts, p):
        return NoAdvice(because)
    if not _painful(order, facts):
        missing = facts.lacking("observations") if facts.pain.newest is None else ()
        return CannotTell(missing) if missing else NoAdvice("pain-not-recorded")
    if missing := facts.lacking("procedures"):
        return CannotTell(missing)
    elsewhere = [a for a in facts.activities.of(*RADIOTHERAPY) if a.how == "done" and a.place.of_bone == "unknown"]
    data = {
        "orders": (order,),
        "course": course,
        "score": facts.pain.newest,
        "unstated": elsewhere[0] if elsewhere else None,
    }
    return Advise(p.indicator(), "default", data)


def _painful(order: RequestedProcedure, facts: Facts) -> bool:
    says = order.says
    told = "pain-named" in says.said or not PAIN.isdisjoint(says.conditions)
    return told or facts.diagnoses.has(*PAIN) or facts.pain.is_at_least("mild")


def _complicated(order: RequestedProcedure, facts: Facts, p: Parameters) -> str | None:
    """Why it is no plain metastasis, as far as the order and the record tell."""
    says, site = order.says, order.says.place.bone
    if not OTHER_COURSES.isdisjoint(says.said):
        return "other-course"
    named = says.conditions | says.doubted
    if not named.isdisjoint(COMPLICATING) or facts.skeleton.about(site, *COMPLICATING):
        return "complicated"
    sins = facts.instability.sins
    if sins and sins.value >= p.number("sins") and SPINE.may_be(site):
        return "complicated"
    if _operated(order, facts, p):
        return "operated"
    if any(a.how == "done" and a.place.bone for a in facts.activities.about(site, *RADIOTHERAPY)):
        return "irradiated-before"
    return "few-lesions" if facts.lesions.counted and facts.lesions.number != "multiple" else None


def _operated(order: RequestedProcedure, facts: Facts, p: Parameters) -> bool:
    """Whether that bone was operated on lately, or is going to be."""
    since = facts.today - timedelta(days=p.days("operated"))
    on_record = facts.activities.about(order.says.place.bone, *OPERATIONS)
    lately = any(a.how != "done" if a.when is None else a.when >= since for a in on_record)
    return lately or any(facts.orders.requests(concept) for concept in OPERATIONS)
