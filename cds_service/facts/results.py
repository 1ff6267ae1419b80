"""What a result is: a value in the canonical unit of its analyte, or why it cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import overload

import msgspec

from cds_service.base.kinds import RequestText

# Where results come from.
KEYS = ("laboratory", "measurements")


class Reading(msgspec.Struct, frozen=True, gc=False):  # a Struct: one is made for every result
    """One usable result. ``value`` is in the canonical unit of its analyte (``cards/measurements.yaml``).

    ``lab`` and ``lab_unit``: the value in the laboratory's unit (mg/dL or μmol/L). A limit that its source prints in
    both is compared there: 44 μmol/L is 44 and not 44.2.
    """

    analyte: str
    value: Fraction
    unit: str
    shown: str  # value and unit as reported
    when: date
    ref: RequestText  # e.g. Observation/123
    preliminary: bool = False
    low: Fraction | None = None  # the result's own reference range, canonical unit
    high: Fraction | None = None
    at: datetime | None = None  # time of day where stated, to order two results of one day
    ahead: bool = False  # dated after now, by no more than clocks differ: it counts as of now
    own: Fraction | None = None  # in ``own_unit``, where the laboratory's unit is another one than ``unit``
    own_unit: str = ""

    @property
    def lab(self) -> Fraction:
        return self.value if self.own is None else self.own

    @property
    def lab_unit(self) -> str:
        return self.own_unit or self.unit


class Unusable(msgspec.Struct, frozen=True, gc=False):  # a Struct: one is made for every result
    """One result that is on record and cannot be used; ``why`` is a key of the ``unusable`` texts."""

    analyte: str
    why: str
    shown: str | None
    when: date | None
    ref: RequestText
    until: date | None = None  # without a day: the last one it may have been, where its month or year is stated
    at: datetime | None = None  # time of day where stated


Result = Reading | Unusable


@dataclass(frozen=True, slots=True)
class Sourced:
    """A value used as an input of a formula, and where it came from."""

    name: str  # creatinine, weight, height, age, sex, egfr, bsa, albumin, calcium-total ...
    value: Fraction | str
    unit: str | None
    reading: Reading | None = None


class Series(Sequence[Result]):
    """The results of one analyte, newest first; each is read when somebody looks at it, and then remembered.

    A laboratory sends hundreds, and rules look at the newest few.
    """

    __slots__ = ("_found", "_read")

    def __init__(self, unread: Sequence[Callable[[], Result]]) -> None:
        self._read, self._found = unread, dict[int, Result]()

    def __len__(self) -> int:
        return len(self._read)

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Result]: ...
    def __getitem__(self, index: int | slice) -> Result | Sequence[Result]:
        if isinstance(index, slice):
            return [self[n] for n in range(len(self))[index]]
        return self._at(range(len(self))[index])

    def __iter__(self) -> Iterator[Result]:
        return map(self._at, range(len(self)))

    def _at(self, number: int) -> Result:
        found = self._found.get(number)
        if found is None:
            found = self._found[number] = self._read[number]()
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Series) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # compared by what it holds, like a list


# By analyte.
Results = Mapping[str, Sequence[Result]]
