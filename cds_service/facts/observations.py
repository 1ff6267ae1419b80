"""Observation → Reading or Unusable: which results count, when they were taken, and their value in one unit.

Which date: effectiveDateTime, else effectiveInstant, else the end (or start) of effectivePeriod, else issued; the first
one that is stated decides, also when it cannot be read.
Never counted: a status that says there is no valid result (or no status), and results dated after ``now``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from functools import partial
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple, Protocol

from cds_service.base.kinds import RequestText
from cds_service.facts.results import Reading, Result, Series, Unusable
from cds_service.facts.units import converted, shown
from cds_service.fhir.dates import moment_of
from cds_service.fhir.structs import (
    CodeableConcept,
    Observation,
    ObservationComponent,
    Quantity,
    ReferenceRange,
    concept,
    many,
    reference_ranges,
)
from cds_service.knowledge.measurements import Analyte, Measurements

# "appended" is R5: final, with something added.
COUNTING = frozenset({"final", "amended", "corrected", "appended", "preliminary"})

Coded = tuple[str | None, str | None, str | None]
Source = Observation | ObservationComponent


class _Match(Protocol):
    @property
    def concept(self) -> str: ...
    @property
    def flags(self) -> frozenset[str]: ...


class Matcher(Protocol):
    """What is needed of ``Terminology``."""

    def match(self, domain: str, codings: Sequence[Coded], text: str | None) -> Sequence[_Match]:
        """The code lists a concept belongs to."""


class _Head(NamedTuple):
    """What the results of one Observation share. ``undated`` says why there is no day."""

    ref: RequestText
    preliminary: bool
    when: date | None
    at: datetime | None
    undated: str | None


# Newest first: by day, then time (none stated: last of its day), then reference. Those without a day come last.
_Order = tuple[date, bool, float, str]
_Unread = tuple[_Order, Callable[[], Result]]


def collect(
    coded: Mapping[bytes, Sequence[Observation]], terminology: Matcher, measurements: Measurements, now: datetime
) -> dict[str, Series]:
    """All results by analyte. ``coded``: the Observations by the bytes of their code (``record.coded``).

    ``now`` is aware. The order of the Observations makes no difference. A record repeats few codes many times: what a
    code means is asked once, and what it does not name is passed over as a whole.
    """
    names = _Names(terminology, measurements.analytes)
    found: dict[str, list[_Unread]] = {}
    for code, observations in coded.items():
        analytes = names.named(code)
        for observation in observations:
            if analytes or observation.component:
                for analyte, unread in _all(observation, analytes, names, measurements, now):
                    found.setdefault(analyte, []).append(unread)
    return {analyte: _series(unread) for analyte, unread in found.items()}


def _series(unread: list[_Unread]) -> Series:
    unread.sort(key=itemgetter(0), reverse=True)
    if any(one[0] == next_one[0] for one, next_one in pairwise(unread)):
        # Two of one moment and one name: the value as printed settles what is left.
        unread.sort(key=lambda each: (each[0], each[1]().shown or ""), reverse=True)
    return Series([read for _, read in unread])


def read(
    observation: Observation, analytes: Iterable[str], measurements: Measurements, now: datetime
) -> tuple[Result, ...]:
    """The observation's own value as a result of each of these analytes; none when it never counts."""
    head = _head(observation, now)
    if head is None:
        return ()
    return tuple(
        _result(name, observation, observation.value_string, head, measurements.analytes[name]) for name in analytes
    )


class _Names:
    """The analytes a concept names, remembered for one call: a record repeats few concepts many times."""

    def __init__(self, terminology: Matcher, known: Mapping[str, Analyte]) -> None:
        self._terminology, self._known = terminology, known

    def named(self, code: bytes) -> tuple[str, ...]:
        """The analytes that the code of an Observation names."""
        return self.of(concept(code))

    def of(self, told: CodeableConcept | None) -> tuple[str, ...]:
        if told is None:
            return ()
        told = told.codeable
        codings = tuple([(c.system, c.code, c.display) for c in many(told.coding)])
        matches = self._terminology.match("observation", codings, told.text)
        names = {m.concept for m in matches if m.concept in self._known and "broad" not in m.flags}
        if "egfr" in names:  # a value per body surface is never a clearance, whatever else its codes say
            names = {name for name in names if not name.startswith("creatinine-clearance")}
        return tuple(sorted(names))


