"""``cards/radiotherapy.yaml``: how dose and fractions of radiotherapy are written."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

import msgspec

from cds_service.knowledge.model import File
from cds_service.knowledge.numerals import numerals


class RadiationExtensions(File, frozen=True):
    """Extensions by the last part of their address, in lower case."""

    volume: list[str]
    fractions: list[str]
    intent: list[str]
    again: list[str]


class VolumeParts(File, frozen=True):
    """What stands inside the extension of one volume, in lower case."""

    place: list[str]
    fractions: list[str]
    total: list[str]
    each: list[str]


class RadiotherapyWords(File, frozen=True, dict=True):
    """The whole file."""

    dose_units: dict[str, str]
    fraction_units: list[str]
    count_labels: list[str]
    fraction_adjectives: list[str]
    number_words: dict[str, int]
    time_words: list[str]
    daily_words: list[str]
    weekly_words: list[str]
    other_units: list[str]
    each_words: list[str]
    single_words: list[str]
    single_english: list[str]
    single_of: list[str]
    once_words: list[str]
    ordinal_words: list[str]
    most_fractions: int
    extensions: RadiationExtensions
    volume_parts: VolumeParts

    def __post_init__(self) -> None:
        for unit, gray in self.dose_units.items():
            try:
                above, _, below = gray.partition("/")
                Fraction(int(above), int(below or "1"))
            except (ValueError, ZeroDivisionError) as error:
                raise msgspec.ValidationError(f"{unit}: {gray!r} is no number or quotient") from error

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Number word -> number."""
        return numerals(self.number_words)

    @cached_property
    def gray(self) -> dict[str, Fraction]:
        """Unit -> gray."""
        return {unit.lower(): Fraction(gray) for unit, gray in self.dose_units.items()}
