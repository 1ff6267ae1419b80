"""How many calls of a worker may read from FHIR servers at a time, so that those that need nothing find a thread.

A place is usually free within milliseconds, and who comes is let wait for it. When every place has been held for longer
than that patience, the servers hang, and waiting would hold the threads one by one: then nobody waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cds_service.fetch.failure import Failed

PATIENCE = 0.3  # seconds


class Bulkhead:
    """``places`` calls at a time; safe for threads, one per process."""

    def __init__(self, places: int, patience: float = PATIENCE, clock: Callable[[], float] = time.monotonic) -> None:
        self._places, self._patience, self._clock = places, patience, clock
        self._held: dict[object, float] = {}  # by call, since when
        self._changed = threading.Condition()

    @contextmanager
    def place(self, until: float) -> Iterator[None]:
        """Hold one place while the block runs. ``until``: a moment of the clock after which nobody waits.

        Raises ``Failed`` ("busy") when there is none.
        """
        mine = object()
        with self._changed:
            give_up = min(until, self._clock() + self._patience)
            while len(self._held) >= self._places:
                left = give_up - self._clock()
                if left <= 0 or self._hanging():
                    raise Failed("busy")
                self._changed.wait(left)
            self._held[mine] = self._clock()
        try:
            yield
        finally:
            with self._changed:
                del self._held[mine]
                self._changed.notify()

    def _hanging(self) -> bool:
        """Whether even the youngest holder has had its place for longer than anybody would wait."""
        return self._clock() - max(self._held.values()) > self._patience
