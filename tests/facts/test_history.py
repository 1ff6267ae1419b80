"""Diagnoses, treatment and services on record: which count, as what, and since when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.facts.facts import Facts
from tests.asked import call_of, facts_of
from tests.build import KEYS, NOW, PATIENT, SNOMED, Json, ago, bundle, condition, request, zoledronic

FactsOf = Callable[..., Facts]
ZOLEDRONIC = {"medicationCodeableConcept": {"text": "zoledronic acid"}}
EXAM = {"coding": [{"system": SNOMED, "code": "34043003"}]}


@pytest.fixture
def facts(edition: Edition) -> FactsOf:
    def read(*resources: Json, drafts: tuple[Json, ...] = (zoledronic(),)) -> Facts:
        body = request(*drafts, prefetch={"conditions": bundle(*resources)})
        return facts_of(edition, call_of(body), KEYS)

    return read


def coded(code: str) -> Json:
    return {"coding": [{"code": code}]}


# Diagnoses


@pytest.mark.parametrize(
    ("changes", "active"),
    [
        ({}, True),
        ({"clinicalStatus": None}, True),
        ({"clinicalStatus": coded("recurrence")}, True),
        ({"clinicalStatus": "active"}, True),
        ({"clinicalStatus": {"text": "active"}}, True),
        ({"verificationStatus": coded("confirmed")}, True),
        ({"verificationStatus": coded("provisional")}, True),
        ({"clinicalStatus": coded("resolved")}, False),
        ({"clinicalStatus": coded("inactive")}, False),
        ({"clinicalStatus": {"text": "resolved"}}, False),
        ({"abatementDateTime": "2025-01-01"}, False),
        ({"abatementString": "last year"}, False),
    ],
)
def test_a_diagnosis_is_active_unless_the_record_says_it_is_over(facts: FactsOf, changes: Json, active: bool) -> None:
    (found,) = facts(condition("C34.11") | changes).diagnoses.all
    assert (found.concept, found.active) == ("lung-cancer", active)


@pytest.mark.parametrize(
    "changes",
    [
        {"verificationStatus": coded("refuted")},
        {"verificationStatus": coded("entered-in-error")},
        {"verificationStatus": "refuted"},
        {"recordedDate": "2026-03-03"},
        {"code": None},
        {"code": {}},
        {"code": {"text": "hypertension"}},
        {"subject": {"reference": "Patient/other"}},
    ],
)
def test_what_never_was_a_diagnosis_of_ours(facts: FactsOf, changes: Json) -> None:
    assert facts(condition("C34.11") | changes).diagnoses.all == ()


def test_a_diagnosis_says_since_when_and_where_it_stands(facts: FactsOf) -> None:
    (onset,) = facts(condition("C34.11", onsetDateTime="2024-05-01", recordedDate="2025-01-01")).diagnoses.all
    assert (onset.when, onset.ref, onset.text) == (date(2024, 5, 1), "Condition/cond-C34.11", "C34.11")
    (recorded,) = facts(condition("C34.11", onsetDateTime="2024", recordedDate="2026-03-02", id=None)).diagnoses.all
    assert (recorded.when, recorded.ref) == (date(2026, 3, 2), "Condition/?")
    (named,) = facts(condition("x") | {"code": {"text": "骨转移"}}).diagnoses.all
    assert (named.concept, named.by_name, named.text) == ("bone-metastasis", True, "骨转移")


def test_a_broad_code_decides_nothing_alone(facts: FactsOf) -> None:
    assert facts(condition("K10.2", "http://hl7.org/fhir/sid/icd-10")).diagnoses.all == ()


def test_two_codes_of_one_diagnosis_are_one(facts: FactsOf) -> None:
    codings = [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": c} for c in ("C34.11", "C34.90")]
    assert len(facts(condition("x") | {"code": {"coding": codings}}).diagnoses.all) == 1


# Prescriptions


def prescription(**changes: Any) -> Json:
    return {
        "resourceType": "MedicationRequest",
        "id": "r",
        "status": "active",
        "intent": "order",
        "authoredOn": ago(40),
        **ZOLEDRONIC,
    } | changes


@pytest.mark.parametrize(
    ("status", "active", "ended"),
    [("active", True, False), ("on-hold", True, False), ("completed", False, True), ("stopped", False, True)],
)
def test_a_prescription_is_treatment(facts: FactsOf, status: str, active: bool, ended: bool) -> None:
    (use,) = facts(prescription(status=status)).treatment.uses
    assert (use.kind, use.drugs, use.active, use.ended) == ("request", ("zoledronic-acid",), active, ended)
    assert (str(use.when), use.ref) == (ago(40), "MedicationRequest/r")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "draft"},
        {"status": "cancelled"},
        {"status": "entered-in-error"},
        {"status": None},
        {"intent": "proposal"},
        {"intent": "plan"},
        {"doNotPerform": True},
        {"medicationCodeableConcept": {"text": "atorvastatin"}},
        {"medicationCodeableConcept": None},
    ],
)
def test_what_is_no_treatment(facts: FactsOf, changes: Json) -> None:
    assert facts(prescription(**changes)).treatment.uses == ()


def test_the_draft_itself_is_not_its_own_history(facts: FactsOf) -> None:
    assert facts(prescription(id="order-77655")).treatment.uses == ()
    (other,) = facts(prescription(id=None)).treatment.uses
    assert other.ref == "MedicationRequest/?"


# Statements


def statement(**changes: Any) -> Json:
    return {"resourceType": "MedicationStatement", "id": "s", "status": "active", **ZOLEDRONIC} | changes


@pytest.mark.parametrize(
    ("changes", "active"),
    [
        ({}, True),
        ({"status": "recorded"}, True),
        ({"status": "recorded", "adherence": {"code": coded("taking")}}, True),
        ({"status": "recorded", "adherence": {}}, True),
        ({"effectivePeriod": {"start": ago(90)}}, True),
        ({"effectivePeriod": {"start": ago(90), "end": ago(0)}}, True),
        ({"effectivePeriod": {"start": ago(90), "end": ago(1)}}, False),
        ({"status": "recorded", "adherence": {"code": coded("taking-not-as-directed")}}, True),
        ({"status": "completed"}, False),
        ({"status": "stopped"}, False),
        ({"status": "recorded", "adherence": {"code": coded("stopped")}}, False),
        ({"status": "recorded", "adherence": {"code": coded("stopped-as-directed")}}, False),
    ],
)
def test_a_statement_is_treatment(facts: FactsOf, changes: Json, active: bool) -> None:
    (use,) = facts(statement(**changes)).treatment.uses
    assert (use.kind, use.active, use.ended) == ("statement", active, not active)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "not-taken"},
        {"status": "entered-in-error"},
        {"status": "intended"},
        {"status": "recorded", "adherence": {"code": coded("not-taking")}},
        {"status": "recorded", "adherence": {"code": coded("on-hold-as-directed")}},
        {"status": "recorded", "adherence": {"code": {"text": "not-taking"}}},
    ],
)
def test_a_statement_that_it_is_not_taken_is_none(facts: FactsOf, changes: Json) -> None:
    assert facts(statement(**changes)).treatment.uses == ()


@pytest.mark.parametrize(
    ("dates", "when"),
    [
        ({"effectiveDateTime": "2026-01-05", "dateAsserted": "2026-02-01"}, "2026-01-05"),
        ({"effectivePeriod": {"start": "2026-01-06"}, "dateAsserted": "2026-02-01"}, "2026-01-06"),
        ({"dateAsserted": "2026-02-01T10:00:00+08:00"}, "2026-02-01"),
        ({"effectiveDateTime": "2026-01"}, "None"),
        ({}, "None"),
    ],
)
def test_when_a_statement_begins(facts: FactsOf, dates: Json, when: str) -> None:
    assert str(facts(statement(**dates)).treatment.uses[0].when) == when


# Administrations


def administration(**changes: Any) -> Json:
    made = {"resourceType": "MedicationAdministration", "id": "a", "status": "completed", **ZOLEDRONIC}
    return made | {"effectiveDateTime": ago(28)} | changes


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"effectiveDateTime": None, "effectivePeriod": {"start": ago(28), "end": ago(28)}},
        {"effectiveDateTime": None, "occurenceDateTime": ago(28)},
        {"effectiveDateTime": None, "occurencePeriod": {"start": ago(28)}},
    ],
)
def test_an_administration_has_its_day(facts: FactsOf, changes: Json) -> None:
    (use,) = facts(administration(**changes)).treatment.uses
    assert (use.kind, str(use.when), use.active, use.ended) == ("administration", ago(28), False, False)


def test_one_in_progress_is_active(facts: FactsOf) -> None:
    (use,) = facts(administration(status="in-progress", effectiveDateTime=ago(0))).treatment.uses
    assert use.active


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "not-done"},
        {"status": "entered-in-error"},
        {"effectiveDateTime": None},
        {"effectiveDateTime": "2026"},
        {"effectiveDateTime": "2026-03-03"},
        {"medicationCodeableConcept": {"text": "saline"}},
    ],
)
def test_what_was_not_given_or_nobody_knows_when(facts: FactsOf, changes: Json) -> None:
    assert facts(administration(**changes)).treatment.uses == ()


# Services


def procedure(**changes: Any) -> Json:
    return {"resourceType": "Procedure", "id": "p", "status": "completed", "code": EXAM} | changes


def ordered(**changes: Any) -> Json:
    return {"resourceType": "ServiceRequest", "id": "q", "status": "active", "intent": "order", "code": EXAM} | changes


def appointment(**changes: Any) -> Json:
    made = {"resourceType": "Appointment", "id": "b", "status": "booked", "start": "2026-03-09T09:00:00Z"}
    return made | {"serviceType": [EXAM]} | changes


@pytest.mark.parametrize(
    ("resource", "how", "when"),
    [
        (procedure(performedDateTime="2026-01-05"), "done", "2026-01-05"),
        (procedure(occurrenceDateTime="2026-01-05"), "done", "2026-01-05"),
        (procedure(performedPeriod={"start": "2026-01-05", "end": "2026-01-06"}), "done", "2026-01-06"),
        (procedure(occurrencePeriod={"start": "2026-01-05"}), "done", "2026-01-05"),
        (procedure(status="in-progress"), "done", "None"),
        (ordered(authoredOn="2026-01-05"), "ordered", "2026-01-05"),
        (ordered(authoredOn="2026-01-05", occurrenceDateTime="2026-01-09"), "ordered", "2026-01-09"),
        (ordered(status="on-hold"), "ordered", "None"),
        (ordered(status="completed", authoredOn="2026-01-05"), "done", "2026-01-05"),
        (ordered(code={"concept": EXAM}), "ordered", "None"),
        (appointment(), "booked", "2026-03-09"),
        (appointment(serviceType=None, reasonCode=[EXAM]), "booked", "2026-03-09"),
        (appointment(serviceType=None, reason=[{"concept": EXAM}]), "booked", "2026-03-09"),
        (appointment(serviceType=None, description="口腔检查"), "booked", "2026-03-09"),
        (appointment(status="fulfilled", start="2026-02-09T09:00:00Z"), "done", "2026-02-09"),
        (appointment(status="pending", start=None), "booked", "None"),
    ],
)
def test_a_service_done_ordered_or_booked(facts: FactsOf, resource: Json, how: str, when: str) -> None:
    (found,) = facts(resource).procedures.all
    assert (found.concept, found.how, str(found.when)) == ("dental-examination", how, when)
    assert found.ref == f"{resource['resourceType']}/{resource['id']}"


@pytest.mark.parametrize(
    "resource",
    [
        procedure(status="not-done"),
        procedure(status="preparation"),
        procedure(code=None),
        procedure(code={"text": "appendectomy"}),
        ordered(status="revoked"),
        ordered(status="draft"),
        ordered(intent="proposal"),
        ordered(doNotPerform=True),
        ordered(code=None),
        appointment(status="cancelled"),
        appointment(status="noshow"),
        appointment(serviceType=None),
        appointment(participant=[{"actor": {"reference": "Patient/other"}}]),
    ],
)
def test_a_service_that_did_not_happen(facts: FactsOf, resource: Json) -> None:
    assert facts(resource).procedures.all == ()


def test_a_service_in_the_same_draft_set_is_arranged(facts: FactsOf) -> None:
    drafted = ordered(status="draft", subject={"reference": f"Patient/{PATIENT}"})
    (found,) = facts(drafts=(zoledronic(), drafted)).procedures.all
    assert (found.concept, found.how, found.when) == ("dental-examination", "ordered", NOW.date())
    assert facts(drafts=(zoledronic(), drafted | {"doNotPerform": True})).procedures.all == ()
