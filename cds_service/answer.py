"""One call, from what was asked to the cards, as a straight line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cds_service.call.hook import HookCall
from cds_service.caller import Caller
from cds_service.edition import Edition
from cds_service.evaluate.findings import Findings
from cds_service.evaluate.judge import judge
from cds_service.evaluate.topic import questions, required, wanted
from cds_service.facts.subjects import Subject
from cds_service.fetch.obtain import Obtaining, Source
from cds_service.record.read import Record, require
from cds_service.render.cards import Rendering, render
from cds_service.render.model import Response
from cds_service.render.resources import OrderContext

NOTHING = Response(cards=[])


@dataclass(frozen=True, slots=True)
class Answer:
    """The response, and what was found on the way (``findings`` is None when no topic is about the call)."""

    call: HookCall
    caller: Caller
    response: Response
    subjects: tuple[Subject, ...]
    record: Record
    findings: Findings | None


def answer(edition: Edition, caller: Caller, call: HookCall, now: datetime, source: Source | None = None) -> Answer:
    """Answer one call at the moment ``now`` (aware). Raises the problems of ``call.problems``.

    ``source``: where what the call did not bring may be read; None: nowhere.
    """
    obtaining = Obtaining(call, edition.prefetch(call.service), now, source)
    subjects = edition.readers.subjects(call, obtaining.drafts, obtaining.medications())
    asked = questions(edition.topics_of(call.service), subjects)
    if not asked:
        return Answer(call, caller, NOTHING, subjects, obtaining.record, None)
    since = wanted(asked, now.date())
    record = obtaining.needs(since)
    require(record, required(q for q in asked if q.topic.code not in caller.silent), since)
    findings = judge(edition, call.service, record, subjects, now).silencing(caller.silent)
    return Answer(
        call,
        caller,
        render(findings, record.unreadable, _rendering(edition, caller, call, now)),
        subjects,
        record,
        findings,
    )


def _rendering(edition: Edition, caller: Caller, call: HookCall, now: datetime) -> Rendering:
    context = OrderContext(caller.fhir_version, call.patient_id, call.user_id, call.encounter_id, now, caller.language)
    drafts = {n: e.resource for n, e in enumerate(call.drafts) if e.resource}
    return Rendering(edition.wordings[caller.language], edition.offer, context, call.hook_instance, drafts)
