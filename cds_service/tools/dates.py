"""How old a request is: every look-back counts from now, and a file that was kept for a year says nothing today."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from cds_service.knowledge.model import Parameter

_DATE = re.compile(rb'"(\d{4}-\d{2}-\d{2})(?=["T])')
_DAYS = "d"


def newest(body: bytes) -> date | None:
    """The latest date that stands in a request, as its first ten characters say it; None: there is none."""
    # ISO dates sort as text; what is no date of the calendar is none.
    for text in sorted({match.group(1) for match in _DATE.finditer(body)}, reverse=True):
        try:
            return date.fromisoformat(text.decode())
        except ValueError:
            continue
    return None


def all_old(body: bytes, now: datetime, windows: Iterable[Parameter]) -> str | None:
    """Words, when every date of a request lies before the shortest look-back; else None."""
    last = newest(body)
    days = min((window.value for window in windows if window.unit == _DAYS), default=None)
    if last is None or days is None or now.date() - last <= timedelta(days=float(days)):
        return None
    age = (now.date() - last).days
    return (
        f"every date of this request is old: the newest is {last}, {age} days before now, and look-backs count from "
        f"now. To ask as of then: --at {last}. A shipped situation with its dates moved to today: "
        "cds-service fixture NAME | cds-service check -"
    )
