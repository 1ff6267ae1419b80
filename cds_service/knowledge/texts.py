"""``cards/texts``: the sentences of each topic and the words they share, as they stand in the YAML."""

from __future__ import annotations

import msgspec

from cds_service.knowledge.model import File


class CardText(File, frozen=True):
    """One card. ``summary`` is plain text; the detail is ``do`` (what to do), ``why`` (the two or three numbers that
    matter, with their dates), the source line, and ``how`` (formula and inputs: a link leads to no patient's numbers).


    ``beside`` is what another source says of it (a label, a published grading), a paragraph of its own that names that
    source; it goes where the rules of such sources are switched off. ``limits`` stands in the explanation only:
    windows, limits, what is not looked at. ``line`` is the one sentence that another card says, which stands in for
    this one; it names its own source. ``withheld`` is said instead of it where that card withholds the drug: nothing
    in it is a dose to give now. ``other`` is said on the card of another order that this topic has advice for too:
    what differs for this order, without the numbers of the patient that stand there.
    """

    summary: str
    do: str
    why: str
    how: str | None = None
    beside: str | None = None
    limits: str | None = None
    line: str | None = None
    withheld: str | None = None
    other: str | None = None


class TopicText(File, frozen=True):
    """``cards/texts/<language>/<topic>.yaml``."""

    topic: str
    cards: dict[str, CardText]
    quiet: dict[str, str]
    suggestions: dict[str, str] = {}


class SharedText(File, frozen=True):
    """``cards/texts/<language>/_shared.yaml``: names and sentences that several topics use."""

    drugs: dict[str, str]
    words: dict[str, str]
    missing: dict[str, str]
    why_missing: dict[str, str]
    unusable: dict[str, str]
    notes: dict[str, str]
    source_line: dict[str, str]
    quiet: dict[str, str]  # what the gate says for every topic


class Translation(File, frozen=True):
    """An entry of ``cards/translations.yaml``: a text of the YAML, which is written in English, in Chinese."""

    en: str
    zh_cn: str = msgspec.field(name="zh-CN")


class ExplanationText(File, frozen=True):
    """``cards/texts/<language>/_explanation.yaml``: the explanation's own words.

    ``lines`` and ``facts`` (by the key of a fact) are templates. All else are names: of chapters, of formulas, of the
    windows and limits of ``measurements.yaml``, of parameters, concepts, drug groups, units, origins and scopes.
    """

    words: dict[str, str]
    lines: dict[str, str]
    facts: dict[str, str]
    chapters: dict[str, str]
    formulas: dict[str, str]
    windows: dict[str, str]
    limits: dict[str, str]
    parameters: dict[str, str]
    concepts: dict[str, str]
    groups: dict[str, str]
    units: dict[str, str]
    origins: dict[str, str]
    scopes: dict[str, str]
