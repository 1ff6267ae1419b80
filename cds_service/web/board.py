"""What a supervisor and its workers tell each other: times in shared memory, which needs no descriptor and no system
call, so that it also works when there is nothing left of either."""

from __future__ import annotations

import mmap
import struct

_TIME = struct.Struct("d")  # eight aligned bytes: written and read whole


class Board:
    """A number for the server, and one for each place a worker may hold. Made before the fork, shared by all.

    Times are seconds of ``time.monotonic``, which counts for the whole machine; 0.0 is *not yet*.
    """

    def __init__(self, places: int) -> None:
        self.places = range(1, places + 1)
        self._memory = mmap.mmap(-1, _TIME.size * (places + 1))

    @property
    def leaving(self) -> bool:
        """Whether the server was told to stop, and a load balancer should send nobody any more."""
        return self._read(0) > 0

    def leave(self, now: float) -> None:
        self._write(0, now)

    def beat(self, place: int, now: float) -> None:
        """The worker at this place is well."""
        self._write(place, now)

    def beaten(self, place: int) -> float:
        """When the worker at this place was last well."""
        return self._read(place)

    def _read(self, place: int) -> float:
        found: float = _TIME.unpack_from(self._memory, place * _TIME.size)[0]
        return found

    def _write(self, place: int, value: float) -> None:
        _TIME.pack_into(self._memory, place * _TIME.size, value)
