"""What a card suggests is valid FHIR in the caller's version, and a revised order is the client's own in all else."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from fractions import Fraction
from typing import Any, get_args

import msgspec
import pytest

from cds_service.base.kinds import FhirVersion
from cds_service.edition import Edition
from cds_service.evaluate.outcome import CreateDrug, ReviseOrder
from cds_service.facts.doses import DoseReader
from cds_service.facts.subjects import DrugOrder
from cds_service.fhir.structs import MedicationRequest
from cds_service.render.resources import OrderContext, medication_request, quantity, revised, service_request
from cds_service.tools.validate import errors_of
from tests.asked import answered
from tests.build import NOW, UCUM, Json, bundle, clearance, order, prefetch, request

VERSIONS: tuple[FhirVersion, ...] = get_args(FhirVersion)
CALLER = OrderContext("R4", "pat-1", "Practitioner/doc-1", None, NOW, "en")
ORDERED = "http://open.epic.com/FHIR/StructureDefinition/extension/ordered-dose"
MG4 = {"value": 4, "unit": "mg", "system": UCUM, "code": "mg"}
MG3 = {"value": 3, "unit": "mg", "system": UCUM, "code": "mg"}
WEEKLY = {"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}}}


# Proposals


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_orderable_is_valid_in_every_version(edition: Edition, version: FhirVersion, language: str) -> None:
    caller = replace(CALLER, version=version, language=language, encounter_id="e1")
    for name, orderable in edition.knowledge.orderables.items():
        if orderable.resource == "ServiceRequest":
            made = service_request(orderable, caller)
        else:
            made = medication_request(orderable, CreateDrug(name), caller, edition.knowledge.dosing)
        assert errors_of(made, version) == (), name
        assert (made["resourceType"], made["status"]) == (orderable.resource, "draft")
        assert made["subject"] == {"reference": "Patient/pat-1"}
        assert made["encounter"] == {"reference": "Encounter/e1"}
        assert not _empty(made)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_band_of_a_table_sets_the_dose(edition: Edition, version: FhirVersion) -> None:
    act = CreateDrug("zoledronic-acid", Fraction(7, 2))
    made = medication_request(
        edition.knowledge.orderables["zoledronic-acid"], act, replace(CALLER, version=version), edition.knowledge.dosing
    )
    (dosage,) = made["dosageInstruction"]
    assert dosage["doseAndRate"] == [{"doseQuantity": {"value": 3.5, "unit": "mg", "system": UCUM, "code": "mg"}}]
    assert errors_of(made, version) == ()


def test_what_the_source_does_not_state_is_left_out(edition: Edition) -> None:
    made = medication_request(
        edition.knowledge.orderables["zoledronic-acid"], CreateDrug("x"), CALLER, edition.knowledge.dosing
    )
    assert [set(dosage) for dosage in made["dosageInstruction"]] == [{"timing", "route"}]
    denosumab = medication_request(
        edition.knowledge.orderables["denosumab"], CreateDrug("x"), CALLER, edition.knowledge.dosing
    )
    (dosage,) = denosumab["dosageInstruction"]
    assert set(dosage) == {"timing", "route", "doseAndRate"}


@pytest.mark.parametrize(("drug", "minimum"), [("zoledronic-acid", "minimum"), ("ibandronate", "ibandronate_minimum")])
def test_no_order_made_here_is_infused_too_fast(edition: Edition, drug: str, minimum: str) -> None:
    made = medication_request(edition.knowledge.orderables[drug], CreateDrug(drug), CALLER, edition.knowledge.dosing)
    repeat = made["dosageInstruction"][0]["timing"]["repeat"]
    least = edition.knowledge.guideline.recommendations["infusion-time"].numbers[minimum]
    assert repeat == {"duration": least, "durationUnit": "min"}


def test_elemental_calcium_is_said_where_the_dose_stands(edition: Edition) -> None:
    made = medication_request(
        edition.knowledge.orderables["calcium-supplement"], CreateDrug("x"), CALLER, edition.knowledge.dosing
    )
    (dosage,) = made["dosageInstruction"]
    assert "elemental" in dosage["text"]


def test_a_range_has_both_ends_in_ucum(edition: Edition) -> None:
    made = medication_request(
        edition.knowledge.orderables["vitamin-d"], CreateDrug("x"), CALLER, edition.knowledge.dosing
    )
    span = made["dosageInstruction"][0]["doseAndRate"][0]["doseRange"]
    assert [end["code"] for end in span.values()] == ["[iU]", "[iU]"]
    assert [end["unit"] for end in span.values()] == ["IU", "IU"]


@pytest.mark.parametrize(
    ("user", "requester"),
    [
        ("Practitioner/1", {"reference": "Practitioner/1"}),
        ("PractitionerRole/1", {"reference": "PractitionerRole/1"}),
        ("doc-1", None),
        ("Person/1", None),
    ],
)
def test_only_who_may_request_is_the_requester(edition: Edition, user: str, requester: Json | None) -> None:
    made = service_request(edition.knowledge.orderables["dental-examination"], replace(CALLER, user_id=user))
    assert made.get("requester") == requester
    assert "encounter" not in made


def test_whole_numbers_stay_whole() -> None:
    assert repr(quantity(Fraction(4), "mg")["value"]) == "4"
    assert repr(quantity(Fraction(7, 2), "mg")["value"]) == "3.5"


def _empty(node: Any) -> bool:
    """Whether there is a null or an empty member anywhere: FHIR allows none."""
    if isinstance(node, dict | list):
        children = node.values() if isinstance(node, dict) else node
        return not node or any(_empty(child) for child in children)
    return node in (None, "")


# The client's own order, revised


class Reviser:
    """Revises orders as a card would: ordered dose, interval and route are those the service reads."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self.doses = DoseReader(edition.knowledge.dosing)

    def __call__(self, original: Json, **act: Any) -> Json:
        read = self.read(original)
        before = copy.deepcopy(original)
        made = revised(copy.deepcopy(original), ReviseOrder(read, **act), self.doses, self.edition.knowledge.dosing)
        kept = {k: v for k, v in made.items() if k not in ("dosageInstruction", "extension")}
        assert kept == {k: v for k, v in before.items() if k not in ("dosageInstruction", "extension")}
        return made

    def read(self, original: Json) -> DrugOrder:
        raw = msgspec.json.decode(msgspec.json.encode(original), type=MedicationRequest)
        found = self.edition.readers.orders._drug(0, raw, True, lambda _: None)
        assert isinstance(found, DrugOrder)
        return found


