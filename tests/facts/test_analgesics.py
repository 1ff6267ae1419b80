"""Acetaminophen of a day and courses of opioids, from whole records: nothing is counted twice, nothing is forgotten."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.facts.analgesics import DaySum
from tests.build import NOW, PATIENT, Json, ago
from tests.facts.test_portions import EVERY_6_H, dose, draft
from tests.facts.whole import facts_of, orders_of

SUBJECT = {"reference": f"Patient/{PATIENT}"}
GRAM = dose(1, "g", **EVERY_6_H)
HALF = dose(500, "mg", **EVERY_6_H)


def acetaminophen(kind: str, name: str, *dosages: Json, days_ago: int = 5, **more: Any) -> Json:
    made: Json = {"resourceType": kind, "id": name, "status": "active", "subject": SUBJECT}
    made |= {"medicationCodeableConcept": {"text": "acetaminophen 500 mg tablet"}}
    if kind == "MedicationRequest":
        made |= {"intent": "order", "authoredOn": ago(days_ago), "dosageInstruction": list(dosages)}
    elif kind == "MedicationStatement":
        made |= {"effectiveDateTime": ago(days_ago), "dosage": list(dosages)}
    return made | more


def given(name: str, mg: int, days_ago: int = 0) -> Json:
    when = f"{ago(days_ago)}T0{len(name)}:00:00Z"
    return {
        "resourceType": "MedicationAdministration", "id": name, "status": "completed", "subject": SUBJECT,
        "medicationCodeableConcept": {"text": "acetaminophen"}, "effectiveDateTime": when,
        "dosage": {"dose": {"value": mg, "unit": "mg"}},
    }  # fmt: skip


def day_sum(edition: Edition, drafts: list[Json], *record: Json) -> DaySum:
    orders = orders_of(edition, *drafts, record=record)
    return facts_of(edition, *record, orders=orders).analgesics.acetaminophen(2, 90)


def test_a_draft_of_the_same_id_takes_the_place_of_its_prescription(edition: Edition) -> None:
    before = acetaminophen("MedicationRequest", "d", GRAM)
    assert day_sum(edition, [draft("acetaminophen 500 mg tablet", HALF)], before).total == 2000


@pytest.mark.parametrize(
    "link",
    [
        {"priorPrescription": {"reference": "MedicationRequest/old"}},
        {"basedOn": [{"reference": "MedicationRequest/old"}]},
        {"basedOn": {"reference": "https://ehr.example.org/fhir/MedicationRequest/old/_history/2"}},
    ],
)
def test_a_draft_that_names_its_prescription_replaces_it(edition: Edition, link: Json) -> None:
    before = acetaminophen("MedicationRequest", "old", GRAM)
    assert day_sum(edition, [draft("acetaminophen 500 mg tablet", HALF, **link)], before).total == 2000
    assert day_sum(edition, [draft("acetaminophen 500 mg tablet", HALF)], before).total == 6000


def test_a_list_told_twice_counts_once(edition: Edition) -> None:
    request, listed = acetaminophen("MedicationRequest", "r", HALF), acetaminophen("MedicationStatement", "s", HALF)
    found = day_sum(edition, [draft("ibuprofen", HALF)], request, listed)
    assert (found.total, len(found.twice)) == (2000, 1)
    other = acetaminophen("MedicationStatement", "s", GRAM)
    assert day_sum(edition, [draft("ibuprofen", HALF)], request, other).total == 6000


def test_what_was_given_of_a_prescription_is_not_added(edition: Edition) -> None:
    doses = [given("a", 1000), given("ab", 1000), given("abc", 1000, 1)]
    plain = acetaminophen("MedicationRequest", "r", HALF, medicationCodeableConcept={"text": "acetaminophen"})
    assert day_sum(edition, [], plain, *doses).total == 2000
    # Without one, the day on which most was given.
    assert day_sum(edition, [], *doses).total == 2000
    assert day_sum(edition, [], given("a", 1000, 3)).total == 0


def test_the_order_of_entries_and_a_second_copy_make_no_difference(edition: Edition) -> None:
    record = [acetaminophen("MedicationRequest", "r", HALF), acetaminophen("MedicationStatement", "s", GRAM)]
    drafts = [draft("acetaminophen", GRAM)]
    once = day_sum(edition, drafts, *record)
    assert day_sum(edition, drafts, *reversed(record), *record).total == once.total


def test_what_is_not_read_makes_the_sum_the_least(edition: Edition) -> None:
    listed = acetaminophen("MedicationStatement", "s", {"text": "需要时"}, medicationCodeableConcept={"text": "泰诺"})
    found = day_sum(edition, [draft("acetaminophen", GRAM)], listed)
    assert (found.total, [m.why for m in found.why_unknown]) == (4000, ["dose-unknown"])


# Courses of opioids


def opioid(name: str, days_ago: int | None, until: int | None = None, status: str = "active") -> Json:
    made: Json = {
        "resourceType": "MedicationStatement", "id": name, "status": status, "subject": SUBJECT,
        "medicationCodeableConcept": {"text": "morphine"},
    }  # fmt: skip
    period: Json = {} if days_ago is None else {"start": ago(days_ago)}
    period |= {} if until is None else {"end": ago(until)}
    return made | ({"effectivePeriod": period} if period else {})


def since(edition: Edition, *record: Json, gap: int = 30) -> tuple[bool, int | None]:
    on, day = facts_of(edition, *record).analgesics.on_opioid_since(gap)
    return on, None if day is None else (NOW.date() - day).days


def test_an_unbroken_chain_begins_with_its_first_link(edition: Edition) -> None:
    assert since(edition) == (False, None)
    assert since(edition, opioid("a", 10)) == (True, 10)
    assert since(edition, opioid("a", 10), opioid("b", 60, 40, "completed")) == (True, 60)
    assert since(edition, opioid("a", 10), opioid("b", 60, 41, "completed")) == (True, 10)
    assert since(edition, opioid("b", 60, 30, "completed")) == (True, 60)
    assert since(edition, opioid("b", 60, 31, "completed")) == (False, None)


def test_a_prescription_that_was_stopped_lasted_until_the_next_one_as_long_as_an_order_stands(edition: Edition) -> None:
    def stopped(days_ago: int, drug: str = "morphine") -> Json:
        return {
            "resourceType": "MedicationRequest", "id": "old", "status": "stopped", "intent": "order",
            "subject": SUBJECT, "medicationCodeableConcept": {"text": drug}, "authoredOn": ago(days_ago),
        }  # fmt: skip

    raised = opioid("raised", 5)
    assert since(edition, stopped(200), raised) == (True, 200)  # 180 days, and a gap of 15
    assert since(edition, stopped(5 + 180 + 30), raised) == (True, 215)
    assert since(edition, stopped(5 + 180 + 31), raised) == (True, 5)
    assert since(edition, stopped(200)) == (False, None)
    # Of another drug nobody knows how long it lasted: its day counts alone.
    assert since(edition, stopped(5 + 30, "oxycodone"), raised) == (True, 35)
    assert since(edition, stopped(5 + 31, "oxycodone"), raised) == (True, 5)


def test_a_start_that_nobody_states_is_not_known(edition: Edition) -> None:
    assert since(edition, opioid("a", None)) == (True, None)


def test_the_days_are_of_the_records(edition: Edition) -> None:
    _, day = facts_of(edition, opioid("a", 10)).analgesics.on_opioid_since(30)
    assert day == date.fromisoformat(ago(10)) == NOW.date() - timedelta(days=10)


# What each sum is made of


def test_each_product_is_told_with_its_amount_its_origin_and_its_day(edition: Edition) -> None:
    asked = acetaminophen("MedicationRequest", "r", HALF, days_ago=7)
    listed = acetaminophen("MedicationStatement", "s", GRAM, days_ago=9)
    drafted = draft("acetaminophen", dose(250, "mg", **EVERY_6_H, asNeededBoolean=True), authoredOn=ago(0))
    found = day_sum(edition, [drafted], asked | {"status": "on-hold"}, listed)
    assert [(c.text, c.origin, c.mg, c.why, c.as_needed, c.held, c.when) for c in found.counted] == [
        ("acetaminophen", "draft", 1000, None, True, False, NOW.date()),
        ("acetaminophen 500 mg tablet", "request", 2000, None, False, True, date.fromisoformat(ago(7))),
        ("acetaminophen 500 mg tablet", "statement", 4000, None, False, False, date.fromisoformat(ago(9))),
    ]
    assert (found.total, found.unknown, found.twice, found.stale) == (7000, (), (), ())


def test_a_prescription_of_unknown_dose_says_which_and_since_when(edition: Edition) -> None:
    found = day_sum(edition, [], acetaminophen("MedicationRequest", "r", {"text": "as directed"}, days_ago=7))
    (missing,) = found.why_unknown
    assert (missing.what, missing.why, missing.detail, missing.when) == (
        "acetaminophen-dose", "dose-unknown", "acetaminophen 500 mg tablet", date.fromisoformat(ago(7)),
    )  # fmt: skip
    assert (found.total, [c.mg for c in found.unknown]) == (0, [None])
    assert day_sum(edition, []).total == Fraction(0)


@pytest.mark.parametrize(
    ("days_ago", "more", "stale"),
    [
        (90, {}, False),
        (91, {}, True),
        (91, {"dispenseRequest": {"numberOfRepeatsAllowed": 3}}, False),
        (91, {"dispenseRequest": {"validityPeriod": {"end": ago(-30)}}}, False),
    ],
)
def test_an_old_prescription_without_end_or_refill_is_left_out(
    edition: Edition, days_ago: int, more: Json, stale: bool
) -> None:
    found = day_sum(edition, [], acetaminophen("MedicationRequest", "r", HALF, days_ago=days_ago, **more))
    assert (found.total, len(found.stale)) == ((0, 1) if stale else (2000, 0))


def test_the_same_prescription_again_is_the_same_and_on_another_day_another(edition: Edition) -> None:
    first, again, later = (
        acetaminophen("MedicationRequest", name, HALF, days_ago=days) for name, days in (("a", 7), ("b", 7), ("c", 6))
    )
    assert (day_sum(edition, [], first, again).total, len(day_sum(edition, [], first, again).twice)) == (4000, 0)
    assert day_sum(edition, [], first, later).total == 4000
    same_as_draft = draft("acetaminophen 500 mg tablet", HALF, authoredOn=ago(7))
    found = day_sum(edition, [same_as_draft], first)
    assert (found.total, [c.origin for c in found.twice]) == (2000, ["request"])
    assert day_sum(edition, [same_as_draft], later).total == 4000


def test_of_what_was_given_the_day_with_most_counts(edition: Edition) -> None:
    found = day_sum(edition, [], given("a", 1000), given("ab", 500, 1), given("abc", 1000, 1), given("abcd", 4000, 3))
    assert [(c.mg, c.origin, c.when, c.why) for c in found.counted] == [
        (1500, "administration", date.fromisoformat(ago(1)), None)
    ]
    unread = given("ab", 500) | {"dosage": {"text": "some"}}
    (alone,) = day_sum(edition, [], unread).counted
    assert (alone.mg, alone.origin, alone.when) == (None, "administration", NOW.date())
    assert alone.why
    both = day_sum(edition, [], given("a", 1000), unread).counted
    assert [c.mg for c in both] == [1000, None]
    assert both[1].why == alone.why


@pytest.mark.parametrize(
    ("status", "kind", "total"),
    [
        ("cancelled", "MedicationStatement", 0),  # whoever stops it takes it no more
        ("cancelled", "MedicationRequest", 2000),  # of a prescription, only the one that is named
    ],
)
def test_a_draft_that_stops_ends_what_is_taken(edition: Edition, status: str, kind: str, total: int) -> None:
    stops = draft("acetaminophen 500 mg tablet", status=status)
    assert day_sum(edition, [stops], acetaminophen(kind, "x", HALF)).total == total
    assert day_sum(edition, [stops | {"id": "x"}], acetaminophen("MedicationRequest", "x", HALF)).total == 0
    never = draft("acetaminophen 500 mg tablet", doNotPerform=True)
    assert day_sum(edition, [never], acetaminophen(kind, "x", HALF)).total == 0
