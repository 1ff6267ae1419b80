"""FHIR dates as written.

The day is the record's own: a result of 23:30+08:00 belongs to that calendar day wherever this server stands. A date
given as year or year and month only names no day: it is read as no date, and the reader of it says why.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

# A FHIR instant to the nanosecond has 35 characters.
LONGEST = 64


class Moment(NamedTuple):
    """A day and, where stated, the time (without a zone when the record gave none)."""

    day: date
    at: datetime | None


def moment_of(text: str | None) -> Moment | None:
    """Day and time of a FHIR date, dateTime or instant; None when it names no day or cannot be read."""
    if text is None or (length := len(text)) > LONGEST:
        return None
    if length > 10 and text[4] == text[7] == "-" and text[10] == "T":  # the usual form, in one step
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            pass
        else:
            return Moment(at.date(), at)
    text = text.strip()
    day = _day(text[:10])
    if day is None or (len(text) > 10 and text[10] not in "T "):
        return None
    return Moment(day, _time(text))


def day_of(text: str | None) -> date | None:
    """The day of a FHIR date, dateTime or instant; None when it names no day or cannot be read."""
    moment = moment_of(text)
    return moment.day if moment else None


def age_on(birth: date, day: date) -> int:
    """Whole years on a day; whoever was born on 29 February turns a year older on 1 March of a common year."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _day(text: str) -> date | None:
    # fromisoformat also takes forms that FHIR has not (20261124, 2026-W48-2).
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _time(text: str) -> datetime | None:
    """The time of day; unreadable times (a leap second, 24:00) leave the day standing."""
    if len(text) <= 10:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
