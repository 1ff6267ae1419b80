"""Refusals: whose drug, when, by which order; the latest in the window."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from cds_service.base.kinds import RequestText
from cds_service.edition import Edition
from cds_service.facts.refusals import Refusal, RefusalGiven, Refusals, RefusalsGiven
from cds_service.facts.told import NOW
from tests.build import PATIENT, Json, ago
from tests.facts.whole import facts_of

TODAY = NOW.date()
REFUSED: Json = {"text": "Patient refusal"}


def request(name: str, drug: Any = "zoledronic acid", days_ago: int | None = 2, **more: Any) -> Json:
    made: Json = {
        "resourceType": "MedicationRequest", "status": "stopped", "intent": "order",
        "subject": {"reference": f"Patient/{PATIENT}"}, "statusReason": REFUSED, "id": name,
    }  # fmt: skip
    made |= {} if days_ago is None else {"authoredOn": ago(days_ago)}
    return made | ({"medicationCodeableConcept": {"text": drug}} if isinstance(drug, str) else drug) | more


def refusal(name: str, days_ago: int | None = 2, group: Any = "bisphosphonate") -> Refusal:
    day = None if days_ago is None else TODAY - timedelta(days=days_ago)
    return Refusal(frozenset({group}), day, RequestText(f"MedicationRequest/{name}"))


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ([], ()),
        ([request("a")], (refusal("a"),)),
        ([request("a", status="cancelled")], (refusal("a"),)),
        ([request("a", status="completed")], ()),
        ([request("a", status="active")], ()),
        ([request("a", statusReason=None)], ()),
        ([request("a", statusReason={"text": "out of stock"})], ()),
        ([request("a", days_ago=None)], (refusal("a", None),)),
        ([request("a"), request("b", "denosumab", 5)], (refusal("a"), refusal("b", 5, "rankl-inhibitor"))),
    ],
)
def test_what_was_refused(edition: Edition, orders: list[Json], expected: tuple[Refusal, ...]) -> None:
    found = facts_of(edition, *orders).refusals
    assert (frozenset(found.all), found.today) == (frozenset(expected), TODAY)


def test_the_drug_of_a_medication_elsewhere_in_the_record(edition: Edition) -> None:
    medication = {"resourceType": "Medication", "id": "m", "code": {"text": "zoledronic acid"}}
    order = request("a", {"medicationReference": {"reference": "Medication/m"}})
    assert facts_of(edition, medication, order).refusals.all == (refusal("a"),)


def test_the_latest_of_the_groups_in_the_window() -> None:
    old, new, other, undated = refusal("z", 9), refusal("b", 3), refusal("a", 1, "opioid"), refusal("u", None)
    found = Refusals((old, new, other, undated), TODAY)
    assert found.lately(9, "bisphosphonate") == new
    assert Refusals((new, old), TODAY).lately(9, "bisphosphonate") == new
    assert found.lately(9, "bisphosphonate", "opioid") == other
    assert found.lately(2, "bisphosphonate") is None
    assert found.lately(9, "nsaid") is None
    same_day = Refusals((refusal("a"), refusal("c"), refusal("b")), TODAY)
    assert same_day.lately(9, "bisphosphonate") == refusal("c")


def test_what_a_case_says_of_refusals(edition: Edition) -> None:
    given = RefusalsGiven(refused=[RefusalGiven("zoledronic-acid", 3), RefusalGiven("morphine", 1)][:1])
    drugs = edition.knowledge.guideline.drugs
    assert given.told(drugs) == Refusals((refusal("refused-0", 3),), date(2026, 3, 2))
    assert RefusalsGiven().told(drugs) == Refusals((), TODAY)
