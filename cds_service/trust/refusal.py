"""Why a caller is not let in: a closed list of words for the log. The caller hears none of them."""

from __future__ import annotations

from typing import Literal, TypeAlias

Reason: TypeAlias = Literal[
    "algorithm",  # not among the algorithms of this client, or not the key's own
    "audience",  # aud is neither this endpoint nor an accepted value
    "body",  # a body larger than this client may send
    "certificate-missing",  # the client must show a certificate and showed none
    "certificate-source",  # the certificate header came from somebody else than the configured proxy
    "certificate-unknown",  # a verified certificate of nobody in the registry, or not of the token's client
    "claim",  # a claim is absent or of another type than RFC 7519 gives it
    "critical-header",  # crit or b64: extensions that are not understood here
    "expired",
    "key-ambiguous",  # several keys of the set have this kid and fit the algorithm
    "key-unknown",  # the set has no key of this kid that fits the algorithm
    "keys-unavailable",  # the key set could not be had, now or ever before
    "kid",  # no kid in the header
    "jku",  # the header's jku is not on the client's list
    "lifetime",  # exp - iat is not positive, or longer than allowed
    "malformed",  # not a JWT
    "missing",  # no Authorization header
    "not-yet",  # iat or nbf lies in the future
    "oversized",
    "rate",  # this client asks more often than it may
    "replay",  # this jti was used before
    "right",  # a known client, asking for what it may not
    "scheme",  # an Authorization header of another scheme than Bearer
    "signature",
    "store-unavailable",  # whether the jti is new cannot be said
    "subject",  # sub is not one of the client's
    "type",  # typ is something else than JWT
    "unknown-issuer",  # no client of this issuer and tenant
]


class Refusal(Exception):
    """The caller is not let in.

    ``status``: 401 (not known), 403 (known, without the right), 413 or 429 (beyond its limits) or 503 (cannot be said:
    a fault of ours or of the issuer's key server). ``client``: its name in the site file, once the token or certificate
    has named it. ``retry_after``: seconds until asking again makes sense, for 429 and 503.
    """

    def __init__(
        self,
        reason: Reason,
        status: Literal[401, 403, 413, 429, 503] = 401,
        client: str | None = None,
        retry_after: int = 5,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.client = client
        self.retry_after = retry_after
