"""Treatment on record: who told it, when it ends by its own words, what product it is, and what nobody can read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.facts.medications import Treatments, treatments
from cds_service.facts.treatment import DrugUse
from tests.asked import call_of, record_of
from tests.build import KEYS, NOW, RXNORM, Json, ago, bundle, request, zoledronic

Treated = Callable[..., Treatments]
ZOLEDRONIC = {"medicationCodeableConcept": {"text": "zoledronic acid"}}


@pytest.fixture
def treated(edition: Edition) -> Treated:
    def read(*resources: Json) -> Treatments:
        record = record_of(call_of(request(zoledronic(), prefetch={"medicationRequests": bundle(*resources)})), KEYS)
        return treatments(record, edition.readers.drugs, record.referred, frozenset(), NOW)

    return read


def only(found: Treatments) -> DrugUse:
    (use,) = found.uses
    return use


def prescription(**changes: Any) -> Json:
    made = {
        "resourceType": "MedicationRequest",
        "id": "r",
        "status": "active",
        "intent": "order",
        "authoredOn": ago(400),
    }
    return made | ZOLEDRONIC | changes


def statement(**changes: Any) -> Json:
    return {"resourceType": "MedicationStatement", "id": "s", "status": "active", **ZOLEDRONIC} | changes


def administration(**changes: Any) -> Json:
    made = {"resourceType": "MedicationAdministration", "id": "a", "status": "completed", "effectiveDateTime": ago(28)}
    return made | ZOLEDRONIC | changes


def dosage(**repeat: Any) -> Json:
    return {"timing": {"repeat": repeat}}


# Told by the patient


@pytest.mark.parametrize(
    "told",
    [
        {"reportedBoolean": True},
        {"reportedReference": {"reference": "Patient/pat-1"}},
        {"reportedBoolean": "true"},
        {"reported": True, "medication": {"concept": {"text": "zoledronic acid"}}, "medicationCodeableConcept": None},
    ],
    ids=["R4 boolean", "R4 reference", "R4 string", "R5"],
)
def test_a_plan_that_keeps_the_patient_s_word_is_treatment(treated: Treated, told: Json) -> None:
    use = only(treated(prescription(intent="plan", **told)))
    assert (use.kind, use.active, use.ended, use.reported) == ("statement", True, False, True)
    assert use.ref == "MedicationRequest/r"
    ended = only(treated(prescription(intent="plan", status="completed", **told)))
    assert (ended.active, ended.ended) == (False, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"intent": "plan"},
        {"intent": "plan", "reportedBoolean": False},
        {"intent": "plan", "reportedBoolean": "false"},
        {"intent": "plan", "reported": {}},
        {"intent": "proposal", "reportedBoolean": True},
        {"intent": "option", "reported": True},
        {"intent": "plan", "reportedBoolean": True, "doNotPerform": True},
        {"intent": "plan", "reportedBoolean": True, "status": "draft"},
        {"authoredOn": "2026-03-05"},
    ],
)
def test_what_is_only_planned_is_none(treated: Treated, changes: Json) -> None:
    assert treated(prescription(**changes)).uses == ()


def test_a_statement_is_told_and_a_prescription_is_not(treated: Treated) -> None:
    assert only(treated(statement())).reported
    assert not only(treated(prescription())).reported
    assert not only(treated(administration())).reported
    assert treated(statement(effectiveDateTime="2026-03-05")).uses == ()


# Its own end


MONTH = {"value": 30, "unit": "d"}


@pytest.mark.parametrize(
    ("changes", "until"),
    [
        ({"dosageInstruction": [dosage(boundsPeriod={"end": ago(1)})]}, ago(1)),
        ({"dosageInstruction": [dosage(boundsPeriod={"start": ago(400), "end": ago(300)})]}, ago(300)),
        ({"dosageInstruction": [dosage(boundsDuration=MONTH)]}, ago(370)),
        ({"dosageInstruction": [dosage(boundsRange={"low": MONTH, "high": {"value": 8, "unit": "wk"}})]}, ago(344)),
        ({"dosageInstruction": dosage(boundsDuration=MONTH)}, ago(370)),
        ({"dispenseRequest": {"validityPeriod": {"start": ago(400), "end": ago(310)}}}, ago(310)),
        (
            {
                "dispenseRequest": {
                    "validityPeriod": {"end": ago(310)},
                    "expectedSupplyDuration": {"value": 90, "unit": "d"},
                }
            },
            ago(220),
        ),
    ],
)
def test_an_active_prescription_whose_own_end_has_passed_is_over(treated: Treated, changes: Json, until: str) -> None:
    use = only(treated(prescription(**changes)))
    assert (use.active, use.ended, str(use.until)) == (False, True, until)


@pytest.mark.parametrize(
    "changes",
    [
        {"dosageInstruction": [dosage(boundsPeriod={"end": ago(0)})]},
        {"dosageInstruction": [dosage(boundsPeriod={"start": ago(300)})]},
        {"dosageInstruction": [dosage(boundsPeriod={"end": ago(300)}), {"text": "q4w"}]},
        {
            "dosageInstruction": [
                dosage(boundsPeriod={"end": ago(300)}),
                dosage(boundsDuration={"value": 2, "unit": "a"}),
            ]
        },
        {"dosageInstruction": [dosage(boundsDuration={"value": 2, "unit": "years"})]},
        {"dosageInstruction": [dosage(boundsDuration={"value": "9" * 31, "unit": "d"})]},
        {"dosageInstruction": [dosage(boundsDuration={"value": 10**11, "unit": "a"})]},
        {"dosageInstruction": [dosage(boundsDuration=MONTH)], "authoredOn": None},
        {"dispenseRequest": {"validityPeriod": {"end": ago(0)}}},
        {"dispenseRequest": {"validityPeriod": {"end": ago(9)}, "expectedSupplyDuration": {"value": 30, "unit": "d"}}},
        {"dispenseRequest": {}},
        {"dispenseRequest": "x"},
        {"dispenseRequest": {"validityPeriod": [ago(300)]}},
    ],
)
def test_one_without_an_end_or_before_it_is_active(treated: Treated, changes: Json) -> None:
    assert only(treated(prescription(**changes))).active


def test_a_statement_ends_by_its_period_or_its_dosage(treated: Treated) -> None:
    assert not only(treated(statement(effectivePeriod={"end": ago(1)}))).active
    assert not only(treated(statement(dosage=[dosage(boundsPeriod={"end": ago(1)})]))).active
    assert not only(treated(statement(dosage=[dosage(boundsDuration=MONTH)], effectiveDateTime=ago(40)))).active
    assert only(treated(statement(dosage=[dosage(boundsDuration=MONTH)], effectiveDateTime=ago(20)))).active


def test_the_r5_status_ended_is_an_end(treated: Treated) -> None:
    use = only(treated(prescription(status="ended")))
    assert (use.active, use.ended) == (False, True)


# One dose, and how it is given

CALCIUM: Json = {"medicationCodeableConcept": {"text": "calcium carbonate 600 mg tablet"}}


def test_one_dose_is_told_from_taking(treated: Treated) -> None:
    assert not only(treated(prescription(**CALCIUM))).single
    assert only(treated(prescription(**CALCIUM, dosageInstruction=[{"text": "once"}]))).single
    assert only(treated(prescription(**CALCIUM, dosageInstruction=[dosage(count=1)]))).single
    assert only(treated(administration(**CALCIUM))).single
    assert not only(treated(statement(**CALCIUM, dosage=[{"text": "每日2次"}]))).single


@pytest.mark.parametrize(
    ("name", "instruction", "injected"),
    [
        ("calcium carbonate", {"route": {"text": "静滴"}}, True),
        ("calcium carbonate injection 10 mL", {}, True),
        ("碳酸钙注射液", {}, True),
        ("calcium carbonate injection", {"route": {"text": "oral"}}, False),
        ("calcium carbonate 600 mg tablet", {}, False),
        ("碳酸钙片", {}, False),
    ],
)
def test_an_ampoule_is_told_from_a_tablet(treated: Treated, name: str, instruction: Json, injected: bool) -> None:
    use = only(treated(prescription(medicationCodeableConcept={"text": name}, dosageInstruction=[instruction])))
    assert use.injected is injected


def test_a_use_has_its_interval(treated: Treated) -> None:
    use = only(treated(prescription(dosageInstruction=[{"text": "每3-4周"}])))
    assert (use.interval_days, use.interval_high_days) == (21, 28)


# Which product


@pytest.mark.parametrize(
    ("make", "place"), [(prescription, "dosageInstruction"), (statement, "dosage"), (administration, "dosage")]
)
@pytest.mark.parametrize(
    ("name", "instruction", "product"),
    [
        ("Xgeva", {}, "oncology"),
        ("安加维", {}, "oncology"),
        ("Prolia", {}, "osteoporosis"),
        ("普罗力", {}, "osteoporosis"),
        ("地舒单抗注射液 60mg/支", {}, "osteoporosis"),
        ("denosumab 120 mg", {}, "oncology"),
        ("denosumab", {"text": "2支(60mg/支)"}, "oncology"),
        ("denosumab", {"timing": {"repeat": {"frequency": 1, "period": 6, "periodUnit": "mo"}}}, "osteoporosis"),
        ("1.7 ML denosumab 70 MG/ML Injection", {}, "oncology"),
        ("denosumab 70 mg/mL", {"dose": {"value": "1.7", "unit": "mL"}}, "oncology"),
        ("zoledronic acid", {"text": "5 mg once a year"}, "osteoporosis"),
        ("密固达", {}, "osteoporosis"),
        ("唑来膦酸注射液 100ml:5mg", {}, "osteoporosis"),
        ("Zometa", {}, "oncology"),
        ("zoledronic acid", {}, "unknown"),
    ],
)
def test_treatment_on_record_has_its_product(
    treated: Treated, make: Any, place: str, name: str, instruction: Json, product: str
) -> None:
    use = only(treated(make(medicationCodeableConcept={"text": name}, **{place: [instruction]})))
    assert use.product.use == product


def mass(value: float) -> Json:
    return {"value": value, "unit": "mg"}


def volume(value: float) -> Json:
    return {"value": value, "unit": "mL"}


@pytest.mark.parametrize(
    ("ingredient", "more", "quantity", "expected"),
    [
        ({"strength": {"numerator": mass(4), "denominator": {"value": 1, "unit": "vial"}}}, {}, (2, "vial"), 8),
        ({"strength": {"numerator": mass(8), "denominator": {"value": 2, "unit": "支"}}}, {}, (2, "支"), 8),
        ({"strength": {"numerator": mass(4), "denominator": volume(5)}}, {}, (1, "vial"), 4),
        ({"strength": {"numerator": mass(4), "denominator": volume(5)}}, {}, (10, "mL"), 8),
        ({"strengthRatio": {"numerator": mass(0.8), "denominator": volume(1)}}, {}, (5, "mL"), 4),
        (
            {"strengthRatio": {"numerator": mass(0.8), "denominator": volume(1)}},
            {"totalVolume": volume(5)},
            (1, "vial"),
            4,
        ),
        (
            {"strength": {"numerator": mass(0.8), "denominator": volume(1)}},
            {"amount": {"numerator": volume(5)}},
            (2, "vial"),
            8,
        ),
        ({"strengthQuantity": mass(4)}, {}, (2, "vial"), 8),
        ({"strength": {"numerator": mass(0.8), "denominator": volume(1)}}, {}, (1, "vial"), None),
        ({"strength": {"numerator": mass(4), "denominator": {"value": 1, "unit": "kg"}}}, {}, (1, "vial"), None),
        ({"strength": {"numerator": mass(4), "denominator": {"value": 0, "unit": "vial"}}}, {}, (1, "vial"), None),
        ({"strength": {"numerator": mass(4)}}, {}, (1, "vial"), None),
    ],
)
def test_the_medication_resource_tells_what_a_piece_holds(
    treated: Treated, ingredient: Json, more: Json, quantity: tuple[int, str], expected: int | None
) -> None:
    code = {"coding": [{"system": RXNORM, "code": "77655"}]}
    inside = {"resourceType": "Medication", "id": "m", "code": code, "ingredient": [ingredient], **more}
    dose = {"doseAndRate": [{"doseQuantity": {"value": quantity[0], "unit": quantity[1]}}]}
    reference = {"medicationCodeableConcept": None, "medicationReference": {"reference": "#m"}, "contained": [inside]}
    use = only(treated(prescription(**reference, dosageInstruction=[dose])))
    assert (use.dose.mg if use.dose else None) == expected


def test_r5_s_rendered_text_is_read_where_no_dosage_has_one(treated: Treated) -> None:
    assert only(treated(prescription(renderedDosageInstruction="4 mg q4w"))).dose is not None
    assert only(treated(statement(renderedDosageInstruction="每4周4mg"))).interval_days == 28
    told = only(treated(prescription(renderedDosageInstruction="8 mg", dosageInstruction=[{"text": "4 mg"}])))
    assert told.dose is not None
    assert told.dose.mg == 4


# What nobody can read

GONE: Json = {"medicationCodeableConcept": None, "medicationReference": {"reference": "Medication/gone"}}
GONE_R5: Json = {"medicationCodeableConcept": None, "medication": {"reference": {"reference": "Medication/gone"}}}


@pytest.mark.parametrize(
    ("resources", "need", "count"),
    [
        ([prescription(**GONE)], "medicationRequests", "1"),
        ([prescription(**GONE_R5)], "medicationRequests", "1"),
        ([prescription(**GONE), prescription(**GONE, id="r2", status="completed")], "medicationRequests", "2"),
        ([statement(**GONE)], "medicationStatements", "1"),
        ([statement(**GONE_R5, status="recorded")], "medicationStatements", "1"),
        ([administration(**GONE)], "medicationAdministrations", "1"),
        ([prescription(**GONE | {"medicationReference": {"reference": "#gone"}})], "medicationRequests", "1"),
        ([prescription(**GONE, intent="plan", reportedBoolean=True)], "medicationStatements", "1"),
    ],
)
def test_a_drug_nobody_can_read_is_counted(treated: Treated, resources: list[Json], need: str, count: str) -> None:
    found = treated(*resources)
    assert found.uses == ()
    assert {n: (m.why, m.detail) for n, m in found.unreadable.items()} == {need: ("medication-unreadable", count)}


@pytest.mark.parametrize(
    "resource",
    [
        prescription(),
        prescription(medicationCodeableConcept={"text": "atorvastatin"}),
        prescription(**GONE | {"medicationReference": {"reference": "Medication/gone", "display": "atorvastatin"}}),
        prescription(**GONE, status="cancelled"),
        prescription(**GONE, intent="proposal"),
        statement(**GONE, status="not-taken"),
        administration(**GONE, status="not-done"),
        prescription(medicationCodeableConcept=None),
    ],
)
def test_a_drug_that_is_named_or_no_treatment_is_not(treated: Treated, resource: Json) -> None:
    assert treated(resource).unreadable == {}


def test_a_corrected_spelling_of_r5_s_day_is_read_too(treated: Treated) -> None:
    use = only(treated(administration(effectiveDateTime=None, occurrenceDateTime=ago(28))))
    assert use.when == date.fromisoformat(ago(28))
    assert only(treated(administration(effectiveDateTime=None, occurrencePeriod={"start": ago(28)}))).when


# Days ahead, doses carried out, prescriptions to be filled again


@pytest.mark.parametrize(("days_ahead", "counts"), [(0, True), (1, False)])
def test_what_is_dated_after_today_has_not_happened(treated: Treated, days_ahead: int, counts: bool) -> None:
    day = ago(-days_ahead)
    for one in (prescription(authoredOn=day), statement(effectiveDateTime=day), administration(effectiveDateTime=day)):
        assert bool(treated(one).uses) is counts


@pytest.mark.parametrize(("days_ahead", "counts"), [(1, True), (2, False)])
def test_a_day_ahead_may_be_another_zone_s_and_no_more(treated: Treated, days_ahead: int, counts: bool) -> None:
    """Of a statement whose own day is too vague the day it was told counts."""
    assert bool(treated(statement(effectiveDateTime="2026", dateAsserted=ago(-days_ahead))).uses) is counts


@pytest.mark.parametrize(
    ("resource", "carried_out"),
    [
        (prescription(status="completed"), True),
        (prescription(), False),
        (prescription(status="stopped"), False),
        (prescription(status="completed", intent="plan", reportedBoolean=True), False),
    ],
)
def test_a_completed_prescription_was_carried_out_unless_it_is_hearsay(
    treated: Treated, resource: Json, carried_out: bool
) -> None:
    assert only(treated(resource)).carried_out is carried_out


@pytest.mark.parametrize(("repeats", "refills"), [(1, True), (0, False), (None, False)])
def test_a_prescription_may_be_filled_again(treated: Treated, repeats: int | None, refills: bool) -> None:
    assert only(treated(prescription(dispenseRequest={"numberOfRepeatsAllowed": repeats}))).refills is refills
    assert not only(treated(statement())).refills
    assert not only(treated(administration())).refills


def test_the_period_of_a_whole_dose_ends_it_in_r5(treated: Treated) -> None:
    use = only(treated(prescription(effectiveDosePeriod={"start": ago(400), "end": ago(3)})))
    assert (use.active, str(use.until)) == (False, ago(3))
    later = {"dosageInstruction": [dosage(boundsPeriod={"end": ago(1)})]}
    assert str(only(treated(prescription(effectiveDosePeriod={"end": ago(3)}, **later))).until) == ago(3)
