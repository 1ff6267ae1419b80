"""One moment by which the current thread's reading must end, obeyed by every single read and write of its sockets.

The timeouts of an HTTP library bound each read, so a server that sends a byte now and then holds a thread for ever.
The sockets of this package ask ``remaining`` before every read and write instead; nobody has to shut them from outside.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_until: ContextVar[float] = ContextVar("until", default=0.0)  # by the monotonic clock; 0: nobody set a moment


@contextmanager
def by(moment: float) -> Iterator[None]:
    """Within this block all reading ends by ``moment`` (``time.monotonic`` seconds)."""
    token = _until.set(moment)
    try:
        yield
    finally:
        _until.reset(token)


def remaining() -> float:
    """Seconds left, more than 0. Raises ``TimeoutError`` when none are."""
    left = _until.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
