"""Several orders of which one topic says the same: the first that is advised on lists them, the others are quiet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import structs

from cds_service.evaluate.outcome import Advise, NoAdvice, Outcome
from cds_service.evaluate.triggers import Rule
from cds_service.facts.subjects import Order

SAID_ONCE = "said-once"


def said_once(order: Order, rule: Rule, orders: Iterable[Order], judged: Callable[[Any], Outcome]) -> Outcome:
    """The outcome for an order. ``orders``: all drafts; ``judged``: what is said of one by itself.

    The advice of the first has the data ``orders``: all of which the same (``say``) holds, the first in front.
    """
    outcome = judged(order)
    if not isinstance(outcome, Advise):
        return outcome
    said = outcome.say

    def same(other: Order) -> bool:
        found = judged(other)
        return isinstance(found, Advise) and found.say == said

    asked = [o for o in orders if o.selected and rule.about(o)]
    first = next((o for o in asked if o is order or same(o)), order)
    if first is not order:
        return NoAdvice(SAID_ONCE)
    together = (order, *(o for o in asked if o is not order and same(o)))
    # Whatever else an outcome holds goes with it: a list of its members forgets the next one that is added.
    return structs.replace(outcome, data={**outcome.data, "orders": together})
