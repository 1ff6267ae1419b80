"""The chapter of analgesics: what is taken now, since when opioids are, and all the acetaminophen of a day.

It looks at treatment on record and at the drafts of the call together; nothing is counted twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

from cds_service.base.kinds import DrugGroup, Missing, RequestText
from cds_service.facts.explained import Basis, Fact, reference
from cds_service.facts.opioids import Conversion, OpioidDaily
from cds_service.facts.portions import Daily, Portion
from cds_service.facts.subjects import DrugOrder, Orders
from cds_service.facts.treatment import KEYS as TREATMENT_KEYS
from cds_service.facts.treatment import DrugUse, Treatment
from cds_service.facts.window import within

KEYS = TREATMENT_KEYS
WINDOW = "order-stands"
BASIS = Basis(windows=(WINDOW,))
ACETAMINOPHEN: DrugGroup = "acetaminophen"
OPIOID: DrugGroup = "opioid"
NON_OPIOID: tuple[DrugGroup, ...] = ("nsaid", "acetaminophen")
ANY: tuple[DrugGroup, ...] = (*NON_OPIOID, OPIOID)

Origin = Literal["draft", "request", "statement", "administration"]


@dataclass(frozen=True, slots=True)
class Counted:
    """One product in a day's sum. ``mg``: None where it is not known, and ``why``."""

    text: RequestText
    origin: Origin
    mg: Fraction | None
    why: str | None = None
    as_needed: bool = False
    held: bool = False
    when: date | None = None


@dataclass(frozen=True, slots=True)
class DaySum:
    """``counted``: what is added. ``twice``: the same thing told again. ``stale``: prescriptions so old, and without an
    end or a refill, that they are left out."""

    counted: tuple[Counted, ...] = ()
    twice: tuple[Counted, ...] = ()
    stale: tuple[Counted, ...] = ()

    @property
    def total(self) -> Fraction:
        """mg a day of all that is known: with unknown parts it is the least."""
        return sum((c.mg for c in self.counted if c.mg), Fraction(0))

    @property
    def unknown(self) -> tuple[Counted, ...]:
        return tuple(c for c in self.counted if c.mg is None)

    @property
    def why_unknown(self) -> tuple[Missing, ...]:
        return tuple(Missing("acetaminophen-dose", c.why or "dose-unknown", c.text, c.when) for c in self.unknown)


