"""What treatment on record is, was and is over, from uses given by hand: kinds, drugs and ends of days."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from cds_service.base.kinds import RequestText
from cds_service.edition import Edition
from cds_service.facts.treatment import DrugUse, Treatment, TreatmentGiven
from cds_service.knowledge.drugs import Product
from tests.build import NOW

TODAY, ZOLEDRONATE, DENOSUMAB = NOW.date(), "zoledronic-acid", "denosumab"


def use(kind: str, days_ago: int | None, *drugs: str, until: int | None = None, **more: Any) -> DrugUse:
    when, end = (None if days is None else TODAY - timedelta(days=days) for days in (days_ago, until))
    told: dict[str, Any] = {
        "groups": frozenset({"bone-modifying"}), "product": Product("oncology"), "active": False, "ended": False,
        "text": RequestText("t"), "ref": RequestText(f"{kind}/{days_ago}"), "single": kind == "administration",
    }  # fmt: skip
    return DrugUse(kind=kind, drugs=drugs or (ZOLEDRONATE,), when=when, until=end, **told | more)  # type: ignore[arg-type]


def taking(*uses: DrugUse, lapsed: int | None = None) -> int:
    return len(Treatment(uses, TODAY).taking(["bone-modifying"], 90, lapsed))


@pytest.mark.parametrize(
    ("other", "counts"),
    [
        (use("request", 60, until=30, ended=True), False),  # ended on the day of the administration
        (use("request", 60, until=31, ended=True), True),  # before it
        (use("request", 60, until=29, ended=False), True),  # it has not ended
        (use("request", 60, DENOSUMAB, until=29, ended=True), True),  # another drug
        (use("administration", 20, ended=True), True),  # a dose that is over is no prescription that is
        (use("request", None, ended=True), True),  # nobody knows when
        (use("request", 30, ended=True), False),
    ],
)
def test_an_administration_counts_until_a_prescription_of_the_drug_ended(other: DrugUse, counts: bool) -> None:
    given = use("administration", 30)
    assert (given in Treatment((given, other), TODAY).taking(["bone-modifying"], 90)) is counts


def test_an_administration_without_a_day_is_not_lately() -> None:
    assert taking(use("administration", None)) == 0


def test_one_dose_ordered_long_ago_is_over_unless_it_is_a_yearly_product() -> None:
    once = {"active": True, "single": True}
    assert taking(use("request", 100, **once), lapsed=100) == 0
    assert taking(use("request", 99, **once), lapsed=100) == 1
    assert taking(use("request", 100, **once, product=Product("osteoporosis")), lapsed=100) == 1


def test_an_administration_never_lapses_by_another_s_interval() -> None:
    assert taking(use("administration", 80), lapsed=70) == 1


@pytest.mark.parametrize(("days", "counts"), [(56, 1), (57, 0)])
def test_a_prescription_lapses_after_twice_its_interval_the_longest_of_a_range(days: int, counts: int) -> None:
    every = {"active": True, "interval_days": Fraction(21), "interval_high_days": Fraction(28)}
    prescribed = use("request", 200, **every)
    treatment = Treatment((prescribed, use("administration", days)), TODAY)
    assert (prescribed in treatment.taking(["bone-modifying"], 10, 50)) is bool(counts)


def test_doses_are_administrations_and_single_orders_carried_out_newest_first() -> None:
    first, second = use("administration", 60), use("request", 30, single=True, carried_out=True)
    none = (
        use("request", 10, carried_out=True), use("request", 9, single=True),
        use("statement", 8, carried_out=True, single=True),
        use("administration", 7, DENOSUMAB), use("administration", None),
    )  # fmt: skip
    assert Treatment((first, *none, second), TODAY).doses(ZOLEDRONATE) == (second, first)


def test_given_is_before_today_of_these_drugs_and_by_prescriptions_only_where_nothing_else_tells() -> None:
    told = (use("administration", 60), use("statement", 30), use("request", 20, ended=True))
    other = (use("administration", 50, DENOSUMAB), use("administration", 0), use("administration", None))
    assert Treatment((*told, *other), TODAY).given([ZOLEDRONATE]) == (day(60), day(30))
    assert Treatment((told[2], use("request", 10, active=True), *other[:1]), TODAY).given([ZOLEDRONATE]) == (day(20),)


def test_stopped_is_what_the_latest_prescription_of_these_drugs_says() -> None:
    ended = use("request", 10, ended=True)
    whole = use("request", 40, ended=True, carried_out=True)
    assert Treatment((ended, whole), TODAY).stopped([ZOLEDRONATE])
    assert not Treatment((use("request", 50, ended=True), whole), TODAY).stopped([ZOLEDRONATE])
    assert not Treatment((ended,), TODAY).stopped([DENOSUMAB])
    assert Treatment((ended, use("request", 5, DENOSUMAB, active=True)), TODAY).stopped([ZOLEDRONATE])


def day(days_ago: int) -> date:
    return TODAY - timedelta(days=days_ago)


def test_a_case_tells_dose_interval_and_daily_amount(edition: Edition) -> None:
    """What a reviewer writes in a case is what the rule sees."""
    given = {
        "uses": [
            {"drug": ZOLEDRONATE, "interval_days": 28, "dose_mg": 4, "substance": "zoledronic acid hydrate"},
            {"drug": "opioid", "form": "transdermal", "rate": 25, "portions": [{"ingredient": "fentanyl"}]},
        ]
    }
    first, patch = msgspec.convert(given, TreatmentGiven, strict=False).told(edition.readers.drug_facts).uses
    assert (first.interval_days, first.interval_high_days, first.substance) == (28, 28, "zoledronic acid hydrate")
    assert first.dose is not None
    assert (first.dose.mg, first.dose.is_range, first.dose.shown) == (4, False, "4 mg")
    assert patch.dose is None
    assert patch.daily is not None
    assert (patch.daily.form, patch.daily.rate) == ("transdermal", 25)
