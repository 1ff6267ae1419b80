"""What is written down of a request: a line in the log, and the record of a call."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime

from flask import Flask, Response, g, request

from cds_service.answer import Answer
from cds_service.call.hook import HookCall
from cds_service.caller import Caller
from cds_service.edition import Edition
from cds_service.store.audit import CallRecord
from cds_service.store.memory import Memory
from cds_service.trust.gate import Identity

log = logging.getLogger("cds_service")

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def journal(app: Flask) -> None:
    """One line per request: no path of the client's making, no query, no header, no body."""

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def line(response: Response) -> Response:
        endpoint = request.endpoint or "unknown"
        # Any word may stand there, before anybody has said who is calling.
        method = request.method
        delivered = g.get("delivered")
        cards = len(delivered.cards) if delivered else "-"
        log.info(
            "%s %s %s %.1fms cards=%s",
            method if method in _METHODS else "OTHER", endpoint, response.status_code, _spent_ms(), cards,
        )  # fmt: skip
        return response


def record_calls(app: Flask, edition: Edition, memory: Memory) -> None:
    """Record every call of a service by a caller who was let in."""

    @app.after_request
    def record(response: Response) -> Response:
        service = edition.service((request.view_args or {}).get("service_id", ""))
        # Who was not let in made no call: ``who`` is set by the door.
        if request.endpoint == "call" and request.method == "POST" and service and "who" in g:
            memory.audit.record(_record(response.status_code, service.id, edition.version))
        return response


def _spent_ms() -> float:
    now = time.perf_counter()
    began: float = g.get("started", now)
    return (now - began) * 1000


def _record(status: int, service: str, knowledge: str) -> CallRecord:
    who: Identity = g.who
    answered: Answer | None = g.get("answered")
    # Set once the request could be read as a call.
    call: HookCall | None = g.get("call")
    caller: Caller = g.get("caller") or Caller(who=who, client=who.client)
    return CallRecord(
        at=datetime.now(UTC),
        issuer=who.issuer,
        tenant=who.tenant,
        hook=call.hook if call else "",
        service=service,
        fhir_version=caller.fhir_version if answered and answered.findings else "",
        profile=caller.profile,
        duration_ms=_spent_ms(),
        status=status,
        outcome=_outcome(status, answered),
        knowledge=knowledge,
        cards=g.get("issued", ()),
    )


def _outcome(status: int, answered: Answer | None) -> str:
    if answered is not None and answered.unmet:
        return "not-obtained"
    if answered is not None and status == 200:
        return "cards" if g.delivered.cards else "no-cards"
    if status == 412:
        return "not-obtained"
    return "failed" if status >= 500 else "bad-request"
