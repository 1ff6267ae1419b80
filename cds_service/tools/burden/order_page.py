"""What the page says of the three services: their cards by topic, and what their orders were drawn from."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.tools.burden.assumptions import Assumption
from cds_service.tools.burden.by_service import ByService, ByTopic, by_topic
from cds_service.tools.burden.orders import Group, Made, OrderAssumptions

_REASONS_SHOWN = 3
_INTRODUCTION = """\
## The other order services

Each order is of a patient of its own, asked once: nothing was said before. *Looked at*: per 100 orders those that the
topic asks about. *Silent because*: of these, why it said nothing, the commonest reasons, per 100 orders
(`cards/texts/en/<topic>.yaml`, `quiet`)."""
_ASSUMED = """\
### Orders of the other services

Of the orders {chinese} % and their records are Chinese texts without codes; the others are English, coded where a code
exists. All shares are assumed. `cds_service/tools/burden/orders.yaml` holds the wordings."""


def cards_by_topic(services: ByService) -> Iterator[str]:
    """A section for each service."""
    yield from (_INTRODUCTION, "")
    for service, orders in services:
        made = by_topic(orders)
        yield from (f"### {made.orders} {service.title} (`{service.service}`)", "")
        yield f"{100 * made.per_order:.1f} cards per 100 orders; the tests hold at most {100 * service.most:.0f}."
        yield from ("", "| topic | indicator | looked at | cards | silent because |", "|---|---|---|---|---|")
        yield from _rows(made)
        yield f"| all | | | {100 * made.per_order:.1f} | |"
        yield ""


def _rows(made: ByTopic) -> Iterator[str]:
    keys = {*made.cards} | {(topic, "") for topic in made.looked_at if not made.share(topic)}
    for topic, indicator in sorted(keys, key=lambda key: (-made.cards[key], key)):
        told = made.silent[topic].most_common(_REASONS_SHOWN)
        why = ", ".join(f"{because} {_per_100(n, made)}" for because, n in told)
        looked, cards = _per_100(made.looked_at[topic], made), _per_100(made.cards[topic, indicator], made)
        yield f"| {topic} | {indicator} | {looked} | {cards} | {why} |"


def _per_100(number: int, made: ByTopic) -> str:
    return f"{100 * number / made.orders:.1f}"


def assumed_orders(held: OrderAssumptions) -> Iterator[str]:
    """What is ordered for whom, and what the record holds."""
    yield from (_ASSUMED.format(chinese=f"{100 * held.chinese.value:.0f}"), "")
    for service in held.services:
        for group in service.groups:
            yield f"`{service.service}`, {group.of}: {100 * group.share:.0f} % of its {service.orders} orders."
            yield from ("", "| | share | note |", "|---|---|---|")
            yield from (_on_record(name, each) for name, each in group.record.items())
            yield from (_order(group, each) for each in group.orders)
            yield ""


def _on_record(name: str, held: Assumption) -> str:
    return f"| on record: {name.replace('_', ' ')} | {held.value} | {held.note} |"


def _order(group: Group, order: Made) -> str:
    """Its share of the group, and for what: so much of it each."""
    weight = sum(each.share for each in order.reasons)
    told = (f"{each.en or 'not said'} {100 * each.share / weight:.0f} %" for each in order.reasons)
    stated = "; ".join(told) if any(each.en for each in order.reasons) else ""
    return f"| ordered: {order.what} | {order.share / sum(each.share for each in group.orders):.2f} | {stated} |"
