"""Every error is an OperationOutcome; nothing of the request is echoed, no trace leaves."""

from __future__ import annotations

import logging

import orjson
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from cds_service.call.problems import CallProblem, RuleFailed
from cds_service.web.outcomes import answer_json, issue, of_problem, outcome

log = logging.getLogger("cds_service")

_HTTP = {
    400: ("structure", "The request is not well-formed HTTP for this service."),
    404: ("not-found", "Nothing is here. GET /cds-services lists the services."),
    405: (
        "not-supported",
        "Not this method here: GET /cds-services, POST /cds-services/{id}, POST /cds-services/{id}/feedback.",
    ),
    413: ("too-long", "The body is larger than this service accepts (CDS_MAX_BODY_BYTES)."),
    415: ("not-supported", "Send application/json or application/fhir+json."),
}


_FAULTS = {
    "call": "The service failed. Treat the order as not checked.",
    "feedback": "The service failed. The feedback is not acknowledged; sending it again does no harm.",
}


def errors(app: Flask) -> None:
    """Handlers for everything that can go wrong."""

    @app.errorhandler(CallProblem)
    def problem(error: CallProblem) -> Response:
        g.problem = error
        status, body = of_problem(error)
        if isinstance(error, RuleFailed):
            cause = error.__cause__
            log.error(
                "rule failed topic=%s stage=%s cause=%s at=%s",
                error.topic,
                error.stage,
                type(cause).__name__,
                place_of(cause),
            )
        return answer_json(status, orjson.dumps(body))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or 500
        code, text = _HTTP.get(status, ("processing", "The request cannot be served."))
        if status == 404 and request.path.endswith("/") and request.path != "/":
            text = f"The address ends with a slash: leave it out. {text}"
        response = answer_json(status, orjson.dumps(outcome(issue(code, text))))
        allowed = getattr(error, "valid_methods", None)
        if allowed:
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response

    @app.errorhandler(Exception)
    def fault(error: Exception) -> Response:
        log.error("fault cause=%s at=%s", type(error).__name__, place_of(error))
        text = _FAULTS.get(request.endpoint or "", "The service failed.")
        return answer_json(500, orjson.dumps(outcome(issue("exception", text, severity="fatal"))))


def place_of(error: BaseException | None) -> str:
    """File and line where an exception was raised: enough to find it, and free of values."""
    trace = error.__traceback__ if error else None
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}" if trace else "?"
