"""Draft orders as facts: what they order or stop, which are selected, and why."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.call.problems import BadRequest, DataNotObtained
from cds_service.edition import Edition
from cds_service.facts.subjects import DrugOrder, Order, RequestedProcedure
from tests.asked import call_of, orders_of
from tests.build import ICD10CM, LUNG_CANCER, SNOMED, Json, bundle, condition, order, request, zoledronic

EXAM = {"coding": [{"system": SNOMED, "code": "34043003"}]}
OSTEOPOROSIS = {"coding": [{"system": ICD10CM, "code": "M81.0"}]}


@pytest.fixture
def orders(edition: Edition) -> Any:
    def read(*drafts: Json, urls: tuple[str | None, ...] = (), **members: Any) -> tuple[Order, ...]:
        body = request(*drafts, **members)
        for entry, url in zip(body["context"]["draftOrders"]["entry"], urls, strict=False):
            entry["fullUrl"] = url
        return orders_of(edition, call_of(body))

    return read


def service(**changes: Any) -> Json:
    return {"resourceType": "ServiceRequest", "id": "s", "status": "draft", "intent": "order", "code": EXAM} | changes


def drug_order(found: tuple[Order, ...]) -> DrugOrder:
    (order,) = found
    assert isinstance(order, DrugOrder)
    return order


# What is an order


def test_drugs_and_services_are_orders_and_nothing_else(orders: Any) -> None:
    found = orders(
        zoledronic(), service(), {"resourceType": "Medication", "id": "m"}, {"resourceType": "DeviceRequest"}
    )
    assert [type(order) for order in found] == [DrugOrder, RequestedProcedure]
    assert [(o.key, o.position, o.ref) for o in found] == [
        ("order-77655", 0, "MedicationRequest/order-77655"),
        ("s", 1, "ServiceRequest/s"),
    ]


def test_an_order_without_an_id_has_its_position_for_a_name(orders: Any) -> None:
    found = drug_order(orders(zoledronic(id=None)))
    assert (found.key, found.ref) == ("#0", None)
    assert orders(service(id=None))[0].key == "#0"


def test_what_was_entered_in_error_is_no_order(orders: Any) -> None:
    assert orders(zoledronic(status="entered-in-error"), service(status="entered-in-error")) == ()


@pytest.mark.parametrize("status", ["stopped", "cancelled", "revoked", "on-hold", "ended"])
def test_a_draft_of_an_end_stops(orders: Any, status: str) -> None:
    drug, exam = orders(zoledronic(status=status), service(status=status))
    assert drug.stops
    assert exam.stops


def test_an_order_that_was_carried_out_is_no_stop(orders: Any) -> None:
    """A dose given is not a drug ended; an examination done is still one that was arranged."""
    (exam,) = orders(zoledronic(status="completed"), service(status="completed"))
    assert isinstance(exam, RequestedProcedure)
    assert not exam.stops


@pytest.mark.parametrize(
    "draft", [zoledronic(), service(), zoledronic(status="active"), zoledronic(doNotPerform=False)]
)
def test_any_other_draft_starts(orders: Any, draft: Json) -> None:
    assert not orders(draft)[0].stops


@pytest.mark.parametrize("draft", [zoledronic(doNotPerform=True), service(doNotPerform=True)])
def test_do_not_perform_stops(orders: Any, draft: Json) -> None:
    assert orders(draft)[0].stops


# Services


@pytest.mark.parametrize(
    ("code", "services", "text"),
    [
        (EXAM, ("dental-examination",), ""),
        ({"concept": EXAM}, ("dental-examination",), ""),
        ({"text": "口腔检查"}, ("dental-examination",), "口腔检查"),
        ({"text": "serum creatinine"}, ("creatinine",), "serum creatinine"),
        ({"text": "chest x-ray"}, (), "chest x-ray"),
        ({}, (), ""),
        (None, (), ""),
    ],
)
def test_a_service_is_recognised_by_code_and_by_name(
    orders: Any, code: Json | None, services: tuple[str, ...], text: str
) -> None:
    (found,) = orders(service(code=code))
    assert (found.concepts, found.text) == (services, text)


# The drug


def test_a_draft_whose_drug_is_another_draft_entry(orders: Any) -> None:
    medication = {"resourceType": "Medication", "id": "m", "code": {"text": "Xgeva"}}
    for reference in ("urn:uuid:1", "Medication/m", "https://ehr.example.org/Medication/m/_history/2"):
        draft = zoledronic(medicationCodeableConcept=None, medicationReference={"reference": reference})
        found = orders(draft, medication, urls=(None, "urn:uuid:1"))
        assert drug_order(found).drugs == ("denosumab",)


@pytest.mark.parametrize(
    "members",
    [
        {"medicationReference": {"reference": "Medication/gone"}},
        {"medication": {"reference": {"reference": "Medication/gone"}}},
    ],
)
def test_a_drug_nobody_can_name_is_not_obtained(orders: Any, members: Json) -> None:
    with pytest.raises(DataNotObtained) as caught:
        orders(service(), zoledronic(medicationCodeableConcept=None, **members))
    assert caught.value.causes[0][0] == "context.draftOrders.entry[1].resource.medicationReference"


def test_an_order_of_nothing_is_an_order_of_no_drug_of_ours(orders: Any) -> None:
    assert drug_order(orders(zoledronic(medicationCodeableConcept=None))).drugs == ()
    assert drug_order(orders(zoledronic(medicationCodeableConcept=None, medication={}))).drug == ""


def test_a_topical_nsaid_is_of_no_group(orders: Any) -> None:
    gel = zoledronic(None, medicationCodeableConcept={"text": "diclofenac"})
    assert drug_order(orders(gel)).groups == {"nsaid"}
    assert drug_order(orders(gel | {"dosageInstruction": [{"route": {"text": "topical"}}]})).groups == set()


def test_the_dosage_is_the_orders(orders: Any) -> None:
    found = drug_order(orders(zoledronic(4, authoredOn="2026-03-02T08:00:00Z")))
    assert found.dose is not None
    assert found.dose.mg == 4
    assert str(found.authored) == "2026-03-02"
    assert drug_order(orders(order("77655", 4, "bag"))).dose_problem == "dose-unit-unknown"


# Reasons


@pytest.mark.parametrize(
    "reason",
    [
        {"reasonCode": [OSTEOPOROSIS]},
        {"reasonCode": OSTEOPOROSIS},
        {"reasonCode": [{"text": "骨质疏松"}]},
        {"reason": [{"concept": OSTEOPOROSIS}]},
        {"reasonReference": [{"reference": "Condition/cond-M81.0"}]},
        {"reasonReference": {"reference": "https://ehr.example.org/Condition/cond-M81.0"}},
    ],
)
def test_the_reason_of_an_order_is_its_indication(orders: Any, reason: Json) -> None:
    found = orders(zoledronic(**reason), prefetch={"conditions": bundle(condition("M81.0"))})
    assert drug_order(found).indications == {"osteoporosis"}


def test_a_reason_that_leads_nowhere_is_none(orders: Any) -> None:
    references = [{"reference": "Condition/gone"}, {"display": "x"}, {"reference": "Patient/pat-1"}]
    found = orders(
        zoledronic(reasonReference=references), prefetch={"patient": {"resourceType": "Patient", "id": "pat-1"}}
    )
    assert drug_order(found).indications == set()


def test_a_reason_given_as_an_r5_reference_is_found(orders: Any) -> None:
    reason = [{"reference": {"reference": "Condition/cond-C34.11"}}]
    found = orders(zoledronic(reason=reason), prefetch={"conditions": bundle(LUNG_CANCER)})
    assert drug_order(found).indications == {"lung-cancer"}


def test_why_an_order_stops(orders: Any) -> None:
    stopped: Json = {"status": "stopped", "priorPrescription": {"reference": "MedicationRequest/9"}}
    found = drug_order(orders(zoledronic(statusReason={"text": "低钙血症"}, **stopped)))
    assert (found.stop_reasons, found.stop_text) == (frozenset({"hypocalcaemia"}), "低钙血症")
    assert found.stops_ref == "MedicationRequest/9"
    silent = drug_order(orders(zoledronic(statusReason={"coding": [{"code": "x"}]}, **stopped)))
    assert (silent.stop_reasons, silent.stop_text) == (frozenset(), None)
    coded = drug_order(orders(zoledronic(statusReason={"coding": [{"code": "x", "display": "done"}]}, **stopped)))
    assert coded.stop_text == "done"


# Selections


def select(orders: Any, *selections: str) -> list[bool]:
    found = orders(zoledronic(), service(), urls=("urn:uuid:1", None), hook="order-select", selections=list(selections))
    return [order.selected for order in found]


def test_on_order_sign_every_draft_counts(orders: Any) -> None:
    assert [o.selected for o in orders(zoledronic(), service())] == [True, True]


@pytest.mark.parametrize(
    "selection",
    [
        "MedicationRequest/order-77655",
        "order-77655",
        "https://ehr.example.org/MedicationRequest/order-77655",
        "MedicationRequest/order-77655/_history/1",
        "urn:uuid:1",
    ],
)
def test_a_selection_names_a_draft_in_many_ways(orders: Any, selection: str) -> None:
    assert select(orders, selection) == [True, False]


def test_selections_may_be_several_none_or_somebody_elses(orders: Any) -> None:
    assert select(orders, "ServiceRequest/s", "MedicationRequest/order-77655") == [True, True]
    assert select(orders) == [False, False]
    assert select(orders, "NutritionOrder/diet", "https://ehr.example.org/DeviceRequest/1/_history/2") == [False, False]


@pytest.mark.parametrize(
    "selection", ["MedicationRequest/gone", "ServiceRequest/order-77655", "gone", "urn:uuid:2", ""]
)
def test_a_selection_that_names_no_draft_is_refused(orders: Any, selection: str) -> None:
    with pytest.raises(BadRequest) as caught:
        select(orders, "ServiceRequest/s", selection)
    assert caught.value.where == "context.selections[1]"


def test_a_draft_without_an_id_can_be_selected_by_its_url_only(orders: Any) -> None:
    found = orders(zoledronic(id=None), urls=("urn:uuid:1",), hook="order-select", selections=["urn:uuid:1"])
    assert found[0].selected
    with pytest.raises(BadRequest):
        orders(zoledronic(id=None), hook="order-select", selections=["MedicationRequest/1"])


@pytest.mark.parametrize("selection", ["MedicationRequest/order-77655/", "https://ehr.example.org/x/order-77655/"])
def test_a_selection_with_a_slash_at_its_end_is_the_same(orders: Any, selection: str) -> None:
    if "/x/" in selection:
        assert select(orders, selection) == [False, False]
    else:
        assert select(orders, selection) == [True, False]


def test_two_drafts_with_one_id_are_two_orders(orders: Any) -> None:
    found = orders(zoledronic(), zoledronic(), zoledronic())
    assert [o.key for o in found] == ["order-77655", "order-77655#1", "order-77655#2"]


# What it takes the place of, and from when on


@pytest.mark.parametrize(
    ("members", "replaced"),
    [
        ({}, set()),
        ({"priorPrescription": {"reference": "MedicationRequest/1"}}, {"MedicationRequest/1"}),
        ({"priorPrescription": {"display": "x"}}, set()),
        ({"basedOn": [{"reference": "https://ehr.example.org/MedicationRequest/2"}]}, {"MedicationRequest/2"}),
        (
            {
                "basedOn": [{"reference": "MedicationRequest/2"}],
                "priorPrescription": {"reference": "MedicationRequest/1"},
            },
            {"MedicationRequest/1", "MedicationRequest/2"},
        ),
    ],
)
def test_what_a_draft_takes_the_place_of(orders: Any, members: Json, replaced: set[str]) -> None:
    assert drug_order(orders(zoledronic(**members))).replaces == replaced


@pytest.mark.parametrize(
    ("timings", "due"),
    [
        ([], None),
        ([{"repeat": {"boundsPeriod": {"start": "2026-04-01"}}}], "2026-04-01"),
        ([{"event": ["2026-04-02T08:00:00Z"]}], "2026-04-02"),
        ([{"event": "2026-04-02"}], "2026-04-02"),
        ([{"event": ["2026-05-03", "2026-04-03"]}], "2026-04-03"),
        ([{"repeat": {"boundsPeriod": {"start": "2026-05-01"}}}, {"event": ["2026-04-30"]}], "2026-04-30"),
        ([{"repeat": {"boundsPeriod": {"end": "2026-05-01"}}}, {"event": [7, None]}], None),
    ],
)
def test_the_first_day_on_which_it_is_given(orders: Any, timings: list[Json], due: str | None) -> None:
    found = drug_order(orders(zoledronic(None, dosageInstruction=[{"timing": each} for each in timings])))
    assert (found.due and str(found.due)) == due


@pytest.mark.parametrize("member", ["asNeededCodeableConcept", "asNeededFor"])
@pytest.mark.parametrize(
    ("text", "indications"),
    [("发热", {"fever"}), ("fever", {"fever"}), ("发热或疼痛", set()), ("fever or pain", set()), ("疼痛", set())],
)
def test_fever_beside_pain_is_no_reason_of_its_own(orders: Any, member: str, text: str, indications: set[str]) -> None:
    needed: Any = {"text": text}
    dosage = {member: [needed] if member == "asNeededFor" else needed}
    tablet = zoledronic(None, medicationCodeableConcept={"text": "acetaminophen"}, dosageInstruction=[dosage])
    assert drug_order(orders(tablet)).indications == indications
