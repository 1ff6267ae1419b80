"""Shapes of orders and treatment as they are met in the field, from the call to the topics it raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cds_service.edition import Edition
from tests.asked import answered
from tests.build import (
    SNOMED,
    Json,
    ago,
    bundle,
    calcium,
    clearance,
    denosumab,
    prefetch,
    request,
    zoledronic,
)

Raised = Callable[..., dict[str, str]]
MG120 = {"doseAndRate": [{"doseQuantity": {"value": 120, "unit": "mg"}}]}
MG4 = {"doseAndRate": [{"doseQuantity": {"value": 4, "unit": "mg"}}]}
DAILY = {"frequency": 1, "period": 1, "periodUnit": "d"}
EVERY_4_WEEKS: Json = {"timing": {"repeat": {"frequency": 1, "period": 4, "periodUnit": "wk"}}}


@pytest.fixture
def raised(edition: Edition) -> Raised:
    def ask(draft: Json, **known: Any) -> dict[str, str]:
        """Topic -> what it says, for a draft beside this prefetch."""
        findings = answered(edition, request(draft, prefetch=prefetch(**known))).findings
        if not findings:
            return {}
        return {f.code: a.say for card, own in findings.advice for f, a in ((card, own), *findings.folded(card))}

    return ask


@pytest.mark.parametrize(
    "dosage",
    [
        MG120 | {"timing": {"repeat": {"count": 1, **DAILY}}},
        MG120 | {"timing": {"repeat": {"boundsDuration": {"value": 1, "unit": "d"}, **DAILY}}},
        MG120 | {"timing": {"repeat": {"boundsPeriod": {"start": ago(0), "end": ago(0)}, **DAILY}}},
        MG120 | {"timing": {"code": {"text": "ONCE"}}},
        MG120 | {"text": "120mg 皮下注射 每周期第1天"},
        MG120 | {"text": "Cycle 3 / Day 1"},
        MG120 | {"text": "临时医嘱"},
        MG120 | EVERY_4_WEEKS | {"route": {"text": "SUBQ"}},
        MG120 | EVERY_4_WEEKS | {"route": {"text": "ih"}},
        MG120 | EVERY_4_WEEKS | {"route": {"text": "皮下注射"}},
        MG120 | EVERY_4_WEEKS | {"route": {"text": "Injection"}},
        MG120 | EVERY_4_WEEKS | {"route": {"text": "注射"}},
        MG120 | EVERY_4_WEEKS | {"route": {"coding": [{"system": SNOMED, "code": "263887005"}]}},
        MG120 | EVERY_4_WEEKS | {"route": {"coding": [{"system": "http://standardterms.edqm.eu", "code": "20066000"}]}},
        EVERY_4_WEEKS | {"text": "2支(60mg/支) 皮下注射"},
        EVERY_4_WEEKS | {"text": "1.7 mL (70 mg/mL) SC"},
    ],
)
@pytest.mark.parametrize("version", ["R4", "R5"])
def test_an_order_of_denosumab_as_recommended_raises_no_card(raised: Raised, dosage: Json, version: str) -> None:
    named: Json = {"medicationCodeableConcept": {"text": "denosumab"}}
    if version == "R5":
        named = {"medicationCodeableConcept": None, "medication": {"concept": {"text": "denosumab"}}}
    assert "denosumab-dose" not in raised(denosumab(None, dosageInstruction=[dosage], **named))


@pytest.mark.parametrize("route", ["IV", "静滴", "i.m.", "肌注", "口服"])
def test_a_known_other_route_still_does(raised: Raised, route: str) -> None:
    draft = denosumab(None, dosageInstruction=[MG120 | EVERY_4_WEEKS | {"route": {"text": route}}])
    assert raised(draft)["denosumab-dose"] == "route"


@pytest.mark.parametrize(
    ("text", "name", "say"),
    [
        ("2 vials (4 mg/vial) IV over 15 min", "zoledronic acid", "above"),
        ("每次2支(4mg/支)", "唑来膦酸", "above"),
        ("4mg×2支", "唑来膦酸", "above"),
        ("1 vial", "zoledronic acid 0.8 mg per mL, 5 mL vial", "above"),
        ("0.8 mg per mL", "zoledronic acid", "no-dose"),
        ("5 mL (0.8 mg/mL)", "zoledronic acid", "above"),
        ("4.1 mL (0.8 mg/mL)", "zoledronic acid", None),
        ("3.3 mg", "zoledronic acid", None),
        ("9" * 31 + " mg", "zoledronic acid", "no-dose"),
    ],
)
def test_the_dose_of_a_text_is_checked_against_its_row(raised: Raised, text: str, name: str, say: str | None) -> None:
    draft = zoledronic(None, medicationCodeableConcept={"text": name}, dosageInstruction=[{"text": text}])
    assert raised(draft, laboratory=bundle(clearance(45), calcium(2.3))).get("bisphosphonate-renal-dose") == say


def test_the_ordered_dose_is_checked_not_the_calculated_one(raised: Raised) -> None:
    def entry(code: str, value: float) -> Json:
        return {"type": {"coding": [{"code": code}]}, "doseQuantity": {"value": value, "unit": "mg"}}

    draft = zoledronic(None, dosageInstruction=[{"doseAndRate": [entry("calculated", 3.3), entry("ordered", 4)]}])
    assert raised(draft, laboratory=bundle(clearance(45), calcium(2.3)))["bisphosphonate-renal-dose"] == "above"


@pytest.mark.parametrize(("text", "say"), [("over 5 min", "too-fast"), ("静滴5分钟", "too-fast"), ("静滴30分钟", None)])
def test_an_infusion_time_in_words_is_checked(raised: Raised, text: str, say: str | None) -> None:
    draft = zoledronic(None, dosageInstruction=[MG4 | EVERY_4_WEEKS | {"text": text}])
    assert raised(draft).get("infusion-time") == say


@pytest.mark.parametrize(
    "told", [{"reportedBoolean": True}, {"reportedReference": {"display": "patient"}}, {"reported": True}]
)
def test_supplements_the_patient_reports_are_taken(raised: Raised, told: Json) -> None:
    def plan(name: str, text: str) -> Json:
        made = {"resourceType": "MedicationRequest", "id": name, "status": "active", "intent": "plan", **told}
        return made | {"authoredOn": ago(20), "medicationCodeableConcept": {"text": text}}

    reported = bundle(plan("c", "calcium carbonate 600 mg tablet"), plan("v", "cholecalciferol 1000 IU"))
    assert "calcium-vitamin-d-supplement" not in raised(zoledronic(), medicationRequests=reported)


@pytest.mark.parametrize(
    ("ends", "say"),
    [
        (
            {"dosageInstruction": [{"timing": {"repeat": {"boundsPeriod": {"start": ago(1500), "end": ago(1100)}}}}]},
            None,
        ),
        ({"dosageInstruction": [{"timing": {"repeat": {"boundsDuration": {"value": 6, "unit": "mo"}}}}]}, None),
        ({"dispenseRequest": {"validityPeriod": {"end": ago(1100)}}}, None),
        ({}, "active"),
    ],
)
def test_a_prescription_past_its_own_end_is_not_active(raised: Raised, ends: Json, say: str | None) -> None:
    old = {"resourceType": "MedicationRequest", "id": "old", "status": "active", "intent": "order"}
    old |= {"authoredOn": ago(1500), "medicationCodeableConcept": {"text": "denosumab 120 mg"}, **ends}
    assert raised(zoledronic(), medicationRequests=bundle(old)).get("concurrent-bma") == say


@pytest.mark.parametrize("topic", ["denosumab-discontinuation", "bma-early-discontinuation"])
def test_a_dose_that_was_given_stops_nothing(raised: Raised, topic: str) -> None:
    assert topic in raised(denosumab(status="stopped", authoredOn=ago(30)))
    assert topic not in raised(denosumab(status="completed", authoredOn=ago(30)))
