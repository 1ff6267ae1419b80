"""What a worker remembers of FHIR servers for a few seconds: one that is down is not waited for anew by every call.

A circuit breaker in the usual three states. Closed: everybody asks. Open, after some requests in a row without any
answer: nobody asks for a while. Then half-open: one request tries, and its outcome closes or opens it again. Any answer
counts as one, a 500 too: it cost no waiting.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

IN_A_ROW = 3
PAUSE = 5.0  # seconds
REMEMBERED = 64  # origins


@dataclass(slots=True)
class _State:
    failures: int = 0
    open_until: float = 0.0


class Health:
    """The servers of one process by origin; safe for threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, pause: float = PAUSE) -> None:
        self._clock, self._pause = clock, pause
        self._known: OrderedDict[str, _State] = OrderedDict()
        self._lock = threading.Lock()

    def may_ask(self, origin: str) -> bool:
        """Whether to ask now. Who is let try a server that was down holds back the others for another pause."""
        with self._lock:
            state = self._known.get(origin)
            if state is None or state.failures < IN_A_ROW:
                return True
            if self._clock() < state.open_until:
                return False
            state.open_until = self._clock() + self._pause
            return True

    def answered(self, origin: str) -> None:
        """It gave an answer, whatever it was."""
        with self._lock:
            self._known.pop(origin, None)

    def silent(self, origin: str) -> None:
        """A request to it ended without an answer: it could not be reached, or took too long."""
        with self._lock:
            state = self._known.setdefault(origin, _State())
            self._known.move_to_end(origin)
            state.failures += 1
            state.open_until = self._clock() + self._pause
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
