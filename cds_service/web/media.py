"""What a body says of itself: only JSON, in UTF-8, not compressed."""

from __future__ import annotations

import orjson
from flask import Response, request

from cds_service.web.outcomes import answer_json, issue, outcome

MEDIA_TYPES = frozenset({"application/json", "application/fhir+json"})
# ASCII is UTF-8 too; RFC 8259 knows no other encoding of JSON.
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_LONGEST_HEADER = 1_000


def refused_media() -> Response | None:
    """A 415 naming the header that is in the way; None when the body may be read."""
    kind, coding = (request.headers.get(name, "") for name in ("Content-Type", "Content-Encoding"))
    if len(kind) > _LONGEST_HEADER or request.mimetype not in MEDIA_TYPES:
        return _refused("Content-Type", f"Send the body as {' or '.join(sorted(MEDIA_TYPES))}.")
    if request.mimetype_params.get("charset", "utf-8").strip("\"' ").lower() not in _CHARSETS:
        return _refused("Content-Type", "The charset is not UTF-8. Encode the body in UTF-8, and say so or nothing.")
    if coding.strip().lower() not in ("", "identity"):
        return _refused("Content-Encoding", "A compressed body is not read. Send it as it is, without this header.")
    return None


def _refused(header: str, text: str) -> Response:
    return answer_json(415, orjson.dumps(outcome(issue("not-supported", text, header))))