@pytest.fixture
def revise(edition: Edition) -> Reviser:
    return Reviser(edition)


def drug(*dosages: Json, **members: Any) -> Json:
    made = order("77655", None, note=[{"text": "client's own"}], vendorField={"x": [1, {"y": None}]}, **members)
    return made | ({"dosageInstruction": list(dosages)} if dosages else {})


SHAPES: dict[str, Json] = {
    "doseAndRate": drug({"doseAndRate": [{"doseQuantity": MG4}]}),
    "doseAndRate, one object": drug({"doseAndRate": {"doseQuantity": MG4}}),
    "range": drug({"doseAndRate": [{"doseRange": {"low": MG3, "high": MG4}}]}),
    "STU3": drug({"doseQuantity": MG4}),
    "STU3 range": drug({"doseRange": {"high": MG4}}),
    "both": drug({"doseQuantity": MG4, "doseAndRate": [{"doseQuantity": MG4}]}),
    "extension of the order": drug({"sequence": 1}, extension=[{"url": ORDERED, "valueQuantity": MG4}]),
    "extension of the dosage": drug({"extension": [{"url": ORDERED, "valueQuantity": MG4}]}),
    "text": drug({"text": "4 mg, 15 min"}),
    "no dosage": drug(),
    "one dosage, not a list": drug() | {"dosageInstruction": {"doseAndRate": [{"doseQuantity": MG4}]}},
    "two dosages": drug({"doseAndRate": [{"doseQuantity": MG4}]}, {"doseAndRate": [{"doseQuantity": MG4}]}),
}


@pytest.mark.parametrize("original", SHAPES.values(), ids=SHAPES)
def test_the_revised_order_states_the_new_dose_and_no_other(revise: Reviser, original: Json) -> None:
    made = revise(original, mg=Fraction(3))
    assert made["vendorField"] == {"x": [1, {"y": None}]}
    dose = revise.read(made).dose
    assert dose is not None
    assert dose.mg == 3
    assert not dose.is_range
    assert "'value': 4" not in str(made)
    assert "4 mg" not in str(made)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["doseAndRate", "range", "extension of the order", "extension of the dosage", "text"])
