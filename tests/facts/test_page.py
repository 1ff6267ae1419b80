"""What every page of facts knows, whatever chapters it has: days, windows, and what was not obtained."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from cds_service.base.kinds import Missing, Need
from cds_service.facts.page import Page
from cds_service.facts.subjects import Orders

NOW = datetime(2026, 3, 30, 9, 0, tzinfo=UTC)
TODAY = NOW.date()


class Some(Page):
    """A page of which the drugs of one need cannot be read."""

    unread: Need = "procedures"

    def _unread(self, need: Need) -> Missing | None:
        return Missing(need, "unread") if need == self.unread else None


def day(days_ago: int) -> date:
    return TODAY - timedelta(days=days_ago)


def test_a_page_that_is_told_knows_the_moment_and_lacks_nothing() -> None:
    page = Some.told(NOW, more=3)
    assert vars(page) == {"now": NOW, "orders": Orders(), "gaps": {}, "failed": frozenset(), "more": 3}
    assert type(page) is Some
    gaps = {"conditions": Missing("conditions", "not-obtained")}
    assert vars(Some.told(NOW, gaps=gaps, failed=frozenset({"conditions"}))) == {
        "now": NOW, "orders": Orders(), "gaps": gaps, "failed": frozenset({"conditions"})
    }  # fmt: skip


def test_a_page_told_otherwise_keeps_the_rest_and_leaves_the_first_as_it_was() -> None:
    page = Some.told(NOW, one=1, two=2)
    other = page.but(two=3, three=4)
    assert vars(other) == vars(page) | {"two": 3, "three": 4}
    assert type(other) is Some
    assert vars(page)["two"] == 2


@pytest.mark.parametrize(("days_ago", "inside"), [(-1, False), (0, True), (30, True), (31, False)])
def test_a_window_has_both_its_ends(days_ago: int, inside: bool) -> None:
    page = Some.told(NOW)
    assert page.today == TODAY
    assert page.within(day(days_ago), 30) is inside
    assert page.within(None, 30) is False
    assert page.days_since(day(days_ago)) == days_ago


@pytest.mark.parametrize(
    ("then", "months"),
    [
        (date(2026, 3, 30), 0), (date(2026, 3, 1), 0), (date(2026, 2, 28), 1), (date(2026, 1, 31), 1),
        (date(2026, 1, 30), 2), (date(2025, 12, 31), 2), (date(2025, 3, 30), 12), (date(2025, 3, 31), 11),
        (date(2023, 11, 30), 28),
    ],
)  # fmt: skip
def test_whole_months(then: date, months: int) -> None:
    assert Some.told(NOW).months_since(then) == months


@pytest.mark.parametrize(
    ("then", "longer"), [(date(2025, 12, 30), False), (date(2025, 12, 29), True), (date(2025, 12, 31), False)]
)
def test_longer_than_so_many_months(then: date, longer: bool) -> None:
    assert Some.told(NOW).longer_than(3, then) is longer


def test_what_is_lacking() -> None:
    gap = Missing("conditions", "not-obtained")
    page = Some.told(NOW, gaps={"conditions": gap})
    assert page.lacking("procedures", "conditions", "patient") == (Missing("procedures", "unread"), gap)
    assert page.lacking("patient") == ()
    with pytest.raises(NotImplementedError, match=r"^patient$"):
        Page.told(NOW).lacking("patient")


@pytest.mark.parametrize(
    ("gap", "lacks"),
    [
        (Missing("conditions", "incomplete", when=day(31)), False),
        (Missing("conditions", "incomplete", when=day(30)), True),
        (Missing("conditions", "incomplete", when=day(2)), True),
        (Missing("conditions", "incomplete"), True),
        (Missing("conditions", "not-obtained", when=day(31)), True),
    ],
)
def test_what_is_known_as_far_back_as_a_window_reaches_is_not_lacking(gap: Missing, lacks: bool) -> None:
    page = Some.told(NOW, gaps={"conditions": gap})
    assert page.lacking_within(30, "conditions", "patient") == ((gap,) if lacks else ())
