"""What clearance and calcium share: the results of one analyte seen through a look-back window."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from cds_service.base.kinds import Missing
from cds_service.facts.results import Reading, Result, Results, Unusable


def within(day: date | None, today: date, days: int) -> bool:
    """Whether a day lies in the window; both ends count."""
    return day is not None and today - timedelta(days=days) <= day <= today


def months_after(day: date, months: int) -> date:
    """The same day so many months later; where that month is too short, its last day."""
    years, month = divmod(day.month - 1 + months, 12)
    last = monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last))


def readings(results: Results, analyte: str) -> Iterator[Reading]:
    """The usable results of an analyte, newest first."""
    return (r for r in results.get(analyte, ()) if isinstance(r, Reading))


def since(results: Results, analyte: str, today: date, days: int) -> Iterator[Reading]:
    """The usable results in the window, newest first. What lies before it is not read."""
    for reading in readings(results, analyte):
        if not within(reading.when, today, days):
            if reading.when <= today:
                return
            continue
        yield reading


def newest(results: Results, analyte: str, today: date, days: int) -> Reading | None:
    """The newest usable result in the window."""
    return next(since(results, analyte, today, days), None)


def newer_unusable(
    what: str, analyte: str, results: Results, than: date, at: datetime | None = None
) -> Iterator[Missing]:
    """Results newer than the one that counts, which cannot be used: the reader must know they are there. Of the same
    day only what is surely later, by the time of both (``at``): a result is often sent twice."""
    for result in results.get(analyte, ()):
        if result.when is None or result.when < than:
            break  # they are sorted, those without a day last
        if isinstance(result, Unusable) and (result.when > than or (at and result.at and result.at > at)):
            yield Missing(what, result.why, result.shown, result.when)
    yield from _maybe_newer(what, results.get(analyte, ()), than)


def _maybe_newer(what: str, results: Sequence[Result], than: date) -> Iterator[Missing]:
    """One without a day may be newer too; one of each kind is enough to say so."""
    found: dict[str, Missing] = {}
    for result in reversed(results):
        if result.when is not None:
            break
        if isinstance(result, Unusable) and (result.until is None or result.until > than):
            found[result.why] = Missing(what, result.why, result.shown)
    yield from found.values()


def reasons(what: str, analyte: str, results: Results, today: date, days: int) -> Iterator[Missing]:
    """Why an analyte without a usable result in the window has none; nothing when it is not on record at all.

    One reason of each kind, the newest first: results in the window (or without a day, or dated after now) that cannot
    be used; only when there is none of those, the newest one that is too old.
    """
    found: dict[str, Missing] = {}
    for result in results.get(analyte, ()):
        if isinstance(result, Unusable) and (result.when is None or result.when >= today - timedelta(days=days)):
            found.setdefault(result.why, Missing(what, result.why, result.shown, result.when))
    yield from found.values()
    older = [r for r in results.get(analyte, ()) if r.when is not None and r.when <= today]
    if older and not found:
        yield Missing(what, "too-old", older[0].shown, older[0].when)
