"""The chapter of skeletal-related events: what happened to the skeleton, each once.

A pathological fracture, a compression of the cord, an operation or radiotherapy of bone, hypercalcaemia. Bone pain is
none. One event leaves several traces (the fracture, its operation, the radiotherapy after it): those of one kind, or of
a fracture or compression and what treats it, that may be of one bone and lie close together, are one event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from cds_service.base.kinds import RequestText
from cds_service.facts.activities import KEYS as ACTIVITY_KEYS
from cds_service.facts.activities import Activities
from cds_service.facts.calcium import HYPERCALCAEMIA_KEYS, Calcium
from cds_service.facts.calcium import LOOK_BACK as CALCIUM_LOOK_BACK
from cds_service.facts.diagnoses import Diagnoses
from cds_service.facts.explained import Basis, Fact, reference
from cds_service.facts.sites import BoneSite
from cds_service.facts.skeleton import CORD, METASTASIS, Skeleton
from cds_service.knowledge.measurements import Measurements

Kind = Literal["fracture", "cord-compression", "bone-surgery", "bone-radiotherapy", "hypercalcaemia"]
KEYS = tuple(dict.fromkeys((*ACTIVITY_KEYS, *HYPERCALCAEMIA_KEYS)))
LOOK_BACK = CALCIUM_LOOK_BACK
WINDOW, BEFORE = "same-event", "event-before-metastasis"
BASIS = Basis(windows=(WINDOW, BEFORE))
FRACTURE, HYPERCALCAEMIA = "pathological-fracture", "hypercalcaemia"
OPERATIONS = ("bone-surgery", "laminectomy", "spinal-stabilisation", "bone-augmentation")
RADIOTHERAPY = ("radiotherapy", "sbrt")
# What is treated, and what may be its treatment; the vertebra and the cord beside it.
TOGETHER: frozenset[frozenset[Kind]] = frozenset({
    frozenset({"fracture", "bone-surgery"}), frozenset({"fracture", "bone-radiotherapy"}),
    frozenset({"cord-compression", "bone-surgery"}), frozenset({"cord-compression", "bone-radiotherapy"}),
    frozenset({"fracture", "cord-compression"}),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trace:
    """One record of an event. ``again``: a diagnosis of a visit, which may be written anew at each."""

    kind: Kind
    site: BoneSite | None
    when: date
    ref: RequestText
    again: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """``traces``: the earliest first, which gives the event its kind and its day."""

    traces: tuple[Trace, ...]

    @property
    def kind(self) -> Kind:
        return self.traces[0].kind

    @property
    def when(self) -> date:
        return self.traces[0].when

    @property
    def site(self) -> BoneSite | None:
        """The first that is stated."""
        return next((t.site for t in self.traces if t.site), None)

    @property
    def also(self) -> tuple[Kind, ...]:
        """What else belongs to it."""
        return tuple(k for k in dict.fromkeys(t.kind for t in self.traces) if k != self.kind)


@dataclass(frozen=True, slots=True)
class Events:
    """All, the earliest first. ``days``: within which traces are one event."""

    all: tuple[Event, ...]
    days: int

    @property
    def second(self) -> tuple[Event, Event] | None:
        """The newest event and the one before it; None: there are not two."""
        return (self.all[-1], self.all[-2]) if len(self.all) > 1 else None


def events(
    skeleton: Skeleton, activities: Activities, diagnoses: Diagnoses, calcium: Calcium, measurements: Measurements
) -> Events:
    """From the day of the first bone metastasis on, and a little before it; what has no day is nobody's second."""
    days = measurements.days(WINDOW)
    first = min((s.when for s in skeleton.all if s.concept == METASTASIS and s.confirmed and s.when), default=date.min)
    since = first - timedelta(days=measurements.days(BEFORE)) if first > date.min else first
    traces = (*_conditions(skeleton, diagnoses), *_activities(activities), *_calcium(calcium))
    groups: list[list[Trace]] = []
    for trace in sorted(traces, key=lambda t: (t.when, t.kind, t.ref)):
        if trace.when >= since:
            home = next((g for g in groups if _belongs(trace, g, days)), None)
            if home is None:
                groups.append([trace])
            else:
                home.append(trace)
    return Events(tuple(Event(tuple(g)) for g in groups), days)


def _conditions(skeleton: Skeleton, diagnoses: Diagnoses) -> Iterator[Trace]:
    for sign in skeleton.all:
        kind: Kind | None = "fracture" if sign.concept == FRACTURE else None
        kind = "cord-compression" if sign.concept == CORD and not sign.degenerative else kind
        if kind and sign.confirmed and sign.when:
            yield Trace(kind, sign.site, sign.when, sign.ref, sign.visit)
    for diagnosis in diagnoses.all:
        if diagnosis.concept == HYPERCALCAEMIA and diagnosis.confirmed and diagnosis.when:
            yield Trace("hypercalcaemia", None, diagnosis.when, diagnosis.ref)


def _activities(activities: Activities) -> Iterator[Trace]:
    """Operations are of bone by their kind; radiotherapy only where it is said to be."""
    for activity in activities.of(*OPERATIONS, *RADIOTHERAPY):
        if activity.how != "done" or activity.when is None or activity.when > activities.today:
            continue
        if not activity.what.isdisjoint(RADIOTHERAPY):
            if activity.place.of_bone == "yes":
                yield Trace("bone-radiotherapy", activity.site, activity.when, activity.ref)
        elif activity.place.of_bone != "no":
            yield Trace("bone-surgery", activity.site, activity.when, activity.ref)


def _calcium(calcium: Calcium) -> Iterator[Trace]:
    if calcium.level == "high" and calcium.when and calcium.ref:
        yield Trace("hypercalcaemia", None, calcium.when, calcium.ref)


def _belongs(trace: Trace, group: Iterable[Trace], days: int) -> bool:
    """Close to a trace of the group that it goes with, and at odds with none of their bones."""
    group = tuple(group)
    if any(not _may_be(trace.site, other.site) for other in group):
        return False
    beside = (other for other in group if _goes_with(trace, other))
    return any(_near(trace, other, days) or _written_again(trace, other) for other in beside)


def _goes_with(one: Trace, other: Trace) -> bool:
    return one.kind == other.kind or frozenset({one.kind, other.kind}) in TOGETHER


def _near(one: Trace, other: Trace, days: int) -> bool:
    return abs((one.when - other.when).days) <= days


def _written_again(one: Trace, other: Trace) -> bool:
    return one.kind == other.kind and one.again and other.again


def _may_be(one: BoneSite | None, other: BoneSite | None) -> bool:
    return one is None or other is None or one.may_be(other)


def explained(events: Events) -> Iterator[Fact]:
    """Each event, by its first trace."""
    for event in events.all:
        ref = reference(event.traces[0].ref)
        yield Fact("event", {"event": event}, when=event.when, ref=ref, windows=BASIS.windows)
