"""What was read from a FHIR server, before anybody knows what it means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer to one need: JSON bodies in the order read (each a Bundle, or one resource).

    ``complete``: all there is was read. Else ``cause`` says why not, and ``pages`` holds what came before.
    """

    pages: tuple[bytes, ...]
    complete: bool
    cause: str | None  # of ``fetch.failure.Cause``
