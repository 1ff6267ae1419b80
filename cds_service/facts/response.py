"""Sizes of bone lesions compared: the newest day against the first and against the smallest, over the same lesions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

from cds_service.facts.lesions import Appeared
from cds_service.facts.sites import BoneSite
from cds_service.facts.sizes import Size, Sizes, per_cent
from cds_service.facts.skeleton import Sign

__all__ = ["Compared", "New", "Sum", "Why", "appeared", "compare", "per_cent", "reported_new"]

New = Sign | Appeared  # a diagnosis, or the words of a report
Why = Literal["not-measured", "one-diameter", "too-old", "one-date", "too-close", "unmatched"]


@dataclass(frozen=True, slots=True)
class Sum:
    """Over the lesions compared, on one day: of the products of their axes (mm²), and of both diameters (mm)."""

    day: date
    products: Fraction
    diameters: Fraction


@dataclass(frozen=True, slots=True)
class Compared:
    """``lesions``: those measured on the newest day and at baseline. ``unmatched``: measured on the newest day only."""

    lesions: tuple[Size, ...]
    unmatched: tuple[Size, ...]
    baseline: Sum
    nadir: Sum
    newest: Sum


def compare(sizes: Sizes, today: date, window: int, apart: int) -> Compared | Why:
    """The comparison, or why there is none. ``window``: how old the newest day may be; ``apart``: days to the other."""
    if not sizes.all:
        return "one-diameter" if any(left.why == "one-diameter" for left in sizes.left_out) else "not-measured"
    newest = max((day for day in sizes.days if day <= today), default=None)
    if newest is None or newest < today - timedelta(days=window):
        return "too-old"
    now = sizes.on(newest)
    if len(sizes.days) == 1:
        return "one-date"
    earlier = [day for day in sizes.days if day <= newest - timedelta(days=apart)]
    if not earlier:
        return "too-close"
    baseline = next((day for day in earlier if now.keys() & sizes.on(day).keys()), None)
    if baseline is None:
        return "unmatched"
    used = sorted(now.keys() & sizes.on(baseline).keys())
    sums = [_sum(sizes, day, used) for day in earlier if set(used) <= sizes.on(day).keys()]
    return Compared(
        lesions=tuple(now[lesion] for lesion in used),
        unmatched=tuple(size for lesion, size in sorted(now.items()) if lesion not in used),
        baseline=sums[0],
        nadir=min(sums, key=lambda s: (s.products, s.day)),
        newest=_sum(sizes, newest, used),
    )


def _sum(sizes: Sizes, day: date, lesions: Iterable[str]) -> Sum:
    measured = sizes.on(day)
    chosen = [measured[lesion] for lesion in lesions]
    return Sum(day, Fraction(sum(s.product for s in chosen)), Fraction(sum(s.both for s in chosen)))


def appeared(metastases: Iterable[Sign], since: date | None, lag: int) -> tuple[Sign | None, Sign | None]:
    """The newest bone metastasis that is new, and the newest further entry that may be.

    New: recorded later than ``lag`` days after the first, and after ``since``, of a stated bone that no earlier entry
    is of. Without a stated bone, or beside an earlier entry without one, it is only possibly new.
    """
    dated = sorted((s for s in metastases if s.when is not None), key=lambda s: (s.when, s.ref))
    if not dated or dated[0].when is None:
        return None, None
    after = max(dated[0].when + timedelta(days=lag), since or date.min)
    known: list[BoneSite | None] = [s.site for s in dated if s.when is not None and s.when <= after]
    new = possible = None
    for sign in (s for s in dated if s.when is not None and s.when > after):
        if sign.site is None or sign.site.region == "unknown":
            possible = sign
        elif not any(site is None or sign.site.may_be(site) for site in known):
            new = sign
        elif any(site is None or site.region == "unknown" for site in known):
            possible = sign
        known.append(sign.site)
    return new, possible


def reported_new(
    told: Iterable[Appeared], metastases: Iterable[Sign], since: date | None, lag: int
) -> tuple[Appeared | None, Appeared | None]:
    """The newest words that a bone metastasis is new, and the newest that one may be, later than ``lag`` days after the
    first that is recorded, and after ``since``: the report that found the first one calls it new as well."""
    first = min((s.when for s in metastases if s.when is not None), default=None)
    if first is None:
        return None, None
    after = max(first + timedelta(days=lag), since or date.min)
    later = sorted((a for a in told if a.when and a.when > after), key=lambda a: (a.when, a.ref), reverse=True)
    return next((a for a in later if a.confirmed), None), next((a for a in later if not a.confirmed), None)
