"""Observation → Reading or Unusable: which results count, when they were taken, and their value in one unit.

When a result was taken is told in ``dating``, in what it was measured in ``fluids``.
Never counted: a status that says there is no result, or none that is valid, and what was measured in another fluid. One
whose status says neither is named as unusable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import pairwise
from operator import itemgetter
from typing import Protocol

from msgspec import structs

from cds_service.base.kinds import RequestText
from cds_service.base.remembered import Remembered
from cds_service.facts.dating import Dated, Dating
from cds_service.facts.fluids import Fluids
from cds_service.facts.measured_words import measured, unit_in_name
from cds_service.facts.range_text import two_numbers
from cds_service.facts.results import Reading, Result, Series, Unusable
from cds_service.facts.units import QuantityRead, converted, printed, quantity_read, shortened, shown
from cds_service.fhir.structs import (
    CodeableConcept,
    Observation,
    ObservationComponent,
    Quantity,
    Range,
    Ratio,
    ReferenceRange,
    many,
)
from cds_service.fhir.undecoded import concept, reference_ranges
from cds_service.knowledge.measurements import Analyte, Measurements

# "appended" is R5: final, with something added.
COUNTING = frozenset({"final", "amended", "corrected", "appended", "preliminary"})
# No result, not yet, or not any more: nothing to tell of.
NO_RESULT = frozenset({"registered", "specimen-in-process", "cannot-be-obtained", "cancelled", "entered-in-error"})
NOWHERE: frozenset[str] = frozenset()

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


# Newest first: by day, then time (none stated: last of its day), then reference. Those without a day come last.
_Order = tuple[date, bool, float, str]
_Unread = tuple[_Order, Callable[[], Result]]


def collect(
    coded: Mapping[bytes, Sequence[Observation]],
    names: Names,
    measurements: Measurements,
    now: datetime,
    fluids: Fluids | None = None,
) -> dict[str, Series]:
    """All results by analyte. ``coded``: the Observations by the bytes of their code (``record.coded``).

    ``now`` is aware; ``fluids``: the record's specimens. The order of the Observations makes no difference. A record
    repeats few codes many times: what a code means is asked once, and what it does not name is passed over as a whole.
    """
    dating = Dating(coded, now, measurements.ahead)
    found: dict[str, list[_Unread]] = {}
    for code, observations in coded.items():
        analytes = names.named(code)
        for observation in observations:
            if (analytes or observation.component) and observation.status not in NO_RESULT:
                elsewhere = NOWHERE
                if fluids and observation.specimen is not None and fluids.elsewhere(observation):
                    elsewhere = fluids.measured_in_blood
                for analyte, unread in _all(observation, analytes, names, measurements, dating):
                    if analyte not in elsewhere:
                        found.setdefault(analyte, []).append(unread)
    return {analyte: _series(unread) for analyte, unread in found.items()}


def _series(unread: list[_Unread]) -> Series:
    unread.sort(key=itemgetter(0), reverse=True)
    if any(one[0] == next_one[0] for one, next_one in pairwise(unread)):
        # Two of one moment and one name: the value as printed settles what is left, then all that is known of it.
        unread.sort(key=lambda each: (each[0], (read := each[1]()).shown or "", repr(read)), reverse=True)
    return Series([read for _, read in unread])


class Names:
    """The analytes that codes name. A laboratory has some hundred: each is looked up once and remembered."""

    def __init__(self, terminology: Matcher, known: Mapping[str, Analyte]) -> None:
        self._terminology, self._known = terminology, known
        self._named = Remembered[tuple[str, ...]]()

    def named(self, code: bytes) -> tuple[str, ...]:
        """The analytes that the code of an Observation names, by the bytes of the code."""
        return self._named.of(code, lambda: self.of(concept(code)))

    def of(self, told: CodeableConcept | None) -> tuple[str, ...]:
        """The analytes that a concept names."""
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
    observation: Observation, analytes: tuple[str, ...], names: Names, measurements: Measurements, dating: Dating
) -> list[tuple[str, _Unread]]:
    """The observation's own results and those of its components, unread."""
    parts: list[tuple[Source, tuple[str, ...]]] = []
    if observation.component:
        parts = [(part, own) for part in many(observation.component) if (own := names.of(part.code))]
        if not (analytes or parts):
            return []
    # A panel named like one of its members carries no value of its own: that is not a result without a value.
    if analytes and not (parts and _empty(observation)):
        parts.append((observation, analytes))
    dated = dating.of(observation)
    day, at = dated.day, dated.at
    order = (day or date.min, at is not None, at.timestamp() if at is not None else 0.0, observation.id or "")
    known = measurements.analytes
    return [
        (name, (order, partial(_result, known[name], name, observation, part, dated)))
        for part, own in parts
        for name in own
    ]


