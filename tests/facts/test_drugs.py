"""Which drug a record is about, however it says so, and which product of the drug."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cds_service.edition import Edition
from cds_service.facts.drugs import DrugReader, Recognised
from cds_service.fhir.structs import (
    Medication,
    MedicationAdministration,
    MedicationRequest,
    MedicationStatement,
    Resource,
)
from tests.build import RXNORM

ATC = "http://www.whocc.no/atc"
ZOLEDRONIC = {"coding": [{"system": RXNORM, "code": "77655"}]}


@pytest.fixture
def reader(edition: Edition) -> DrugReader:
    return edition.readers.drugs


def read(reader: DrugReader, kind: type[Any] = MedicationRequest, known: Any = None, **members: Any) -> Recognised:
    """The drug of a resource with these members; ``known``: the Medications that came along, by reference."""
    found = {ref: msgspec.convert({"resourceType": "Medication"} | m, Medication) for ref, m in (known or {}).items()}
    body = {"resourceType": kind.__name__, "id": "x"} | members
    treatment = msgspec.json.decode(msgspec.json.encode(body), type=kind)

    def lookup(reference: str) -> Resource | None:
        return found.get(reference)

    return reader.read(treatment, lookup)


# Where the drug stands

PLACES: dict[str, dict[str, Any]] = {
    "code": {"medicationCodeableConcept": ZOLEDRONIC},
    "text": {"medicationCodeableConcept": {"text": "唑来膦酸注射液"}},
    "display of a code of the house": {"medicationCodeableConcept": {"coding": [{"code": "77", "display": "Zometa"}]}},
    "R5 concept": {"medication": {"concept": ZOLEDRONIC}},
    "R5 reference": {"medication": {"reference": {"reference": "Medication/m"}}},
    "R5 shape with a bare reference": {"medication": {"reference": "Medication/m"}},
    "only a display": {"medicationReference": {"display": "zoledronic acid 4 mg"}},
    "R5 display": {"medication": {"reference": "Medication/gone", "display": "zoledronic acid"}},
    "reference": {"medicationReference": {"reference": "Medication/m"}},
    "ingredient": {"medicationReference": {"reference": "Medication/i"}},
    "R5 ingredient": {"medicationReference": {"reference": "Medication/i5"}},
    "contained": {
        "medicationReference": {"reference": "#c"},
        "contained": [
            {"resourceType": "Basic", "id": "c"},
            {"resourceType": "Medication", "id": "other"},
            {"resourceType": "Medication", "id": "c", "code": ZOLEDRONIC},
        ],
    },
    "contained with a hash in its id": {
        "medicationReference": {"reference": "#c"},
        "contained": [{"resourceType": "Medication", "id": "#c", "code": ZOLEDRONIC}],
    },
}
KNOWN = {
    "Medication/m": {"code": ZOLEDRONIC},
    "Medication/i": {"ingredient": [{"itemCodeableConcept": {"text": "saline"}}, {"itemCodeableConcept": ZOLEDRONIC}]},
    "Medication/i5": {"ingredient": [{}, {"item": {"concept": ZOLEDRONIC}}]},
}


@pytest.mark.parametrize("members", PLACES.values(), ids=PLACES)
def test_a_drug_is_found_wherever_it_stands(reader: DrugReader, members: dict[str, Any]) -> None:
    found = read(reader, known=KNOWN, **members)
    assert found.drugs == ("zoledronic-acid",)
    assert found.groups == {"bisphosphonate"}
    assert found.known


@pytest.mark.parametrize("kind", [MedicationRequest, MedicationStatement, MedicationAdministration])
def test_orders_statements_and_administrations_are_read_alike(reader: DrugReader, kind: type[Any]) -> None:
    dosage = {"dose" if kind is MedicationAdministration else "doseQuantity": {"value": 4, "unit": "mg"}}
    place = "dosageInstruction" if kind is MedicationRequest else "dosage"
    members: dict[str, Any] = {"medicationCodeableConcept": ZOLEDRONIC, place: [dosage]}
    found = read(reader, kind, **members)
    assert found.product.use == "oncology"
    assert found.dosed.dose is not None


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"medicationReference": {"reference": "Medication/gone"}},
        {"medicationReference": {"reference": "#gone"}, "contained": [{"resourceType": "Medication", "id": "c"}]},
        {"medicationReference": {"reference": "#gone"}},
        {"medicationReference": {}},
        {"medication": {"reference": {"reference": "Medication/gone"}}},
        {"medicationCodeableConcept": {}},
    ],
)
def test_a_drug_nobody_names_is_not_known(reader: DrugReader, members: dict[str, Any]) -> None:
    found = read(reader, **members)
    assert not found.known
    assert found.drugs == ()
    assert found.text == ""


def test_a_drug_of_no_list_is_known_and_not_ours(reader: DrugReader) -> None:
    found = read(reader, medicationCodeableConcept={"text": "atorvastatin 20 mg"})
    assert found.known
    assert (found.drugs, found.groups, found.product.use) == ((), frozenset(), "unknown")


def test_a_reference_to_something_else_is_no_medication(reader: DrugReader) -> None:
    patient = msgspec.convert({"resourceType": "MedicationRequest"}, MedicationRequest)
    treatment = msgspec.convert(
        {"resourceType": "MedicationRequest", "medicationReference": {"reference": "Patient/1"}}, MedicationRequest
    )
    assert not reader.read(treatment, lambda _: patient).known


def test_the_text_is_the_first_that_says_something(reader: DrugReader) -> None:
    coding = {"system": RXNORM, "code": "77655"}
    assert read(reader, medicationCodeableConcept={"text": "A", "coding": [coding]}).text == "A"
    assert read(reader, medicationCodeableConcept={"coding": [coding | {"display": "B"}]}).text == "B"
    assert read(reader, medicationCodeableConcept={"coding": [coding]}).text == "77655"
    assert read(reader, medicationCodeableConcept={}, medicationReference={"display": "C"}).text == "C"


def test_of_a_combination_the_bone_drug_comes_first(reader: DrugReader) -> None:
    found = read(reader, medicationCodeableConcept={"coding": [{"system": ATC, "code": "M05BB03"}]})
    assert found.drugs[0] == "other-bisphosphonate"
    assert "bisphosphonate" in found.groups


# Which product


def dosed(value: float, unit: str = "mg", **dosage: Any) -> list[dict[str, Any]]:
    return [{"doseAndRate": [{"doseQuantity": {"value": value, "unit": unit}}]} | dosage]


EVERY_4_WEEKS: dict[str, Any] = {"timing": {"repeat": {"frequency": 1, "period": 4, "periodUnit": "wk"}}}
EVERY_6_MONTHS: dict[str, Any] = {"timing": {"repeat": {"frequency": 1, "period": 6, "periodUnit": "mo"}}}
YEARLY: dict[str, Any] = {"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "a"}}}


@pytest.mark.parametrize(
    ("name", "instruction", "use", "by"),
    [
        ("zoledronic acid", dosed(4), "oncology", "dose"),
        ("zoledronic acid", dosed(5), "osteoporosis", "dose"),
        ("zoledronic acid", [dosed(4)[0] | YEARLY], "unknown", "dose"),
        ("zoledronic acid 5 mg/100 mL", dosed(4), "oncology", "dose"),
        ("zoledronic acid 5 mg/100 mL", [], "osteoporosis", "strength"),
        ("zoledronic acid 4 mg/5 mL", [], "oncology", "strength"),
        ("zoledronic acid 4 mg/5 mL", dosed(1, "vial"), "oncology", "dose"),
        ("zoledronic acid", dosed(1, "vial"), "unknown", None),
        ("zoledronic acid", [EVERY_4_WEEKS], "oncology", "interval"),
        ("zoledronic acid", [YEARLY], "osteoporosis", "interval"),
        ("zoledronic acid", [], "unknown", None),
        ("denosumab", dosed(120), "oncology", "dose"),
        ("denosumab", dosed(60), "osteoporosis", "dose"),
        ("denosumab", [EVERY_6_MONTHS], "osteoporosis", "interval"),
        ("Xgeva", [], "oncology", "brand"),
        ("Prolia", [], "osteoporosis", "brand"),
        ("pamidronate", [], "oncology", "substance"),
        ("ibandronate", [{"route": {"text": "oral"}}], "unknown", "route"),
        ("narlumosbart", dosed(120), "unknown", None),
    ],
)
def test_product(reader: DrugReader, name: str, instruction: list[Any], use: str, by: str | None) -> None:
    product = read(reader, medicationCodeableConcept={"text": name}, dosageInstruction=instruction).product
    assert (product.use, product.decided_by) == (use, by)


def test_the_strength_of_the_code_list_reads_pieces(reader: DrugReader) -> None:
    vial = {"coding": [{"system": RXNORM, "code": "351114"}]}
    found = read(reader, medicationCodeableConcept=vial, dosageInstruction=dosed(1, "vial"))
    assert found.dosed.dose is not None
    assert found.dosed.dose.mg == 4


def test_a_dose_may_stand_in_an_extension_of_the_order(reader: DrugReader) -> None:
    url = "http://open.epic.com/FHIR/StructureDefinition/extension/ordered-dose"
    extension = [{"url": url, "valueQuantity": {"value": 4, "unit": "mg"}}]
    found = read(reader, medicationCodeableConcept=ZOLEDRONIC, extension=extension)
    assert found.dosed.dose is not None


# What counts as an NSAID


@pytest.mark.parametrize(
    ("name", "instruction", "counts"),
    [
        ("ibuprofen 400 mg", [], True),
        ("diclofenac", [{"route": {"text": "topical"}}], False),
        ("diclofenac gel 1%", [], False),
        ("双氯芬酸钠凝胶", [], False),
        ("diclofenac gel 1%", [{"route": {"text": "oral"}}], True),
        ("aspirin", dosed(100, timing={"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}), False),
        ("aspirin", dosed(500, timing={"repeat": {"frequency": 3, "period": 1, "periodUnit": "d"}}), True),
        ("aspirin", dosed(100), True),
        ("zoledronic acid", [{"route": {"text": "topical"}}], True),
    ],
)
def test_topical_forms_and_antiplatelet_aspirin_are_no_nsaid(
    reader: DrugReader, name: str, instruction: list[Any], counts: bool
) -> None:
    found = read(reader, medicationCodeableConcept={"text": name}, dosageInstruction=instruction)
    assert found.drugs
    assert found.counts is counts


@pytest.mark.parametrize("code", ["855635", "243670"], ids=["a gel by its code", "an 81 mg tablet by its code"])
def test_codes_that_are_no_nsaid_by_themselves(reader: DrugReader, code: str) -> None:
    found = read(reader, medicationCodeableConcept={"coding": [{"system": RXNORM, "code": code}]})
    assert found.groups == {"nsaid"}
    assert not found.counts
