"""The JWT of a CDS client (CDS Hooks, "Trusting CDS Clients"): taken apart unverified, then verified.

The cryptography and the registered claims are PyJWT's; checked here besides is what it leaves open: types of all claims
(before the library sees them), extensions of the header, tenant, subject and lifetime.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

import jwt
import msgspec
from jwt.utils import base64url_decode

from cds_service.site.model import Client
from cds_service.trust.refusal import Reason, Refusal

T = TypeVar("T")

# An RSA-4096 signature and generous claims are under 2,000 characters.
LONGEST = 8192
_REQUIRED = ["iss", "aud", "exp", "iat", "jti"]
_ERRORS: tuple[tuple[type[Exception], Reason], ...] = (
    (jwt.ExpiredSignatureError, "expired"),
    (jwt.ImmatureSignatureError, "not-yet"),
    (jwt.InvalidAudienceError, "audience"),
    (jwt.InvalidIssuerError, "unknown-issuer"),
    (jwt.InvalidSignatureError, "signature"),
    (jwt.InvalidAlgorithmError, "algorithm"),
    (jwt.InvalidKeyError, "key-unknown"),
    (jwt.MissingRequiredClaimError, "claim"),
)

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
# Numbers beyond any clock would overflow where they meet.
_Bounds = msgspec.Meta(ge=0, le=2**53)
Seconds = Annotated[int, _Bounds] | Annotated[float, _Bounds]


class Header(msgspec.Struct, frozen=True):
    """The JOSE header. ``jwk``, ``x5c``, ``x5u`` and their like are not read: a token does not bring its own key."""

    alg: str
    kid: str | None = None
    typ: str | None = None
    jku: str | None = None
    crit: msgspec.Raw = msgspec.Raw()
    b64: msgspec.Raw = msgspec.Raw()


class Claims(msgspec.Struct, frozen=True):
    """The claims, by the types of RFC 7519."""

    iss: _Text
    aud: str | list[str]
    exp: Seconds
    iat: Seconds
    jti: _Text
    nbf: Seconds | None = None
    sub: str | None = None
    # No control characters: PostgreSQL keeps no NUL, a log no line end.
    tenant: Annotated[str, msgspec.Meta(max_length=256, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = None


_header = msgspec.json.Decoder(Header)
_claims = msgspec.json.Decoder(Claims)


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart; nothing of it is proven yet."""

    text: str
    header: Header
    claims: Claims

    def __repr__(self) -> str:
        return "Token(...)"


def bearer(authorization: str | None) -> str:
    """The token of an ``Authorization`` header. Raises ``Refusal``."""
    if authorization is None:
        raise Refusal("missing")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Refusal("scheme")
    if len(token) > LONGEST:
        raise Refusal("oversized")
    return token.strip(" ")


def take_apart(text: str) -> Token:
    """Header and claims of a token, unproven. Raises ``Refusal``."""
    parts = text.split(".")
    if len(parts) != 3:
        raise Refusal("malformed")
    header = _read(parts[0], _header, "malformed")
    if header.crit or header.b64:
        raise Refusal("critical-header")
    if header.typ is not None and header.typ.upper() != "JWT":
        raise Refusal("type")
    return Token(text, header, _read(parts[1], _claims, "claim"))


def _read(part: str, decoder: msgspec.json.Decoder[T], wrong: Reason) -> T:
    try:
        return decoder.decode(base64url_decode(part.encode("ascii")))
    except msgspec.ValidationError:
        raise Refusal(wrong) from None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Refusal("malformed") from None


def verify(token: Token, key: jwt.PyJWK, client: Client, audiences: Sequence[str]) -> None:
    """Check everything about the token but its ``jti``. ``audiences``: the values of ``aud`` that mean us.

    Raises ``Refusal``. The moment is the system clock's, as PyJWT reads it.
    """
    try:
        jwt.decode(
            token.text,
            key,
            algorithms=client.algorithms,
            audience=audiences,
            issuer=client.issuer,
            leeway=client.leeway_seconds,
            options={"require": _REQUIRED, "enforce_minimum_key_length": True},
        )
    except jwt.PyJWTError as error:
        raise Refusal(_reason(error)) from None
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        raise Refusal("malformed") from None
    lifetime = token.claims.exp - token.claims.iat
    if not 0 < lifetime <= client.lifetime_seconds:
        raise Refusal("lifetime")
    if client.subjects and token.claims.sub not in client.subjects:
        raise Refusal("subject")


def _reason(error: jwt.PyJWTError) -> Reason:
    return next((reason for kind, reason in _ERRORS if isinstance(error, kind)), "malformed")


def alive_until(claims: Claims, client: Client) -> int:
    """The second (since 1970) from which this token is expired to everybody: its ``jti`` may be forgotten then."""
    return math.ceil(claims.exp + client.leeway_seconds) + 1
