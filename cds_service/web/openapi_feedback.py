"""The schema of a feedback request, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from cds_service.call.feedback import LONGEST_COMMENT, MOST_EVENTS

_CODING: dict[str, Any] = {
    "type": "object",
    "properties": {"system": {"type": ["string", "null"]}, "code": {"type": "string", "minLength": 1}},
    "required": ["code"],
}
_COMMENT: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": LONGEST_COMMENT}
_REASON: dict[str, Any] = {
    "type": "object",
    "properties": {"reason": _CODING, "userComment": _COMMENT},
    "anyOf": [{"required": ["reason"]}, {"required": ["userComment"]}],
}
_UUID: dict[str, Any] = {"type": "string", "format": "uuid"}
_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["card", "outcome", "outcomeTimestamp"],
    "properties": {
        "card": _UUID,
        "outcome": {"type": "string", "enum": ["accepted", "overridden"]},
        "outcomeTimestamp": {"type": "string", "format": "date-time"},
        "acceptedSuggestions": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "required": ["id"], "properties": {"id": _UUID}},
        },
        "overrideReason": _REASON,
        "overrideReasons": {"type": "array", "items": _REASON},
    },
    "if": {"properties": {"outcome": {"const": "accepted"}}},
    "then": {"required": ["acceptedSuggestions"]},
}
FEEDBACK: dict[str, Any] = {
    "type": "object",
    "required": ["feedback"],
    "properties": {"feedback": {"type": "array", "minItems": 1, "maxItems": MOST_EVENTS, "items": _EVENT}},
}
