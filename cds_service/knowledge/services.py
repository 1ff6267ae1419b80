"""``cards/services.yaml`` and ``cards/orderables.yaml``: what is offered, asked for, and suggested."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from cds_service.knowledge.model import File, Parameter


class Service(File, frozen=True):
    """One CDS service: one id, one entry in discovery per hook.

    ``reads``: a prefetch key of this service -> the keys that it stands for. ``beside``: keys that discovery does not
    ask for (there is room for ten); they are read where they are sent, and fetched where there is a FHIR server.
    ``must``: of what topics require, the keys without which nothing is answered at all (left out: any); without others
    a topic cannot tell. ``ahead``: topics that come first among the cards that are not urgent.
    """

    id: str
    hooks: list[str]
    title: str
    description: str
    usage_requirements: str
    topics: list[str]
    reads: dict[str, list[str]] = {}
    beside: list[str] = []
    must: list[str] | None = None
    ahead: list[str] = []

    def stand_in(self, key: str) -> str:
        """The prefetch key under which this service asks for what a topic calls ``key``."""
        return next((other for other, keys in self.reads.items() if key in keys), key)


class Services(File, frozen=True):
    """The services, the prefetch searches by key, and the code system of the topics. ``said_at_order``: how long an
    opened chart does not repeat what a card of an order said."""

    topic_system: str
    prefetch: dict[str, str]
    services: list[Service]
    said_at_order: Parameter

    def __post_init__(self) -> None:
        held = self.said_at_order
        if held.unit != "h" or held.value != int(held.value) or held.value < 1:
            raise ValueError("said_at_order must be a whole number of hours, 1 or more (unit h)")
        if not held.in_bounds:
            raise ValueError("said_at_order lies outside its own min and max")

    @property
    def order_hours(self) -> int:
        """``said_at_order`` as a number."""
        return int(self.said_at_order.value)


class OrderableCoding(File, frozen=True):
    system: str
    code: str
    display: str


class Every(File, frozen=True):
    period: int
    unit: Literal["d", "wk"]


class Orderable(File, frozen=True):
    """A service or drug a card can suggest. ``dose`` in ``unit``; ``concept`` is its code list."""

    resource: Literal["ServiceRequest", "MedicationRequest"]
    coding: list[OrderableCoding]
    concept: str
    text: dict[str, str]
    dose: Decimal | None = None
    dose_high: Decimal | None = None
    unit: str = "mg"
    route: str | None = None
    infusion_minutes: int | None = None  # the least that its label gives
    every: Every | None = None
    dosage_text: dict[str, str] | None = None
    source: str | None = None
