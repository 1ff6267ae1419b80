"""The schema of a hook's request, for the OpenAPI document: from the structs that read it."""

from __future__ import annotations

from typing import Any

import msgspec

from cds_service.call.access import Authorization
from cds_service.call.context import HOOK_KINDS, MOST_DRAFTS, MOST_SELECTIONS, SAID
from cds_service.call.hook import MOST_PREFETCH

Json = dict[str, Any]

_RESOURCE: Json = {
    "type": "object",
    "description": "A FHIR resource: R4, R4B or R5.",
    "required": ["resourceType"],
    "properties": {"resourceType": {"type": "string"}},
}
_DRAFTS: Json = {
    "type": "object",
    "description": "The draft orders.",
    "required": ["resourceType", "entry"],
    "properties": {
        "resourceType": {"type": "string", "const": "Bundle"},
        "entry": {
            "type": "array",
            "maxItems": MOST_DRAFTS,
            "items": {"type": "object", "required": ["resource"], "properties": {"resource": _RESOURCE}},
        },
    },
}


def schema_name(hook: str) -> str:
    """``OrderSelectRequest`` of ``order-select``."""
    return "".join(word.capitalize() for word in hook.split("-")) + "Request"


def request_schemas(hooks: tuple[str, ...]) -> Json:
    """The schemas of these hooks' requests, and those that they refer to."""
    _, components = msgspec.json.schema_components([Authorization], ref_template="#/components/schemas/{name}")
    components["Authorization"].pop("description", None)
    return {**components, **{schema_name(hook): _request(hook) for hook in hooks}}


def _request(hook: str) -> Json:
    prefetched = {"type": ["object", "null"], "description": "A resource, a Bundle, or null: there is none."}
    return {
        "type": "object",
        "required": ["hook", "hookInstance", "context"],
        "properties": {
            "hook": {"type": "string", "const": hook},
            "hookInstance": {"type": "string", "format": "uuid", "description": "A new one for every call."},
            "fhirServer": {"type": ["string", "null"], "description": "Where what is not in prefetch may be read."},
            "fhirAuthorization": {"$ref": "#/components/schemas/Authorization"},
            "context": _context(hook),
            "prefetch": {"type": "object", "maxProperties": MOST_PREFETCH, "additionalProperties": prefetched},
            "extension": {"type": "object"},
        },
    }


def _context(hook: str) -> Json:
    """What the struct says; of a member that it leaves undecoded, and of one a single hook requires, what is checked
    beside it."""
    said = SAID[HOOK_KINDS[hook]]
    made: Json = msgspec.json.schema_components([said])[1][said.__name__]
    made.pop("title")
    made.pop("description", None)
    own: Json = {"draftOrders": _DRAFTS}
    if hook == "order-select":
        own["selections"] = {"type": "array", "maxItems": MOST_SELECTIONS, "items": {"type": "string"}}
        made["required"] = [*made["required"], "selections"]
    made["properties"] |= {name: schema for name, schema in own.items() if name in made["properties"]}
    return made
