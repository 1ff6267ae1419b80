"""The explanation as data, in one language. Numbers are text, exact as they were used; a reference is ``Type/id``.

Members that end in ``words`` are for people, and so are ``sentence`` and ``formula``; all else is the same in every
language.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from cds_service.base.kinds import LanguageTag


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base: what is absent is left out of the JSON."""


class Named(Told, frozen=True):
    """A code or key, and what people call it."""

    name: str
    words: str


class Input(Told, frozen=True):
    """A value that a fact rests on; ``shown`` as it was reported."""

    name: str
    words: str
    value: str | None = None
    unit: str | None = None
    shown: str | None = None
    when: date | None = None
    reference: str | None = None


class Number(Told, frozen=True):
    """A window, a limit, or a parameter of a rule, and whose number it is. ``low``, ``high``: what a site may set."""

    name: str
    words: str
    value: str
    unit: str
    origin: str
    origin_words: str
    source: str
    note: str | None = None
    low: str | None = None
    high: str | None = None


class Measured(Told, frozen=True):
    """The size of a lesion: both axes in mm, their product in mm², and the change in per cent since ``before``.

    ``site``: as the record names it, empty where it does not. ``change``: None where nothing was left to compare with.
    """

    site: str
    longest: str
    other: str
    product: str
    change: str | None = None
    before: date | None = None


class Fact(Told, frozen=True):
    """One thing that is known, or is not and why. ``measured``: of the size of a lesion, what a table shows."""

    key: str
    sentence: str
    value: str | None = None
    unit: str | None = None
    when: date | None = None
    reference: str | None = None
    inputs: tuple[Input, ...] = ()
    formula: str | None = None
    windows: tuple[Number, ...] = ()
    limits: tuple[Number, ...] = ()
    measured: Measured | None = None


class Chapter(Told, frozen=True):
    """The facts of one chapter."""

    name: str
    words: str
    facts: tuple[Fact, ...]


class Order(Told, frozen=True):
    """What was asked about: a draft order, or the chart (``key`` is empty)."""

    key: str
    kind: Literal["drug", "procedure", "chart"]
    sentence: str
    selected: bool
    stops: bool = False
    concepts: tuple[str, ...] = ()
    reference: str | None = None


class Verdict(Told, frozen=True):
    """What one rule said of one order. ``key``: of its sentence in the texts of the topic.

    ``shown``: a card says it (of two drafts of one drug perhaps the other's). Where none does though the rule advises,
    ``standing`` says why.
    """

    topic: str
    words: str
    order: str
    scope: str
    scope_words: str
    outcome: Literal["advise", "no-advice", "cannot-tell"]
    outcome_words: str
    sentence: str
    key: str | None = None
    indicator: str | None = None
    indicator_words: str | None = None
    shown: bool = False
    silent: bool = False
    replaced_by: str | None = None
    folded_into: str | None = None
    standing: str | None = None
    how: str | None = None
    limits: str | None = None


class Source(Told, frozen=True):
    """Where a rule comes from; ``quote`` in the source's own language."""

    kind: str
    words: str
    sections: tuple[str, ...] = ()
    recommendation: tuple[int, ...] = ()
    table: str | None = None
    grade: str | None = None
    quote: str | None = None
    url: str | None = None


class Row(Told, frozen=True):
    """One row of a dose table: as ``printed`` and as read; no ``dose``: not recommended, or no row."""

    drug: str
    drug_words: str
    printed: str
    read_as: str
    dose: str | None = None
    not_recommended: bool = False
    note: str | None = None


class Table(Told, frozen=True):
    name: str
    source: str
    unit: str
    dose_unit: str
    rows: tuple[Row, ...]


class Need(Told, frozen=True):
    """What is asked of the record, and how far back."""

    name: str
    words: str
    required: bool
    days: int | None = None


class Rule(Told, frozen=True):
    """What is reviewed of one topic. It holds nothing of any patient."""

    topic: str
    words: str
    source: Source
    asked_when: tuple[str, ...]
    parameters: tuple[Number, ...]
    tables: tuple[Table, ...]
    needs: tuple[Need, ...]
    windows: tuple[Number, ...]
    limits: tuple[Number, ...]
    formulas: tuple[str, ...]
    reading: str
    not_encoded: str
    decisions: tuple[str, ...]
    stands_for: tuple[Named, ...] = ()


class LeftOut(Told, frozen=True):
    """What was not looked at, not obtained or not used, and why; ``what`` names it, ``count`` where it was counted."""

    kind: Literal["not-obtained", "unmet", "unreadable", "other-patient", "later", "not-asked"]
    sentence: str
    what: str | None = None
    count: int | None = None


class Explanation(Told, frozen=True):
    """All of it. ``rules``: of every topic with a verdict, each once. ``note``: what no list can say."""

    language: LanguageTag
    at: datetime
    service: str
    knowledge: str
    orders: tuple[Order, ...]
    chapters: tuple[Chapter, ...]
    verdicts: tuple[Verdict, ...]
    rules: tuple[Rule, ...]
    left_out: tuple[LeftOut, ...]
    note: str


class RulePage(Told, frozen=True):
    """One rule by itself: what a card's link leads to."""

    language: LanguageTag
    knowledge: str
    rule: Rule
    note: str
