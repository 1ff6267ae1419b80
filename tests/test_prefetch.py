"""The meanings of a prefetch member, each through the whole line: what is known, and what a doctor sees of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.answer import Answer
from cds_service.edition import Edition
from cds_service.fhir.structs import Observation
from tests import build
from tests.asked import answered
from tests.build import PATIENT, bundle, calcium, clearance, denosumab, observation, prefetch, request
from tests.build import zoledronic as ordered

FAILED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
NOTICE = {"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "informational"}]}
OTHER = {"reference": "Patient/someone-else"}
NOT_EVALUATED, DENTAL, NO_RENAL = "not-evaluated", "dental-exam-before-bma", "renal-function-missing"
RENAL, SUPPLEMENT = "bisphosphonate-renal-dose", "calcium-vitamin-d-supplement"


class Service:
    """The service as a caller without HTTP."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition

    def call(self, *drafts: build.Json, **members: Any) -> Answer:
        return answered(self.edition, request(*drafts, **members))

    def cards(self, **changed: Any) -> dict[str, str]:
        """Topic to detail of the cards for zoledronic acid 4 mg, with these prefetch members changed."""
        answered = self.call(ordered(), prefetch=prefetch(**changed))
        return {card.source.topic.code: card.detail or "" for card in answered.response.cards}

    def refused(self, body_prefetch: Any) -> dict[str, str]:
        """The members without which the order could not be checked, and why; the first card says so."""
        answered = self.call(ordered(), prefetch=body_prefetch)
        if answered.unmet:
            first = answered.response.cards[0]
            assert (first.source.topic.code, first.indicator) == (NOT_EVALUATED, "warning")
        return dict(answered.unmet)


@pytest.fixture(scope="module")
def service(edition: Edition) -> Service:
    return Service(edition)


def without(*keys: str) -> build.Json:
    return {key: value for key, value in prefetch().items() if key not in keys}


# Key absent, or no prefetch at all: not obtained


@pytest.mark.parametrize("key", ["patient", "conditions", "laboratory"])
def test_a_required_key_that_is_absent_refuses_the_call(service: Service, key: str) -> None:
    assert service.refused(without(key)) == {f"prefetch.{key}": "absent"}


def test_an_optional_key_that_is_absent_is_told(service: Service) -> None:
    answered = service.call(ordered(), prefetch=without("procedures"))
    (card,) = answered.response.cards
    assert card.source.topic.code == NOT_EVALUATED
    assert "procedures not obtained" in (card.detail or "")


@pytest.mark.parametrize("none", [None, {}])
def test_without_prefetch_every_required_key_is_named_at_once(service: Service, none: Any) -> None:
    keys = {"patient", "conditions", "laboratory"}
    assert service.refused(none) == {f"prefetch.{key}": "absent" for key in keys}


def test_a_request_without_the_prefetch_member_is_the_same(service: Service) -> None:
    body = request(ordered())
    del body["prefetch"]
    assert answered(service.edition, body).unmet


# null, an empty Bundle, a Bundle with an outcome: nothing on record


@pytest.mark.parametrize(
    "nothing",
    [
        None,
        bundle(),
        {"resourceType": "Bundle", "type": "searchset", "total": 0},
        {"resourceType": "Bundle", "type": "searchset", "entry": [{"fullUrl": "urn:uuid:0"}, {"resource": None}]},
        bundle(NOTICE),
        bundle({"resourceType": "OperationOutcome"}),
    ],
    ids=["null", "empty", "no entry", "entry without resource", "notice", "bare outcome"],
)
def test_nothing_on_record_is_an_answer(service: Service, nothing: Any) -> None:
    cards = service.cards(procedures=nothing, laboratory=nothing)
    assert set(cards) == {DENTAL, NO_RENAL}


def test_an_error_among_the_entries_leaves_the_rest_incomplete(service: Service) -> None:
    assert service.refused(prefetch(laboratory=bundle(clearance(90), FAILED))) == {"prefetch.laboratory": "failed"}
    cards = service.cards(procedures=bundle(FAILED))
    assert "procedures only partly obtained" in cards[NOT_EVALUATED]