def test_a_valid_order_stays_valid(revise: Reviser, name: str, version: FhirVersion) -> None:
    original = {k: v for k, v in SHAPES[name].items() if k != "vendorField"}
    if version == "R5":
        concept = original.pop("medicationCodeableConcept")
        original["medication"] = {"concept": concept}
    assert errors_of(original, version) == ()
    for act in ({"mg": Fraction(7, 2)}, {"mg": Fraction(3), "interval_days": 28, "subcutaneous": True}):
        assert errors_of(revise(original, **act), version) == ()


def test_other_extensions_stay(revise: Reviser) -> None:
    mine = {"url": "http://example.org/mine", "valueString": "x"}
    original = drug({"doseAndRate": [{"doseQuantity": MG4}]}, extension=[mine, {"url": ORDERED, "valueQuantity": MG4}])
    assert revise(original, mg=Fraction(3))["extension"] == [mine]


def test_the_rest_of_the_dosage_stays(revise: Reviser) -> None:
    rate = {"rateQuantity": {"value": 400, "unit": "mL/h"}}
    dosage = {
        "sequence": 1,
        "route": {"text": "IV"},
        "site": {"text": "arm"},
        "doseAndRate": [{"doseQuantity": MG4} | rate],
    }
    (made,) = revise(drug(dosage), mg=Fraction(3))["dosageInstruction"]
    assert made == dosage | {"doseAndRate": [{"doseQuantity": MG3} | rate]}


def test_a_new_interval_replaces_the_old_and_its_words(revise: Reviser) -> None:
    dosage = {"text": "120 mg weekly", "doseAndRate": [{"doseQuantity": MG4}]} | WEEKLY
    (made,) = revise(drug(dosage), interval_days=28)["dosageInstruction"]
    assert made == {
        "doseAndRate": [{"doseQuantity": MG4}],
        "timing": {"repeat": {"frequency": 1, "period": 4, "periodUnit": "wk"}},
    }


def test_an_interval_of_no_whole_weeks_is_in_days(revise: Reviser) -> None:
    (made,) = revise(drug(WEEKLY), interval_days=30)["dosageInstruction"]
    assert made["timing"]["repeat"] == {"frequency": 1, "period": 30, "periodUnit": "d"}


def test_the_rest_of_the_timing_stays(revise: Reviser) -> None:
    bounds = {"boundsPeriod": {"start": "2026-03-02"}}
    timed = {"timing": {"repeat": bounds | {"frequency": 1, "period": 1, "periodUnit": "wk"}}}
    (made,) = revise(drug(timed), interval_days=28)["dosageInstruction"]
    assert made["timing"]["repeat"]["boundsPeriod"] == bounds["boundsPeriod"]


def test_what_is_right_already_is_left_alone(revise: Reviser) -> None:
    dosage = {
        "text": "4 mg every 4 weeks",
        "route": {"text": "皮下注射"},
        "doseAndRate": [{"doseQuantity": {"value": 4, "unit": "mg"}}],
        "timing": {"repeat": {"period": 28, "periodUnit": "d"}, "code": {"text": "q4w"}},
    }
    original = drug(dosage)
    assert revise(original, mg=Fraction(4), interval_days=28, subcutaneous=True) == original


def test_a_dose_only_in_the_extension_is_not_lost_when_another_thing_changes(revise: Reviser) -> None:
    original = drug(WEEKLY, extension=[{"url": ORDERED, "valueQuantity": MG4}])
    made = revise(original, mg=Fraction(4), interval_days=28)
    dose = revise.read(made).dose
    assert dose is not None
    assert dose.mg == 4


def test_the_route_becomes_subcutaneous(revise: Reviser) -> None:
    (made,) = revise(drug({"route": {"text": "IV"}}), subcutaneous=True)["dosageInstruction"]
    assert revise.read(drug(made)).route == "subcutaneous"


# Through the whole line


@pytest.mark.parametrize("version", VERSIONS)
def test_the_version_of_the_call_is_the_version_of_the_answer(edition: Edition, version: FhirVersion) -> None:
    draft = order("77655", 4)
    if version == "R5":
        draft["medication"] = {"concept": draft.pop("medicationCodeableConcept")}
    body = request(draft, prefetch=prefetch(procedures=bundle(), laboratory=bundle(clearance(45))))
    response = answered(edition, body).response
    suggested = [a for c in response.cards for s in c.suggestions or [] for a in s.actions if a.resource]
    assert {a.type for a in suggested} == {"create", "update"}
    for action in suggested:
        assert errors_of(json.loads(msgspec.json.encode(action.resource)), version) == ()
