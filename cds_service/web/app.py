"""The Flask application: discovery, service calls, health, and errors that say what, where and what to do."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime

import msgspec
import orjson
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from cds_service import fixtures
from cds_service.answer import Answer, Defaults, answer
from cds_service.content import Content
from cds_service.fetch.address import FhirServers
from cds_service.fetch.failure import Refused
from cds_service.obtain import Servers
from cds_service.problems import CallProblem, RuleFailed
from cds_service.render.texts import LANGUAGES
from cds_service.settings import Settings, SettingsError
from cds_service.site.profiles import transform
from cds_service.site.unmatched import UNMATCHED
from cds_service.web.discovery import discovery
from cds_service.web.language import choose_language
from cds_service.web.openapi import openapi
from cds_service.web.outcomes import issue, of_problem, outcome

log = logging.getLogger("cds_service")
MEDIA_TYPES = frozenset({"application/json", "application/fhir+json"})
_encode = msgspec.json.Encoder().encode
Clock = Callable[[], datetime]


def local_now() -> datetime:
    """The present, in the time zone of the server (set TZ to the hospital's)."""
    return datetime.now().astimezone()


def create_app(settings: Settings, content: Content | None = None, clock: Clock = local_now) -> Flask:
    """The application. ``content`` is loaded when not given; ``clock`` is read once per call."""
    content = content or Content.load(settings)
    app = Flask("cds_service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.url_map.strict_slashes = True
    defaults = Defaults(settings.default_language, settings.fhir_version)
    servers = fhir_servers(settings, content)
    services, document = orjson.dumps(discovery(content)), orjson.dumps(openapi(content))

    @app.get("/cds-services")
    def discover() -> Response:
        return _json(200, services)

    @app.get("/openapi.json")
    def describe() -> Response:
        return _json(200, document)

    @app.get("/health")
    def health() -> Response:
        return _json(200, b'{"status":"ok"}')

    @app.post("/cds-services/<service_id>")
    def call(service_id: str) -> Response:
        if request.mimetype not in MEDIA_TYPES:
            text = f"Send the body as {' or '.join(sorted(MEDIA_TYPES))}."
            return _json(415, orjson.dumps(outcome(issue("not-supported", text, "Content-Type"))))
        language = choose_language(request.headers.get("Accept-Language"))
        body = request.get_data(cache=False)
        answered = answer(content, service_id, body, language, clock(), defaults, servers)
        UNMATCHED.observe(answered.orders)
        g.cards = len(answered.response.cards)
        response = _json(200, _fitted(answered, content))
        response.headers["Content-Language"] = answered.language
        response.headers["Vary"] = "Accept-Language"
        return response

    _errors(app)
    _journal(app)
    _cross_origin(app, settings)
    app.extensions["warm"] = lambda: _warm(app, clock)
    return app


def _fitted(answered: Answer, content: Content) -> bytes:
    """The response as this client takes it (``site.profiles``)."""
    client = answered.client
    if client is None or client.profile == "generic":
        return _encode(answered.response)
    whole = msgspec.to_builtins(answered.response)
    return _encode(transform(whole, client, answered.language, content.offered))


def fhir_servers(settings: Settings, content: Content) -> Servers:
    """The FHIR servers of the site file. Without one, development may ask servers on this machine, production none."""
    site = content.site
    development = settings.profile == "development"
    try:
        allowed = FhirServers(site.fhir_servers, development, site.private_servers)
    except Refused as refused:
        what = f"a fhir_servers entry of the site file cannot be asked ({refused.reason})"
        raise SettingsError("CDS_SITE_FILE", what, "Write https base URLs, without user, query or fragment") from None
    return Servers(allowed, float(settings.fetch_seconds))


def _json(status: int, body: bytes) -> Response:
    return Response(body, status, content_type="application/json")


def _errors(app: Flask) -> None:
    """Every error is an OperationOutcome; nothing of the request is echoed, no trace leaves."""

    @app.errorhandler(CallProblem)
    def problem(error: CallProblem) -> Response:
        status, body = of_problem(error)
        if isinstance(error, RuleFailed):
            cause = error.__cause__
            log.error(
                "rule failed topic=%s stage=%s cause=%s at=%s",
                error.topic,
                error.stage,
                type(cause).__name__,
                _place(cause),
            )
        return _json(status, orjson.dumps(body))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or 500
        code, text = _HTTP.get(status, ("processing", "The request cannot be served."))
        response = _json(status, orjson.dumps(outcome(issue(code, text))))
        allowed = getattr(error, "valid_methods", None)
        if allowed:
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response

    @app.errorhandler(Exception)
    def fault(error: Exception) -> Response:
        log.error("fault cause=%s at=%s", type(error).__name__, _place(error))
        text = "The service failed. Treat the order as not checked."
        return _json(500, orjson.dumps(outcome(issue("exception", text, severity="fatal"))))


_HTTP = {
    400: ("structure", "The request is not well-formed HTTP for this service."),
    404: ("not-found", "Nothing is here. GET /cds-services lists the services."),
    405: ("not-supported", "This method is not allowed here: GET /cds-services, POST /cds-services/{id}."),
    413: ("too-long", "The body is larger than this service accepts (CDS_MAX_BODY_BYTES)."),
    415: ("not-supported", "Send application/json or application/fhir+json."),
}


def _place(error: BaseException | None) -> str:
    """File and line where an exception was raised: enough to find it, and free of values."""
    trace = error.__traceback__ if error else None
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}" if trace else "?"


def _journal(app: Flask) -> None:
    """One line per request: no path of the client's making, no query, no header, no body."""

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def line(response: Response) -> Response:
        spent = (time.perf_counter() - g.started) * 1000 if "started" in g else 0.0
        endpoint = request.endpoint or "unknown"
        log.info("%s %s %s %.1fms cards=%s", request.method, endpoint, response.status_code, spent, g.get("cards", "-"))
        return response


def _cross_origin(app: Flask, settings: Settings) -> None:
    """CORS for the configured origins only; credentials are never allowed."""
    origins = settings.cors_origins
    if not origins:
        return

    @app.after_request
    def allow(response: Response) -> Response:
        origin = request.headers.get("Origin")
        response.headers.add("Vary", "Origin")
        if origin in origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Methods"] = "GET, POST"
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Accept-Language"
            response.headers["Access-Control-Max-Age"] = "600"
        return response


# A situation whose answer touches clearance, calcium, suggestions and several sentences.
WARM_UP = "zoledronic-acid-dose-above-row"


def _warm(app: Flask, clock: Clock) -> None:
    """Answer once in each language before workers fork: decoders, templates and caches are ready."""
    client = app.test_client()
    situation = fixtures.load(WARM_UP)
    for tag in LANGUAGES:
        response = client.post(
            f"/cds-services/{situation.story.service}",
            data=situation.request_at(clock()),
            content_type="application/json",
            headers={"Accept-Language": tag},
        )
        if response.status_code != 200:
            raise RuntimeError("the service cannot answer its own fixture: see the line logged above")
