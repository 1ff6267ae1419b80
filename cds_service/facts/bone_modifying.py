"""The chapter of treatment with bone-modifying drugs: who is known to be treated, since when, and with what.

Known to be treated is whoever has an active prescription or statement, or was given a dose within the window: infusions
are often single orders that are carried out and done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from cds_service.base.kinds import DrugGroup
from cds_service.facts.explained import Basis, Fact, reference
from cds_service.facts.treatment import KEYS, DrugUse, Treatment
from cds_service.facts.window import within

__all__ = ["KEYS", "BoneModifying", "Course"]

GROUPS: tuple[DrugGroup, ...] = ("bisphosphonate", "rankl-inhibitor")
WINDOW = "bma-treated"
BASIS = Basis(windows=(WINDOW,))


@dataclass(frozen=True, slots=True)
class Course:
    """A run of treatment without a long gap. ``drugs``: in the order in which they were first given."""

    start: date
    end: date
    drugs: tuple[DrugUse, ...]


@dataclass(frozen=True)
class BoneModifying:
    """``days``: how long a dose stands for treatment."""

    treatment: Treatment
    days: int

    @cached_property
    def uses(self) -> tuple[DrugUse, ...]:
        """What the patient is known to be treated with, newest first; of each drug the latest record."""
        taken = self.treatment.taking(GROUPS, self.days, lapsed=self.days)
        given = [u for u in self.treatment.ever(GROUPS) if self._given(u)]
        latest: dict[tuple[tuple[str, ...], str], DrugUse] = {}
        for use in sorted({*taken, *given}, key=lambda u: (u.when or date.min, u.ref), reverse=True):
            latest.setdefault((use.drugs, use.product.use), use)
        return tuple(latest.values())

    def _given(self, use: DrugUse) -> bool:
        dose = use.kind == "administration" or use.carried_out
        return dose and use.counts and within(use.when, self.treatment.today, self.days)

    def oncology(self, *groups: DrugGroup) -> tuple[DrugUse, ...]:
        """Those of these groups (none: of all) that are not products of osteoporosis."""
        wanted = frozenset(groups or GROUPS)
        return tuple(u for u in self.uses if wanted & u.groups and u.product.use != "osteoporosis")

    def held(self, use: DrugUse) -> bool:
        """Whether its drug is on hold: every prescription that still stands is."""
        standing = [u for u in self.treatment.taking(use.groups, 0) if u.kind == "request" and u.drugs == use.drugs]
        return bool(standing) and all(u.held for u in standing)

    def last_dose(self, use: DrugUse) -> date | None:
        """The day on which its drug was last given; None: no dose is on record."""
        return self.treatment.last_dose(use.drugs)

    @property
    def earlier(self) -> date | None:
        """The last day of an earlier treatment: of a dose, else of a prescription that ended."""
        uses = [u for u in self.treatment.ever(GROUPS) if u.product.use != "osteoporosis"]
        doses = [u.when for u in uses if u.when and (u.kind == "administration" or u.carried_out)]
        return max(doses or [u.when for u in uses if u.when and u.ended], default=None)

    def courses(self, gap: int, *groups: DrugGroup) -> tuple[Course, ...]:
        """The runs of treatment with these groups (none: with all), oldest first; more than ``gap`` days between two
        end one."""
        runs: list[list[tuple[date, date, DrugUse]]] = []
        for span in sorted(self._spans(groups or GROUPS), key=lambda s: (s[0], s[2].ref)):
            if runs and span[0] - max(end for _, end, _ in runs[-1]) <= timedelta(days=gap):
                runs[-1].append(span)
            else:
                runs.append([span])
        return tuple(_course(run) for run in runs)

    def _spans(self, groups: Iterable[DrugGroup]) -> Iterator[tuple[date, date, DrugUse]]:
        """First and last day of every record of a drug that is no product of osteoporosis."""
        for use in self.treatment.ever(groups):
            if use.when and use.when <= self.treatment.today and use.product.use != "osteoporosis":
                last = self.treatment.today if use.active and use.kind != "administration" else use.until or use.when
                yield use.when, min(max(last, use.when), self.treatment.today), use


def _course(run: Sequence[tuple[date, date, DrugUse]]) -> Course:
    first: dict[tuple[str, ...], DrugUse] = {}
    for _, _, use in run:
        first.setdefault(use.drugs, use)  # of a drug that comes back, the first record keeps its place
    return Course(run[0][0], max(end for _, end, _ in run), tuple(first.values()))


def explained(treated: BoneModifying) -> Iterator[Fact]:
    """What the patient is known to be treated with, since no longer ago than a dose stands for treatment."""
    for use in treated.uses:
        last = treated.last_dose(use)
        data = {"use": use, "last": last, "today": treated.treatment.today, "held": treated.held(use)}
        yield Fact("treated", data, when=last or use.when, ref=reference(use.ref), windows=BASIS.windows)
