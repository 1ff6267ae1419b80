"""What every operation of the OpenAPI document may answer instead: an OperationOutcome."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_REASONS = {
    400: "The body breaks the contract; the outcome's expression points at the member.",
    401: "The caller is not authenticated.",
    403: "The caller may not do this.",
    404: "There is no such service, hook or topic here; the outcome names those there are.",
    405: "The method is not allowed here.",
    412: "Data that an order in scope needs was not obtained; the outcome names the prefetch keys.",
    413: "The body is larger than the server accepts or this client may send, or holds more orders, selections or keys "
    "than one call may.",
    415: "The body is not JSON (application/json, application/fhir+json) in UTF-8, or it is compressed.",
    429: "This client asks more often than it may, or tells of too many cards never issued; see Retry-After.",
    500: "A fault of the service. No advice was given.",
    503: "Callers cannot be authenticated, feedback cannot be stored, or this server should not be called, for the "
    "moment. Nothing was done.",
}

# What else stands on an answer of this status.
_HEADERS: dict[int, Json] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string", "const": "Bearer"}}},
    429: {"Retry-After": {"description": "Seconds.", "schema": {"type": "string"}}},
    503: {"Retry-After": {"description": "Seconds; where it can be said.", "schema": {"type": "string"}}},
}


def ref(name: str, kind: str = "schemas") -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def json_body(name: str) -> Json:
    return {"content": {"application/json": {"schema": ref(name)}}}


def errors(*statuses: int) -> Json:
    """The responses of these statuses."""
    return {str(status): ref(f"Error{status}", "responses") for status in statuses}


def error_responses() -> Json:
    """Every response that ``errors`` refers to."""
    return {
        f"Error{status}": {
            "description": said,
            **({"headers": _HEADERS[status]} if status in _HEADERS else {}),
            **json_body("OperationOutcome"),
        }
        for status, said in _REASONS.items()
    }


OUTCOME: Json = {
    "type": "object",
    "required": ["resourceType", "issue"],
    "properties": {
        "resourceType": {"type": "string", "const": "OperationOutcome"},
        "issue": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["severity", "code"],
                "properties": {
                    "severity": {"type": "string", "enum": ["fatal", "error", "warning", "information"]},
                    "code": {"type": "string"},
                    "details": {"type": "object", "properties": {"text": {"type": "string"}}},
                    "expression": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    },
}