@dataclass(frozen=True)
class Analgesics:
    """All analgesics, of the record and of the drafts. ``stands``: for so many days an order without an end counts."""

    treatment: Treatment
    orders: Orders
    conversion: Conversion
    stands: int

    @property
    def today(self) -> date:
        return self.treatment.today

    def taken(self, groups: Iterable[DrugGroup], days: int) -> tuple[DrugUse, ...]:
        """What is active of these groups: as needed counts, on the skin and against clots does not."""
        return self.treatment.taking(groups, days)

    @property
    def table(self) -> str:
        """Whose table converts opioids."""
        return self.conversion.name

    @property
    def own_table(self) -> bool:
        """Whether that is the site's own table."""
        return self.conversion.own

    def opioids(self, days: int, *, regular: bool) -> tuple[DrugUse | DrugOrder, ...]:
        """The opioids that go on or are ordered, regular or only as needed; drafts first. A draft of one dose is
        none that goes on, unless it is injected: that may be the filling of a pump."""
        drafts = (o for o in self.orders.drugs(OPIOID) if not (o.single and o.daily and o.daily.form != "parenteral"))
        found: list[DrugUse | DrugOrder] = [*drafts, *self.taken((OPIOID,), days)]
        return tuple(each for each in found if (each.daily is not None and each.daily.as_needed) is not regular)

    @property
    def stopped_opioids(self) -> tuple[DrugOrder, ...]:
        """The drafts that end an opioid."""
        return tuple(o for o in self.orders if isinstance(o, DrugOrder) and o.stops and OPIOID in o.groups)

    def stopped_since(self, order: DrugOrder, gap: int) -> date | None:
        """Since when the opioid that a draft ends was taken; None where no record says when it began."""
        began = None if order.forbids else order.authored
        on, since = self.on_opioid_since(gap)
        return min((day for day in (began, since if on else None) if day), default=None)

    def whether_taken(self, last: date) -> tuple[Missing, ...]:
        """That nothing newer than a day says whether the drug is taken."""
        return (Missing("opioid-taken", "too-old", None, last),)

    def on_opioid_since(self, gap: int) -> tuple[bool, date | None]:
        """Whether an opioid is taken now without a gap of more days, and since when (None: its start is not known)."""
        spans = sorted(self._spans(), key=lambda span: span[1], reverse=True)
        start, known, found = self.today, True, False
        for first, last in spans:
            if (start - last).days > gap:
                break
            found = True
            known = known and first is not None
            start = min(start, first or last)
        return found, start if found and known else None

    def _spans(self) -> Iterator[tuple[date | None, date]]:
        """From when to when each opioid on record was taken.

        FHIR's prescription has no day on which it was stopped. One that ended and says no day lasted until the next of
        the same drug began, for so a dose is raised, but no longer than any order stands. Another drug may have come
        long after it.
        """
        uses = self.treatment.ever((OPIOID,))
        for use in uses:
            if use.active and use.kind != "administration":
                yield use.when, self.today
            elif use.when:
                last = use.until or (self._next(use, uses) if use.ended and use.kind != "administration" else None)
                yield use.when, min(last or use.when, self.today)

    def _next(self, use: DrugUse, uses: Iterable[DrugUse]) -> date | None:
        """The day on which the next record of the same opioid begins, as far as an order stands."""
        start = use.when
        if start is None:
            return None
        own = _opioids(use)
        later = min((u.when for u in uses if u.when and u.when > start and own & _opioids(u)), default=None)
        return min(later, start + timedelta(days=self.stands)) if later else None

    def last_told(self, order: DrugOrder) -> date | None:
        """The newest day on which anything says that the drug of an order was prescribed or taken."""
        days = [u.when for u in self.treatment.uses if u.when and _same(u, order)]
        return max((*days, *((order.authored,) if order.authored else ())), default=None)

    def daily_opioid(self, orders: Iterable[DrugOrder], *, regular: bool) -> OpioidDaily:
        """The opioids of these orders in oral morphine; ``regular`` without what is as needed."""
        return self.conversion.daily(orders, regular=regular)

    # Acetaminophen

    def acetaminophen(self, given_days: int, stale_days: int) -> DaySum:
        """Of all products a day. ``given_days``: how long an administration without a prescription counts;
        ``stale_days``: how old a prescription without an end or refills may be."""
        drafts = [o for o in self.orders.all if isinstance(o, DrugOrder) and ACETAMINOPHEN in o.groups]
        ordered, stopped = [o for o in drafts if not o.stops], [o for o in drafts if o.stops]
        uses = [u for u in self.treatment.uses if ACETAMINOPHEN in u.groups and not _ended_by(u, drafts, stopped)]
        requests = [u for u in uses if u.kind == "request" and u.active]
        stale = [u for u in requests if self._stale(u, stale_days)]
        counted = [_counted(o, "draft", o.authored) for o in ordered]
        twice: list[Counted] = []
        seen = [(_key(o), o.authored) for o in ordered]
        for use in (u for u in requests if u not in stale):
            again = any(key and key == _key(use) and day == use.when for key, day in seen)
            (twice if again else counted).append(_counted(use, "request", use.when))
        prescribed: list[DrugOrder | DrugUse] = [*ordered, *requests]
        keys = {key for each in prescribed if (key := _key(each))}
        for use in (u for u in uses if u.kind == "statement" and u.active):
            (twice if _key(use) in keys else counted).append(_counted(use, "statement", use.when))
        known = {_ingredients(each) for each in prescribed}
        given = [u for u in uses if u.kind == "administration" and within(u.when, self.today, given_days)]
        counted += self._given([u for u in given if _ingredients(u) not in known])
        return DaySum(tuple(counted), tuple(twice), tuple(_counted(u, "request", u.when) for u in stale))

    def _stale(self, use: DrugUse, days: int) -> bool:
        return (
            use.when is not None
            and use.until is None
            and not use.refills
            and use.when < self.today - timedelta(days=days)
        )

    def _given(self, uses: Sequence[DrugUse]) -> Iterator[Counted]:
        """Administrations of a drug that nothing prescribes: the day on which most was given."""
        by_drug: dict[frozenset[str], list[DrugUse]] = defaultdict(list)
        for use in uses:
            by_drug[_ingredients(use)].append(use)
        for same in by_drug.values():
            by_day: dict[date | None, list[Portion]] = defaultdict(list)
            for use in same:
                by_day[use.when].append(_portion(use.daily))
            unread = next((p.why for ps in by_day.values() for p in ps if p.dose is None), None)
            day, most = max(
                ((day, sum((p.dose or Fraction(0) for p in ps), Fraction(0))) for day, ps in by_day.items()),
                key=lambda each: (each[1], each[0] or date.min),
            )
            if unread and not most:
                yield Counted(same[0].text, "administration", None, unread, when=day)
            else:
                yield Counted(same[0].text, "administration", most, when=day)
                if unread:
                    yield Counted(same[0].text, "administration", None, unread, when=day)


