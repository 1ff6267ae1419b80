"""``cards/scores.yaml``: how scores and spans of life are written in words."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

import msgspec

from cds_service.knowledge.model import File


class PainWords(File, frozen=True):
    """Words for how strong a pain is, and for where it is."""

    none: list[str]
    mild: list[str]
    moderate: list[str]
    severe: list[str]
    elsewhere: list[str]
    bony: list[str]
    moments: list[str]
    lowest: list[str]


class ScoreWords(File, frozen=True, dict=True):
    """The whole file."""

    points: list[str]
    silent: list[str]
    whole_scales: list[str]
    pain: PainWords
    not_at_all: list[str]
    on_some_days: list[str]
    life_expectancy: dict[str, str]
    lengths: dict[str, str]
    numbers: dict[str, int]
    length_labels: list[str]
    length_ends: list[str]
    few_words: list[str]
    unnumbered_below: dict[str, int]
    unnumbered_above: dict[str, int]
    below_words: list[str]
    above_words: list[str]

    def __post_init__(self) -> None:
        for unit, months in self.life_expectancy.items():
            try:
                above, _, below = months.partition("/")
                Fraction(int(above), int(below or "1"))
            except (ValueError, ZeroDivisionError) as error:
                raise msgspec.ValidationError(f"{unit}: {months!r} is no number or quotient") from error

    @cached_property
    def months(self) -> dict[str, Fraction]:
        """Unit -> months."""
        return {unit.lower(): Fraction(months) for unit, months in self.life_expectancy.items()}
