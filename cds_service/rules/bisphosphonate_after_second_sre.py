"""Rec. 7, §4.1.3: on a bisphosphonate, and a second skeletal-related event."""

from datetime import date

from cds_service.evaluate.outcome import Advise, CannotTell, CreateDrug, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.triggers import chart_opened, rule
from cds_service.facts.bma_options import DENOSUMAB, Option
from cds_service.facts.events import Event
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Chart
from cds_service.facts.treatment import DrugUse
from cds_service.knowledge.model import Parameters

TREATMENT = ("medicationRequests", "medicationAdministrations")


@rule("bisphosphonate-after-second-sre", chart_opened())
def bisphosphonate_after_second_sre(subject: Chart, facts: Facts, p: Parameters) -> Outcome:
    if facts.bone_modifying.oncology("rankl-inhibitor"):
        return NoAdvice("on-rankl")
    uses = [u for u in facts.bone_modifying.oncology("bisphosphonate") if not facts.treatment.stopped(u.drugs)]
    if not uses:
        missing = facts.lacking(*TREATMENT)
        return CannotTell(missing) if len(missing) == len(TREATMENT) else NoAdvice("no-bisphosphonate")
    if facts.events.second is None:
        missing = facts.lacking("procedures")
        return CannotTell(missing) if missing else NoAdvice("one-event")
    return _second(uses[0], *facts.events.second, facts, p)


def _second(use: DrugUse, event: Event, earlier: Event, facts: Facts, p: Parameters) -> Outcome:
    data = {"use": use, "event": event, "earlier": earlier}
    if not facts.within(event.when, p.days("recent")):
        return NoAdvice("event-too-old", data)
    courses = facts.bone_modifying.courses(p.days("gap"), "bisphosphonate")
    if courses and event.when < courses[-1].start:
        return NoAdvice("before-treatment", data)
    if _changed(use, event.when, facts):
        return NoAdvice("changed-already", data)
    offered = tuple(o for o in facts.bma_options.offered if o.drug not in use.drugs)
    suggestions = tuple(_instead(o) for o in offered if o in facts.bma_options.orderable)
    return Advise(p.indicator(), "second", data | {"offered": offered}, suggestions)


def _changed(use: DrugUse, day: date, facts: Facts) -> bool:
    """Whether the drug that is taken was first taken after the event."""
    own = [u.when for u in facts.treatment.ever(("bisphosphonate",)) if u.when and set(u.drugs) & set(use.drugs)]
    return bool(own) and min(own) > day


def _instead(option: Option) -> Suggestion:
    label = "denosumab" if option.drug == DENOSUMAB else "bisphosphonate"
    return Suggestion(label, (CreateDrug(option.drug, option.mg),))
