"""The CDS Hooks response (2.0.1; 3.0 adds nothing we send). Every response is checked against this before it leaves."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

# "One-sentence, <140-character summary message" (CDS Hooks, Card Attributes).
Summary = Annotated[str, msgspec.Meta(min_length=1, max_length=139)]
Text = Annotated[str, msgspec.Meta(min_length=1)]


class Wire(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel", forbid_unknown_fields=True):
    """Base of the response types: absent members are left out, so nothing null or empty is ever sent."""


class CodingOut(Wire, frozen=True):
    system: Text
    code: Text
    display: Text


class SourceOut(Wire, frozen=True):
    label: Text
    topic: CodingOut
    url: Text | None = None


class ActionOut(Wire, frozen=True):
    type: Literal["create", "update", "delete"]
    description: Text
    resource: dict[str, Any] | None = None
    resource_id: Text | None = None


class SuggestionOut(Wire, frozen=True):
    label: Text
    uuid: Text
    actions: Annotated[list[ActionOut], msgspec.Meta(min_length=1)]
    is_recommended: bool = False


class LinkOut(Wire, frozen=True):
    label: Text
    url: Text
    type: Literal["absolute", "smart"]


class FoldedOut(Wire, frozen=True):
    """A topic that the card of another holds; ``uuid`` is that of the card it would have been."""

    topic: Text
    say: Text
    indicator: Literal["info", "warning", "critical"]
    uuid: Text


class Card(Wire, frozen=True):
    uuid: Text
    summary: Summary
    indicator: Literal["info", "warning", "critical"]
    source: SourceOut
    detail: Text | None = None
    suggestions: list[SuggestionOut] = []
    selection_behavior: Literal["at-most-one", "any"] | None = None
    override_reasons: Annotated[list[CodingOut], msgspec.Meta(max_length=6)] = []
    links: list[LinkOut] = []
    # Extension name -> its value: the topics folded into this card.
    extension: dict[str, list[FoldedOut]] = {}


class Response(Wire, frozen=True):
    cards: list[Card]
