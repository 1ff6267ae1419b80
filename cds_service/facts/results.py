"""What a result is: a value in the canonical unit of its analyte, or why it cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

import msgspec

from cds_service.base.kinds import RequestText

# Where results come from.
KEYS = ("laboratory", "measurements")


class Reading(msgspec.Struct, frozen=True, gc=False):  # a Struct: one is made for every result
    """One usable result. ``value`` is in the canonical unit of its analyte (``cards/measurements.yaml``)."""

    analyte: str
    value: Fraction
    unit: str
    shown: RequestText  # value and unit as reported
    when: date
    ref: RequestText  # e.g. Observation/123
    preliminary: bool = False
    low: Fraction | None = None  # the result's own reference range, canonical unit
    high: Fraction | None = None
    at: datetime | None = None  # time of day where stated, to order two results of one day


class Unusable(msgspec.Struct, frozen=True, gc=False):  # a Struct: one is made for every result
    """One result that is on record and cannot be used; ``why`` is a key of the ``unusable`` texts."""

    analyte: str
    why: str
    shown: RequestText | None
    when: date | None
    ref: RequestText


Result = Reading | Unusable


@dataclass(frozen=True, slots=True)
class Sourced:
    """A value used as an input of a formula, and where it came from."""

    name: str  # creatinine, weight, height, age, sex, egfr, bsa, albumin, calcium-total ...
    value: Fraction | str
    unit: str | None
    reading: Reading | None = None


# By analyte, newest first.
Results = Mapping[str, tuple[Result, ...]]
