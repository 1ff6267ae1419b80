"""What a chapter says of itself, as data: which fact, on which inputs, by which formula, window and limit.

The sentences stand in ``cards/texts/<language>/_explanation.yaml`` under the key of each fact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from cds_service.base.kinds import RequestText
from cds_service.facts.results import Reading, Sourced


@dataclass(frozen=True, slots=True)
class Input:
    """A value that a fact rests on. ``name``: a key of the ``missing`` texts; ``shown``: as reported."""

    name: str
    value: Fraction | str | None
    unit: str | None = None
    shown: RequestText | None = None
    when: date | None = None
    ref: RequestText | None = None

    @classmethod
    def of(cls, name: str, reading: Reading) -> Input:
        """A result of the record."""
        shown = RequestText(reading.shown)
        return cls(name, reading.value, reading.unit, shown, reading.when, reference(reading.ref))

    @classmethod
    def sourced(cls, it: Sourced) -> Input:
        """An input of a formula: a result, or a number made of others."""
        return cls.of(it.name, it.reading) if it.reading else cls(it.name, it.value, it.unit)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is known, or not known. ``key``: of its sentence, which sees ``data``.

    ``formula``: a key of the ``formulas`` texts; ``windows`` and ``limits``: names of ``measurements.yaml``.
    """

    key: str
    data: Mapping[str, object] = field(default_factory=dict)
    value: Fraction | None = None
    unit: str | None = None
    when: date | None = None
    ref: RequestText | None = None
    inputs: tuple[Input, ...] = ()
    formula: str | None = None
    windows: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        key: str,
        reading: Reading,
        data: Mapping[str, object],
        inputs: tuple[Input, ...] = (),
        windows: tuple[str, ...] = (),
    ) -> Fact:
        """A fact that is one result."""
        ref = reference(reading.ref)
        return cls(key, data, reading.value, reading.unit, reading.when, ref, inputs, windows=windows)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a chapter may rest on, whoever the patient is: names of ``measurements.yaml``, and of formulas."""

    windows: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    formulas: tuple[str, ...] = ()


def reference(ref: RequestText | None) -> RequestText | None:
    """The path of a resource; None where it has no id by which it could be found."""
    return None if ref is None or ref.endswith("/?") else ref
