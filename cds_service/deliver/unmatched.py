"""Orders that no code list recognises: a silent miss, so it is counted, and a site can list and map the texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from threading import Lock

from cds_service.call.hook import read_hook
from cds_service.edition import Content
from cds_service.facts.facts import DrugOrder, Order
from cds_service.record.read import read_record


def unmatched(orders: Iterable[Order]) -> Iterator[tuple[str, str]]:
    """Kind (``drug`` or ``service``) and text of every order that means nothing to the code lists."""
    for order in orders:
        if isinstance(order, DrugOrder):
            if not order.drugs:
                yield "drug", order.text
        elif not order.services:
            yield "service", order.text


class UnmatchedCounter:
    """How many orders of each kind were not recognised since this worker started. Keeps no text; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[str] = Counter(drug=0, service=0)

    def observe(self, orders: Iterable[Order]) -> None:
        """Count the orders of one call."""
        found = Counter(kind for kind, _ in unmatched(orders))
        with self._lock:
            self._counts.update(found)

    def counts(self) -> Mapping[str, int]:
        """The counts by kind, as they are now."""
        with self._lock:
            return dict(self._counts)


UNMATCHED = UnmatchedCounter()


def texts_of(content: Content, body: bytes) -> Counter[tuple[str, str]]:
    """Kind and text of the unrecognised orders of one request, with counts. Raises the problems of a call."""
    hooks = tuple(dict.fromkeys(hook for service in content.services.services for hook in service.hooks))
    call = read_hook(body, hooks)
    orders = content.reader.orders(call, read_record(call, ()))
    return Counter((kind, " ".join(text.split()) or "(no text)") for kind, text in unmatched(orders))
