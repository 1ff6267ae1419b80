"""Times as a command is given them."""

from __future__ import annotations

from datetime import datetime

import click

from cds_service.base.clock import local_now


def time_of(text: str | None) -> datetime:
    """The time of ``--at``; without one the present. Raises ``BadParameter``."""
    if text is None:
        return local_now()
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("not an ISO 8601 time, like 2026-03-02T09:00", param_hint="--at") from None
    return time if time.tzinfo else time.astimezone()
