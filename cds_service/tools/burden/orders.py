"""The orders of the three services beside bone drugs: ``orders.yaml`` as data, and one patient drawn for each order."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

from cds_service.base.yamlfile import load_as
from cds_service.knowledge.model import File
from cds_service.tools.burden.assumptions import Assumption, Assumptions
from cds_service.tools.burden.patients import Draw

FILE = Path(__file__).with_name("orders.yaml")


class Wording(File, frozen=True):
    """How an order is written in one language: its name, a code where one is sent, and a drug's sig in words."""

    text: str
    code: str = ""
    sig: str = ""


class Reason(File, frozen=True):
    """For what, as it is written; both empty: the order says nothing. ``share``: its weight among its neighbours."""

    share: int
    en: str
    zh: str


class Item(File, frozen=True):
    """What is ordered. ``hours``: from one dose to the next; ``mg`` or ``tablets`` each time."""

    en: Wording
    zh: Wording
    drug: bool = False
    mg: int | None = None
    tablets: int | None = None
    hours: int | None = None
    as_needed: bool = False


class Made(Item, frozen=True, kw_only=True):
    """One of the orders of a group. ``stopped_after``: it ends a drug taken for so many days. ``beside``: another draft
    of the same call."""

    what: str
    share: int
    reasons: tuple[Reason, ...] = (Reason(1, "", ""),)
    stopped_after: int | None = None
    beside: Item | None = None


class Group(File, frozen=True):
    """Patients who are alike, and what is ordered for them. ``share``: of the orders of the service."""

    of: str
    share: Decimal | int
    record: dict[str, Assumption]
    orders: tuple[Made, ...]


class ServiceOrders(File, frozen=True):
    """The orders of one service. ``most``: cards per order that the tests hold."""

    service: str
    title: str
    orders: int
    most: Decimal
    groups: tuple[Group, ...]


class OrderAssumptions(File, frozen=True):
    """The whole file. ``written``: what is on record, in both languages."""

    chinese: Assumption
    services: tuple[ServiceOrders, ...]
    written: dict[str, Item]


@dataclass(frozen=True, slots=True)
class Ordering:
    """An order for a patient of its own, and what the record holds: days are of the past, None where nothing is."""

    name: str
    today: date
    chinese: bool
    item: Made
    reason: str
    born: date
    metastasis: date | None
    pain: tuple[date, int] | None
    opioid: bool
    bone_drug: bool
    anticancer: bool
    several: bool
    scan: date | None
    elsewhere: bool
    irradiated: date | None
    fracture: bool
    life: int | None  # months
    written: Mapping[str, Item]


def order_assumptions() -> OrderAssumptions:
    """The file as shipped. Raises ``ContentError``, and ``KeyError`` for something on record that no patient has."""
    held = load_as(FILE, OrderAssumptions)
    for name in {name for service in held.services for group in service.groups for name in group.record}:
        if name not in _ON_RECORD:
            raise KeyError(name)
    return held


_ON_RECORD = frozenset({*Ordering.__dataclass_fields__, "pain_known", "life_known"})
T = TypeVar("T", Made, Reason)


def orderings(assumed: Assumptions, held: OrderAssumptions, service: ServiceOrders) -> list[Ordering]:
    """The orders of a service, the same for a seed. Groups, orders and reasons come as often as their shares say; what
    is on record is drawn."""
    made: list[Ordering] = []
    for group in service.groups:
        for item, count in Counter(_spread(group.orders, round(service.orders * group.share))).items():
            for reason in _spread(item.reasons, count):
                draw = Draw(assumed, f"{service.service}-{len(made)}")
                made.append(_ordering(draw, held, group, item, reason))
    return made


def _spread(some: Sequence[T], count: int) -> Iterator[T]:
    """So many of them, each by its weight."""
    ends = list(accumulate(each.share for each in some))
    for place in range(count):
        yield some[bisect(ends, (place + 0.5) / count * ends[-1])]


def _ordering(draw: Draw, held: OrderAssumptions, group: Group, item: Made, reason: Reason) -> Ordering:
    def yes(name: str) -> bool:
        own = group.record.get(name)
        return own is not None and draw.share(name) < own.value

    def before(name: str, low: int, high: int) -> date:
        return today - timedelta(days=draw.whole(f"{name}-day", low, high))

    today, chinese = draw.assumed.day, draw.share("chinese") < held.chinese.value
    metastasis = before("metastasis", 30, 400) if yes("metastasis") else None
    score = draw.whole("score", 1, 10) if yes("pain") else 0
    return Ordering(
        name=f"made-up-{draw.patient}",
        today=today,
        chinese=chinese,
        item=item,
        reason=reason.zh if chinese else reason.en,
        born=before("born", 40 * 365, 85 * 365),
        metastasis=metastasis,
        pain=(before("pain", 0, 3), score) if yes("pain_known") else None,
        opioid=yes("opioid") and item.stopped_after is None,
        bone_drug=metastasis is not None and yes("bone_drug"),
        anticancer=yes("anticancer"),
        several=metastasis is not None and yes("several"),
        scan=before("scan", 10, 300) if yes("scan") else None,
        elsewhere=yes("elsewhere"),
        irradiated=before("irradiated", 30, 300) if yes("irradiated") else None,
        fracture=yes("fracture"),
        life=draw.whole("life", 2, 18) if yes("life_known") else None,
        written=held.written,
    )


def language(item: Item, chinese: bool) -> Wording:
    """How it is written."""
    return item.zh if chinese else item.en
