"""How much of one prefetch key is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from cds_service.base.kinds import Need

State = Literal["obtained", "none", "incomplete", "not-obtained"]
# Prefetch keys, and the day (YYYY-MM-DD) back to which each must be known; None: whole.
Wanted = Mapping[Need, str | None]


class Completeness(msgspec.Struct, frozen=True):
    """How much of one prefetch key is known. ``back_to``: an incomplete newest-first page covers all since this day."""

    state: State
    cause: str | None = None  # absent | failed | unreadable | more-pages
    back_to: str | None = None  # YYYY-MM-DD

    @property
    def failed(self) -> bool:
        """Whether it was asked for and did not come; what nobody sent, or a token does not allow, was not asked for."""
        return self.state == "not-obtained" and self.cause not in (None, "absent", "scope")

    def known_since(self, since: str | None) -> bool:
        """Whether it is known, at least back to ``since`` (YYYY-MM-DD; None: all of it)."""
        if self.state == "incomplete":
            return since is not None and self.back_to is not None and self.back_to < since
        return self.state != "not-obtained"
