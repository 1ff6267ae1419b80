"""The present, asked once, at the edge."""

from __future__ import annotations

from datetime import datetime


def local_now() -> datetime:
    """The present, in the time zone of the server (set TZ to the hospital's)."""
    return datetime.now().astimezone()
