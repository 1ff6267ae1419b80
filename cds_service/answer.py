"""One hook call, from request to response, as a straight line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cds_service.content import Content
from cds_service.evaluate import Findings, due, evaluate, needs_of
from cds_service.guideline.services import Service
from cds_service.hook import HookCall, read_hook
from cds_service.problems import UnknownService
from cds_service.record import Record, read_record, require
from cds_service.render.cards import Page, render
from cds_service.render.model import Response
from cds_service.render.resources import Caller, FhirVersion
from cds_service.version import fhir_version

NOTHING = Response(cards=[])


@dataclass(frozen=True, slots=True)
class Answer:
    """The response, and what was found on the way (None when nothing ordered is in scope)."""

    response: Response
    call: HookCall
    record: Record
    findings: Findings | None


def answer(
    content: Content, service_id: str, body: bytes, language: str, now: datetime, configured: FhirVersion | None = None
) -> Answer:
    """Answer one call at the moment ``now`` (aware). Raises the problems of ``cds_service.problems``."""
    service = _service(content, service_id)
    call = read_hook(body, tuple(service.hooks))
    record = read_record(call, content.needs_of(service.id))
    orders = content.reader.orders(call, record)
    dues = due(content, service.id, orders)
    if not dues:
        return Answer(NOTHING, call, record, None)
    require(record, needs_of(dues), content.reader.oldest_needed(now))
    findings = evaluate(dues, content.reader.facts(record, orders, now))
    return Answer(
        render(findings, record.unreadable, _page(content, call, language, now, configured)), call, record, findings
    )


def _service(content: Content, service_id: str) -> Service:
    service = content.service(service_id)
    if service is None:
        raise UnknownService(tuple(s.id for s in content.services.services))
    return service


def _page(content: Content, call: HookCall, language: str, now: datetime, configured: FhirVersion | None) -> Page:
    version = configured or fhir_version(call)
    caller = Caller(version, call.patient_id, call.user_id, call.encounter_id, now, language)
    drafts = {n: e.resource for n, e in enumerate(call.drafts) if e.resource}
    return Page(content, content.languages[language], caller, call.hook_instance, drafts)
