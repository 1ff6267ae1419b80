"""The Flask application: discovery, service calls, feedback, health."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

import msgspec
import orjson
from flask import Flask, Response, g, request

from cds_service import fixtures
from cds_service.answer import answer
from cds_service.base.kinds import LANGUAGES
from cds_service.call.hook import read_hook
from cds_service.call.problems import CallProblem, UnknownService
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
from cds_service.web.outcomes import answer_json
from cds_service.web.probes import probes
from cds_service.web.servers import fhir_servers
from cds_service.web.workbench import workbench

log = logging.getLogger("cds_service")
_encode = msgspec.json.Encoder().encode
Clock = Callable[[], datetime]


def local_now() -> datetime:
    """The present, in the time zone of the server (set TZ to the hospital's)."""
    return datetime.now().astimezone()


def create_app(
    settings: Settings, edition: Edition | None = None, clock: Clock = local_now, memory: Memory | None = None
) -> Flask:
    """The application. ``content`` is loaded when not given; ``clock`` is read once per call.

    Without ``memory`` nothing is recorded, there is no feedback endpoint, and nobody can be authenticated.
    """
    edition = edition or Edition.load(settings)
    log.log(logging.INFO if edition.seal.holds else logging.WARNING, "%s", edition.seal)
    app = Flask("cds_service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.url_map.strict_slashes = True
    journal(app)
    guard(app, gate_of(settings, edition, memory), settings)
    _information(app, edition, memory)
    probes(app, memory)
    explanations(app, edition, settings)
    workbench(app, edition, settings, clock, memory, openapi(edition, feedback=memory is not None))
    _calls(app, settings, edition, clock, memory)
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
    ``StartFault``."""
    edition = Edition.load(settings)
    return create_app(settings, edition, memory=Memory.open(settings, edition.site.suppression, edition.site.said_once))


def _information(app: Flask, edition: Edition, memory: Memory | None) -> None:
    services, document = orjson.dumps(discovery(edition)), orjson.dumps(openapi(edition, feedback=memory is not None))
    topic_codes = orjson.dumps(codesystem.topic_system(edition))

    @app.get("/cds-services")
    def discover() -> Response:
        return answer_json(200, services)

    @app.get("/openapi.json")
    def describe() -> Response:
        return answer_json(200, document)

    @app.get(f"/fhir/CodeSystem/{codesystem.ID}")
    def topics() -> Response:
        return Response(topic_codes, 200, content_type="application/fhir+json")

    @app.get("/health")
    def health() -> Response:
        """Of the worker that happens to answer."""
        audit = memory.audit if memory else None
        calls = {"waiting": audit.waiting, "dropped": audit.dropped, "failing": audit.failing} if audit else {}
        return answer_json(200, orjson.dumps({"status": "ok", "knowledge": edition.version, "calls": calls}))


def _calls(app: Flask, settings: Settings, edition: Edition, clock: Clock, memory: Memory | None) -> None:
    defaults = Defaults(settings.default_language, settings.fhir_version)
    servers = fhir_servers(settings, edition)
    earlier = memory.earlier if memory else None
    offered = Offered.of(edition.knowledge, edition.site)

    @app.post("/cds-services/<service_id>")
    def call(service_id: str) -> Response:
        if refused := refused_media():
            return refused
        now = clock()
        service = _service(edition, service_id)
        asked = g.call = read_hook(read_body(), service.id, service.hooks)
        language = choose_language(request.headers.get("Accept-Language"))
        caller = g.caller = settle(edition.site, g.who, asked, now.date(), language, defaults)
        answered = answer(edition, caller, asked, now, servers(g.who.client).source(asked))
        UNMATCHED.observe(answered.subjects)
        delivered, issued = issue(answered.response, answered.findings, asked, caller, earlier)
        response = answer_json(200, _fitted(delivered, caller, offered))
        # From here on the answer stands: what is recorded as shown is what is sent.
        g.answered, g.delivered, g.issued = answered, delivered, issued
        response.headers["Content-Language"] = caller.language
        response.headers["Vary"] = "Accept-Language"
        return response


def _service(edition: Edition, service_id: str) -> Service:
    service = edition.service(service_id)
    if service is None:
        raise UnknownService(edition.service_ids)
    return service


def _feedback(app: Flask, edition: Edition, clock: Clock, memory: Memory) -> None:
    desk = FeedbackDesk(memory.database, vocabulary(edition.knowledge.guideline, edition.site.feedback))

    @app.post("/cds-services/<service_id>/feedback")
    def feedback(service_id: str) -> Response:
        if refused := refused_media():
            return refused
        _service(edition, service_id)
        return desk.take(service_id, clock())


def _fitted(response: CardsResponse, caller: Caller, offered: Offered) -> bytes:
    """The response as this client takes it (``deliver.profiles``)."""
    if caller.profile == "generic":
        return _encode(response)
    # Raw: the numbers of an order that goes back to the client.
    whole = msgspec.to_builtins(response, builtin_types=(msgspec.Raw,))
    return _encode(transform(whole, caller.client, caller.language, offered))


# A situation whose answer touches clearance, calcium, suggestions and several sentences.
WARM_UP = "zoledronic-acid-dose-above-row"


def _warm(app: Flask, edition: Edition, clock: Clock) -> None:
    """Answer once in each language before workers fork: decoders, templates and caches are ready.

    Not through the door, and not recorded: nobody called.
    """
    situation, now = fixtures.load(WARM_UP), clock()
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