def _portion(daily: Daily | None) -> Portion:
    """The acetaminophen of a product; one without a dose where nothing was read."""
    found = daily and next(daily.of(ACETAMINOPHEN), None)
    return found or Portion(ACETAMINOPHEN, ACETAMINOPHEN, why="dose-unknown")


def _counted(each: DrugOrder | DrugUse, origin: Origin, when: date | None) -> Counted:
    portion = _portion(each.daily)
    as_needed = bool(each.daily and each.daily.as_needed)
    return Counted(each.text, origin, portion.most, portion.why, as_needed, each.held, when)


def _opioids(use: DrugUse) -> frozenset[str]:
    return frozenset(p.ingredient for p in (use.daily or Daily()).of(OPIOID))


def _ingredients(each: DrugOrder | DrugUse) -> frozenset[str]:
    """What tells two products of one kind: their active ingredients."""
    return frozenset(p.ingredient for p in (each.daily or Daily()).portions) | frozenset(each.drugs)


def _key(each: DrugOrder | DrugUse) -> tuple[frozenset[str], Fraction, Fraction] | None:
    """The same product in the same dose; None where the dose is not known, for then it is the same as nothing."""
    portion = _portion(each.daily)
    if portion.most is None or portion.dose is None:
        return None
    return _ingredients(each), portion.most, portion.dose


def _same(use: DrugUse, order: DrugOrder) -> bool:
    return bool(_ingredients(use) & _ingredients(order))


def _ended_by(use: DrugUse, drafts: Sequence[DrugOrder], stopped: Sequence[DrugOrder]) -> bool:
    """Whether a draft takes the place of a record of treatment, or ends it."""
    ref = str(use.ref)
    if any(ref in order.replaces for order in drafts):
        return True
    same = [order for order in stopped if _ingredients(order) == _ingredients(use)]
    return any(order.forbids or use.kind != "request" for order in same)


def identical(order: DrugOrder, other: DrugOrder | DrugUse) -> bool:
    """Whether two are one product in one dose."""
    key = _key(order)
    return key is not None and key == _key(other)


def explained(analgesics: Analgesics) -> Iterator[Fact]:
    """How much a day of each active ingredient: of the drafts, then of the record."""
    drafts = (o for o in analgesics.orders.all if isinstance(o, DrugOrder))
    both: tuple[DrugOrder | DrugUse, ...] = (*drafts, *analgesics.treatment.uses)
    for each in both:
        for portion in each.daily.portions if each.daily else ():
            data = {"each": each, "portion": portion, "daily": each.daily, "draft": isinstance(each, DrugOrder)}
            ref = None if each.ref is None else reference(each.ref)
            yield Fact("analgesic", data, portion.most, None if portion.most is None else "mg/d", ref=ref)
