"""``cards/texts``: the sentences of each topic and the words they share, as they stand in the YAML."""

from __future__ import annotations

from cds_service.knowledge.model import File


class CardText(File, frozen=True):
    """One card. ``summary`` is plain text; the detail is ``do`` (what to do), ``why`` (the two or three numbers that
    matter, with their dates), the source line, and ``how`` (formula and inputs) where no link leads to the explanation.

    ``limits`` stands in the explanation only: windows, limits, what is not looked at. ``line`` is the one sentence that
    another card says, which stands in for this one; it names its own source. ``withheld`` is said instead of it where
    that card withholds the drug: nothing in it is a dose to give now.
    """

    summary: str
    do: str
    why: str
    how: str | None = None
    limits: str | None = None
    line: str | None = None
    withheld: str | None = None


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
