"""Which dosages a treatment has, what a product of several drugs is, and what nobody knows of it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec
import pytest

from cds_service.base.kinds import Dose, RequestText
from cds_service.edition import Edition
from cds_service.facts.doses import Dosed
from cds_service.facts.drugs import Recognised, dosages_of
from cds_service.fhir.structs import Dosage, MedicationAdministration, MedicationRequest, MedicationStatement
from cds_service.knowledge.drugs import Product
from tests.facts.test_drugs import read

EMPTY = Recognised((), frozenset(), Product("unknown"), RequestText(""), Dosed(), True, False, False, False, False, "")


@pytest.mark.parametrize(
    ("kind", "member"), [(MedicationRequest, "dosageInstruction"), (MedicationStatement, "dosage")]
)
def test_rendered_text_stands_where_no_dosage_has_one(kind: Any, member: str) -> None:
    def of(*dosages: dict[str, Any], rendered: str | None = "8 mg") -> list[Dosage]:
        members = {member: list(dosages), "renderedDosageInstruction": rendered}
        return dosages_of(msgspec.convert({"resourceType": kind.__name__} | members, kind))

    assert of() == [Dosage(text="8 mg")]
    assert of({"sequence": 1}) == [Dosage(text="8 mg", sequence=1)]
    assert of({"sequence": 1}, {"sequence": 2}) == [Dosage(sequence=1), Dosage(sequence=2), Dosage(text="8 mg")]
    assert of({"text": "4 mg"}) == [Dosage(text="4 mg")]
    assert of({"sequence": 1}, {"text": "4 mg"}) == [Dosage(sequence=1), Dosage(text="4 mg")]
    assert of({"sequence": 1}, rendered=None) == [Dosage(sequence=1)]


def test_an_administration_has_its_own_dosage() -> None:
    given = {"resourceType": "MedicationAdministration", "dosage": {"text": "4 mg"}}
    assert dosages_of(msgspec.convert(given, MedicationAdministration)) == [Dosage(text="4 mg")]


def test_a_treatment_read_whole(edition: Edition) -> None:
    reader, name = edition.readers.drugs, "zoledronic acid 4 mg/5 mL"
    found = read(reader, medicationCodeableConcept={"text": name}, dosageInstruction=[{"text": "4 mg IV q4w"}])  # type: ignore[arg-type]  # reads alike
    dosed = Dosed(
        Dose(Fraction(4), False, RequestText("4 mg IV q4w")),
        interval_days=Fraction(28),
        interval_high_days=Fraction(28),
        interval_shown=RequestText("q4w"),
        daily_mg=Fraction(1, 7),
    )
    assert found == Recognised(
        drugs=("zoledronic-acid",), groups=frozenset({"bisphosphonate"}), product=found.product,
        text=RequestText(name), dosed=dosed, counts=True, small_if_undosed=False, low_confidence=False, known=True,
        injected=False, substance="", daily=None,
    )  # fmt: skip
    assert found.product.use == "oncology"
    assert read(reader) == EMPTY
    unknown = read(reader, medicationCodeableConcept={"text": "moonshine"})
    assert (unknown.drugs, unknown.known, unknown.text, unknown.substance) == ((), True, "moonshine", "")
    coded = read(reader, medicationCodeableConcept={"coding": [{"code": "77"}]})
    assert (coded.drugs, coded.known, coded.low_confidence) == ((), True, False)


def test_of_a_combination_the_bone_drug_comes_first(edition: Edition) -> None:
    found = read(edition.readers.drugs, medicationCodeableConcept={"text": "alendronate 70 mg / cholecalciferol"})
    assert found.drugs[-1] == "vitamin-d"
    assert len(found.drugs) == 2
    assert found.substance == "alendronate"
    reverse = read(edition.readers.drugs, medicationCodeableConcept={"text": "calcium carbonate and risedronate"})
    assert reverse.drugs[-1] == "calcium-supplement"


@pytest.mark.parametrize(
    ("name", "dosage", "small"),
    [
        ("aspirin", {}, True),
        ("aspirin", {"text": "300 mg"}, False),
        ("ibuprofen", {}, False),
        ("moonshine", {}, False),
    ],
)
def test_an_aspirin_that_nobody_says_the_dose_of(edition: Edition, name: str, dosage: Any, small: bool) -> None:
    members = {"medicationCodeableConcept": {"text": name}, "dosageInstruction": [dosage]}
    assert read(edition.readers.drugs, **members).small_if_undosed is small  # type: ignore[arg-type]


def test_a_contained_medication_without_an_id_is_none(edition: Edition) -> None:
    inside = {"resourceType": "Medication", "code": {"text": "zoledronic acid"}}
    found = read(edition.readers.drugs, medicationReference={"reference": "#XXXX"}, contained=[inside])
    assert found == EMPTY


def test_concept_and_medication_are_looked_at_together(edition: Edition) -> None:
    known = {
        "Medication/m": {
            "code": {"text": "唑来膦酸"},
            "ingredient": [{"itemCodeableConcept": {"text": "zoledronic acid 4 mg"}}],
        }
    }
    found = read(
        edition.readers.drugs, known=known, medicationCodeableConcept={"text": "infusion of the ward"},
        medicationReference={"reference": "Medication/m"}, dosageInstruction=[{"text": "2 vials"}],
    )  # fmt: skip
    assert (found.drugs, found.text) == (("zoledronic-acid",), "infusion of the ward")
    assert found.dosed.dose == Dose(Fraction(8), False, RequestText("2 vials"))
    named = read(
        edition.readers.drugs,
        medicationReference={"display": "zoledronic acid 4 mg"},
        dosageInstruction=[{"text": "2 vials"}],
    )
    assert named.dosed.dose == Dose(Fraction(8), False, RequestText("2 vials"))


@pytest.mark.parametrize(
    ("name", "stated", "route"),
    [
        ("ibandronate 150 mg tablet", None, "oral"), ("伊班膦酸钠片 150mg", None, "oral"),
        ("氯膦酸二钠胶囊", None, "oral"), ("ibandronate 150 mg tablet", "IV", "intravenous"),
        ("ibandronate 150 mg tablet", "as told", None), ("ibandronate 6 mg vial", None, None),
        ("ibandronate", None, None), ("morphine 10 mg tablet", None, None),
    ],
)  # fmt: skip
def test_a_bisphosphonate_in_tablets_is_swallowed(
    edition: Edition, name: str, stated: str | None, route: str | None
) -> None:
    dosage = {"text": "1", **({"route": {"text": stated}} if stated else {})}
    members: dict[str, Any] = {"medicationCodeableConcept": {"text": name}, "dosageInstruction": [dosage]}
    assert read(edition.readers.drugs, **members).dosed.route == route
