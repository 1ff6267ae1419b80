"""One thing per process: what must not be shared across a fork (connections), made when a process first needs it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """Makes its thing once in each process, whichever thread asks first."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: dict[int, T] = {}
        self._lock = threading.Lock()

    def get(self) -> T:
        """The thing of this process."""
        made = self._made.get(os.getpid())
        if made is not None:
            return made
        with self._lock:
            return self._made.get(os.getpid()) or self._made.setdefault(os.getpid(), self._make())

    def take(self) -> T | None:
        """The thing of this process, which it has no longer; None when it has none."""
        return self._made.pop(os.getpid(), None)
