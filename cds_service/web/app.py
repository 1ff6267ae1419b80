"""The Flask application: discovery, service calls, feedback, health."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
import orjson
from flask import Flask, Response, g, request

from cds_service import fixtures
from cds_service.answer import answer
from cds_service.base.clock import local_now
from cds_service.base.complaints import Faults, StartFault
from cds_service.base.kinds import LANGUAGES
from cds_service.call.hook import read_hook
from cds_service.call.problems import CallProblem, UnknownHook, UnknownService
from cds_service.caller import Caller, Defaults, settle
from cds_service.deliver import codesystem
from cds_service.deliver.issue import issue
from cds_service.deliver.profiles import Offered, transform
from cds_service.deliver.unmatched import UNMATCHED
from cds_service.deliver.vocabulary import vocabulary
from cds_service.edition import Edition
from cds_service.knowledge.services import Service
from cds_service.render.model import Response as CardsResponse
from cds_service.site.settings import Settings
from cds_service.store.memory import Memory
from cds_service.trust.gate import ANYBODY
from cds_service.web.cors import cross_origin
from cds_service.web.discovery import discovery
from cds_service.web.door import gate_of, guard
from cds_service.web.errors import errors
from cds_service.web.explanation import explanations
from cds_service.web.feedback import FeedbackDesk
from cds_service.web.journal import journal, record_calls
from cds_service.web.language import choose_language
from cds_service.web.media import read_body, refused_media
from cds_service.web.openapi import openapi
from cds_service.web.outcomes import Json, answer_json
from cds_service.web.probes import probes
from cds_service.web.servers import ServersOf, fhir_servers
from cds_service.web.start import note_all
from cds_service.web.workbench import workbench

log = logging.getLogger("cds_service")
_encode = msgspec.json.Encoder().encode
# Before the paths of the specification, for clients that know a service by its URL alone (``discovery``).
OF_HOOK = "/hooks/<hook>"
Clock = Callable[[], datetime]


class _App(Flask):
    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """As it is: nothing here is ``async``, and Flask would look for it at every call of every function."""
        return func


def create_app(
    settings: Settings, edition: Edition | None = None, clock: Clock = local_now, memory: Memory | None = None
) -> Flask:
    """The application. ``content`` is loaded when not given; ``clock`` is read once per call.

    Without ``memory`` nothing is recorded, there is no feedback endpoint, and nobody can be authenticated.
    """
    edition = edition or Edition.load(settings)
    log.log(logging.INFO if edition.seal.holds else logging.WARNING, "%s", edition.seal)
    for remark in edition.remarks:
        log.warning("%s", remark)
    app = _App("cds_service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.url_map.strict_slashes = True
    journal(app)
    gate = gate_of(settings, edition, memory)
    guard(app, gate, settings)
    # Made when it is first asked for: its examples are looked for among all situations.
    document = cache(lambda: openapi(edition, feedback=memory is not None, open_door=gate is None))
    _information(app, edition, document)
    probes(app, memory, edition.version)
    explanations(app, edition, settings)
    servers = fhir_servers(settings, edition)
    workbench(app, edition, settings, clock, memory, document, servers)
    _calls(app, settings, edition, clock, memory, servers)
    if memory:
        _feedback(app, edition, clock, memory)
        record_calls(app, edition, memory)
        # If nobody ever calls: used tokens are to be forgotten. In each worker, never before the fork.
        app.extensions["begin"] = memory.audit.start
        app.extensions["close"] = memory.close
    errors(app)
    cross_origin(app, settings)
    app.extensions["warm"] = lambda: _warm(app, edition, clock)
    return app


def load_app(settings: Settings) -> Flask:
    """The application with its memory, everything read anew from content, site file and key files. Raises
    ``StartFault`` with everything that is wrong."""
    try:
        edition = Edition.load(settings)
        memory = Memory.open(
            settings, edition.site.suppression, edition.site.said_once, edition.knowledge.services.order_hours
        )
        return create_app(settings, edition, memory=memory)
    except StartFault as first:
        faults = Faults()
        faults.add(first)
        note_all(settings, faults)
        faults.stop()
        raise


def _information(app: Flask, edition: Edition, document: Callable[[], Json]) -> None:
    described = cache(lambda: orjson.dumps(document()))
    services = orjson.dumps(discovery(edition))
    of_hook = {hook: orjson.dumps(discovery(edition, (hook,))) for hook in edition.hooks}
    topic_codes = orjson.dumps(codesystem.topic_system(edition))

    @app.get("/cds-services")
    @app.get(f"{OF_HOOK}/cds-services")
    def discover(hook: str | None = None) -> Response:
        if hook is None:
            return answer_json(200, services)
        if hook not in of_hook:
            raise UnknownHook(edition.hooks)
        return answer_json(200, of_hook[hook])

    @app.get("/openapi.json")
    def describe() -> Response:
        return answer_json(200, described())

    @app.get(f"/fhir/CodeSystem/{codesystem.ID}")
    def topics() -> Response:
        return Response(topic_codes, 200, content_type="application/fhir+json")


def _calls(
    app: Flask, settings: Settings, edition: Edition, clock: Clock, memory: Memory | None, servers: ServersOf
) -> None:
    defaults = Defaults(settings.default_language, settings.fhir_version)
    earlier = memory.earlier if memory else None
    offered = Offered.of(edition.knowledge, edition.site)

    @app.post("/cds-services/<service_id>")
    @app.post(f"{OF_HOOK}/cds-services/<service_id>")
    def call(service_id: str, hook: str | None = None) -> Response:
        if refused := refused_media():
            return refused
        now = clock()
        service = _service(edition, service_id, hook)
        asked = g.call = read_hook(read_body(), service.id, (hook,) if hook else service.hooks)
        language = choose_language(request.headers.get("Accept-Language"))
        caller = g.caller = settle(edition.site, g.who, asked, now.date(), language, defaults)
        answered = answer(edition, caller, asked, now, servers(g.who.client).source(asked), earlier)
        UNMATCHED.observe(answered.subjects, answered.passed_over)
        # Without a memory nothing was shown before, and nobody writes down what is now.
        delivered, issued = (
            issue(answered.response, answered.findings, asked, caller, earlier) if memory else (answered.response, ())
        )
        response = answer_json(200, _fitted(delivered, caller, offered))
        # From here on the answer stands: what is recorded as shown is what is sent.
        g.answered, g.delivered, g.issued = answered, delivered, issued
        response.headers["Content-Language"] = caller.language
        response.headers["Vary"] = "Accept-Language"
        return response


def _service(edition: Edition, service_id: str, hook: str | None = None) -> Service:
    """The service of an address; ``hook``: of an address that has one."""
    if hook is not None and hook not in edition.hooks:
        raise UnknownHook(edition.hooks)
    service = edition.service(service_id)
    if service is None or (hook is not None and hook not in service.hooks):
        raise UnknownService(edition.service_ids_on(hook))
    return service


def _feedback(app: Flask, edition: Edition, clock: Clock, memory: Memory) -> None:
    desk = FeedbackDesk(memory.database, vocabulary(edition.knowledge.guideline, edition.site.feedback))

    @app.post("/cds-services/<service_id>/feedback")
    @app.post(f"{OF_HOOK}/cds-services/<service_id>/feedback")
    def feedback(service_id: str, hook: str | None = None) -> Response:
        if refused := refused_media():
            return refused
        _service(edition, service_id, hook)
        return desk.take(service_id, clock())


def _fitted(response: CardsResponse, caller: Caller, offered: Offered) -> bytes:
    """The response as this client takes it (``deliver.profiles``)."""
    if caller.profile == "generic":
        return _encode(response)
    # Raw: the numbers of an order that goes back to the client.
    whole = msgspec.to_builtins(response, builtin_types=(msgspec.Raw,))
    return _encode(transform(whole, caller.client, caller.language, offered))


def _warm(app: Flask, edition: Edition, clock: Clock) -> None:
    """Answer once in each language before workers fork: decoders, templates and caches are ready.

    Not through the door, and not recorded: nobody called.
    """
    situation, now = fixtures.load(fixtures.SHOWN), clock()
    offered = Offered.of(edition.knowledge, edition.site)
    for tag in LANGUAGES:
        try:
            service = _service(edition, situation.story.service)
            asked = read_hook(situation.request_at(now), service.id, service.hooks)
            caller = settle(edition.site, ANYBODY, asked, now.date(), tag)
            answered = answer(edition, caller, asked, now)
        except CallProblem as problem:
            raise RuntimeError(f"the service cannot answer its own fixture: {problem!r}") from problem
        _fitted(answered.response, caller, offered)
    if app.test_client().get("/health").status_code != 200:
        raise RuntimeError("the service is not well")
