"""One hook call, from request to response, as a straight line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from cds_service.call.fhir_version import fhir_version
from cds_service.call.hook import HookCall, read_hook
from cds_service.call.problems import CallProblem, UnknownService
from cds_service.deliver.issue import Issued, Overridden, issue
from cds_service.edition import Content
from cds_service.evaluate.judge import Due, Findings, due, evaluate, needs_of, wanted_by
from cds_service.facts.facts import Order
from cds_service.fetch.obtain import Obtaining, Servers
from cds_service.knowledge.services import Service
from cds_service.record.read import Record, known_since, require
from cds_service.render.cards import Page, render
from cds_service.render.model import Response
from cds_service.render.resources import Caller, FhirVersion
from cds_service.site.model import Client
from cds_service.trust.gate import ANYBODY, Identity

NOTHING = Response(cards=[])


@dataclass(frozen=True, slots=True)
class Answer:
    """The response, and what was found on the way (``findings`` is None when nothing ordered is in scope).

    ``fhir_version`` is empty then; ``issued``: every card made, shown or kept back.
    """

    response: Response
    call: HookCall
    language: str
    client: Client | None
    orders: tuple[Order, ...]
    record: Record
    findings: Findings | None
    fhir_version: str = ""
    issued: tuple[Issued, ...] = ()


# The FHIR servers that the calls of an authenticated client (None: nobody is asked) may be completed from.
ServersOf = Callable[[Client | None], Servers | None]


def no_servers(_client: Client | None) -> Servers | None:
    """Prefetch only."""
    return None


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where neither the caller nor the site file says otherwise."""

    language: str = "en"
    fhir_version: FhirVersion | None = None


def answer(
    content: Content,
    service_id: str,
    body: bytes,
    language: str | None,
    now: datetime,
    defaults: Defaults = Defaults(),  # frozen
    servers: ServersOf = no_servers,
    who: Identity = ANYBODY,
    overridden: Overridden | None = None,
) -> Answer:
    """Answer one call at the moment ``now`` (aware). Raises the problems of ``cds_service.call.problems``.

    ``language``: what the caller asked for, or None. ``servers``: where to read what the call of a client did not
    bring. ``who``: the caller as authenticated. ``overridden``: the memory of suppression, where it is on.
    """
    service = _service(content, service_id)
    call = read_hook(body, tuple(service.hooks))
    client = who.client or content.site.client_at(call.fhir_server)
    with _named(call, client):
        language = language or _own_language(content, client) or defaults.language
        obtaining = Obtaining(call, content.prefetch(service.id), servers(who.client))
        orders = content.reader.orders(call, obtaining.medications())
        dues = due(content, service.id, orders, content.site.silent_for(client, now.date()))
        if not dues:
            return Answer(NOTHING, call, language, client, orders, obtaining.record, None)
        since = content.reader.oldest_needed(now)
        record = obtaining.needs(wanted_by(dues), since)
        require(record, needs_of(d for d in dues if not d.silent), since)
        findings = evaluate(_obtained(dues, record, since), content.reader.facts(record, orders, now))
        version = (client.fhir_version if client else None) or defaults.fhir_version or fhir_version(call)
        made = render(findings, record.unreadable, _page(content, call, language, now, version))
        response, issued = issue(made, findings, call, who, client, overridden)
    return Answer(response, call, language, client, orders, record, findings, version, issued)


@contextmanager
def _named(call: HookCall, client: Client | None) -> Iterator[None]:
    """Problems know the hook and the client of the call they stopped."""
    try:
        yield
    except CallProblem as problem:
        problem.hook, problem.client = call.hook, client
        raise


def _obtained(dues: Iterable[Due], record: Record, since: str) -> tuple[Due, ...]:
    """Without the silent topics whose required data were not obtained: they may not refuse the call, nor guess."""
    return tuple(d for d in dues if not d.silent or all(known_since(record.needs[n], since) for n in needs_of([d])))


def _own_language(content: Content, client: Client | None) -> str | None:
    return (client.default_language if client else None) or content.site.default_language


def _service(content: Content, service_id: str) -> Service:
    service = content.service(service_id)
    if service is None:
        raise UnknownService(tuple(s.id for s in content.services.services))
    return service


def _page(content: Content, call: HookCall, language: str, now: datetime, version: FhirVersion) -> Page:
    caller = Caller(version, call.patient_id, call.user_id, call.encounter_id, now, language)
    drafts = {n: e.resource for n, e in enumerate(call.drafts) if e.resource}
    return Page(content, content.languages[language], caller, call.hook_instance, drafts)
