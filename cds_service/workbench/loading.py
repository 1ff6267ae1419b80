"""A patient loaded from a FHIR server into a request that holds all of it, as if somebody had pasted it.

Read by the same allow-list, client and deadline as a call that names this ``fhirServer``. The token is used for this
one reading; neither it nor the server's address is in the request that comes out.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

import msgspec

from cds_service import fixtures
from cds_service.base.decoding import UNREADABLE
from cds_service.base.kinds import Need
from cds_service.call.hook import HookCall, read_hook
from cds_service.call.problems import BadRequest, TooMuch, UnknownService
from cds_service.edition import Edition
from cds_service.fetch.gather import Source, fetch, fetch_references
from cds_service.fetch.obtain import MOST_MEDICATIONS, WITHOUT_FILTER, Obtaining, Servers
from cds_service.fetch.search import unfiltered
from cds_service.knowledge.services import Service
from cds_service.record.fetched import Fetched
from cds_service.record.read import PATIENT, open_references
from cds_service.workbench.documents import Json, read, written
from cds_service.workbench.problem import Problem
from cds_service.workbench.situations import listed

# An opened chart is answered to professionals only.
USER = "Practitioner/workbench"
# What of the form cannot be asked with, and the word that says so; all else is told of the server.
_WRONG = {
    "fhirServer": "load-no-address",
    "context.patientId": "cause-context",
    "fhirAuthorization.access_token": "load-no-token",
}
_STATUSES = dict.fromkeys([*_WRONG.values(), "load-no-order"], 400) | {"cause-server-not-allowed": 403}


@dataclass(frozen=True, slots=True)
class Sought:
    """Whom to load, from where, and what to ask of it. ``order``: the shipped situation whose draft orders are put to
    this patient, where the service is about orders."""

    server: str
    patient: str
    service: str
    order: str
    token: str = field(default="", repr=False)


class Missing(msgspec.Struct, frozen=True):
    """A prefetch key that was not obtained, or not all of it; ``cause``: of ``fetch.failure.Cause``."""

    key: str
    cause: str


class Loaded(msgspec.Struct, frozen=True):
    """The request as text, how many resources were read into it, and what the server did not give."""

    text: str
    resources: int
    missing: tuple[Missing, ...]


class NotLoaded(Exception):
    """There is no request to show. ``problem`` says why; nothing of the patient or the server stands in it."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.problem = Problem(_STATUSES.get(word, 502), word)


def loaded(edition: Edition, sought: Sought, servers: Servers, now: datetime, most: int) -> Loaded:
    """The request. ``most``: bytes a form may send. Raises the problems of ``call.problems``, and ``NotLoaded``."""
    service = edition.service(sought.service)
    if service is None:
        raise UnknownService(edition.service_ids)
    body = _body(service, sought, now)
    try:
        call = read_hook(written(body | _access(sought)), service.id, service.hooks)
    except BadRequest as wrong:
        if wrong.where in _WRONG:
            raise NotLoaded(_WRONG[wrong.where]) from None
        raise
    source = servers.source(call)
    if source is None:
        raise NotLoaded("load-no-address")
    answers = _fetched(edition, call, source)
    patient = answers[PATIENT]
    if not patient.pages:
        raise NotLoaded(f"cause-{patient.cause or 'not-found'}")
    if sum(len(page) for it in answers.values() for page in it.pages) > most:
        raise NotLoaded("cause-too-large")
    try:
        return _laid(edition, service, body, answers, source, now, most)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise NotLoaded("cause-unreadable") from None


def _laid(
    edition: Edition,
    service: Service,
    body: Json,
    answers: Mapping[Need, Fetched],
    source: Source,
    now: datetime,
    most: int,
) -> Loaded:
    missing = {key: it.cause or "failed" for key, it in answers.items() if not it.complete}
    prefetch: dict[str, Json] = {}
    body["prefetch"] = prefetch
    for key, it in answers.items():
        try:
            prefetch |= {key: _member([read(page) for page in it.pages])} if it.pages else {}
        except UNREADABLE:
            missing[key] = "unreadable"
    # Read again as a whole: which Medications are only referred to is seen in what came.
    prefetch |= _medications(edition, read_hook(written(body), service.id, service.hooks), source, now)
    text = msgspec.json.format(written(body), indent=1).decode()
    if len(quote_plus(text)) > most:
        raise NotLoaded("cause-too-large")
    count = sum(1 for value in prefetch.values() for _ in _resources(value))
    return Loaded(text, count, tuple(Missing(*each) for each in missing.items()))


