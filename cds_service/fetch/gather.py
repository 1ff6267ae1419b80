"""What a call needs and did not bring, read from its FHIR server: several needs at a time, one deadline for all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import requests

from cds_service.fetch.address import FhirServers, inside
from cds_service.fetch.bulkhead import Bulkhead
from cds_service.fetch.client import FhirClient, Limits
from cds_service.fetch.failure import Cause, Failed, Refused
from cds_service.fetch.health import Health
from cds_service.fetch.pages import collect
from cds_service.fetch.scope import require_patient, share
from cds_service.fetch.search import Request, request_of, request_to
from cds_service.record.fetched import Fetched

_REFERENCE = re.compile(r"(?P<type>[A-Z][A-Za-z]{1,63})/(?P<id>[A-Za-z0-9._~-]{1,256})(?:/_history/[A-Za-z0-9._~-]+)?")


@dataclass(frozen=True, slots=True)
class Access:
    """The caller's token and what it is said to be good for. Shows nothing of itself."""

    token: str | None = field(default=None, repr=False)
    scope: str | None = field(default=None, repr=False)
    patient: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a call's data may be read, and until when.

    ``server`` is the call's ``fhirServer`` as it came; ``deadline`` a moment of ``time.monotonic``, for everything
    that is read through this source, one batch after the other. ``bulkhead`` and ``health`` are the process's.
    """

    server: str
    access: Access
    servers: FhirServers
    session: requests.Session
    deadline: float
    limits: Limits = field(default_factory=Limits)
    bulkhead: Bulkhead = field(default_factory=lambda: Bulkhead(1))
    health: Health = field(default_factory=Health)


def fetch(needs: Mapping[str, str], context: Mapping[str, str], source: Source) -> dict[str, Fetched]:
    """The answers to ``needs`` (key → our prefetch template), one for each key, within the deadline.

    ``context`` holds the hook's values by their FHIR names; ``patientId`` is required. Nothing raises for a single
    need: its ``Fetched`` says why it is not complete. Raises ``Refused`` for the whole call when the token is for
    another patient ("token-patient") or no token at all ("token").
    """
    require_patient(source.access.patient, context["patientId"])
    return _gather({key: partial(request_of, template, context) for key, template in needs.items()}, source)


def fetch_references(references: Iterable[str], kind: str, source: Source) -> dict[str, Fetched]:
    """The resources that references to ``kind`` lead to (``Medication/1``, or absolute inside the server's base).

    One answer for each reference. The current version is read, also where the reference names an older one.
    Raises ``Refused`` for no token at all ("token"). Whose token it is cannot be seen here: ``require_patient`` first.
    """
    return _gather({reference: partial(_request, reference, kind, source) for reference in references}, source)


def _request(reference: str, kind: str, source: Source) -> Request:
    if ":" in reference:
        base = source.servers.base_of(source.server)
        reference = inside(reference, base)[len(base) + 1 :]
    match = _REFERENCE.fullmatch(reference)
    if match is None or match["type"] != kind:
        raise Refused("foreign")
    return request_to(f"{match['type']}/{match['id']}")


def _gather(requests_: Mapping[str, Callable[[], Request]], source: Source) -> dict[str, Fetched]:
    """Ask for all, a few at a time. Every thread has ended when this returns."""
    if not requests_:
        return {}
    try:
        base = source.servers.base_of(source.server)
    except Refused:
        return dict.fromkeys(requests_, _not("server-not-allowed"))
    client = FhirClient(source.session, base, source.access.token, source.deadline, source.limits, source.health)
    try:
        with (
            source.bulkhead.place(source.deadline),
            ThreadPoolExecutor(min(source.limits.parallel, len(requests_)), thread_name_prefix="fetch") as pool,
        ):
            answers = pool.map(partial(_one, client, source.access.scope), requests_.values())
            return dict(zip(requests_, answers, strict=True))
    except Failed as failed:
        return dict.fromkeys(requests_, _not(failed.cause))


def _one(client: FhirClient, scope: str | None, request_: Callable[[], Request]) -> Fetched:
    try:
        request = request_()
        granted = share(scope, request)
        if granted == "nothing":
            return _not("scope")
        fetched = collect(client, request)
    except Refused as refused:
        return _not("context" if refused.reason == "context" else "foreign-link")
    if granted == "part" and fetched.complete:
        return Fetched(fetched.pages, complete=False, cause="scope")
    return fetched


def _not(cause: Cause) -> Fetched:
    return Fetched((), complete=False, cause=cause)
