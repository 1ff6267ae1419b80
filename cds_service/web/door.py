"""The door: every request but the health checks passes the gate before its body is looked at."""

from __future__ import annotations

import logging
import time

import orjson
from flask import Flask, Response, g, request
from sqlalchemy.exc import SQLAlchemyError

from cds_service.base.complaints import Faults
from cds_service.edition import Edition
from cds_service.site.model import Right
from cds_service.site.settings import Settings
from cds_service.store.memory import Memory
from cds_service.store.replay import Used
from cds_service.trust.gate import ANYBODY, Asked, FirstUse, Gate, Identity
from cds_service.trust.limits import Limiter
from cds_service.trust.opening import registry_of
from cds_service.trust.refusal import Refusal
from cds_service.web.always import say_always
from cds_service.web.outcomes import answer_json, issue, outcome

log = logging.getLogger("cds_service.trust")

# A load balancer has no token, nor has the browser that follows a card's link: to a page without any patient.
OPEN = frozenset({"health", "livez", "readyz", "explanation"})
_RIGHTS: dict[str | None, Right] = {"call": "call", "feedback": "feedback"}
_OPEN_HEADER = ("CDS-Development", "open; callers are not authenticated")
_TEXTS = {
    401: ("login", "The caller is not authenticated."),
    403: ("forbidden", "The caller may not do this."),
    413: ("too-long", "The body is larger than this client may send (limits of its entry in the site file)."),
    429: ("throttled", "This client asks for more than it may at a time. Ask again later."),
    503: ("transient", "Whether the caller may come in cannot be said now. Try again."),
}
_PAUSE_SECONDS = 1.0


def gate_of(settings: Settings, edition: Edition, memory: Memory | None) -> Gate | None:
    """The gate of the clients in the registry; None: development, open to anybody. Raises ``StartFault``."""
    faults = Faults()
    registry = registry_of(settings, edition.site.clients, faults)
    faults.stop()
    if registry is None:
        return None
    if memory is None:
        raise RuntimeError("an application that authenticates needs a memory of used tokens")
    limiter = Limiter(edition.site.clients, development=settings.profile == "development")
    return Gate(registry, settings.public_url or "", settings.proxies, _first_use(memory.used), limiter)


def _first_use(used: Used) -> FirstUse:
    away_until = 0.0

    def first_use(issuer: str, jti: str, expires: int) -> bool:
        nonlocal away_until
        # A database that hangs would take every thread for as long as one may wait for it.
        if time.monotonic() < away_until:
            raise Refusal("store-unavailable", 503)
        try:
            return used.first_use(issuer, jti, expires)
        except SQLAlchemyError as error:
            away_until = time.monotonic() + _PAUSE_SECONDS
            log.warning("used tokens cannot be looked up (%s)", type(error).__name__)
            raise Refusal("store-unavailable", 503) from None

    return first_use


def _fits(who: Identity) -> None:
    """Raises ``Refusal`` (413) for a body larger than this client may send; the server has seen to it that the length
    it states is the length it has."""
    most = who.allowance.body_bytes if who.allowance else None
    if most is not None and (request.content_length or 0) > most:
        raise Refusal("body", 413, who.client.name if who.client else None)


def guard(app: Flask, gate: Gate | None, settings: Settings) -> None:
    """Put the gate before every request; without one, say on every answer that the door is open."""

    @app.before_request
    def admit() -> None:
        # A preflight carries no token by its nature (Fetch standard); it learns which headers may be sent, no more.
        if gate is None or request.endpoint in OPEN or request.method == "OPTIONS":
            g.who = ANYBODY
            return
        certificate = request.headers.get(settings.certificate_header)
        right = _RIGHTS.get(request.endpoint, "discovery")
        authorization = request.headers.get("Authorization")
        who = gate.admit(Asked(request.path, right, authorization, certificate, request.remote_addr))
        _fits(who)
        g.who = who

    @app.errorhandler(Refusal)
    def refused(refusal: Refusal) -> Response:
        client, endpoint = refusal.client or "-", request.endpoint or "unknown"
        log.warning("refused %s reason=%s client=%s endpoint=%s", refusal.status, refusal.reason, client, endpoint)
        code, text = _TEXTS[refusal.status]
        response = answer_json(refusal.status, orjson.dumps(outcome(issue(code, text))))
        if refusal.status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        if refusal.status in (429, 503):
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response

    say_always(app, *(() if gate else (_OPEN_HEADER,)))
    if gate is None:
        log.warning("profile development: callers are not authenticated; whoever reaches this port is answered")
