"""The operations of the OpenAPI document, one function for each kind."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from cds_service.base.kinds import LANGUAGE_NAMES
from cds_service.edition import Edition
from cds_service.knowledge.services import Service
from cds_service.web.openapi_errors import errors, json_body, ref
from cds_service.web.openapi_request import schema_name

Json = dict[str, Any]

_LANGUAGE: Json = {
    "name": "Accept-Language",
    "in": "header",
    "description": f"The language of the cards: {', '.join(LANGUAGE_NAMES)}.",
    "schema": {"type": "string", "examples": list(LANGUAGE_NAMES)},
}


def discovery(hook: str | None) -> Json:
    """``hook``: of an address that has one; None: of all."""
    return {
        "operationId": _named("discover", hook),
        "tags": [_tag(hook)],
        "summary": f"The services{_on(hook)}",
        "responses": {"200": {"description": "The services.", **json_body("Discovery")}, **errors(401, 403, 429, 503)},
    }


def call(edition: Edition, service: Service, hook: str | None, shown: Collection[str]) -> Json:
    """A call of a service; ``hook`` as in ``discovery``, ``shown``: the names of the examples there are."""
    hooks = (hook,) if hook else tuple(service.hooks)
    requests, responses = (_examples(service, hooks, what, shown) for what in ("request", "response"))
    keys = ", ".join(edition.prefetch(service.id))
    cards = {
        "description": "The cards.",
        "headers": {"Content-Language": {"schema": {"type": "string", "enum": list(LANGUAGE_NAMES)}}},
        "content": _body(ref("CardsResponse"), responses),
    }
    return {
        "operationId": _named(f"call-{service.id}", hook),
        "tags": [_tag(hook)],
        "summary": f"{service.title}: call the service{_on(hook)}",
        "description": f"Prefetch keys: {keys}. The body may be application/fhir+json too.",
        "parameters": [_LANGUAGE],
        "requestBody": {"required": True, "content": _body(_of_any(hooks), requests)},
        "responses": {"200": cards, **errors(400, 401, 403, 405, 412, 413, 415, 429, 500, 503)},
    }


def feedback(edition: Edition, service: Service, hook: str | None) -> Json:
    """What became of the cards of a service; ``hook`` as in ``discovery``."""
    reasons = edition.knowledge.guideline.override_reasons
    return {
        "operationId": _named(f"feedback-{service.id}", hook),
        "tags": [_tag(hook)],
        "summary": "Say what became of cards",
        "description": f"Override reasons of {reasons.system}: {', '.join(reasons.display)}.",
        "requestBody": {"required": True, "content": _body(ref("FeedbackRequest"))},
        "responses": {
            "200": {
                "description": "All of it is stored.",
                "content": {"application/json": {"schema": {"type": "object", "maxProperties": 0}}},
            },
            **errors(400, 401, 403, 405, 413, 415, 429, 500, 503),
        },
    }


def explanation(edition: Edition) -> Json:
    """The page of a topic."""
    topic = {"type": "string", "examples": list(edition.recommendations)}
    page = {"text/html": {"schema": {"type": "string"}}, **json_body("RulePage")["content"]}
    return {
        "operationId": "explain",
        "tags": ["about"],
        "summary": "How the rule of a topic works; nothing of any patient",
        "security": [],
        "parameters": [
            {"name": "topic", "in": "path", "required": True, "schema": topic},
            {"name": "lang", "in": "query", "schema": {"type": "string", "enum": list(LANGUAGE_NAMES)}},
        ],
        "responses": {"200": {"description": "The page, or its data.", "content": page}, **errors(404)},
    }


def topics() -> Json:
    """The code system of the topics."""
    return {
        "operationId": "topics",
        "tags": ["about"],
        "summary": "The topics of cards, as a FHIR CodeSystem",
        "responses": {
            "200": {
                "description": "The code system.",
                "content": {"application/fhir+json": {"schema": {"type": "object"}}},
            },
            **errors(401, 403, 429, 503),
        },
    }


def itself() -> Json:
    """This document."""
    return {
        "operationId": "openapi",
        "tags": ["about"],
        "summary": "This document",
        "responses": {
            "200": {"description": "OpenAPI 3.1.", "content": {"application/json": {"schema": {"type": "object"}}}},
            **errors(401, 403, 429, 503),
        },
    }


def health() -> Json:
    """What this worker counts."""
    return {
        "operationId": "health",
        "tags": ["about"],
        "summary": "What answers here, and what the worker that answers has counted",
        "security": [],
        "responses": {"200": {"description": "It is well.", **json_body("Health")}},
    }


def probe(name: str, summary: str, status: str, *failing: int) -> Json:
    """A question of a load balancer; ``failing``: the statuses that say no."""
    said = {"type": "string", "const": status}
    schema = {"type": "object", "required": ["status"], "properties": {"status": said}}
    good = {"description": f"It is {status}.", "content": {"application/json": {"schema": schema}}}
    # No token: who asks has none.
    return {
        "operationId": name,
        "tags": ["about"],
        "summary": summary,
        "security": [],
        "responses": {"200": good, **errors(*failing)},
    }


def _body(schema: Json, examples: Json | None = None) -> Json:
    """One media type: of two, generators of clients make one function that may send either."""
    return {"application/json": {"schema": schema, **({"examples": examples} if examples else {})}}


def _of_any(hooks: tuple[str, ...]) -> Json:
    """The request of one of these hooks."""
    refs = [ref(schema_name(hook)) for hook in hooks]
    if len(refs) == 1:
        return refs[0]
    mapping = {hook: made["$ref"] for hook, made in zip(hooks, refs, strict=True)}
    return {"oneOf": refs, "discriminator": {"propertyName": "hook", "mapping": mapping}}


def _examples(service: Service, hooks: tuple[str, ...], what: str, shown: Collection[str]) -> Json:
    names = {hook: f"{service.id}.{hook}.{what}" for hook in hooks}
    return {hook: ref(name, "examples") for hook, name in names.items() if name in shown}


def _named(what: str, hook: str | None) -> str:
    return (f"{what}-on-{hook}" if hook else what).replace("-", "_")


def _tag(hook: str | None) -> str:
    return "one-hook" if hook else "cds-hooks"


def _on(hook: str | None) -> str:
    return f" on {hook}" if hook else ""
