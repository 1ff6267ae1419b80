"""``fhirServer`` and ``fhirAuthorization``: judged when they come, whether or not anything will be read with them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from cds_service.call.decode import decode
from cds_service.call.problems import BadRequest

# What can stand in a header (RFC 6750 b64token, and the printable rest that some servers issue): no blank, no control
# character, no line end.
_TOKEN = re.compile(r"[!-~]{1,16384}")
_URL = re.compile(r"https?://[!-~]{1,7992}", re.IGNORECASE | re.ASCII)  # servers refuse longer request lines
LONGEST_SCOPE = 16_384


class Authorization(msgspec.Struct, frozen=True):
    """``fhirAuthorization``; the token is held only to be used, never shown (see ``__repr__``)."""

    access_token: str
    token_type: str | None = None
    expires_in: float | None = None
    scope: str | None = None
    subject: str | None = None
    patient: str | None = None

    def __repr__(self) -> str:
        return "Authorization(...)"

    @property
    def bearer(self) -> str | None:
        """The token, when it is one to bear: another type would be another use of it. None stated: Bearer."""
        return self.access_token if (self.token_type or "Bearer").casefold() == "bearer" else None


_decoder = msgspec.json.Decoder(Authorization)


def read_authorization(named: Mapping[str, msgspec.Raw] | None) -> Authorization | None:
    """What the request authorizes; None where it says nothing. Raises ``BadRequest``."""
    where = "fhirAuthorization"
    if named is None:
        return None
    given = decode(msgspec.json.encode(named), _decoder, where)
    if not _TOKEN.fullmatch(given.access_token):
        what = "The access token is empty, too long, or has a character that no token has"
        raise BadRequest(what, f"{where}.access_token", "Send the token as issued, or no fhirAuthorization.")
    if len(given.scope or "") > LONGEST_SCOPE:
        raise BadRequest("The scope is too long", f"{where}.scope", f"Send at most {LONGEST_SCOPE} characters.")
    return given


def check_server(url: str | None) -> str | None:
    """``fhirServer`` as it came. Raises ``BadRequest`` unless it is absent or an http or https URL."""
    if url is not None and not _URL.fullmatch(url):
        what = "The value is no http or https URL"
        raise BadRequest(what, "fhirServer", "Send the base URL of the FHIR server, or leave it out.")
    return url
