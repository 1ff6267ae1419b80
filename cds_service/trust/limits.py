"""What one client may ask of this process: permits that fill evenly, one set for each client of the registry.

A client's flood empties its own buckets and nobody else's. Each worker counts for itself, so a server with four workers
lets through up to four times what the site file says; the memory is a few numbers for each client of the file.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cds_service.site.model import Client, Limits
from cds_service.trust.refusal import Refusal

Clock = Callable[[], float]
_MINUTE, _HOUR = 60.0, 3600.0


class Bucket:
    """``size`` permits, spent one by one and filled again evenly over ``seconds``; safe between threads.

    What it costs is often known only when it is done, so more may be spent than is there: then it is in debt, and
    nothing more is to be had until that is paid.
    """

    def __init__(self, size: int, seconds: float, clock: Clock = time.monotonic) -> None:
        """``clock``: seconds, never backwards."""
        self._size, self._each = size, seconds / size
        self._clock, self._lock = clock, threading.Lock()
        self._held, self._at = float(size), clock()

    def wait(self) -> float:
        """Seconds until there is a permit; 0.0: there is one."""
        with self._lock:
            self._fill()
            return max(0.0, (1.0 - self._held) * self._each)

    def spend(self, count: int) -> None:
        """Take so many permits, whether they are there or not."""
        with self._lock:
            self._fill()
            self._held -= count

    def take(self, count: int) -> int:
        """Take so many permits, or as many as there are; how many that was."""
        with self._lock:
            self._fill()
            taken = min(count, max(0, math.floor(self._held)))
            self._held -= taken
            return taken

    def _fill(self) -> None:
        now = self._clock()
        self._held = min(float(self._size), self._held + (now - self._at) / self._each)
        self._at = now


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one client may still ask of this process. ``body_bytes``: of one request; None: as much as anybody."""

    requests: Bucket
    feedback: Bucket  # events
    unknown_cards: Bucket  # events whose card was never issued to this client
    body_bytes: int | None


class Limiter:
    """The allowance of each client. In development only of those whose entry has ``limits``, in production of all."""

    def __init__(self, clients: Iterable[Client], *, development: bool, clock: Clock = time.monotonic) -> None:
        usual = None if development else Limits()
        given = {client.name: client.limits or usual for client in clients}
        self._of = {name: _allowance(limits, clock) for name, limits in given.items() if limits}

    def of(self, client: Client | None) -> Allowance | None:
        """What this client may still ask; None: there is no limit."""
        return self._of.get(client.name) if client else None


class Turns:
    """One at a time of each client: who takes long may not take every thread."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, client: Client | None) -> Iterator[None]:
        """While this lasts it is this client's. Raises ``Refusal`` (429) when it is already."""
        name = client.name if client else ""
        with self._lock:
            if name in self._taken:
                raise Refusal("rate", 429, name or None, retry_after=1)
            self._taken.add(name)
        try:
            yield
        finally:
            self._taken.discard(name)


def within(bucket: Bucket, client: Client | None) -> None:
    """Raises ``Refusal`` (429) when there is no permit left; takes none."""
    if wait := bucket.wait():
        raise Refusal("rate", 429, client.name if client else None, retry_after=math.ceil(wait))


def _allowance(limits: Limits, clock: Clock) -> Allowance:
    return Allowance(
        Bucket(limits.requests_per_minute, _MINUTE, clock),
        Bucket(limits.feedback_per_minute, _MINUTE, clock),
        Bucket(limits.unknown_cards_per_hour, _HOUR, clock),
        limits.body_bytes,
    )
