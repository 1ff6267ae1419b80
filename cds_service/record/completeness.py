"""How much of one prefetch key is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from cds_service.base.kinds import Need

State = Literal["obtained", "none", "incomplete", "not-obtained"]
# Prefetch keys, and the day (YYYY-MM-DD) back to which each must be known; None: whole.
Wanted = Mapping[Need, str | None]

_NEVER_COMES = frozenset({"absent", "scope", "context", "server-not-allowed", "forbidden", "not-found", "gone"})


class Completeness(msgspec.Struct, frozen=True):
    """How much of one prefetch key is known. ``back_to``: an incomplete newest-first page covers all since this day."""

    state: State
    cause: str | None = None  # absent | failed | unreadable | more-pages
    back_to: str | None = None  # YYYY-MM-DD

    @property
    def failed(self) -> bool:
        """Whether it was asked for in vain, where it could have come: what nobody sent, no token allows, or a server
        does not have, is missing every time, and no failure."""
        return self.state == "not-obtained" and self.cause is not None and self.cause not in _NEVER_COMES

    def known_since(self, since: str | None) -> bool:
        """Whether it is known, at least back to ``since`` (YYYY-MM-DD; None: all of it)."""
        if self.state == "incomplete":
            return since is not None and self.back_to is not None and self.back_to < since
        return self.state != "not-obtained"
