"""The Flask application: discovery, service calls, feedback, health."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

import msgspec
import orjson
from flask import Flask, Response, g, request

from cds_service import fixtures
from cds_service.answer import Answer, Defaults, answer
from cds_service.call.feedback import Vocabulary, read_feedback
from cds_service.call.problems import CallProblem, UnknownService
from cds_service.deliver.profiles import transform
from cds_service.deliver.unmatched import UNMATCHED
from cds_service.edition import Content
from cds_service.render.texts import LANGUAGES
from cds_service.site.settings import Settings
from cds_service.store.engine import UNAVAILABLE
from cds_service.store.memory import Memory
from cds_service.store.reactions import keep
from cds_service.web.cors import cross_origin
from cds_service.web.discovery import discovery
from cds_service.web.door import gate_of, guard
from cds_service.web.errors import errors
from cds_service.web.journal import journal, record_calls
from cds_service.web.language import choose_language
from cds_service.web.media import refused_media
from cds_service.web.openapi import openapi
from cds_service.web.outcomes import answer_json, issue, outcome
from cds_service.web.servers import fhir_servers

log = logging.getLogger("cds_service")
_encode = msgspec.json.Encoder().encode
Clock = Callable[[], datetime]


def local_now() -> datetime:
    """The present, in the time zone of the server (set TZ to the hospital's)."""
    return datetime.now().astimezone()


def create_app(
    settings: Settings, content: Content | None = None, clock: Clock = local_now, memory: Memory | None = None
) -> Flask:
    """The application. ``content`` is loaded when not given; ``clock`` is read once per call.

    Without ``memory`` nothing is recorded, there is no feedback endpoint, and nobody can be authenticated.
    """
    content = content or Content.load(settings)
    app = Flask("cds_service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.url_map.strict_slashes = True
    journal(app)
    guard(app, gate_of(settings, content, memory), settings)
    _information(app, content, memory)
    _calls(app, settings, content, clock, memory)
    if memory:
        _feedback(app, content, clock, memory)
        record_calls(app, content, memory)
        app.extensions["close"] = memory.close
    errors(app)
    cross_origin(app, settings)
    app.extensions["warm"] = lambda: _warm(app, content, clock)
    return app


def _information(app: Flask, content: Content, memory: Memory | None) -> None:
    services, document = orjson.dumps(discovery(content)), orjson.dumps(openapi(content, feedback=memory is not None))

    @app.get("/cds-services")
    def discover() -> Response:
        return answer_json(200, services)

    @app.get("/openapi.json")
    def describe() -> Response:
        return answer_json(200, document)

    @app.get("/health")
    def health() -> Response:
        """Of the worker that happens to answer."""
        audit = memory.audit if memory else None
        calls = {"waiting": audit.waiting, "dropped": audit.dropped, "failing": audit.failing} if audit else {}
        return answer_json(200, orjson.dumps({"status": "ok", "knowledge": content.version, "calls": calls}))


def _calls(app: Flask, settings: Settings, content: Content, clock: Clock, memory: Memory | None) -> None:
    defaults = Defaults(settings.default_language, settings.fhir_version)
    servers = fhir_servers(settings, content)
    overridden = memory.overridden if memory else None

    @app.post("/cds-services/<service_id>")
    def call(service_id: str) -> Response:
        if refused := refused_media():
            return refused
        language = choose_language(request.headers.get("Accept-Language"))
        body = request.get_data(cache=False)
        answered = answer(content, service_id, body, language, clock(), defaults, servers, g.who, overridden)
        UNMATCHED.observe(answered.orders)
        response = answer_json(200, _fitted(answered, content))
        # From here on the answer stands: what is recorded as shown is what is sent.
        g.answered = answered
        response.headers["Content-Language"] = answered.language
        response.headers["Vary"] = "Accept-Language"
        return response


def _feedback(app: Flask, content: Content, clock: Clock, memory: Memory) -> None:
    reasons = content.guideline.override_reasons
    options = content.site.feedback
    vocabulary = Vocabulary.of(reasons.system, reasons.display, content.guideline.recommendations, options)

    @app.post("/cds-services/<service_id>/feedback")
    def feedback(service_id: str) -> Response:
        if refused := refused_media():
            return refused
        if content.service(service_id) is None:
            raise UnknownService(tuple(s.id for s in content.services.services))
        events = read_feedback(request.get_data(cache=False), vocabulary)
        try:
            keep(memory.database, events, g.who, service_id, clock())
        except UNAVAILABLE as error:
            log.error("feedback was not stored cause=%s", type(error).__name__)  # noqa: TRY400  # its message quotes rows
            text = "The feedback could not be stored. Nothing of it was; send it again."
            response = answer_json(503, orjson.dumps(outcome(issue("transient", text))))
            response.headers["Retry-After"] = "5"
            return response
        return answer_json(200, b"{}")


def _fitted(answered: Answer, content: Content) -> bytes:
    """The response as this client takes it (``site.profiles``)."""
    client = answered.client
    if client is None or client.profile == "generic":
        return _encode(answered.response)
    # Raw: the numbers of an order that goes back to the client.
    whole = msgspec.to_builtins(answered.response, builtin_types=(msgspec.Raw,))
    return _encode(transform(whole, client, answered.language, content.offered))


# A situation whose answer touches clearance, calcium, suggestions and several sentences.
WARM_UP = "zoledronic-acid-dose-above-row"


def _warm(app: Flask, content: Content, clock: Clock) -> None:
    """Answer once in each language before workers fork: decoders, templates and caches are ready.

    Not through the door, and not recorded: nobody called.
    """
    situation, now = fixtures.load(WARM_UP), clock()
    for tag in LANGUAGES:
        try:
            answered = answer(content, situation.story.service, situation.request_at(now), tag, now)
        except CallProblem as problem:
            raise RuntimeError(f"the service cannot answer its own fixture: {problem!r}") from problem
        _fitted(answered, content)
    if app.test_client().get("/health").status_code != 200:
        raise RuntimeError("the service is not well")