def test_what_was_obtained_beside_an_error_still_counts(service: Service) -> None:
    assert NOT_EVALUATED not in service.cards(procedures=bundle(build.dental_exam(), FAILED))


# An OperationOutcome as the value: the client's query failed


def test_a_failed_query_is_not_an_empty_record(service: Service) -> None:
    assert service.refused(prefetch(conditions=FAILED)) == {"prefetch.conditions": "failed"}
    cards = service.cards(procedures=FAILED)
    assert set(cards) == {NOT_EVALUATED}


# Values that are no resource


@pytest.mark.parametrize("value", [5, "text", [], {}, {"resourceType": 5}, {"resourceType": "Bundle", "entry": "x"}])
def test_what_cannot_be_read_was_not_obtained(service: Service, value: Any) -> None:
    assert service.refused(prefetch(conditions=value)) == {"prefetch.conditions": "unreadable"}


def test_a_resource_nobody_reads_is_no_answer_and_nothing_in_a_bundle(service: Service) -> None:
    assert "procedures not obtained" in service.cards(procedures={"resourceType": "Basic"})[NOT_EVALUATED]
    assert "procedures not obtained" in service.cards(procedures={"resourceType": "Parameters"})[NOT_EVALUATED]
    assert DENTAL in service.cards(procedures=bundle({"resourceType": "Basic"}, {"resourceType": "Procedure"}))


# A next link: how far the page reaches back


def page(*resources: build.Json) -> build.Json:
    return bundle(*resources, next_link=True)


OLD = observation("1751-7", 40, "g/L", 60)  # an albumin from before every look-back
RECENT = observation("1751-7", 40, "g/L", 10)


def test_a_page_that_reaches_behind_the_look_back_is_enough(service: Service) -> None:
    assert service.cards(laboratory=page(clearance(90), calcium(2.3), OLD)) == {}


@pytest.mark.parametrize(
    "resources",
    [
        [clearance(90), calcium(2.3), RECENT],
        [OLD, clearance(90), calcium(2.3)],
        [clearance(90), OLD | {"effectiveDateTime": None}],
        [clearance(90), OLD | {"effectiveDateTime": "2025"}],
        [],
    ],
    ids=["too short", "not newest first", "undated", "imprecise", "empty"],
)
def test_another_page_leaves_the_results_unknown(service: Service, resources: list[build.Json]) -> None:
    assert service.refused(prefetch(laboratory=page(*resources))) == {"prefetch.laboratory": "more-pages"}


def test_the_last_day_of_a_page_may_be_cut_in_two(service: Service) -> None:
    edge = observation("1751-7", 40, "g/L", 28)
    assert service.refused(prefetch(laboratory=page(clearance(90), edge)))
    before = observation("1751-7", 40, "g/L", 29)
    assert service.cards(laboratory=page(clearance(90), calcium(2.3), before)) == {}


@pytest.mark.parametrize("member", ["effectiveInstant", "issued"])
def test_other_dates_of_a_result_are_dates_too(service: Service, member: str) -> None:
    old = OLD | {"effectiveDateTime": None, member: f"{build.ago(60)}T08:00:00Z"}
    assert service.cards(laboratory=page(clearance(90), calcium(2.3), old)) == {}


def test_pages_of_other_kinds_have_no_order_to_go_by(service: Service) -> None:
    cards = service.cards(medicationStatements=page({"resourceType": "MedicationStatement", "id": "s"}))
    assert "medication statements only partly obtained" in cards[NOT_EVALUATED]


def test_other_links_mean_nothing(service: Service) -> None:
    whole = bundle(clearance(90), calcium(2.3)) | {"link": [{"relation": "self", "url": "x"}]}
    assert service.cards(laboratory=whole) == {}


# Whose it is


def test_another_patient_s_resources_are_dropped_and_counted(service: Service) -> None:
    body = prefetch(
        laboratory=bundle(clearance(90), calcium(2.3), clearance(20, days_ago=1) | {"subject": OTHER}),
        appointments=bundle({"resourceType": "Appointment", "id": "a", "participant": [{"actor": OTHER}]}),
    )
    answered = service.call(ordered(), prefetch=body)
    assert not answered.response.cards
    assert answered.record.other_patient == 2


