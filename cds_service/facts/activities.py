"""The chapter of activities: examinations, treatments, consultations and referrals done, ordered or booked.

What each is, and which part of the body it is about, by code or by its words. Other chapters look at these: imaging,
local treatment, care. Appointments are read where they were sent; no topic asks for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from cds_service.base.kinds import RequestText
from cds_service.facts.explained import Basis, Fact, reference
from cds_service.facts.procedures import BOOKED, NOT_ORDERED, ORDERED
from cds_service.facts.reasons import referred
from cds_service.facts.requests import place_of
from cds_service.facts.sites import BoneSite, Place, Side, SiteReader
from cds_service.facts.skeleton import given_site
from cds_service.facts.told import ago
from cds_service.facts.window import within
from cds_service.fhir.dates import day_of
from cds_service.fhir.examined import Appointment, Encounter
from cds_service.fhir.structs import CodeableConcept, Period, Procedure, ServiceRequest, many
from cds_service.fhir.undecoded import concepts, notes
from cds_service.knowledge.model import File
from cds_service.knowledge.terminology import Terminology
from cds_service.record.read import Record

KEYS = ("procedures", "serviceRequests")
WINDOW = "order-stands"
BASIS = Basis(windows=(WINDOW,))
REFERRALS = frozenset({"radiotherapy-referral", "surgical-referral"})
BIOPSIES = ("bone-biopsy", "biopsy")
RADIOTHERAPY = ("radiotherapy", "sbrt")
OPERATIONS = ("bone-surgery", "laminectomy", "spinal-stabilisation", "bone-augmentation")
STABILISING = ("spinal-stabilisation", "bone-augmentation")
How = Literal["done", "ordered", "booked"]
DONE = frozenset({"completed", "in-progress"})
HELD = frozenset({"finished", "completed", "in-progress", "arrived", "triaged", "onleave", "discharged"})
REQUESTED = ORDERED | {"draft"}
WAITING = BOOKED | {"proposed"}


class Timed(Protocol):
    """What was done, ordered or booked for a day."""

    @property
    def how(self) -> How: ...
    @property
    def when(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class Activity:
    """``what``: concepts of the code lists. ``told``: its words, its reasons' and its notes'. ``end``: its last day."""

    what: frozenset[str]
    how: How
    when: date | None
    place: Place
    text: RequestText
    ref: RequestText
    told: tuple[str, ...] = ()

    @property
    def site(self) -> BoneSite | None:
        return self.place.bone


@dataclass(frozen=True)
class Activities:
    """All of them; an active order counts ``stands`` days after it was written: forgotten ones stay active for ever."""

    all: tuple[Activity, ...]
    today: date
    stands: int

    def of(self, *what: str) -> tuple[Activity, ...]:
        return tuple(a for a in self.all if not a.what.isdisjoint(what))

    def bone_biopsy(self, since: date, sites: Sequence[BoneSite | None] = ()) -> Activity | None:
        """The latest biopsy of bone done since a day, or of one of these stated ``sites`` whenever it was done, or
        ordered or booked. A biopsy by its name alone is one of bone only where its place is one."""
        found = [a for a in self.of(*BIOPSIES) if "bone-biopsy" in a.what or a.site]
        counts = [
            a for a in found
            if (a.how != "done" and self.is_awaited(a))
            or (a.how == "done" and a.when and (a.when >= since or (a.site and a.site.is_one_of(sites))))
        ]  # fmt: skip
        return max(counts, key=lambda a: (a.when or date.max, a.ref), default=None)

    def treating(self, site: BoneSite | None, since: date, *what: str) -> Activity | None:
        """The latest of these of the same bone, or of one that is not stated closely enough to be another: done since
        a day, or ordered or booked since."""
        found = [
            a for a in self.of(*what)
            if self._may_treat(a, site) and (a.how != "done" if a.when is None else a.when >= since)
            and (a.how == "done" or self.is_awaited(a))
        ]  # fmt: skip
        return max(found, key=lambda a: (a.when or date.max, a.ref), default=None)

    def _may_treat(self, activity: Activity, site: BoneSite | None) -> bool:
        """A treatment counts only where it is said to be of bone; a referral unless it is for something else."""
        of_bone = activity.place.of_bone
        if of_bone == "no" or (of_bone == "unknown" and not activity.what & REFERRALS):
            return False
        return activity.site is None or activity.site.may_be(site)

    def done_of_bone(self, before: date, *what: str) -> Activity | None:
        """The latest of these of bone that was done on a day or before it."""
        done = (a for a in self.of(*what) if a.how == "done" and a.site and a.when and a.when <= before)
        return max(done, key=lambda a: (a.when or date.min, a.ref), default=None)

    def about(self, site: BoneSite | None, *what: str) -> tuple[Activity, ...]:
        """Those of these kinds that are of this bone, or of none that is stated closely enough to be another."""
        return tuple(a for a in self.of(*what) if a.place.of_bone != "no" and (a.site is None or a.site.may_be(site)))

    def arranged(self, days: int, *what: str, among: Iterable[Activity] | None = None) -> Activity | None:
        """The latest of these done in the last days, ordered and standing, or booked for today or later."""
        found = (a for a in (self.of(*what) if among is None else among) if self.is_arranged(a, days))
        return max(found, key=lambda a: (a.when or date.max, a.ref), default=None)

    def is_arranged(self, it: Timed, days: int) -> bool:
        """Whether it was done in the last days, or is awaited; something done without a date does not count."""
        return within(it.when, self.today, days) if it.how == "done" else self.is_awaited(it)

    def is_awaited(self, it: Timed) -> bool:
        """Whether what is ordered or booked is yet to come: an active order without a date is."""
        if it.when is None or it.when >= self.today:
            return True
        return it.how == "ordered" and within(it.when, self.today, self.stands)


class ActivityReader:
    """Reads activities with the code lists of procedures and body sites."""

    def __init__(self, terminology: Terminology, sites: SiteReader, record: Record) -> None:
        self._terminology, self._sites, self._record = terminology, sites, record

    def all(self) -> Iterator[Activity]:
        """Procedures, requests and appointments that are of a known kind."""
        for procedure in self._record.all(Procedure):
            yield from self._procedure(procedure)
        for request in self._record.all(ServiceRequest):
            yield from self._request(request)
        for appointment in self._record.all(Appointment):
            how: How | None = "done" if appointment.status == "fulfilled" else None
            how = "booked" if appointment.status in WAITING else how
            said = [*many(appointment.service_type), *many(appointment.reason_code), *many(appointment.reason)]
            said.append(CodeableConcept(text=appointment.description))
            yield from self._named(said, how, day_of(appointment.start), f"Appointment/{appointment.id or '?'}")

    def encounters(self) -> Iterator[Activity]:
        """Visits and stays that are of a known kind; a planned one is booked."""
        for each in self._record.all(Encounter):
            how: How | None = "done" if each.status in HELD else "booked" if each.status == "planned" else None
            when = _first_day(each.planned_start_date, each.period, each.actual_period)
            said = [*many(each.type), *many(each.service_type), *many(each.reason_code)]
            said += [value for reason in many(each.reason) for value in many(reason.value)]
            yield from self._named(said, how, when, f"Encounter/{each.id or '?'}")

    def what(self, concept: CodeableConcept | None) -> frozenset[str]:
        """The concepts of a code or name of a procedure."""
        if concept is None:
            return frozenset()
        codings = [(c.system, c.code, c.display) for c in concept.codings()]
        matches = self._terminology.match("procedure", codings, concept.codeable.text)
        return frozenset(m.concept for m in matches if "broad" not in m.flags)

    def _procedure(self, it: Procedure) -> Iterator[Activity]:
        how: How | None = "done" if it.status in DONE else "ordered" if it.status == "preparation" else None
        when = day_of(it.performed_date_time or it.occurrence_date_time)
        when = when or _last_day(it.performed_period or it.occurrence_period)
        yield from self._activity(it, how, when)

    def _request(self, it: ServiceRequest) -> Iterator[Activity]:
        if it.do_not_perform or it.intent in NOT_ORDERED:
            return
        how: How | None = "ordered" if it.status in REQUESTED else "done" if it.status == "completed" else None
        yield from self._activity(it, how, day_of(it.occurrence_date_time) or day_of(it.authored_on))

    def _activity(self, it: Procedure | ServiceRequest, how: How | None, when: date | None) -> Iterator[Activity]:
        if not how or it.code is None or not (what := self.what(it.code)):
            return
        more = many(it.order_detail) if isinstance(it, ServiceRequest) else []
        reasons = [
            *concepts(it.reason_code),
            *(c.codeable for c in concepts(it.reason)),
            *referred(it, self._record.referred),
        ]
        told = [t for c in (it.code, *more) for t in _words(c)] + notes(it.note)
        why = [t for c in reasons for t in _words(c)]
        place = place_of(self._sites, concepts(it.body_site), told, why, what)
        ref = f"{it.__struct_config__.tag}/{it.id or '?'}"
        yield Activity(what, how, when, place, RequestText(it.code.said()), RequestText(ref), (*told, *why))

    def _named(
        self, said: Iterable[CodeableConcept], how: How | None, when: date | None, ref: str
    ) -> Iterator[Activity]:
        for concept in said:
            if how and (what := self.what(concept)):
                told = tuple(_words(concept))
                place = self._sites.of((), told)
                yield Activity(what, how, when, place, RequestText(concept.said()), RequestText(ref), told)


def _words(concept: CodeableConcept) -> list[str]:
    told = (concept.codeable.text, *(c.display for c in concept.codings()))
    return list(dict.fromkeys(t for t in told if t))


def _last_day(period: Period | None) -> date | None:
    return day_of(period.end or period.start) if period else None


def _first_day(text: str | None, *periods: Period | None) -> date | None:
    return next((day for t in (*(p.start for p in periods if p), text) if (day := day_of(t))), None)


def explained(activities: Activities) -> Iterator[Fact]:
    """Each activity; how long an order counts stands beside those that are ordered."""
    for each in activities.all:
        windows = BASIS.windows if each.how == "ordered" else ()
        yield Fact("activity", {"activity": each}, when=each.when, ref=reference(each.ref), windows=windows)


class ActivityGiven(File, frozen=True):
    """An activity; ``days_ago`` below 0 lies ahead, left out: undated. ``elsewhere``: of another part of the body."""

    what: str
    how: How = "done"
    days_ago: int | None = None
    site: str | None = None
    side: Side | None = None
    levels: tuple[str, ...] = ()
    elsewhere: bool = False

    def told(self, number: int) -> Activity:
        place = Place(given_site(self.site, self.side, self.levels), self.elsewhere)
        ref = RequestText(f"Procedure/activity-{number}")
        return Activity(frozenset({self.what}), self.how, ago(self.days_ago), place, RequestText(self.what), ref)


class ActivitiesGiven(File, frozen=True):
    """What a case may say of activities."""

    activities: list[ActivityGiven] = []

    def told(self, today: date, stands: int) -> Activities:
        return Activities(tuple(a.told(n) for n, a in enumerate(self.activities)), today, stands)
