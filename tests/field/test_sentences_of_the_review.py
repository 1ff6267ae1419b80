"""Sentences of the clinical review, each asked from the record to the card; their limits are held by the cases."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.edition import Edition
from tests.build import (
    BONE_METASTASIS,
    LUNG_CANCER,
    Json,
    ago,
    bundle,
    calcium,
    condition,
    denosumab,
    observation,
    prefetch,
    zoledronic,
)
from tests.build import order as ordering
from tests.field.asking import CALCIUM, CLEARANCE_95, CONCURRENT, DOSE, HYPOCALCAEMIA, MISSING, cards, laboratory

STOP, REPEAT, LOW = "bma-early-discontinuation", "bma-repeat-too-early", "bisphosphonate-hypocalcaemia"
HIGH, INFUSION, LIMIT = "hypercalcaemia-no-supplement", "infusion-time", "ibandronate-label-limit"
WELL = {"laboratory": laboratory(CLEARANCE_95, CALCIUM)}


def urgency(found: dict[str, Any]) -> dict[str, str]:
    return {topic: card.indicator for topic, card in found.items()}


def serum(code: str, value: float, unit: str, days: int = 2) -> Json:
    return observation(code, value, unit, days, id=f"r-{code}-{days}")


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (calcium(2.10), "warning"), (calcium(2.00), "warning"), (calcium(1.99), "critical"),
        (serum("1995-0", 1.00, "mmol/L"), "warning"), (serum("1995-0", 0.99, "mmol/L"), "critical"),
        (serum("29265-6", 8.0, "mg/dL"), "warning"), (serum("29265-6", 7.9, "mg/dL"), "critical"),
        (serum("17861-6", 1.75, "mmol/L"), "warning"), (serum("17861-6", 1.74, "mmol/L"), "critical"),
    ],
)  # fmt: skip
def test_how_low_a_calcium_is(edition: Edition, result: Json, expected: str) -> None:
    found = laboratory(CLEARANCE_95, result)
    assert urgency(cards(edition, denosumab(), laboratory=found)) == {HYPOCALCAEMIA: expected}
    assert urgency(cards(edition, zoledronic(), laboratory=found)) == {LOW: expected}


def test_a_calcium_nobody_measured_is_no_card_before_a_bisphosphonate(edition: Edition) -> None:
    assert cards(edition, zoledronic(), laboratory=laboratory(CLEARANCE_95)) == {}
    assert HYPOCALCAEMIA in cards(edition, denosumab(), laboratory=laboratory(CLEARANCE_95))


@pytest.mark.parametrize(("albumin", "expected"), [(45, {}), (49, {HYPOCALCAEMIA: "warning"})])
def test_low_only_by_correction(edition: Edition, albumin: int, expected: dict[str, str]) -> None:
    found = laboratory(CLEARANCE_95, serum("17861-6", 2.15, "mmol/L"), serum("1751-7", albumin, "g/L"))
    assert urgency(cards(edition, denosumab(), laboratory=found)) == expected


@pytest.mark.parametrize(("value", "expected"), [(2.90, "info"), (2.91, "warning")])
def test_no_calcium_in_hypercalcaemia(edition: Edition, value: float, expected: str) -> None:
    tablets = ordering("1", 500) | {"medicationCodeableConcept": {"text": "calcium carbonate"}}
    assert urgency(cards(edition, tablets, laboratory=laboratory(calcium(value)))) == {HIGH: expected}


@pytest.mark.parametrize("value", [(30, "mg/dL"), (2652, "umol/L")])
def test_the_sickest_kidneys_have_a_clearance(edition: Edition, value: tuple[float, str]) -> None:
    found = cards(edition, zoledronic(), laboratory=laboratory(serum("2160-0", *value), CALCIUM))
    assert urgency(found)[DOSE] == "critical"


@pytest.mark.parametrize("code", ["Z99.2", "N18.4", "N18.5", "N18.6"])
def test_without_one_they_are_named(edition: Edition, code: str) -> None:
    known = bundle(LUNG_CANCER, BONE_METASTASIS, condition(code))
    found = cards(edition, zoledronic(), conditions=known, laboratory=laboratory(CALCIUM))
    assert urgency(found)[MISSING] == "critical"


@pytest.mark.parametrize(("value", "topic"), [(442, DOSE), (443, LIMIT)])
def test_ibandronate_has_a_limit_of_its_label(edition: Edition, value: int, topic: str) -> None:
    found = laboratory(serum("2160-0", value, "umol/L"), CALCIUM)
    assert set(cards(edition, ordering("115264", 6), laboratory=found)) == {topic}


def given(name: str, days: int) -> Json:
    return {
        "resourceType": "MedicationAdministration",
        "id": f"dose-{days}",
        "status": "completed",
        "medicationCodeableConcept": {"text": name},
        "subject": {"reference": "Patient/pat-1"},
        "effectiveDateTime": ago(days),
    }


def doses(*made: Json) -> dict[str, Any]:
    return WELL | {"medicationAdministrations": bundle(*made)}


@pytest.mark.parametrize(
    ("order", "name"), [(denosumab(), "Prolia 60 mg"), (zoledronic(), "zoledronic acid 5 mg/100 mL")]
)
def test_two_products_of_one_drug_are_two_drugs(edition: Edition, order: Json, name: str) -> None:
    assert urgency(cards(edition, order, **doses(given(name, 150))))[CONCURRENT] == "critical"


@pytest.mark.parametrize(("days", "expected"), [(13, True), (14, False)])
def test_the_same_drug_again(edition: Edition, days: int, *, expected: bool) -> None:
    assert (REPEAT in cards(edition, zoledronic(), **doses(given("zoledronic acid 4 mg", days)))) is expected


def test_the_same_drug_twice_in_one_set(edition: Edition) -> None:
    assert urgency(cards(edition, zoledronic(), zoledronic(id="second"), **WELL)) == {REPEAT: "warning"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("4 mg over 10 min", True),
        ("4mg 静滴 10分钟", True),
        ("4mg 静滴30分钟", False),
        ("4 mg IV over 10-15 min", False),
    ],
)
def test_an_unmistakable_infusion_time_is_read(edition: Edition, text: str, *, told: bool) -> None:
    order = zoledronic(None, dosageInstruction=[{"text": text}])
    assert (INFUSION in cards(edition, order, **WELL)) is told


def stopped(**members: Any) -> Json:
    return denosumab(status="stopped", authoredOn=ago(90)) | members


TREATED = doses(given("denosumab 120 mg", 60), given("denosumab 120 mg", 30))


@pytest.mark.parametrize("reason", ["adverse event", "renal decline", "hospice", "过敏", "死亡"])
def test_a_stated_reason_is_silent(edition: Edition, reason: str) -> None:
    assert cards(edition, stopped(statusReason={"text": reason}), **TREATED) == {}


@pytest.mark.parametrize("members", [{}, {"statusReason": {"text": "bone pain"}}, {"status": "on-hold"}], ids=str)
def test_one_stopped_drug_is_one_card(edition: Edition, members: Json) -> None:
    assert set(cards(edition, stopped(**members), **TREATED)) == {STOP}


@pytest.mark.parametrize("status", ["completed", "entered-in-error"])
def test_an_order_that_was_carried_out_stops_nothing(edition: Edition, status: str) -> None:
    assert cards(edition, stopped(status=status), **TREATED) == {}


def test_a_hold_beside_a_dental_procedure_is_what_the_guideline_says(edition: Edition) -> None:
    extraction = {"resourceType": "ServiceRequest", "id": "d", "status": "draft", "code": {"text": "拔牙"}}
    assert STOP not in cards(edition, stopped(status="on-hold"), extraction, **TREATED)


def test_osteoporosis_silences_its_own_product_only(edition: Edition) -> None:
    known = {"conditions": bundle(LUNG_CANCER, condition("M81.0"))}
    assert cards(edition, denosumab(60), **WELL | known) == {}
    assert cards(edition, denosumab(120), **WELL | known)
    tablets = ordering("1", 500) | {"medicationCodeableConcept": {"text": "calcium carbonate"}}
    assert HIGH in cards(edition, tablets, **known | {"laboratory": laboratory(calcium(2.95))})


def test_a_supplement_card_names_both_sources_and_is_none_beside_a_low_calcium(edition: Edition) -> None:
    nothing: dict[str, Any] = {"medicationRequests": prefetch(medicationRequests=bundle())["medicationRequests"]}
    card = cards(edition, denosumab(), **WELL | nothing)["calcium-vitamin-d-supplement"]
    assert all(part in card.detail for part in ("1000 mg", "500 mg", "400 IU", "guideline"))
    low = {"laboratory": laboratory(CLEARANCE_95, calcium(1.9))}
    assert set(cards(edition, denosumab(), **low | nothing)) == {HYPOCALCAEMIA}
