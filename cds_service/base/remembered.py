"""What the same bytes mean, worked out once. They come from outside, so what is remembered of them is bounded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 4096  # wordings
LONGEST = 4096  # bytes of one


class Remembered(Generic[T]):
    """Meanings by the bytes they are said in."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[bytes, T] = {}

    def of(self, said: bytes, read: Callable[[], T]) -> T:
        """What ``read`` gives, asked only where these bytes were not met before. Raises what it raises."""
        known = self._known.get(said)
        if known is None:
            known = read()
            if len(said) <= LONGEST:
                if len(self._known) >= MOST:
                    self._known.clear()
                self._known[said] = known
        return known