def _empty(observation: Observation) -> bool:
    return observation.value_quantity is None and not _text(observation)


def _text(source: Source) -> str:
    """A value that is no quantity, as it is written."""
    told = source.value_codeable_concept
    if isinstance(source, Observation):
        for each in (source.value_range, source.value_ratio, source.value_integer):
            if each is not None:
                return _written(each)
    return shortened(source.value_string or (told.said() if told else ""))


def _written(value: Range | Ratio | Decimal) -> str:
    if isinstance(value, Decimal):
        return printed(value)
    ends = (value.low, value.high) if isinstance(value, Range) else (value.numerator, value.denominator)
    return (" – " if isinstance(value, Range) else " / ").join(shown(end, None) for end in ends if end)


def _result(analyte: Analyte, name: str, observation: Observation, source: Source, dated: Dated) -> Result:
    """One result. ``source``: the Observation, or the component of it that holds the value."""
    ref, quantity = RequestText(f"Observation/{observation.id or '?'}"), source.value_quantity
    known = _read(quantity, analyte, observation, source) if quantity else measured(_text(source), analyte)
    words = known.shown if known else RequestText(_text(source))
    value = _value(source, known, dated)
    if isinstance(value, str) or known is None:
        return Unusable(name, str(value), words or None, dated.day, ref, dated.until, dated.at)
    if observation.status not in COUNTING:
        return Unusable(name, "status-unknown", words, dated.day, ref, dated.until, dated.at)
    low, high = _own_range(source, analyte)
    preliminary, day = observation.status == "preliminary", dated.day or date.min  # a value is only given with a day
    return Reading(
        name, value, analyte.unit, words, day, ref, preliminary, low, high, dated.at, dated.ahead,
        known.own, known.lab_unit,
    )  # fmt: skip


def _read(quantity: Quantity, analyte: Analyte, observation: Observation, source: Source) -> QuantityRead:
    """All of a quantity; one without a unit in the unit that its name gives in brackets: 体重(kg)."""
    known = quantity_read(quantity, analyte)
    if known.value != "unit-missing":
        return known
    code = concept(bytes(observation.code)) if isinstance(source, Observation) else source.code
    names = [code.codeable.text or "", *(c.display or "" for c in code.codings())] if code else []
    unit = unit_in_name(names, analyte)
    return quantity_read(structs.replace(quantity, unit=unit), analyte) if unit else known


def _value(source: Source, known: QuantityRead | None, dated: Dated) -> Fraction | str:
    """The value in the analyte's unit, or why it cannot be used. A reason of the value comes before one of the date."""
    if source.data_absent_reason is not None:
        return "data-absent"
    if known is None:
        if isinstance(source, Observation) and source.value_integer is not None:
            return "unit-missing"
        return "not-a-number" if _text(source) else "no-value"
    return known.value if isinstance(known.value, str) else dated.unusable or known.value


def _own_range(source: Source, analyte: Analyte) -> tuple[Fraction | None, Fraction | None]:
    """The result's own reference range; nothing when several differ (for whom each is meant is not read).

    Read only where a result is judged by its range: for analytes that have a default one, or say so.
    """
    quantity = source.value_quantity
    judged = analyte.own_range or analyte.reference is not None
    if not judged or quantity is None or not source.reference_range:
        return None, None
    ranges = {
        (_bound(low, quantity, analyte), _bound(high, quantity, analyte))
        for r in reference_ranges(source.reference_range)
        if _normal(r)
        for low, high in (_ends(r),)
    }
    ranges.discard((None, None))
    low, high = ranges.pop() if len(ranges) == 1 else (None, None)
    if low is not None and high is not None and low >= high:
        return None, None
    return low, high


def _ends(reference: ReferenceRange) -> tuple[Quantity | None, Quantity | None]:
    """Low and high of a range, from its words where it has no numbers."""
    if reference.low is None and reference.high is None and (written := two_numbers(reference.text)):
        return written
    return reference.low, reference.high


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
