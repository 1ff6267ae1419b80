"""What a call did not bring, from the EHR's FHIR server: only what the questions still need, within one deadline."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import requests

from cds_service.base.kinds import Need
from cds_service.base.perprocess import PerProcess
from cds_service.call.hook import HookCall
from cds_service.call.problems import BadRequest, TooMuch
from cds_service.fetch.address import FhirServers
from cds_service.fetch.bulkhead import Bulkhead
from cds_service.fetch.client import Limits
from cds_service.fetch.failure import Refused
from cds_service.fetch.gather import Access, Source, fetch, fetch_references
from cds_service.fetch.health import Health
from cds_service.fetch.scope import require_patient
from cds_service.fetch.search import MOST_UNFILTERED, unfiltered
from cds_service.fetch.transport import session
from cds_service.record.completeness import Wanted
from cds_service.record.fetched import Fetched
from cds_service.record.read import NONE, Reading, Record, draft_resources, foreign, open_references

__all__ = ["Obtaining", "Servers", "Source"]

MOST_MEDICATIONS = 50  # reads of one call
# Without its filter a search would bring a whole life of vital signs: so much of the newest is read.
WITHOUT_FILTER = {"pages": 5, "resources": 5 * MOST_UNFILTERED}


class Shared:
    """What all calls of a process share when they read, whichever client they are of.

    ``threads``: how many calls the process answers at a time. Half of them may read, so that a FHIR server that hangs
    leaves the others to calls that need nothing; a process of one thread has none to spare.
    """

    def __init__(self, threads: int) -> None:
        self.bulkhead, self.health = Bulkhead(max(1, threads // 2)), Health()


@dataclass
class Servers:
    """The FHIR servers that may be asked, and the connections of this process to them."""

    allowed: FhirServers
    seconds: float
    limits: Limits = field(default_factory=Limits)
    authorities: Path | None = None
    shared: PerProcess[Shared] = field(default_factory=lambda: PerProcess(lambda: Shared(1)), repr=False)
    _session: PerProcess[requests.Session] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._session = PerProcess(lambda: session(self.allowed, authorities=self.authorities))

    def source(self, call: HookCall) -> Source | None:
        """Where this call's data may be read; None when it names no FHIR server.

        Raises ``BadRequest`` when the token is another patient's: it is used for nothing then.
        """
        if call.fhir_server is None:
            return None
        given = call.authorization
        access = Access(given.bearer, given.scope, given.patient) if given else Access()
        with _refusals():
            require_patient(access.patient, call.patient_id)
        deadline = time.monotonic() + self.seconds
        shared, session_ = self.shared.get(), self._session.get()
        server = call.fhir_server
        return Source(server, access, self.allowed, session_, deadline, self.limits, shared.bulkhead, shared.health)


class Obtaining:
    """The drafts and the record of one call; the record grows by what is fetched. Nothing is decoded twice.

    ``templates``: the searches by key. ``stand_ins``: a key -> the one under which the service asks for it.

    Raises ``BadRequest`` for a draft that cannot be read.
    """

    def __init__(
        self,
        call: HookCall,
        templates: Mapping[Need, str],
        now: datetime,
        source: Source | None,
        stand_ins: Mapping[Need, Need] = NONE,
    ) -> None:
        self._call, self._templates, self._source, self._stand_ins = call, templates, source, stand_ins
        self._asked_for: set[str] = set()
        self._fetched: set[Need] = set()
        self.drafts = draft_resources(call)
        self._reading = Reading(call.patient_id, templates, now, stand_ins)
        self._reading.gatherer.other_patient += len(foreign(call, self.drafts))
        self._reading.prefetched(call.prefetch or {})
        self.record: Record = self._reading.record()

    def medications(self) -> Record:
        """The record with the Medications that drafts and treatments only refer to.

        Raises ``TooMuch`` when they are too many to be read one by one: left out, they would pass for no drugs.
        """
        if self._source is None:
            return self.record
        wanted = [r for r in open_references(self.drafts, self.record) if r not in self._asked_for]
        if len(wanted) + len(self._asked_for) > MOST_MEDICATIONS:
            things = "Medications to read by reference"
            raise TooMuch(len(wanted) + len(self._asked_for), MOST_MEDICATIONS, things, "prefetch")
        if wanted:
            self._asked_for.update(wanted)
            with _refusals():
                self._reading.referred(fetch_references(wanted, "Medication", self._source))
            self.record = self._reading.record()
        return self.record

    def needs(self, wanted: Wanted) -> Record:
        """The record with those of the wanted keys that it does not know as far back as they are looked at.

        Raises ``BadRequest`` when the token is another patient's, or none.
        """
        if self._source is None:
            return self.record
        # First the searches of the service; what they tell of too short a time is asked for by itself.
        for by_itself in (False, True) if self._stand_ins else (False,):
            needs = self.record.needs
            unknown = [key for key, since in wanted.items() if not needs[key].known_since(since)]
            keys = unknown if by_itself else [self._stand_ins.get(key, key) for key in unknown]
            missing = {key: self._templates[key] for key in dict.fromkeys(keys) if key not in self._fetched}
            if missing:
                self._fetched |= missing.keys()
                self._reading.fetched(self._fetch(missing, self._source))
                self.record = self._reading.record()
                self._ask_unfiltered(missing, self._source)
        return self.medications()

    def _ask_unfiltered(self, asked: Mapping[Need, str], source: Source) -> None:
        """A search of ours that filters and found nothing is asked once more without its filter: a server whose
        resources have no category or code would hide every one of them.

        A server that takes no search without a filter (400) goes by it: its first answer stands then. What fails
        otherwise was not seen, and is not *none*.
        """
        needs = self.record.needs
        wider = {key: unfiltered(search) for key, search in asked.items() if needs[key].state == "none"}
        again = {key: search for key, search in wider.items() if search != asked[key]}
        if again:
            found = self._fetch(again, dataclasses.replace(source, limits=source.limits.narrowed(**WITHOUT_FILTER)))
            seen = {key: answer for key, answer in found.items() if answer.pages or answer.cause != "rejected"}
            self._reading.fetched(seen)
            self.record = self._reading.record()

    def _fetch(self, missing: Mapping[Need, str], source: Source) -> dict[Need, Fetched]:
        context = {"patientId": self._call.patient_id, "userId": self._call.user_id}
        if self._call.encounter_id:
            context["encounterId"] = self._call.encounter_id
        with _refusals():
            return fetch(missing, context, source)


@contextmanager
def _refusals() -> Iterator[None]:
    """What fetching refuses for the whole call is the caller's to mend."""
    try:
        yield
    except Refused as refused:
        raise _refusal(refused) from None


def _refusal(refused: Refused) -> BadRequest:
    if refused.reason == "token-patient":
        return BadRequest(
            "The access token is for another patient than context.patientId",
            "fhirAuthorization.patient",
            "Send a token for the patient of the call.",
        )
    what = "The access token cannot be sent as a bearer token"
    return BadRequest(what, "fhirAuthorization.access_token", "Send the token as issued.")
