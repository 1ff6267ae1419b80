"""Who is known to be treated with bone-modifying drugs, since when, in which runs, and what is on hold."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from cds_service.base.kinds import RequestText
from cds_service.facts.bone_modifying import BoneModifying, Course
from cds_service.facts.treatment import DrugUse, Treatment
from cds_service.knowledge.drugs import Product
from tests.build import NOW

TODAY = NOW.date()
DAYS = 90
PLAIN, OSTEOPOROSIS = Product("oncology"), Product("osteoporosis")
GROUPS = {"denosumab": "rankl-inhibitor", "ibuprofen": "nsaid"}  # all others here are bisphosphonates


def day(days_ago: int) -> date:
    return TODAY - timedelta(days=days_ago)


def use(name: str, kind: str, days_ago: int | None, drug: str = "zoledronic-acid", **more: Any) -> DrugUse:
    """A record; a prescription or statement is active, an administration is one of its day."""
    defaults: dict[str, Any] = {
        "drugs": (drug,), "groups": frozenset({GROUPS.get(drug, "bisphosphonate")}), "product": PLAIN,
        "active": kind != "administration", "ended": False, "until": None, "text": RequestText(drug),
        "when": None if days_ago is None else day(days_ago), "ref": RequestText(name),
    }  # fmt: skip
    return DrugUse(kind=kind, **defaults | more)  # type: ignore[arg-type]  # kinds all


def given(name: str, days_ago: int | None, drug: str = "zoledronic-acid", **more: Any) -> DrugUse:
    return use(name, "administration", days_ago, drug, **more)


def asked(name: str, days_ago: int | None, drug: str = "zoledronic-acid", **more: Any) -> DrugUse:
    return use(name, "request", days_ago, drug, **more)


def over(name: str, days_ago: int | None, drug: str = "zoledronic-acid", **more: Any) -> DrugUse:
    return asked(name, days_ago, drug, **{"active": False, "ended": True} | more)


def treated(*uses: DrugUse) -> BoneModifying:
    return BoneModifying(Treatment(uses, TODAY), DAYS)


def refs(uses: tuple[DrugUse, ...]) -> list[str]:
    return [u.ref for u in uses]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (asked("a", 400), ["a"]),
        (use("a", "statement", None), ["a"]),
        (asked("a", 10, "ibuprofen"), []),
        (given("a", DAYS), ["a"]),
        (given("a", DAYS + 1), []),
        (given("a", None), []),
        (given("a", DAYS, counts=False), []),
        # A single order that was carried out is a dose; one that only ended is none.
        (over("a", DAYS, carried_out=True), ["a"]),
        (over("a", DAYS + 1, carried_out=True), []),
        (over("a", DAYS), []),
        # One dose, ordered so long ago: given then, or never.
        (asked("a", DAYS - 1, single=True), ["a"]),
        (asked("a", DAYS, single=True), []),
    ],
)
def test_an_active_record_or_a_dose_of_the_window_is_treatment(record: DrugUse, expected: list[str]) -> None:
    assert refs(treated(record).uses) == expected


def test_of_each_drug_the_latest_record_stands_and_the_newest_comes_first() -> None:
    found = treated(
        asked("a", 60), given("b", 20), asked("c", 40, "denosumab"), use("d", "statement", None, "denosumab")
    )
    assert refs(found.uses) == ["b", "c"]
    same_day = treated(asked("a", 20), asked("b", 20))
    assert refs(same_day.uses) == refs(treated(asked("b", 20), asked("a", 20)).uses) == ["b"]
    # Products of two uses are two treatments.
    assert refs(treated(asked("a", 60, "denosumab"), asked("b", 20, "denosumab", product=OSTEOPOROSIS)).uses) == [
        "b",
        "a",
    ]


def test_oncology_is_all_but_products_of_osteoporosis() -> None:
    found = treated(asked("a", 9), asked("b", 8, "denosumab"), asked("c", 7, "pamidronate", product=OSTEOPOROSIS))
    assert refs(found.oncology()) == ["b", "a"]
    assert refs(found.oncology("bisphosphonate")) == ["a"]
    assert refs(found.oncology("rankl-inhibitor")) == ["b"]


@pytest.mark.parametrize(
    ("others", "held"),
    [
        ([], False),
        ([asked("x", 5, held=True)], True),
        ([asked("x", 5, held=True), asked("y", 5)], False),
        ([asked("x", 5, held=True), asked("y", 5, "pamidronate")], True),
        ([over("x", 5, held=True)], False),
        ([asked("x", 5, "pamidronate", held=True)], False),
        ([asked("x", 5, held=True), use("y", "statement", 5)], True),
    ],
)
def test_a_drug_is_on_hold_when_every_prescription_that_stands_is(others: list[DrugUse], held: bool) -> None:
    dose = given("a", 20)
    assert treated(dose, *others).held(dose) is held


def test_the_last_dose_of_a_drug_is_of_that_drug() -> None:
    found = treated(given("a", 20), given("b", 50), given("c", 5, "denosumab"), asked("d", 1))
    assert found.last_dose(asked("x", 1)) == day(20)
    assert found.last_dose(asked("x", 1, "denosumab")) == day(5)
    assert found.last_dose(asked("x", 1, "pamidronate")) is None


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        ((), None),
        ((given("a", 500), given("b", 700)), 500),
        ((over("a", 500, carried_out=True), given("b", 700)), 500),
        # A dose says more than the day on which a prescription was written.
        ((over("a", 100), given("b", 700)), 700),
        ((over("a", 100), over("b", 300)), 100),
        ((asked("a", 100),), None),
        ((given("a", None), over("b", None)), None),
        ((given("a", 500, product=OSTEOPOROSIS), given("b", 700)), 700),
        ((given("a", 500, "ibuprofen"),), None),
    ],
)
def test_the_last_day_of_an_earlier_treatment(uses: tuple[DrugUse, ...], expected: int | None) -> None:
    assert treated(*uses).earlier == (None if expected is None else day(expected))


def runs(found: tuple[Course, ...]) -> list[tuple[int, int, list[str]]]:
    """Each from and to, in days ago, with its records."""
    return [((TODAY - c.start).days, (TODAY - c.end).days, refs(c.drugs)) for c in found]


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        ((), []),
        ((given("a", 100), given("b", 70)), [(100, 70, ["a"])]),
        ((given("b", 69), given("a", 100)), [(100, 100, ["a"]), (69, 69, ["b"])]),
        # The gap is from the last day of all that went before.
        ((over("a", 300, until=day(90)), given("b", 280), given("c", 60)), [(300, 60, ["a"])]),
        ((asked("a", 300), given("b", 280)), [(300, 0, ["a"])]),
        ((over("a", 300), given("b", 200)), [(300, 300, ["a"]), (200, 200, ["b"])]),
        # Drugs stand in the order in which they were first given.
        (
            (given("a", 100, "denosumab"), given("b", 80), given("c", 60, "denosumab")),
            [(100, 60, ["a", "b"])],
        ),
        ((given("a", 100, product=OSTEOPOROSIS), given("b", None), given("c", -1), given("d", 5)), [(5, 5, ["d"])]),
        # An end before the beginning, or after today, is none.
        ((over("a", 100, until=day(200)),), [(100, 100, ["a"])]),
        ((over("a", 100, until=day(-200)),), [(100, 0, ["a"])]),
        # A dose that is called active is of its day all the same.
        ((given("a", 100, active=True),), [(100, 100, ["a"])]),
    ],
)
def test_runs_of_treatment_end_at_a_gap(uses: tuple[DrugUse, ...], expected: list[tuple[int, int, list[str]]]) -> None:
    assert runs(treated(*uses).courses(30)) == expected
    assert runs(treated(*reversed(uses)).courses(30)) == expected


def test_runs_of_one_group_know_no_other() -> None:
    found = treated(given("a", 100), given("b", 80, "denosumab"), given("c", 60, "ibuprofen"))
    assert runs(found.courses(30, "bisphosphonate")) == [(100, 100, ["a"])]
    assert runs(found.courses(30, "rankl-inhibitor")) == [(80, 80, ["b"])]
    assert runs(found.courses(30)) == [(100, 80, ["a", "b"])]
