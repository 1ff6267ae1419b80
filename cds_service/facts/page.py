"""What every page of facts is, whatever chapters it has: the moment, the drafts of the call, what was not obtained."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Self

from cds_service.base.kinds import Elapsed, Missing, Need
from cds_service.facts.subjects import Orders
from cds_service.facts.window import months_after, within


class Page:
    """``now`` is aware; ``orders``: all drafts of the call.

    ``gaps``: prefetch key -> why it is not (wholly) known; empty when everything asked for was answered. ``failed``:
    those of them that were asked for in vain.
    """

    now: datetime
    orders: Orders
    gaps: Mapping[Need, Missing]
    failed: frozenset[Need]

    @classmethod
    def told(cls, now: datetime, **members: Any) -> Self:
        """Facts that nobody read: of a case, or of a test. A chapter that is not told is an ``AttributeError``."""
        facts = cls.__new__(cls)
        vars(facts).update({"now": now, "orders": Orders(), "gaps": {}, "failed": frozenset()} | members)
        return facts

    def but(self, **members: Any) -> Self:
        """The same facts, some told otherwise."""
        facts = type(self).__new__(type(self))
        vars(facts).update(vars(self) | members)
        return facts

    @property
    def today(self) -> date:
        return self.now.date()

    def within(self, day: date | None, days: int) -> bool:
        """Whether a day lies in the look-back window; both ends count, the future does not."""
        return within(day, self.today, days)

    def days_since(self, day: date) -> Elapsed:
        """Days between a day and today."""
        return Elapsed((self.today - day).days)

    def months_since(self, day: date) -> Elapsed:
        """Whole calendar months between a day and today."""
        months = (self.today.year - day.year) * 12 + self.today.month - day.month
        return Elapsed(months - (1 if self.today.day < day.day else 0))

    def longer_than(self, months: int, day: date) -> bool:
        """Whether more than so many calendar months have passed since a day."""
        return self.today > months_after(day, months)

    def lacking(self, *needs: Need) -> tuple[Missing, ...]:
        """Which of these needs were not obtained, are incomplete, or hold drugs that nobody can read."""
        return tuple(found for need in needs if (found := self.gaps.get(need) or self._unread(need)))

    def lacking_within(self, days: int, *needs: Need) -> tuple[Missing, ...]:
        """Which of these needs are not known as far back as a window reaches."""
        start = self.today - timedelta(days=days)
        return tuple(m for m in self.lacking(*needs) if not (m.why == "incomplete" and m.when and m.when < start))

    def _unread(self, need: Need) -> Missing | None:
        """What of a need nobody can read."""
        raise NotImplementedError(need)
