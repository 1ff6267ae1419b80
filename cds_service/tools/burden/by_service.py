"""The orders of the three services asked: cards by topic, of how many orders it looked at, and why it said nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time

from cds_service.answer import Answer
from cds_service.edition import Edition
from cds_service.evaluate.outcome import NoAdvice
from cds_service.tools.asking import answer_body
from cds_service.tools.burden.assumptions import Assumptions
from cds_service.tools.burden.order_calls import ordered
from cds_service.tools.burden.orders import OrderAssumptions, Ordering, ServiceOrders, orderings

_AT = time(9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AskedOrder:
    """One order, and its answer."""

    order: Ordering
    answer: Answer


ByService = list[tuple[ServiceOrders, list[AskedOrder]]]


@dataclass(slots=True)
class ByTopic:
    """Cards by topic and indicator; by topic the orders it looked at, and why it was silent, each by its reason."""

    orders: int = 0
    cards: Counter[tuple[str, str]] = field(default_factory=Counter)
    looked_at: Counter[str] = field(default_factory=Counter)
    silent: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    @property
    def per_order(self) -> float:
        return self.cards.total() / self.orders

    def share(self, topic: str) -> float:
        """Its cards, of all orders of the service."""
        return sum(n for (code, _), n in self.cards.items() if code == topic) / self.orders


def asked_orders(edition: Edition, assumed: Assumptions, held: OrderAssumptions) -> ByService:
    """All orders of all three services, each through the product's own line."""
    return [
        (service, [ask_order(edition, service, each) for each in orderings(assumed, held, service)])
        for service in held.services
    ]


def ask_order(edition: Edition, service: ServiceOrders, order: Ordering) -> AskedOrder:
    """The answer of its service to an order."""
    now = datetime.combine(order.today, _AT)
    return AskedOrder(order, answer_body(edition, service.service, ordered(order), now))


def by_topic(orders: Iterable[AskedOrder]) -> ByTopic:
    """What was said and not said, counted. A topic looks at an order once, however many drafts of it there are."""
    made = ByTopic()
    for each in orders:
        made.orders += 1
        made.cards.update((card.source.topic.code, card.indicator) for card in each.answer.response.cards)
        found = each.answer.findings.all if each.answer.findings else ()
        made.looked_at.update({finding.code for finding in found})
        for finding in found:
            if isinstance(finding.outcome, NoAdvice):
                made.silent[finding.code][finding.outcome.because] += 1
    return made
