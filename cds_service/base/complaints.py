"""What stops a start: faults of content, site file and settings, each with its place and its remedy, all at once."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path


class StartFault(Exception):
    """Something the server does not start with. Its text says where, what is wrong, and what to write instead."""


class ContentError(StartFault):
    """A mistake in a file of ``cards/`` or in the site file: place, what is wrong, and the remedy."""

    def __init__(self, file: Path | str, line: int | None, what: str, remedy: str) -> None:
        place = f"{file}:{line}" if line else str(file)
        super().__init__(f"{place}: {what}. Remedy: {remedy}")
        self.file, self.line = str(file), line
        self.what, self.remedy = what, remedy


class SettingsError(StartFault):
    """A setting cannot be used. ``name`` is the variable, ``what`` is wrong with it, ``remedy`` says what to write."""

    def __init__(self, name: str, what: str, remedy: str) -> None:
        super().__init__(f"{name}: {what}. {remedy}")
        self.name = name
        self.what = what
        self.remedy = remedy


class StartRefused(StartFault):
    """Every fault found at a start, a line each."""

    def __init__(self, faults: Iterable[StartFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


class Faults:
    """Collects the faults of a start, so that one run names them all."""

    def __init__(self) -> None:
        self.found: list[StartFault] = []

    def add(self, fault: StartFault) -> None:
        """Note a fault; one that was noted before is one fault."""
        each = fault.faults if isinstance(fault, StartRefused) else (fault,)
        said = {str(f) for f in self.found}
        self.found += [f for f in each if str(f) not in said]

    def noted(self) -> AbstractContextManager[None, bool]:
        """A fault raised inside is noted, and what follows goes on."""
        return _Noted(self)

    def stop(self) -> None:
        """Raise what was found: a single fault as itself, several as ``StartRefused``."""
        if len(self.found) == 1:
            raise self.found[0]
        if self.found:
            raise StartRefused(self.found)


class _Noted(AbstractContextManager[None, bool]):
    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, StartFault):
            return False
        self._faults.add(error)
        return True
