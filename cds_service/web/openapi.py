"""The OpenAPI 3.1 document served at ``/openapi.json``: what this server takes and gives, for harnesses, generators of
clients and fuzzers. Each operation is described in ``openapi_operations``."""

from __future__ import annotations

from typing import Any

import msgspec

from cds_service import __version__
from cds_service.deliver import codesystem
from cds_service.edition import Edition
from cds_service.render.explain.model import RulePage
from cds_service.render.explain.rules import rule_address
from cds_service.render.model import Response
from cds_service.web import openapi_operations as operations
from cds_service.web.discovery import Discovery
from cds_service.web.openapi_errors import OUTCOME, error_responses
from cds_service.web.openapi_examples import examples
from cds_service.web.openapi_feedback import FEEDBACK
from cds_service.web.openapi_request import request_schemas
from cds_service.web.probes import Health

Json = dict[str, Any]

_SECURITY_SCHEMES: Json = {
    "clientToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The token of CDS Hooks clients: its aud is the address called, and none is taken twice.",
    },
    "clientCertificate": {"type": "mutualTLS", "description": "Checked by the proxy before this server."},
}


def openapi(edition: Edition, *, feedback: bool, open_door: bool) -> Json:
    """The document. ``feedback``: whether it is taken here; ``open_door``: whether nobody is asked who they are."""
    _, components = msgspec.json.schema_components(
        [Response, RulePage, Discovery, Health], ref_template="#/components/schemas/{name}"
    )
    shown = examples(edition)
    # Generators of clients give their own class that name.
    components["CardsResponse"] = components.pop("Response") | {"title": "CardsResponse"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "CDS Hooks: lung cancer bone metastasis",
            "version": __version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [
            {"name": "cds-hooks", "description": "Discovery, calls, feedback, as CDS Hooks 2.0.1 has them."},
            {"name": "one-hook", "description": "The same, one hook to an address: for clients that need it so."},
            {"name": "about", "description": "What the rules are, and how the server does."},
        ],
        "security": [{"clientToken": []}, {"clientCertificate": []}, *([{}] if open_door else [])],
        "paths": {**_hooks(edition, shown, feedback=feedback), **_about(edition)},
        "components": {
            "schemas": {
                **components,
                **request_schemas(edition.hooks),
                "FeedbackRequest": FEEDBACK,
                "OperationOutcome": OUTCOME,
            },
            "responses": error_responses(),
            "examples": shown,
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }


def _hooks(edition: Edition, shown: Json, *, feedback: bool) -> Json:
    """The paths of CDS Hooks, and those again for each hook."""
    paths: Json = {}
    for hook in (None, *edition.hooks):
        base = f"/hooks/{hook}/cds-services" if hook else "/cds-services"
        paths[base] = {"get": operations.discovery(hook)}
        for service in edition.knowledge.services.services:
            if hook is None or hook in service.hooks:
                paths[f"{base}/{service.id}"] = {"post": operations.call(edition, service, hook, shown)}
                if feedback:
                    paths[f"{base}/{service.id}/feedback"] = {"post": operations.feedback(edition, service, hook)}
    return paths


def _about(edition: Edition) -> Json:
    return {
        rule_address("{topic}"): {"get": operations.explanation(edition)},
        f"/fhir/CodeSystem/{codesystem.ID}": {"get": operations.topics()},
        "/openapi.json": {"get": operations.itself()},
        "/health": {"get": operations.health()},
        "/livez": {"get": operations.probe("livez", "Whether this process answers", "alive")},
        "/readyz": {"get": operations.probe("readyz", "Whether to send callers here", "ready", 503)},
    }