def _all(
    observation: Observation, analytes: tuple[str, ...], names: _Names, measurements: Measurements, now: datetime
) -> Iterator[tuple[str, _Unread]]:
    """The observation's own results and those of its components, unread."""
    members = many(observation.component)
    parts = [(c, own) for c in members if (own := names.of(c.code))] if members else []
    head = _head(observation, now) if analytes or parts else None
    if head is None:
        return
    seconds = head.at.timestamp() if head.at is not None else 0.0
    order = (head.when or date.min, head.at is not None, seconds, head.ref)
    told: list[tuple[Source, str | None, tuple[str, ...]]] = [(part, None, own) for part, own in parts]
    # A panel named like one of its members carries no value of its own: that is not a result without a value.
    if not (parts and _empty(observation)):
        told.insert(0, (observation, observation.value_string, analytes))
    for source, text, own in told:
        for name in own:
            yield name, (order, partial(_result, name, source, text, head, measurements.analytes[name]))


def _empty(observation: Observation) -> bool:
    return observation.value_quantity is None and not observation.value_string


def _head(observation: Observation, now: datetime) -> _Head | None:
    """None: never counts."""
    if observation.status not in COUNTING:
        return None
    preliminary, ref = observation.status == "preliminary", RequestText(f"Observation/{observation.id or ''}")
    stated = _stated(observation)
    if not stated:
        return _Head(ref, preliminary, None, None, "undated")
    moment = moment_of(stated)
    if moment is None:
        return _Head(ref, preliminary, None, None, "date-imprecise")
    day, at = moment
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=now.tzinfo)
    if at > now if at is not None else day > now.date():
        return None
    # Past by the clock, but already tomorrow where it was written: it cannot be newer than today.
    return _Head(ref, preliminary, min(day, now.date()), at, None)


def _stated(observation: Observation) -> str | None:
    period = observation.effective_period
    return (
        observation.effective_date_time
        or observation.effective_instant
        or (period and (period.end or period.start))
        or observation.issued
    )


def _result(name: str, source: Source, text: str | None, head: _Head, analyte: Analyte) -> Result:
    quantity = source.value_quantity
    printed = shown(quantity) if quantity is not None else RequestText(text or "")
    value = _value(source, text, head, analyte)
    if isinstance(value, str):
        return Unusable(name, value, printed or None, head.when, head.ref)
    low, high = _own_range(source, analyte)
    day = head.when or date.min  # a value is only given with a day
    return Reading(name, value, analyte.unit, printed, day, head.ref, head.preliminary, low=low, high=high, at=head.at)


def _value(source: Source, text: str | None, head: _Head, analyte: Analyte) -> Fraction | str:
    """The value in the analyte's unit, or why it cannot be used. A reason of the value comes before one of the date."""
    if source.data_absent_reason is not None:
        return "data-absent"
    if source.value_quantity is None:
        return "not-a-number" if text else "no-value"
    value = converted(source.value_quantity, analyte)
    return value if isinstance(value, str) else head.undated or value


def _own_range(source: Source, analyte: Analyte) -> tuple[Fraction | None, Fraction | None]:
    """The result's own reference range; nothing when several differ (for whom each is meant is not read).

    Read only where a result is judged by its range: for analytes that have a default one.
    """
    quantity = source.value_quantity
    if analyte.reference is None or quantity is None or not source.reference_range:
        return None, None
    ranges = {
        (_bound(r.low, quantity, analyte), _bound(r.high, quantity, analyte))
        for r in reference_ranges(source.reference_range)
        if _normal(r)
    }
    ranges.discard((None, None))
    low, high = ranges.pop() if len(ranges) == 1 else (None, None)
    if low is not None and high is not None and low >= high:
        return None, None
    return low, high


def _bound(bound: Quantity | None, result: Quantity, analyte: Analyte) -> Fraction | None:
    """A bound in the analyte's unit; an implausible one (0 for none, or in a unit not stated) is none."""
    if bound is None:
        return None
    value = converted(bound, analyte, fallback=result)
    return None if isinstance(value, str) else value


def _normal(reference: ReferenceRange) -> bool:
    """Whether a range is the normal one: no type, or type ``normal``."""
    kind = reference.type
    if kind is None or not (kind.codings() or kind.codeable.text):
        return True
    return any(c.code == "normal" for c in kind.codings()) or (kind.codeable.text or "").casefold() == "normal"