def test_a_result_dropped_is_no_result(service: Service) -> None:
    assert NO_RENAL in service.cards(laboratory=bundle(clearance(90) | {"subject": OTHER}, calcium(2.3)))


@pytest.mark.parametrize(
    "subject",
    [
        None,
        {},
        {"display": "the patient"},
        {"reference": f"Patient/{PATIENT}"},
        {"reference": f"https://ehr.example.org/fhir/Patient/{PATIENT}/_history/3"},
        {"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"},
        {"reference": "#pat"},
    ],
)
def test_every_way_to_name_the_patient_is_understood(service: Service, subject: Any) -> None:
    assert NO_RENAL not in service.cards(laboratory=bundle(clearance(90) | {"subject": subject}, calcium(2.3)))


def test_a_patient_of_another_id_is_not_the_patient(service: Service) -> None:
    assert service.refused(prefetch(patient=build.patient(id="x"))) == {"prefetch.patient": "absent"}


# One bad resource


def test_an_unreadable_resource_stops_no_other_and_is_told(service: Service) -> None:
    broken = clearance(20, days_ago=1) | {"valueQuantity": "twenty"}
    results = bundle(broken, clearance(25), calcium(2.3))
    results["entry"] += [{"resource": None}, {"fullUrl": "urn:uuid:1"}]
    cards = service.cards(laboratory=results)
    assert RENAL in cards, "the readable result of 25 mL/min counts"
    assert "Observation: 1" in cards[NOT_EVALUATED]


def test_a_resource_of_no_type_is_told_too(service: Service) -> None:
    untyped = {key: value for key, value in clearance(25).items() if key != "resourceType"}
    cards = service.cards(laboratory=bundle(untyped, clearance(90), calcium(2.3)))
    assert set(cards) == {NOT_EVALUATED}
    assert "Resource: 1" in cards[NOT_EVALUATED]


def test_broken_resources_nobody_reads_are_not_told(service: Service) -> None:
    assert service.cards(laboratory=bundle({"resourceType": "Basic", "id": 5}, clearance(90), calcium(2.3))) == {}


# Under which key it comes


def test_a_medication_under_a_key_of_the_client_s_own_is_found(service: Service) -> None:
    medication = {"resourceType": "Medication", "id": "m1", "code": {"text": "Xgeva"}}
    draft = denosumab(medicationCodeableConcept=None, medicationReference={"reference": "Medication/m1"})
    answered = service.call(draft, prefetch=prefetch(theirOwn=bundle(medication)))
    assert answered.findings is not None
    assert "medicationReference" in str(service.call(draft).unmet)


def test_a_medication_is_found_by_its_full_url(service: Service) -> None:
    url = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"
    entry = {"fullUrl": url, "resource": {"resourceType": "Medication", "code": {"text": "Xgeva"}}}
    draft = denosumab(medicationCodeableConcept=None, medicationReference={"reference": url})
    own = {"resourceType": "Bundle", "entry": [entry]}
    assert service.call(draft, prefetch=prefetch(theirOwn=own)).findings is not None


def test_a_resource_under_two_keys_counts_once(service: Service) -> None:
    both = bundle(clearance(90), calcium(2.3))
    record = service.call(ordered(), prefetch=prefetch(laboratory=both, measurements=both)).record
    assert len(record.all(Observation)) == 2


def test_two_resources_without_an_id_are_two(service: Service) -> None:
    same = {key: value for key, value in clearance(90).items() if key != "id"}
    record = service.call(ordered(), prefetch=prefetch(laboratory=bundle(same, same))).record
    assert len(record.all(Observation)) == 2


def test_a_single_resource_may_come_where_a_bundle_is_asked_for(service: Service) -> None:
    assert service.cards(procedures=build.dental_exam(), patient=bundle(build.patient())) == {}
    assert SUPPLEMENT in service.cards(medicationRequests=build.order("77655", 4, status="completed", id="past"))


@pytest.mark.parametrize("nothing", [None, bundle()])
def test_a_patient_that_is_not_there_was_not_obtained(service: Service, nothing: Any) -> None:
    assert service.refused(prefetch(patient=nothing)) == {"prefetch.patient": "absent"}