def _body(service: Service, sought: Sought, now: datetime) -> Json:
    patient = sought.patient.strip().removeprefix("Patient/")
    context: Json = {"userId": USER, "patientId": patient}
    hook = "order-sign" if "order-sign" in service.hooks else service.hooks[0]
    if hook == "order-sign":
        context["draftOrders"] = _orders(sought.order, patient, now)
    return {"hook": hook, "hookInstance": str(uuid.uuid4()), "context": context}


def _access(sought: Sought) -> Json:
    token = {"access_token": sought.token.strip(), "token_type": "Bearer"}
    return {"fhirServer": sought.server.strip()} | ({"fhirAuthorization": token} if token["access_token"] else {})


def _orders(name: str, patient: str, now: datetime) -> Json:
    """Draft orders of a shipped situation, of today and for this patient. Raises ``NotLoaded`` where it has none."""
    found = listed(name)
    if found is None or found.status != 200:
        raise NotLoaded("load-no-order")
    document = read(fixtures.load(name).request_at(now))
    drafts = list(_resources(document["context"].get("draftOrders") or {}))
    if not drafts:
        raise NotLoaded("load-no-order")
    return {"resourceType": "Bundle", "entry": [{"resource": _of(patient, draft)} for draft in drafts]}


def _of(patient: str, draft: Json) -> Json:
    # The encounter is another patient's too.
    own = {member: value for member, value in draft.items() if member != "encounter"}
    return own | {"subject": {"reference": f"Patient/{patient}"}}


def _fetched(edition: Edition, call: HookCall, source: Source) -> dict[Need, Fetched]:
    """Everything the service can use, as ``fetch.obtain`` asks for a call that brings nothing: a search that stands for
    others first, those themselves where it did not tell all; and once more without its filter what found nothing."""
    searches, stand_ins = edition.searches(call.service), edition.stand_ins(call.service)
    context = {"patientId": call.patient_id, "userId": call.user_id}
    found = fetch({key: it for key, it in searches.items() if key not in stand_ins}, context, source)
    short = {key: searches[key] for key, other in stand_ins.items() if key in searches and not found[other].complete}
    found |= fetch(short, context, source)
    empty = [key for key, it in found.items() if it.complete and not any(map(_holds, it.pages))]
    again = {key: wider for key in empty if (wider := unfiltered(searches[key])) != searches[key]}
    narrow = dataclasses.replace(source, limits=source.limits.narrowed(**WITHOUT_FILTER))
    more = fetch(again, context, narrow)
    return found | {key: it for key, it in more.items() if it.pages or it.cause != "rejected"}


class _Kind(msgspec.Struct, frozen=True, rename="camel"):
    resource_type: Any = None


class _Entry(msgspec.Struct, frozen=True):
    resource: _Kind | None = None


class _Page(msgspec.Struct, frozen=True):
    entry: list[_Entry] | _Entry | None = None


def _holds(page: bytes) -> bool:
    """Whether a page of a search has anything but outcomes. What is of no shape that FHIR has holds something."""
    try:
        entries = _list(msgspec.json.decode(page, type=_Page).entry)
    except UNREADABLE:
        return True
    return any(each.resource is None or each.resource.resource_type != "OperationOutcome" for each in entries)


def _member(pages: list[Json]) -> Json:
    """The pages as one member of prefetch. The last page's next link stays: it says that there is more."""
    first = pages[0]
    if first.get("resourceType") != "Bundle":
        return first
    entries = [entry for page in pages for entry in _list(page.get("entry"))]
    links = [link for link in _list(pages[-1].get("link")) if isinstance(link, dict) and link.get("relation") == "next"]
    whole = {member: value for member, value in first.items() if member not in ("entry", "link")}
    return whole | ({"link": links} if links else {}) | ({"entry": entries} if entries else {})


def _list(value: Any) -> list[Any]:
    """One bare object stands for a list of one, as some servers write it."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _medications(edition: Edition, call: HookCall, source: Source, now: datetime) -> dict[str, Json]:
    """The Medications that orders and treatments only refer to, under keys of their own."""
    obtaining = Obtaining(call, edition.searches(call.service), now, None, edition.stand_ins(call.service))
    wanted = open_references(obtaining.drafts, obtaining.record)
    if len(wanted) > MOST_MEDICATIONS:
        raise TooMuch(len(wanted), MOST_MEDICATIONS, "Medications to read by reference", "prefetch")
    found = fetch_references(wanted, "Medication", source)
    pages = [page for it in found.values() for page in it.pages]
    return {f"medication-{n}": read(page) for n, page in enumerate(pages, 1)}


def _resources(member: Json) -> Iterator[Any]:
    """Every resource of a member: of a Bundle its entries'."""
    if member.get("resourceType") != "Bundle":
        yield from (member,) if member else ()
        return
    for entry in _list(member.get("entry")):
        if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
            yield entry["resource"]
