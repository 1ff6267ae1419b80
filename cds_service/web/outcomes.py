"""Problems as OperationOutcome bodies: what is wrong, where, and what to do; never a value of the request."""

from __future__ import annotations

from typing import Any

from flask import Response

from cds_service.call.problems import (
    BadRequest,
    CallProblem,
    DataNotObtained,
    RuleFailed,
    TooMuch,
    UnknownHook,
    UnknownService,
)

Json = dict[str, Any]

_CAUSES = {
    "absent": "the key is absent",
    "failed": "the client's query failed",
    "unreadable": "the value is not a readable FHIR resource in UTF-8",
    "more-pages": "there is more of it than was sent or may be read, and what came does not reach back far enough",
    "unauthorized": "the FHIR server did not accept the access token (401)",
    "forbidden": "the FHIR server forbids it (403)",
    "scope": "the access token's scope does not include it",
    "not-found": "the FHIR server does not know it (404)",
    "timeout": "the FHIR server did not answer in time",
    "connection": "the FHIR server could not be reached, or ended the connection",
    "server-down": "the FHIR server did not answer a moment ago, and is not asked again yet",
    "busy": "the FHIR servers are slow, and this service is waiting for as many answers as it may",
    "server-error": "the FHIR server failed (5xx)",
    "too-many-requests": "the FHIR server is busy (429)",
    "server-not-allowed": "fhirServer is not among the servers this service may ask",
    "redirect": "the FHIR server answered with a redirect, which is not followed",
    "not-json": "the FHIR server's answer is not FHIR JSON",
    "too-large": "the FHIR server's answer is larger than may be read",
}


def answer_json(status: int, body: bytes) -> Response:
    """A response of JSON."""
    return Response(body, status, content_type="application/json")


def issue(code: str, text: str, expression: str | None = None, severity: str = "error") -> Json:
    """One OperationOutcome issue (``code`` of http://hl7.org/fhir/issue-type)."""
    made: Json = {"severity": severity, "code": code, "details": {"text": text}}
    return made | ({"expression": [expression]} if expression else {})


def outcome(*issues: Json) -> Json:
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def of_problem(problem: CallProblem) -> tuple[int, Json]:
    """HTTP status and body of a problem."""
    match problem:
        case BadRequest(what, where, remedy):
            return 400, outcome(issue("structure", f"{what}. {remedy}", where))
        case TooMuch(count, most, things, where):
            text = f"There are {count} {things} in one call. At most {most} are taken: send several calls."
            return 413, outcome(issue("too-long", text, where))
        case UnknownService(known):
            return 404, outcome(issue("not-found", f"There is no such service. Services here: {', '.join(known)}."))
        case UnknownHook(known):
            return 404, outcome(issue("not-found", f"No service is on this hook. Hooks here: {', '.join(known)}."))
        case DataNotObtained(causes):
            remedy = "Send it in prefetch (GET /cds-services shows the query), or let it be read from fhirServer."
            return 412, outcome(
                *(
                    issue(
                        "not-found",
                        f"Needed to check this order, and not obtained: {_CAUSES.get(why, why)}. {remedy}",
                        where,
                    )
                    for where, why in causes
                )
            )
        case RuleFailed(topic, stage):
            text = f"A {stage} of this service failed (topic {topic}). Treat the order as not checked."
            return 500, outcome(issue("exception", text, severity="fatal"))
    return 500, outcome(issue("exception", "The service failed. Treat the order as not checked.", severity="fatal"))
