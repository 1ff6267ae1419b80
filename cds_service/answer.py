"""One call, from what was asked to the cards, as a straight line."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from cds_service.call.hook import HookCall
from cds_service.call.ids import is_professional
from cds_service.call.problems import Cause, DataNotObtained
from cds_service.caller import Caller
from cds_service.deliver.claims import Told, unsaid
from cds_service.edition import Edition
from cds_service.evaluate.findings import Findings
from cds_service.evaluate.gate import FIRST, concerned
from cds_service.evaluate.judge import beyond, ended, judged
from cds_service.evaluate.topic import Question, Topic, questions, required, wanted
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Chart, Subject
from cds_service.fetch.obtain import Obtaining, Source
from cds_service.record.completeness import Wanted
from cds_service.record.read import Record, another_patients, foreign, unmet
from cds_service.render.cards import Rendering
from cds_service.render.model import Response
from cds_service.render.resources import OrderContext
from cds_service.render.response import render

NOTHING = Response(cards=[])


@dataclass(frozen=True, slots=True)
class Answer:
    """The response, and what was found on the way (``findings`` is None when no topic was asked).

    ``unmet``: data without which the order could not be checked; the response says so. ``passed_over``: how many drafts
    are another patient's and concern no topic.
    """

    call: HookCall
    caller: Caller
    response: Response
    subjects: tuple[Subject, ...]
    record: Record
    findings: Findings | None
    unmet: tuple[Cause, ...] = ()
    passed_over: int = 0


def answer(
    edition: Edition,
    caller: Caller,
    call: HookCall,
    now: datetime,
    source: Source | None = None,
    told: Told | None = None,
) -> Answer:
    """Answer one call at the moment ``now`` (aware). Raises the problems of ``call.problems``.

    ``source``: where what the call did not bring may be read; None: nowhere. ``told``: what orders' cards said before,
    which an opened chart does not repeat; None: nothing is known of it.
    """
    stand_ins = edition.stand_ins(call.service)
    obtaining = Obtaining(call, edition.searches(call.service), now, source, stand_ins)
    rendering = _rendering(edition, caller, call, now)
    try:
        subjects = edition.readers.subjects(call, obtaining.drafts, obtaining.medications())
    except DataNotObtained as nobody_knows_the_drug:
        return _unread(nobody_knows_the_drug, caller, call, obtaining.record, rendering)
    topics = edition.topics_of(call.service)
    others = foreign(call, obtaining.drafts)
    subjects = _of_the_patient(subjects, others, topics)
    asked = questions(topics, subjects)
    if not asked or (call.kind == "chart" and not is_professional(call.user_id)):
        return Answer(call, caller, NOTHING, subjects, obtaining.record, None, passed_over=len(others))
    since = wanted(asked, now.date())
    page, goes_on = _page(edition, call, obtaining, since, subjects, now)
    record = page.record
    if not goes_on:
        return Answer(call, caller, NOTHING, subjects, record, ended(asked, page), passed_over=len(others))
    needed = edition.must(call.service, required(_heard(asked, caller.silent)))
    causes, unreadable = unmet(record, needed, since), record.unreadable
    if (causes or unreadable) and beyond(asked, page):
        # Nobody misses what could not have changed the answer.
        causes, unreadable = (), {}
    if causes and caller.missing_data == "refuse":
        raise DataNotObtained(causes)
    findings = judged(asked, page).silencing(caller.silent)
    if call.kind == "chart":
        findings = edition.quieted(unsaid(findings, call, caller, told) if told else findings, call.service)
    response = render(findings, unreadable, causes, rendering)
    return Answer(call, caller, response, subjects, record, findings, causes, len(others))


def _page(
    edition: Edition, call: HookCall, obtaining: Obtaining, since: Wanted, subjects: tuple[Subject, ...], now: datetime
) -> tuple[Facts, bool]:
    """The facts, as far as the questions go, and whether anything could be said of this patient. An opened chart is
    read further only where it could."""
    if call.kind != "chart":
        orders = tuple(s for s in subjects if not isinstance(s, Chart))
        return Facts(obtaining.needs(since), orders, now, edition.readers), True
    page = Facts(obtaining.needs({key: since[key] for key in FIRST if key in since}), (), now, edition.readers)
    if not concerned(page):
        return page, False
    record = obtaining.needs(since)
    return (page if record is page.record else Facts(record, (), now, edition.readers)), True


def _of_the_patient(
    subjects: tuple[Subject, ...], others: frozenset[int], topics: tuple[Topic, ...]
) -> tuple[Subject, ...]:
    """The subjects without the drafts of other patients.

    Such a draft that concerns no topic is somebody else's and passed over; raises ``BadRequest`` for one that does.
    """
    if not others:
        return subjects
    for order in (s for s in subjects if not isinstance(s, Chart) and s.position in others):
        if questions(topics, (replace(order, selected=True),)):
            raise another_patients(order.position)
    return tuple(s for s in subjects if isinstance(s, Chart) or s.position not in others)


def _heard(asked: tuple[Question, ...], silent: Collection[str]) -> tuple[Question, ...]:
    """The questions whose answers are not kept silent."""
    return tuple(q for q in asked if q.topic.code not in silent) if silent else asked


def _unread(problem: DataNotObtained, caller: Caller, call: HookCall, record: Record, rendering: Rendering) -> Answer:
    """The answer to orders that could not even be read: which drug a draft is for is nowhere said."""
    if caller.missing_data == "refuse":
        raise problem
    response = render(None, record.unreadable, problem.causes, rendering)
    return Answer(call, caller, response, (), record, None, problem.causes)


def _rendering(edition: Edition, caller: Caller, call: HookCall, now: datetime) -> Rendering:
    context = OrderContext(caller.fhir_version, call.patient_id, call.user_id, call.encounter_id, now, caller.language)
    drafts = {n: e.resource for n, e in enumerate(call.drafts) if e.resource}
    wording, review = edition.wordings[caller.language], call.kind == "chart"
    beside = edition.beside(call.service)
    return Rendering(wording, edition.offer, context, call.hook_instance, drafts, review, beside)
