"""The OpenAPI 3.1 document served at ``/openapi.json``: what this server takes and gives, for harnesses and fuzzers."""

from __future__ import annotations

from typing import Any

import msgspec

from cds_service import __version__
from cds_service.edition import Content
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
    413: "The body is larger than the server accepts, or holds more orders, selections or keys than one call may.",
    415: "The body is not JSON (application/json, application/fhir+json) in UTF-8, or it is compressed.",
    500: "A fault of the service. No advice was given.",
    503: "Callers cannot be authenticated, or feedback cannot be stored, for the moment. Nothing was done.",
}


def openapi(content: Content, *, feedback: bool) -> Json:
    """The document, with one path per service; ``feedback``: and one for what became of its cards."""
    _, components = msgspec.json.schema_components([Response], ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {"title": "CDS Hooks: lung cancer bone metastasis", "version": __version__},
        "paths": {
            "/cds-services": {"get": {"summary": "Discovery", "responses": _discovered()}},
            **{f"/cds-services/{s.id}": {"post": _call(content, s.id, s.hooks)} for s in content.services.services},
            **{
                f"/cds-services/{s.id}/feedback": {"post": _feedback(content)}
                for s in content.services.services
                if feedback
            },
        },
        "components": {
            "schemas": {
                **components,
                "HookRequest": _request(sorted({h for s in content.services.services for h in s.hooks})),
                "FeedbackRequest": FEEDBACK,
                "OperationOutcome": _OUTCOME,
            }
        },
    }


def _discovered() -> Json:
    return {"200": {"description": "The services."}, **_errors(401, 403, 503)}


def _feedback(content: Content) -> Json:
    reasons = content.guideline.override_reasons
    body = {media: {"schema": _ref("FeedbackRequest")} for media in ("application/json", "application/fhir+json")}
    return {
        "summary": "Say what became of cards",
        "description": f"Override reasons of {reasons.system}: {', '.join(reasons.display)}.",
        "requestBody": {"required": True, "content": body},
        "responses": {
            "200": {"description": "All of it is stored."},
            **_errors(400, 401, 403, 405, 413, 415, 500, 503),
        },
    }


def _call(content: Content, service_id: str, hooks: list[str]) -> Json:
    keys = ", ".join(content.prefetch(service_id))
    body = {media: {"schema": _ref("HookRequest")} for media in ("application/json", "application/fhir+json")}
    return {
        "summary": f"Call the service on {' or '.join(hooks)}",
        "description": f"Prefetch keys: {keys}.",
        "requestBody": {"required": True, "content": body},
        "responses": {
            "200": {"description": "The cards.", **_json_body("Response")},
            **_errors(400, 401, 403, 405, 412, 413, 415, 500, 503),
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
