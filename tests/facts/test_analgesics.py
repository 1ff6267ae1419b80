"""Acetaminophen of a day and courses of opioids, from whole records: nothing is counted twice, nothing is forgotten."""

from __future__ import annotations

from datetime import date, timedelta
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
