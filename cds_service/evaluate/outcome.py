"""What a rule answers: advise, no advice, or cannot tell. Never ``None``, never an exception for missing data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import msgspec

from cds_service.base.kinds import Indicator, Missing
from cds_service.facts.subjects import DrugOrder, Order


@dataclass(frozen=True, slots=True)
class CreateService:
    """Suggest ordering a service of ``cards/orderables.yaml``."""

    orderable: str


@dataclass(frozen=True, slots=True)
class CreateDrug:
    """Suggest prescribing a drug of ``cards/orderables.yaml``; ``mg`` overrides its dose (a band of a table)."""

    orderable: str
    mg: Fraction | None = None


@dataclass(frozen=True, slots=True)
class DeleteOrder:
    """Suggest removing the draft order."""

    order: Order


@dataclass(frozen=True, slots=True)
class ReviseOrder:
    """Suggest the client's own order with only these things changed."""

    order: DrugOrder
    mg: Fraction | None = None
    interval_days: int | None = None
    subcutaneous: bool = False


Act = CreateService | CreateDrug | DeleteOrder | ReviseOrder


class Suggestion(msgspec.Struct, frozen=True):
    """One button: ``label`` is a key of the topic's ``suggestions`` texts."""

    label: str
    acts: tuple[Act, ...]
    recommended: bool = False


class Advise(msgspec.Struct, frozen=True):
    """A card. ``say`` is a key of the topic's ``cards`` texts; ``data`` are the values its sentences use."""

    indicator: Indicator
    say: str
    data: Mapping[str, object] = {}
    suggestions: tuple[Suggestion, ...] = ()
    # Suggestions that go together ("any"), or alternatives of which one is taken ("at-most-one").
    choose: Literal["any", "at-most-one"] = "at-most-one"
    # False: too little for a card of its own. It is a line of the card that carries it, else of the explanation only.
    alone: bool = True
    # What it says that cards of other services say too (name -> what that rests on): deliver.claims.
    claims: Mapping[str, object] = {}


class NoAdvice(msgspec.Struct, frozen=True):
    """No card; ``because`` is a key of the topic's ``quiet`` texts (shown by ``check --explain`` only)."""

    because: str
    data: Mapping[str, object] = {}


class CannotTell(msgspec.Struct, frozen=True):
    """The condition could not be decided; what is missing goes into the ``not-evaluated`` card."""

    missing: tuple[Missing, ...]


Outcome = Advise | NoAdvice | CannotTell
