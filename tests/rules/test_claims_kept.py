"""Several orders of which one topic says the same: the first card keeps all that its outcome held."""

from __future__ import annotations

from typing import cast

import msgspec

from cds_service.evaluate.outcome import Advise, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.evaluate.several import SAID_ONCE, said_once
from cds_service.evaluate.triggers import Rule
from cds_service.facts.subjects import Order


class _Draft(msgspec.Struct, frozen=True):
    name: str
    selected: bool = True


class _Any:
    def about(self, order: object) -> bool:
        return True


FIRST, SECOND = cast("Order", _Draft("first")), cast("Order", _Draft("second"))
# Every member another value than its default.
FULL = Advise(
    "warning", "same", {"sign": 1}, (Suggestion("test", (CreateService("creatinine"),)),), "any", False, {"due": 7}
)


def judged(order: object) -> Outcome:
    return FULL


def test_the_first_of_several_keeps_every_member_of_its_outcome() -> None:
    assert all(getattr(FULL, f.name) != f.default for f in msgspec.structs.fields(Advise))
    outcome = said_once(FIRST, cast("Rule", _Any()), (FIRST, SECOND), judged)
    assert outcome == msgspec.structs.replace(FULL, data={"sign": 1, "orders": (FIRST, SECOND)})
    assert said_once(SECOND, cast("Rule", _Any()), (FIRST, SECOND), judged) == NoAdvice(SAID_ONCE)
