"""Orders that nothing is said of: a silent miss, so it is counted.

Those that no code list recognises a site can list and map; a draft of another patient is its client's to mend.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from threading import Lock

from cds_service.call.hook import read_hook
from cds_service.edition import Edition
from cds_service.facts.subjects import DrugOrder, RequestedProcedure, Subject
from cds_service.record.read import Reading, draft_resources, foreign

OTHER_PATIENT = "other-patient"


def unmatched(orders: Iterable[Subject]) -> Iterator[tuple[str, str]]:
    """Kind (``drug`` or ``procedure``) and text of every order that means nothing to the code lists."""
    for order in orders:
        if isinstance(order, DrugOrder):
            if not order.drugs:
                yield "drug", order.text
        elif isinstance(order, RequestedProcedure) and not order.concepts:
            yield "procedure", order.text


class UnmatchedCounter:
    """How many orders this worker has not recognised (``drug``, ``procedure``) or passed over (``other-patient``).

    Keeps no text; safe for threads.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[str] = Counter({"drug": 0, "procedure": 0, OTHER_PATIENT: 0})

    def observe(self, orders: Iterable[Subject], passed_over: int = 0) -> None:
        """Count the orders of one call; ``passed_over``: how many more are another patient's."""
        if found := [kind for kind, _ in unmatched(orders)] + [OTHER_PATIENT] * passed_over:
            with self._lock:
                self._counts.update(found)

    def counts(self) -> Mapping[str, int]:
        """The counts by kind, as they are now."""
        with self._lock:
            return dict(self._counts)


UNMATCHED = UnmatchedCounter()


def texts_of(edition: Edition, body: bytes, now: datetime) -> Counter[tuple[str, str]]:
    """Kind and text of the unrecognised orders of one request, with counts. Raises the problems of a call."""
    call = read_hook(body, "", edition.hooks)
    reading = Reading(call.patient_id, (), now)
    reading.prefetched(call.prefetch or {})
    drafts = draft_resources(call)
    others = foreign(call, drafts)
    subjects = edition.readers.subjects(call, tuple(d for d in drafts if d[0] not in others), reading.record())
    return Counter((kind, " ".join(text.split()) or "(no text)") for kind, text in unmatched(subjects))
