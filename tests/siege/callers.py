"""Ordinary callers while something goes on: how long they waited, and what they were told."""

from __future__ import annotations

import http.client
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, Thread

from cds_service import fixtures
from tests.servers import Server

SERVICE = "/cds-services/bone-modifying-agents"
JSON = {"Content-Type": "application/json"}
# On connections they keep, which stay with one worker; and one who connects anew each time.
_KEEPING = 2
_PAUSE_SECONDS = 0.02
PATIENCE_SECONDS = 20.0


def body() -> bytes:
    """A call that brings everything, and is answered with cards."""
    return fixtures.load("zoledronic-acid-dose-above-row").request_at(datetime.now().astimezone())


@dataclass
class Ordinary:
    """What ordinary callers saw."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)  # 0: no answer came
    longest_gap: float = 0.0  # seconds without any good answer
    _last: float = field(default_factory=time.monotonic)

    def note(self, began: float, status: int) -> None:
        now = time.monotonic()
        self.statuses[status] += 1
        self.seconds.append(now - began)
        if status == 200:
            self.longest_gap = max(self.longest_gap, now - self._last)
            self._last = now

    def end(self) -> None:
        self.longest_gap = max(self.longest_gap, time.monotonic() - self._last)

    @property
    def good(self) -> bool:
        """Whether every one was answered."""
        return set(self.statuses) == {200}

    @property
    def failed(self) -> int:
        return self.statuses.total() - self.statuses[200]

    @property
    def worst(self) -> float:
        return max(self.seconds, default=0.0)

    def __str__(self) -> str:
        ordered = sorted(self.seconds) or [0.0]
        half, most = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
        server = sum(n for status, n in self.statuses.items() if status >= 500)
        return (
            f"{self.statuses.total()} ordinary calls, p50 {half * 1000:.0f} ms, p99 {most * 1000:.0f} ms,"
            f" longest {self.worst * 1000:.0f} ms, 5xx {server}, unanswered {self.statuses[0]}"
        )


@contextmanager
def ordinary(server: Server) -> Iterator[Ordinary]:
    """Callers who call one after another, as long as this lasts."""
    seen, over, payload = Ordinary(), Event(), body()

    def call(keeps: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_SECONDS)
        while not over.wait(_PAUSE_SECONDS):
            began = time.monotonic()
            try:
                connection.request("POST", SERVICE, payload, JSON)
                response = connection.getresponse()
                response.read()
                status = response.status
            except (OSError, http.client.HTTPException):
                connection.close()
                status = 0
            seen.note(began, status)
            if not keeps:
                connection.close()
        connection.close()

    threads = [Thread(target=call, args=(keeps,)) for keeps in (*[True] * _KEEPING, False)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        over.set()
        for thread in threads:
            thread.join()
        seen.end()
