"""Why something was not fetched: closed lists of words, so that no address, token or id can travel in a message."""

from __future__ import annotations

from typing import Literal, TypeAlias

Cause: TypeAlias = Literal[
    "busy",  # as many calls are reading as may, and none of them gets on
    "certificate",  # not for this host, not of an authority we trust, or expired
    "connection",  # refused, reset, name unknown, ended before its time
    "context",  # the hook's context lacks a value the search needs, or it is no FHIR id
    "forbidden",  # 403
    "foreign-link",  # a next link or reference leads outside the server's base
    "gone",  # 410
    "more-pages",  # there are more pages or resources than may be read
    "not-found",  # 404
    "not-json",  # another content type, or no JSON
    "page-loop",  # a next link leads to a page already read
    "redirect",  # 3xx: never followed
    "refused-address",  # the name resolves to an address this service may not reach
    "rejected",  # any other status below 500
    "scope",  # the token's scope does not let it be read, or not all of it
    "server-down",  # it did not answer a moment ago, and is not asked again yet
    "server-error",  # 5xx
    "server-not-allowed",  # fhirServer is not on the list
    "timeout",  # the deadline of the request or of the call
    "too-large",  # more bytes or resources than may be read
    "too-many-requests",  # 429
    "unauthorized",  # 401
    "unreadable",  # JSON, but not in a shape FHIR has
]

Reason: TypeAlias = Literal[
    "address",  # an address that may not be reached
    "context",  # a value of the hook's context that is absent or no id
    "foreign",  # outside the base
    "malformed",  # no URL of the plain kind accepted here
    "not-https",  # plain http to another host than this one, or outside development
    "not-listed",  # not on the list of FHIR servers
    "template",  # our own template is of a kind not understood
    "token",  # cannot be sent in a header
    "token-patient",  # the token is for another patient
]


class Refused(Exception):
    """This service will not ask. ``reason`` is one of ``Reason``."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Failed(Exception):
    """Asked, or about to be, and not obtained. ``cause`` is one of ``Cause``."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause)
        self.cause = cause
