"""Ids as FHIR defines them; only such are written into references of ours.

Source: FHIR R4 and R5, data type ``id``: letters, digits, hyphen and full stop, 1 to 64 characters.
"""

from __future__ import annotations

import re

from cds_service.call.problems import BadRequest

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
# Who may be the requester of an order: of these a reference is written.
REQUESTERS = ("Practitioner/", "PractitionerRole/", "Patient/", "RelatedPerson/", "Organization/", "Device/")
# Who opens a chart that is their own, or a relative's: what cards say is for those who treat.
LAYMEN = ("Patient/", "RelatedPerson/")
LONGEST_USER = 256


def is_id(text: str | None) -> bool:
    """Whether a text is a FHIR id."""
    return bool(text) and _ID.fullmatch(text or "") is not None


def logical_id(text: str, kind: str, where: str) -> str:
    """The id alone, of ``1`` or ``kind/1``. Raises ``BadRequest`` for any other text."""
    found = text.removeprefix(f"{kind}/")
    if not is_id(found):
        what = f"The value is not the id of a {kind}"
        raise BadRequest(what, where, f"Send the logical id of the {kind}: A-Z, a-z, 0-9, - and ., at most 64.")
    return found


def user(text: str, where: str) -> str:
    """A user id as it came. Raises ``BadRequest`` for a reference we would repeat, to an id that FHIR has not."""
    kind = next((k for k in REQUESTERS if text.startswith(k)), None)
    if len(text) > LONGEST_USER or (kind and not is_id(text.removeprefix(kind))):
        raise BadRequest("The value is not the reference of a user", where, "Send it like Practitioner/123.")
    return text


def is_professional(user_id: str) -> bool:
    """Whether a user is one for whom cards are written: not the patient, and nobody's relative."""
    return not user_id.startswith(LAYMEN)
