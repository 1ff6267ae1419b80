"""Analgesics of drafts and record by hand: each sum, span and day whole."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from cds_service.base.folders import content_root
from cds_service.base.kinds import Dose, DrugGroup, Missing, RequestText
from cds_service.base.yamlfile import load_as
from cds_service.facts.analgesics import Analgesics, Counted, DaySum, identical
from cds_service.facts.opioids import Conversion, OpioidDaily, OpioidPart, TaperDay, schedule, taper
from cds_service.facts.portions import Daily, Form, Portion
from cds_service.facts.subjects import DrugOrder, Orders, RequestedProcedure
from cds_service.facts.treatment import DrugUse, Treatment
from cds_service.knowledge.drugs import Product
from cds_service.knowledge.opioids import Opioids

TABLE = load_as(content_root() / "opioids.yaml", Opioids)
TODAY = date(2026, 3, 2)
TEXT = RequestText
ACETAMINOPHEN: DrugGroup = "acetaminophen"


def day(ago: int) -> date:
    return TODAY - timedelta(days=ago)


def daily(group: str, name: str, most: int | None, *, as_needed: bool = False, why: str | None = None) -> Daily:
    amount = None if most is None else Fraction(most)
    single = None if amount is None else amount / 4
    return Daily((Portion(group, name, Fraction(0) if as_needed else amount, amount, single, why),), as_needed)


def use(name: str, ago: int | None, kind: Any = "request", group: DrugGroup = "opioid", **more: Any) -> DrugUse:
    """A record of treatment, active unless it says otherwise. ``name``: the ingredient, or ingredient/id."""
    drug, _, ref = name.partition("/")
    made: dict[str, Any] = {
        "kind": kind, "drugs": (group,), "groups": frozenset({group}), "product": Product("unknown"), "active": True,
        "ended": False, "when": None if ago is None else day(ago), "until": None, "text": TEXT(name),
        "ref": TEXT(f"MedicationRequest/{ref or drug}"), "daily": daily(group, drug, 60),
    }  # fmt: skip
    return DrugUse(**made | more)


def order(name: str, group: DrugGroup = "opioid", **more: Any) -> DrugOrder:
    made: dict[str, Any] = {
        "key": name, "position": 0, "ref": None, "text": TEXT(name), "drugs": (group,), "groups": frozenset({group}),
        "product": Product("unknown"), "selected": True, "stops": False, "dose": Dose(Fraction(10), False, TEXT("10")),
        "daily": daily(group, name, 60),
    }  # fmt: skip
    return DrugOrder(**made | more)


SCAN = RequestedProcedure("scan", 1, None, TEXT("bone scan"), ("bone-scan",), True, False)


def analgesics(uses: tuple[DrugUse, ...] = (), orders: tuple[Any, ...] = (), stands: int = 90) -> Analgesics:
    return Analgesics(Treatment(uses, TODAY), Orders(orders), Conversion(TABLE), stands)


# Opioids


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        ((), (False, None)),
        ((use("morphine", 10),), (True, day(10))),
        ((use("morphine", None),), (True, None)),
        # What ended lasts until its end, else until the next of the same drug, and no longer than an order stands.
        ((use("morphine", 40, active=False, ended=True, until=day(20)),), (True, day(40))),
        ((use("morphine", 60, active=False, ended=True, until=day(31)),), (False, None)),
        ((use("morphine", 60, active=False, ended=True),), (False, None)),
        ((use("morphine", 60, active=False, ended=True), use("morphine/b", 10)), (True, day(60))),
        ((use("morphine/b", 10), use("morphine", 60, active=False, ended=True)), (True, day(60))),
        ((use("morphine", 60, active=False, ended=True), use("oxycodone", 10)), (True, day(10))),
        ((use("morphine", 130, active=False, ended=True), use("morphine/b", 10)), (True, day(130))),
        ((use("morphine", 131, active=False, ended=True), use("morphine/b", 10)), (True, day(10))),
        ((use("morphine", 60, active=False), use("morphine/b", 10)), (True, day(10))),
        # An administration is one day.
        ((use("morphine", 20, "administration"),), (True, day(20))),
        ((use("morphine", 31, "administration"),), (False, None)),
        ((use("morphine", 45, "administration", ended=True), use("morphine/b", 10)), (True, day(10))),
        ((use("morphine", 40, "administration"), use("morphine/b", 10)), (True, day(40))),
        # A start that nobody states leaves it open, whatever came before.
        ((use("morphine", None), use("oxycodone", 60, until=day(20), active=False)), (True, None)),
        ((use("morphine", 10, active=False, until=day(-10)),), (True, day(10))),
    ],
)
def test_since_when_opioids_are_taken(uses: tuple[DrugUse, ...], expected: tuple[bool, date | None]) -> None:
    assert analgesics(uses).on_opioid_since(30) == expected


def test_since_when_the_opioid_that_a_draft_ends_was_taken() -> None:
    stops = order("morphine", stops=True, authored=day(40))
    asked = analgesics((use("morphine", 20),))
    assert asked.stopped_since(stops, 30) == day(40)
    assert asked.stopped_since(order("morphine", stops=True, authored=day(5)), 30) == day(20)
    assert asked.stopped_since(order("morphine", stops=True, authored=day(40), forbids=True), 30) == day(20)
    assert analgesics().stopped_since(stops, 30) == day(40)
    assert analgesics().stopped_since(order("morphine", stops=True), 30) is None
    assert analgesics((use("morphine", 20, until=day(15)),)).stopped_since(order("morphine"), 30) == day(20)


def test_which_drafts_and_records_are_opioids() -> None:
    starts, ends = order("morphine"), order("oxycodone", stops=True)
    other = order("ibuprofen", "nsaid", stops=True)
    needed = order("tramadol", daily=daily("opioid", "tramadol", 100, as_needed=True))
    taken = use("fentanyl", 5)
    asked = analgesics((taken,), (starts, ends, other, needed, SCAN))
    assert asked.stopped_opioids == (ends,)
    assert asked.opioids(30, regular=True) == (starts, taken)
    assert asked.opioids(30, regular=False) == (needed,)
    assert asked.taken(("opioid",), 30) == (taken,)
    assert (asked.table, asked.own_table) == ("CDC 2022", False)


def test_the_newest_day_that_tells_of_a_drug() -> None:
    uses = (use("morphine", 20), use("morphine/b", 10), use("ibuprofen", 1, group="nsaid"), use("morphine/c", None))
    assert analgesics(uses).last_told(order("morphine")) == day(10)
    assert analgesics(uses).last_told(order("morphine", authored=day(3))) == day(3)
    assert analgesics(uses).last_told(order("morphine", authored=day(30))) == day(10)
    assert analgesics().last_told(order("morphine")) is None
    assert analgesics().whether_taken(day(9)) == (Missing("opioid-taken", "too-old", None, day(9)),)


def test_opioids_of_orders_with_and_without_what_is_as_needed() -> None:
    needed = order("morphine", daily=daily("opioid", "morphine", 40, as_needed=True))
    asked = analgesics()
    assert asked.daily_opioid([needed], regular=True).ome == 0
    assert asked.daily_opioid([needed, order("oxycodone")], regular=True).ome == 90
    assert asked.daily_opioid([needed, order("oxycodone")], regular=False).ome == 130


# What an opioid is in oral morphine


class Given:
    """What is needed of an order."""

    def __init__(self, name: str, most: int | None, form: Form = "oral", why: str | None = None, **more: Any) -> None:
        self.text = TEXT(f"order of {name}")
        amount = None if most is None else Fraction(most)
        portions = (Portion("opioid", name, amount, amount, why=why), Portion(ACETAMINOPHEN, "acetaminophen"))
        self.daily: Daily | None = Daily(portions, form=form, **more)


@pytest.mark.parametrize(
    ("given", "amounts"),
    [
        (
            Given("oxycodone", 40),
            {"amount": 40, "factor": Fraction(3, 2), "ome": 60, "low": 40, "high": 80},
        ),
        (
            Given("tramadol", 100, "unstated"),
            {"amount": 100, "factor": Fraction(1, 5), "ome": 20, "low": 10, "high": 20},
        ),
        (
            Given("fentanyl", None, "transdermal", rate=Fraction(25)),
            {"unit": "ug/h", "amount": 25, "factor": Fraction(12, 5), "ome": 60, "low": 50, "high": 60},
        ),
        (
            Given("fentanyl", None, "transdermal", rate_why="patch-interval"),
            {"unit": "ug/h", "why": "patch-interval", "foreign": True},
        ),
        (Given("fentanyl", None, "transdermal"), {"unit": "ug/h", "why": "patch-rate-unknown", "foreign": True}),
        (Given("fentanyl", 1, "parenteral"), {"why": "not-by-mouth", "foreign": True}),
        (Given("morphine", 10, "parenteral"), {"why": "not-by-mouth", "foreign": True}),
        (Given("morphine", 10, "rectal"), {"why": "not-by-mouth", "foreign": True}),
        (Given("methadone", 10), {"why": "ratio-rises", "foreign": True}),
        (Given("moonshine", 10), {"why": "no-factor", "foreign": True}),
        (Given("morphine", None, why="frequency-unknown"), {"why": "frequency-unknown"}),
        (Given("morphine", None), {"why": "dose-unknown"}),
    ],
)
def test_one_opioid_in_oral_morphine(given: Given, amounts: dict[str, Any]) -> None:
    assert given.daily
    expected = OpioidPart(given.text, given.daily.portions[0].ingredient, **amounts)
    assert Conversion(TABLE).daily([given], regular=True) == OpioidDaily((expected,))


def test_several_opioids_and_what_is_not_known_of_them() -> None:
    known, unread, foreign = Given("oxycodone", 40), Given("morphine", None), Given("methadone", 10)
    nothing = Given("x", 1)
    nothing.daily = None
    found = Conversion(TABLE).daily([known, unread, foreign, nothing], regular=True)
    assert (found.ome, found.low, found.high, found.ranges) == (60, 40, 80, True)
    assert [p.ingredient for p in found.converted] == ["oxycodone"]
    assert [p.ingredient for p in found.unread] == ["morphine"]
    assert [p.ingredient for p in found.foreign] == ["methadone"]
    assert found.why_unread == (Missing("opioid-dose", "dose-unknown", unread.text),)
    assert not Conversion(TABLE).daily([Given("morphine", 40)], regular=True).ranges
    empty = OpioidDaily(())
    assert all(isinstance(total, Fraction) and total == 0 for total in (empty.ome, empty.low, empty.high))


def test_a_table_of_the_site_is_its_own() -> None:
    own = Opioids("ours", "site", TABLE.sources, TABLE.factors, {})
    assert (Conversion(own).own, Conversion(own).name) == (True, "ours")
    assert (Conversion(TABLE).own, Conversion(TABLE).name) == (False, "CDC 2022")


def test_the_days_of_a_reduction() -> None:
    fast, slow = Fraction(1, 4), Fraction(1, 10)
    assert [*taper(Fraction(40), Fraction(30), slow, fast)] == [
        TaperDay(1, Fraction(30), Fraction(36), False),
        TaperDay(2, Fraction(30), Fraction("32.4"), False),
        TaperDay(3, Fraction(30), Fraction(30), True),
    ]
    assert [*taper(Fraction(2), Fraction(1), Fraction(1, 2), Fraction(1, 2))] == [
        TaperDay(1, Fraction(1), Fraction(1), True)
    ]
    assert [*taper(Fraction(1), Fraction(1, 2), Fraction(1, 2), Fraction(1, 2))][-1].low == Fraction(1, 2)
    assert [*taper(Fraction(30), Fraction(30), slow, fast)] == []
    with pytest.raises(ValueError, match=r"^a reduction needs a target above zero and shares between nothing and all$"):
        next(taper(Fraction(40), Fraction(30), fast, slow))
    with pytest.raises(ValueError, match="reduction"):
        next(taper(Fraction(40), Fraction(30), Fraction(0), fast))
    with pytest.raises(ValueError, match="reduction"):
        next(taper(Fraction(40), Fraction(30), slow, Fraction(1)))
    with pytest.raises(ValueError, match="reduction"):
        next(taper(Fraction(40), Fraction(0), slow, fast))


def test_a_schedule_is_of_one_opioid_that_converts() -> None:
    fast, slow = Fraction(1, 4), Fraction(1, 10)
    one = Conversion(TABLE).daily([Given("oxycodone", 40)], regular=True)
    assert schedule(one, Fraction(30), slow, fast) == tuple(taper(Fraction(40), Fraction(20), slow, fast))
    for others in ([Given("methadone", 10)], [Given("oxycodone", 40), Given("methadone", 10)], []):
        assert schedule(Conversion(TABLE).daily(others, regular=True), Fraction(30), slow, fast) == ()
    patch = Conversion(TABLE).daily([Given("fentanyl", None, "transdermal", rate=Fraction(50))], regular=True)
    assert schedule(patch, Fraction(30), slow, fast) == ()


# Acetaminophen


def tablets(name: str, ago: int | None, kind: Any = "request", most: int | None = 2000, **more: Any) -> DrugUse:
    why = None if most else "frequency-unknown"
    amount = {"daily": daily(ACETAMINOPHEN, "acetaminophen", most, why=why)}
    return use(f"acetaminophen/{name}", ago, kind, ACETAMINOPHEN, **amount | more)


def given(name: str, ago: int, mg: int | None, **more: Any) -> DrugUse:
    dose = None if mg is None else Fraction(mg)
    portion = Portion(ACETAMINOPHEN, "acetaminophen", dose=dose, why="frequency-unknown" if mg else "dose-unknown")
    return tablets(name, ago, "administration", daily=Daily((portion,)), active=False, **more)


def counted(name: str, origin: Any, ago: int | None, mg: int | None = 2000, **more: Any) -> Counted:
    amount = None if mg is None else Fraction(mg)
    return Counted(TEXT(f"acetaminophen/{name}"), origin, amount, when=None if ago is None else day(ago), **more)


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        ((), DaySum()),
        ((tablets("a", 5),), DaySum((counted("a", "request", 5),))),
        ((tablets("a", 5, held=True),), DaySum((counted("a", "request", 5, held=True),))),
        ((tablets("a", 5, active=False),), DaySum()),
        ((tablets("a", 5), tablets("b", 5)), DaySum((counted("a", "request", 5), counted("b", "request", 5)))),
        (
            (tablets("a", 5), tablets("b", 5, "statement")),
            DaySum((counted("a", "request", 5),), (counted("b", "statement", 5),)),
        ),
        (
            (tablets("a", 5), tablets("b", 5, "statement", 3000)),
            DaySum((counted("a", "request", 5), counted("b", "statement", 5, 3000))),
        ),
        # An old prescription without an end or a refill is left out, and told.
        ((tablets("a", 90),), DaySum((counted("a", "request", 90),))),
        ((tablets("a", 91),), DaySum(stale=(counted("a", "request", 91),))),
        ((tablets("a", 91, refills=True),), DaySum((counted("a", "request", 91),))),
        ((tablets("a", 91, until=day(-1)),), DaySum((counted("a", "request", 91),))),
        ((tablets("a", None),), DaySum((counted("a", "request", None),))),
        ((tablets("a", 5, most=None),), DaySum((counted("a", "request", 5, None, why="frequency-unknown"),))),
        ((tablets("a", 5, daily=None),), DaySum((counted("a", "request", 5, None, why="dose-unknown"),))),
        # Given without a prescription: the day with most, the later of two alike; what is unread beside it.
        ((given("a", 2, 1000),), DaySum((counted("a", "administration", 2, 1000),))),
        ((given("a", 3, 1000),), DaySum()),
        (
            (given("a", 0, 1000), given("b", 1, 600), given("c", 1, 600)),
            DaySum((counted("a", "administration", 1, 1200),)),
        ),
        ((given("a", 1, 1000), given("b", 0, 1000)), DaySum((counted("a", "administration", 0, 1000),))),
        ((given("a", 1, None),), DaySum((counted("a", "administration", 1, None, why="dose-unknown"),))),
        (
            (given("a", 1, 1000), given("b", 0, None)),
            DaySum(
                (counted("a", "administration", 1, 1000), counted("a", "administration", 1, None, why="dose-unknown"))
            ),
        ),
        ((tablets("p", 5), given("a", 1, 1000)), DaySum((counted("p", "request", 5),))),
        ((use("morphine", 5),), DaySum()),
    ],
)
def test_acetaminophen_of_the_record(uses: tuple[DrugUse, ...], expected: DaySum) -> None:
    assert analgesics(uses).acetaminophen(2, 90) == expected


def drafted(name: str = "new", most: int = 2000, **more: Any) -> DrugOrder:
    amount = {"text": TEXT(f"acetaminophen/{name}"), "daily": daily(ACETAMINOPHEN, "acetaminophen", most)}
    return order(name, ACETAMINOPHEN, **amount | more)


def test_acetaminophen_of_drafts_beside_the_record() -> None:
    old, listed, a_day = tablets("old", 5), tablets("s", 5, "statement"), day(5)

    def total(*orders: Any) -> DaySum:
        return analgesics((old, listed), orders).acetaminophen(2, 90)

    was, said = counted("old", "request", 5), counted("s", "statement", 5)
    assert total(SCAN, order("morphine")) == DaySum((was,), (said,))
    assert total(drafted(authored=a_day)) == DaySum((counted("new", "draft", 5),), (was, said))
    assert total(drafted(authored=day(4))) == DaySum((counted("new", "draft", 4), was), (said,))
    replaces = drafted(most=3000, replaces=frozenset({"MedicationRequest/old"}))
    assert total(replaces) == DaySum((counted("new", "draft", None, 3000), said))
    assert total(drafted(stops=True)) == DaySum((was,))
    assert total(drafted(stops=True, forbids=True)) == DaySum()
    assert total(order("x", ACETAMINOPHEN, stops=True)) == DaySum((was,), (said,))  # another product
    needed = drafted(daily=daily(ACETAMINOPHEN, "acetaminophen", 1000, as_needed=True))
    assert total(needed).counted[0] == counted("new", "draft", None, 1000, as_needed=True)


def test_what_a_sum_says_of_itself() -> None:
    known, unknown = counted("a", "request", 5), counted("b", "draft", 3, None, why="frequency-unknown")
    bare = counted("c", "draft", 2, None)
    found = DaySum((known, unknown, bare))
    assert (found.total, found.unknown) == (2000, (unknown, bare))
    assert found.why_unknown == (
        Missing("acetaminophen-dose", "frequency-unknown", unknown.text, day(3)),
        Missing("acetaminophen-dose", "dose-unknown", bare.text, day(2)),
    )
    assert isinstance(DaySum().total, Fraction)


def test_one_product_in_one_dose_is_identical() -> None:
    assert identical(drafted(), drafted("other", authored=day(3)))
    assert identical(drafted(), tablets("a", 5))
    assert not identical(drafted(), drafted(most=3000))
    assert not identical(drafted(daily=None), drafted(daily=None))
    assert not identical(drafted(), drafted(drugs=("acetaminophen", "caffeine")))
