"""What a request was forgiven: where it differs from CDS Hooks and FHIR, and is read all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cds_service.call.ids import REQUESTERS

# Required by CDS Hooks 2.0.1 of ``fhirAuthorization``, and used for nothing here.
_UNUSED = ("expires_in", "scope", "subject")


def leniencies(request: Any) -> Iterator[tuple[str, str]]:
    """Member and leniency, for every one that this request needs. ``request`` is the parsed body."""
    if not isinstance(request, dict):
        return
    yield from _authorization(request)
    context = request.get("context")
    if isinstance(context, dict):
        yield from _context(context)
    prefetch = request.get("prefetch")
    for key, value in prefetch.items() if isinstance(prefetch, dict) else ():
        yield from _bundle(f"prefetch.{key}", value)


def _authorization(request: dict[str, Any]) -> Iterator[tuple[str, str]]:
    given = request.get("fhirAuthorization")
    if given is None and "fhirAuthorization" in request:
        yield "fhirAuthorization", "null is read as absent"
    if not isinstance(given, dict):
        return
    kind = given.get("token_type")
    if kind is None:
        yield "fhirAuthorization.token_type", "missing; the token is taken for a Bearer token"
    elif isinstance(kind, str) and kind.casefold() != "bearer":
        yield "fhirAuthorization.token_type", "not Bearer; the token is not used"
    elif kind != "Bearer":
        yield "fhirAuthorization.token_type", "read without regard to case"
    yield from ((f"fhirAuthorization.{name}", "missing; not needed") for name in _UNUSED if given.get(name) is None)


def _context(context: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for member, kind in (("patientId", "Patient/"), ("encounterId", "Encounter/")):
        if str(context.get(member, "")).startswith(kind):
            yield f"context.{member}", f"read as the id after {kind}"
    if context.get("encounterId", "absent") in (None, ""):
        yield "context.encounterId", "read as absent"
    if not str(context.get("userId", "")).startswith(REQUESTERS):
        yield "context.userId", "no reference of a user; suggestions name no requester"
    yield from _bundle("context.draftOrders", context.get("draftOrders"))


def _bundle(where: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value.get("resourceType") == "Bundle":
        for member in ("entry", "link"):
            if isinstance(value.get(member), dict):
                yield f"{where}.{member}", "one object is read as a list of one"
