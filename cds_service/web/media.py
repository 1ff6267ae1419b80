"""What a body says of itself: only JSON, in UTF-8, not compressed."""

from __future__ import annotations

from functools import lru_cache

import orjson
from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header

from cds_service.web.outcomes import answer_json, issue, outcome

MEDIA_TYPES = frozenset({"application/json", "application/fhir+json"})
# ASCII is UTF-8 too; RFC 8259 knows no other encoding of JSON.
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_LONGEST_HEADER = 1_000
_SEND = f"Send the body as {' or '.join(sorted(MEDIA_TYPES))}."


def refused_media() -> Response | None:
    """A 415 naming the header that is in the way; None when the body may be read."""
    headers = request.headers
    kind, coding = headers.get("Content-Type", ""), headers.get("Content-Encoding", "")
    if len(kind) > _LONGEST_HEADER:
        return _refused("Content-Type", _SEND)
    if wrong := _wrong_kind(kind):
        return _refused("Content-Type", wrong)
    if coding.strip().lower() not in ("", "identity"):
        return _refused("Content-Encoding", "A compressed body is not read. Send it as it is, without this header.")
    return None


@lru_cache(maxsize=64)
def _wrong_kind(kind: str) -> str | None:
    """What to send in place of this Content-Type; None when it will do. Clients send few different ones."""
    media, parameters = parse_options_header(kind)
    if media.lower() not in MEDIA_TYPES:
        return _SEND
    if parameters.get("charset", "utf-8").strip("\"' ").lower() not in _CHARSETS:
        return "The charset is not UTF-8. Encode the body in UTF-8, and say so or nothing."
    return None


def read_body() -> bytes:
    """The body. Raises ``RequestEntityTooLarge`` for one above MAX_CONTENT_LENGTH.

    Not ``request.get_data``: to hold that limit it copies in pieces what the server below has gathered whole and
    counted already, also of a body in chunks; of 1,000 resources that takes as long as decoding them.
    """
    length, most = request.content_length or 0, request.max_content_length
    if most is not None and length > most:
        raise RequestEntityTooLarge
    body: bytes = request.environ["wsgi.input"].read(length)
    return body


def _refused(header: str, text: str) -> Response:
    return answer_json(415, orjson.dumps(outcome(issue("not-supported", text, header))))
