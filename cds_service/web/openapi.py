"""The OpenAPI 3.1 document served at ``/openapi.json``: what this server takes and gives, for harnesses and fuzzers."""

from __future__ import annotations

from typing import Any

import msgspec

from cds_service import __version__
from cds_service.base.kinds import LANGUAGE_NAMES
from cds_service.edition import Edition
from cds_service.render.explain.model import RulePage
from cds_service.render.explain.rules import rule_address
from cds_service.render.model import Response
from cds_service.web.openapi_feedback import FEEDBACK

Json = dict[str, Any]


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _json_body(name: str) -> Json:
    return {"content": {"application/json": {"schema": _ref(name)}}}


def _errors(*statuses: int) -> Json:
    return {str(s): {"description": _REASONS[s], **_json_body("OperationOutcome")} for s in statuses}


_REASONS = {
    400: "The body breaks the contract; the outcome's expression points at the member.",
    401: "The caller is not authenticated.",
    403: "The caller may not do this.",
    404: "There is no such service.",
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


def openapi(edition: Edition, *, feedback: bool) -> Json:
    """The document, with one path per service; ``feedback``: and one for what became of its cards."""
    _, components = msgspec.json.schema_components([Response, RulePage], ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {"title": "CDS Hooks: lung cancer bone metastasis", "version": __version__},
        "paths": {
            "/cds-services": {"get": {"summary": "Discovery", "responses": _discovered()}},
            **{
                f"/cds-services/{s.id}": {"post": _call(edition, s.id, s.hooks)}
                for s in edition.knowledge.services.services
            },
            **{
                f"/cds-services/{s.id}/feedback": {"post": _feedback(edition)}
                for s in edition.knowledge.services.services
                if feedback
            },
            rule_address("{topic}"): {"get": _explanation(edition)},
            "/livez": {"get": _probe("Whether this process answers", "alive")},
            "/readyz": {"get": _probe("Whether a load balancer should send callers here", "ready", _errors(503))},
        },
        "components": {
            "schemas": {
                **components,
                "HookRequest": _request(sorted({h for s in edition.knowledge.services.services for h in s.hooks})),
                "FeedbackRequest": FEEDBACK,
                "OperationOutcome": _OUTCOME,
            }
        },
    }


def _discovered() -> Json:
    return {"200": {"description": "The services."}, **_errors(401, 403, 429, 503)}


def _probe(summary: str, status: str, errors: Json | None = None) -> Json:
    schema = {"type": "object", "required": ["status"], "properties": {"status": {"const": status}}}
    good = {"description": f"It is {status}.", "content": {"application/json": {"schema": schema}}}
    # No token: who asks has none.
    return {"summary": summary, "security": [], "responses": {"200": good, **(errors or {})}}


def _explanation(edition: Edition) -> Json:
    topic = {"type": "string", "examples": list(edition.recommendations)}
    return {
        "summary": "How the rule of a topic works; nothing of any patient",
        "security": [],
        "parameters": [
            {"name": "topic", "in": "path", "required": True, "schema": topic},
            {"name": "lang", "in": "query", "schema": {"enum": list(LANGUAGE_NAMES)}},
        ],
        "responses": {
            "200": {
                "description": "The page, or its data.",
                "content": {
                    "text/html": {"schema": {"type": "string"}},
                    "application/json": {"schema": _ref("RulePage")},
                },
            },
            "404": {"description": "There is no such topic at this site.", **_json_body("OperationOutcome")},
        },
    }


def _feedback(edition: Edition) -> Json:
    reasons = edition.knowledge.guideline.override_reasons
    body = {media: {"schema": _ref("FeedbackRequest")} for media in ("application/json", "application/fhir+json")}
    return {
        "summary": "Say what became of cards",
        "description": f"Override reasons of {reasons.system}: {', '.join(reasons.display)}.",
        "requestBody": {"required": True, "content": body},
        "responses": {
            "200": {"description": "All of it is stored."},
            **_errors(400, 401, 403, 405, 413, 415, 429, 500, 503),
        },
    }


def _call(edition: Edition, service_id: str, hooks: list[str]) -> Json:
    keys = ", ".join(edition.prefetch(service_id))
    body = {media: {"schema": _ref("HookRequest")} for media in ("application/json", "application/fhir+json")}
    return {
        "summary": f"Call the service on {' or '.join(hooks)}",
        "description": f"Prefetch keys: {keys}.",
        "requestBody": {"required": True, "content": body},
        "responses": {
            "200": {"description": "The cards.", **_json_body("Response")},
            **_errors(400, 401, 403, 405, 412, 413, 415, 429, 500, 503),
        },
    }


def _request(hooks: list[str]) -> Json:
    return {
        "type": "object",
        "required": ["hook", "hookInstance", "context"],
        "properties": {
            "hook": {"enum": hooks},
            "hookInstance": {"type": "string", "format": "uuid"},
            "fhirServer": {"type": ["string", "null"]},
            "context": {
                "type": "object",
                "required": ["userId", "patientId", "draftOrders"],
                "properties": {
                    "userId": {"type": "string"},
                    "patientId": {"type": "string"},
                    "encounterId": {"type": ["string", "null"]},
                    "selections": {"type": "array", "items": {"type": "string"}},
                    "draftOrders": {
                        "type": "object",
                        "required": ["resourceType"],
                        "properties": {"resourceType": {"const": "Bundle"}, "entry": {"type": "array"}},
                    },
                },
            },
            "prefetch": {"type": "object", "additionalProperties": {"type": ["object", "null"]}},
        },
    }


_OUTCOME: Json = {
    "type": "object",
    "required": ["resourceType", "issue"],
    "properties": {
        "resourceType": {"const": "OperationOutcome"},
        "issue": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["severity", "code"],
                "properties": {
                    "severity": {"enum": ["fatal", "error", "warning", "information"]},
                    "code": {"type": "string"},
                    "details": {"type": "object"},
                    "expression": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    },
}
