"""Dosages read whole: dose and how it is shown, what was not read, route, interval, infusion time, dose a day."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec
import pytest

from cds_service.base.folders import content_root
from cds_service.base.kinds import Dose, RequestText
from cds_service.base.yamlfile import load_as
from cds_service.facts.doses import MOST_DOSAGES, Dosed, DoseReader
from cds_service.facts.infusion import Infused, InfusionText
from cds_service.facts.pieces import NOTHING_KNOWN, Piece
from cds_service.facts.routes import RouteReader
from cds_service.fhir.structs import CodeableConcept, Dosage, Extension, Medication, Quantity
from cds_service.knowledge.dosing import Dosing
from tests.build import SNOMED, Json

DOSING = load_as(content_root() / "dosing.yaml", Dosing)
F = Fraction
VIAL = Piece(F(4), F(5), F("0.8"))
TABLET = Piece(F(500))
MG4 = {"value": 4, "unit": "mg"}
TWO_VIALS = {"value": 2, "unit": "vial"}
EPIC = "http://open.epic.com/FHIR/StructureDefinition/extension/ordered-dose"


def read(
    *dosages: Json, piece: Piece = NOTHING_KNOWN, extensions: tuple[Json, ...] = (), most: bool | None = None
) -> Dosed:
    asked = msgspec.convert(dosages, list[Dosage], strict=False)
    more = msgspec.convert(extensions, list[Extension], strict=False)
    reader = DoseReader(DOSING)
    return reader.read(asked, more, piece) if most is None else reader.read(asked, more, piece, most=most)


def dose(mg: Any, shown: str, *, is_range: bool = False) -> Dose:
    return Dose(F(mg), is_range, RequestText(shown))


def rate(kind: str | None = None, **members: Any) -> Json:
    return ({"type": {"text": kind}} if kind else {}) | members


@pytest.mark.parametrize(
    ("dosage", "piece", "expected"),
    [
        ({}, NOTHING_KNOWN, Dosed()),
        ({"doseQuantity": MG4}, NOTHING_KNOWN, Dosed(dose(4, "4 mg"))),
        ({"dose": MG4}, NOTHING_KNOWN, Dosed(dose(4, "4 mg"))),
        ({"dose": {"value": 4, "code": "mg"}}, NOTHING_KNOWN, Dosed(dose(4, "4 mg"))),
        ({"dose": {"value": "3.1234", "unit": "mg"}}, NOTHING_KNOWN, Dosed(dose("3.1234", "3.1234 mg"))),
        ({"dose": {"value": "3.12345", "unit": "mg"}}, NOTHING_KNOWN, Dosed(dose("3.12345", "3.1234 mg"))),
        ({"dose": {"value": 2}}, TABLET, Dosed(problem="dose-unit-unknown")),
        ({"dose": {"value": 2, "code": "1"}}, TABLET, Dosed(dose(1000, "2 1"))),
        ({"dose": TWO_VIALS}, VIAL, Dosed(dose(8, "2 vial"))),
        ({"dose": TWO_VIALS}, NOTHING_KNOWN, Dosed(problem="dose-unit-unknown")),
        ({"doseRange": {"low": MG4, "high": TWO_VIALS}}, VIAL, Dosed(dose(8, "2 vial", is_range=True))),
        ({"doseRange": {"low": MG4}}, VIAL, Dosed(dose(4, "4 mg", is_range=True))),
        ({"doseRange": {"low": MG4, "high": {"value": 5, "unit": "lumps"}}}, VIAL, Dosed(problem="dose-unit-unknown")),
        # By rank, and what was calculated never.
        (
            {"doseAndRate": [rate("calculated", doseQuantity=MG4), rate(doseQuantity={"value": 3, "unit": "mg"})]},
            NOTHING_KNOWN,
            Dosed(dose(3, "3 mg")),
        ),
        (
            {"doseAndRate": [rate(doseQuantity=MG4), rate("ordered", doseQuantity={"value": 3, "unit": "mg"})]},
            NOTHING_KNOWN,
            Dosed(dose(3, "3 mg")),
        ),
        (
            {
                "doseAndRate": [
                    rate("other", doseQuantity=MG4),
                    {"type": {}, "doseQuantity": {"value": 3, "unit": "mg"}},
                ]
            },
            NOTHING_KNOWN,
            Dosed(dose(3, "3 mg")),
        ),
        (
            {"doseAndRate": [rate("other", doseQuantity=MG4), rate(doseQuantity={"value": 3, "unit": "lumps"})]},
            NOTHING_KNOWN,
            Dosed(dose(4, "4 mg")),
        ),
        (
            {"doseAndRate": [rate(doseQuantity=MG4), rate(doseQuantity={"value": 5, "unit": "mg"})]},
            NOTHING_KNOWN,
            Dosed(dose(5, "5 mg")),
        ),
        (
            {"doseAndRate": [{"type": {"coding": [{}, {"display": "Calculated"}], "text": "x"}, "doseQuantity": MG4}]},
            NOTHING_KNOWN,
            Dosed(problem="dose-calculated"),
        ),
        (
            {"doseAndRate": [{"type": {"coding": [{"display": "x"}, {"code": "calculated"}]}, "doseQuantity": MG4}]},
            NOTHING_KNOWN,
            Dosed(problem="dose-calculated"),
        ),
        # In words, where the structure says nothing.
        ({"text": "4 mg"}, NOTHING_KNOWN, Dosed(dose(4, "4 mg"))),
        ({"text": "2 Vials"}, VIAL, Dosed(dose(8, "2 Vials"))),
        ({"text": "2 vials"}, NOTHING_KNOWN, Dosed(problem="dose-text-unreadable")),
        ({"text": "5 mL"}, VIAL, Dosed(problem="dose-text-unreadable")),
        ({"text": "4 mg", "dose": {"value": 3, "unit": "mg"}}, NOTHING_KNOWN, Dosed(dose(3, "3 mg"))),
        ({"text": "as told", "dose": {"value": 3, "unit": "lumps"}}, VIAL, Dosed(problem="dose-unit-unknown")),
        ({"text": "4 mg", "dose": {"value": 3, "unit": "lumps"}}, VIAL, Dosed(dose(4, "4 mg"))),
        ({"text": "5 mg/vial", "dose": TWO_VIALS}, NOTHING_KNOWN, Dosed(dose(10, "2 vial"))),
        ({"text": "5 mg/vial", "dose": TWO_VIALS}, VIAL, Dosed(dose(8, "2 vial"))),
        ({"extension": [{"url": EPIC, "valueQuantity": TWO_VIALS}]}, VIAL, Dosed(dose(8, "2 vial"))),
    ],
)
def test_the_dose_of_one_dosage(dosage: Json, piece: Piece, expected: Dosed) -> None:
    assert read(dosage, piece=piece) == expected


def test_the_most_that_may_be_taken() -> None:
    assert read({"text": "4-8 mg"}).problem == "dose-text-unreadable"
    assert read({"text": "4-8 mg"}, most=True).dose == dose(8, "4-8 mg")
    assert read({"text": "5 mL"}, piece=VIAL, most=False).dose is None
    assert read({"text": "5 mL"}, piece=VIAL, most=True).dose == dose(4, "5 mL")
    assert read({"text": "5 mL"}, piece=Piece(F(4), F(10)), most=True).dose == dose(2, "5 mL")
    assert read({"text": "5 mL"}, piece=Piece(mg_per_ml=F(2)), most=True).dose == dose(10, "5 mL")
    for nothing in (Piece(F(4)), Piece(ml=F(5)), NOTHING_KNOWN):
        assert read({"text": "5 mL"}, piece=nothing, most=True).problem == "dose-text-unreadable"


def test_several_dosages_together() -> None:
    first, second = {"dose": {"value": 3, "unit": "mg"}}, {"dose": MG4}
    unread = {"text": "some"}
    assert read(first, second) == read(second, first) == Dosed(dose(4, "4 mg"))
    assert read(unread, first) == Dosed(dose(3, "3 mg"))
    assert read(unread, {"dose": {"value": 3, "unit": "lumps"}}) == Dosed(problem="dose-text-unreadable")
    assert read(*[first] * MOST_DOSAGES) == Dosed(dose(3, "3 mg"))
    assert read(*[first] * (MOST_DOSAGES + 1)) == Dosed(problem="dose-text-unreadable")


def test_the_dose_of_the_order_s_own_extension() -> None:
    inside = {"url": EPIC + "/", "extension": [{"url": "x"}, {"url": "y", "valueQuantity": TWO_VIALS}]}
    assert read({}, extensions=(inside,), piece=VIAL) == Dosed(dose(8, "2 vial"))
    assert read({"dose": MG4}, extensions=(inside,), piece=VIAL) == Dosed(dose(4, "4 mg"))
    for url in (EPIC + "X", "z"):
        assert read({}, extensions=({"url": url, "valueQuantity": MG4},)) == Dosed()


def test_all_that_one_dosage_says() -> None:
    timing = {"repeat": {"period": 3, "periodMax": 4, "periodUnit": "wk", "duration": 15, "durationUnit": "min"}}
    assert read({"dose": MG4, "timing": timing, "route": {"text": "IV"}}) == Dosed(
        dose=dose(4, "4 mg"),
        route="intravenous",
        interval_days=F(21),
        interval_high_days=F(28),
        interval_shown=RequestText("3–4 wk"),
        infusion_minutes=F(15),
        daily_mg=F(4, 21),
    )
    assert read({"text": "4 mg IV once over 10-15 min"}) == Dosed(
        dose=dose(4, "4 mg IV once over 10-15 min"), single=True, infusion_problem="infusion-text-unreadable"
    )
    assert read({"route": {"text": "?"}}, {"route": {"text": "SC"}}, {"route": {"text": "IV"}}).route == "subcutaneous"


@pytest.mark.parametrize(
    ("dosages", "minutes"),
    [
        ([{"timing": {"repeat": {"duration": 1, "durationUnit": "h"}}}], 60),
        (
            [
                {"timing": {"repeat": {"duration": 1, "durationUnit": "h"}}},
                {"timing": {"repeat": {"duration": 30, "durationUnit": "min"}}, "text": "over 15 min"},
            ],
            30,
        ),
        ([{"dose": MG4, "rateQuantity": {"value": 16, "unit": "mg/h"}}], 15),
        ([{"dose": MG4, "doseAndRate": [rate("calculated", rateQuantity={"value": 16, "unit": "mg/h"})]}], None),
        ([{"dose": MG4, "doseAndRate": [rate("ordered", rateQuantity={"value": 16, "unit": "mg/h"})]}], 15),
        ([{"rateQuantity": {"value": 16, "unit": "mg/h"}}], None),
        ([{"dose": MG4, "rateQuantity": {"value": 16, "unit": "mg/kg/h"}, "text": "over 20 min"}], 20),
        ([{"text": "4 mg", "additionalInstruction": [{"text": "over 20 min"}]}], 20),
    ],
)
def test_how_long_it_is_given(dosages: list[Json], minutes: int | None) -> None:
    assert read(*dosages).infusion_minutes == minutes


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        ("4 mg in 100 mL", 4, "3.3", "3.3 mg in 100 mL"),
        ("4MG; then 4 mg", 4, "3", "3 mg; then 3 mg"),
        ("每次4毫克", 4, "3", "每次3 mg"),
        ("0.004 g", 4, "3", "3 mg"),
        ("8 mg or 4 mg", 4, "3", "8 mg or 3 mg"),
        ("4 mgx", 4, "3", "4 mgx"),
        ("14 mg", 4, "3", "14 mg"),
        ("1-4 mg", 4, "3", "1-4 mg"),
        ("1/4 mg", 4, "3", "1/4 mg"),
        ("2 vials", 4, "3", "3 mg"),
        ("2 vials of 2 mg", 4, "3", "3 mg"),
        ("as told", 4, "3", "as told"),
        ("", 4, "3", "3 mg"),
    ],
)
def test_a_text_with_another_dose(text: str, old: int, new: str, expected: str) -> None:
    assert DoseReader(DOSING).with_mass(text, F(old), F(new)) == expected


def test_what_a_name_says() -> None:
    reader = DoseReader(DOSING)
    assert reader.piece_of("zoledronic acid 4 mg/5 mL") == Piece(F(4), F(5), F("0.8"))
    assert reader.piece_of("denosumab 120 mg (1.7 mL)") == Piece(F(120), F("1.7"))
    assert reader.piece_of("4 mg or 5-6 mg") == NOTHING_KNOWN
    assert (reader.piece_mass("4 mg/5 mL"), reader.piece_mass("0.8 mg/mL")) == (4, None)
    assert (reader.text_mass("4 mg"), reader.text_mass("2 vials", VIAL), reader.text_mass("2 vials")) == (4, 8, None)
    assert reader.text_mass("4.4 mL (0.8 mg/mL)", Piece(labelled=(F("3.5"),))) == F("3.5")
    skin, veins = (
        ("Voltaren GEL", "x cream", "双氯芬酸乳膏", "gelatine"),
        ("x INJECTION", "吗啡注射液", "IV bag", "ivory"),
    )
    assert [*map(reader.topical, skin)] == [*map(reader.injected, veins)] == [True, True, True, False]
    assert reader.mass(msgspec.convert(MG4, Quantity, strict=False)) == 4
    product = {"ingredient": [{"strengthQuantity": MG4}]}
    assert reader.of_medication(msgspec.convert(product, Medication, strict=False)) == Piece(F(4))


def route(coding: list[Json] | None = None, text: str | None = None) -> CodeableConcept:
    return msgspec.convert({"coding": coding or [], "text": text}, CodeableConcept)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (route([{"system": SNOMED, "code": "47625008"}]), "intravenous"),
        (route([{"system": "https://snomed.info/sct/", "code": " 47625008 "}]), "intravenous"),
        (route([{"system": "HTTP://SNOMED.INFO/SCT", "code": "34206005"}]), "subcutaneous"),
        (route([{"code": "26643006"}]), "oral"),
        (route([{"code": "C38304"}]), "topical"),
        (route([{"system": SNOMED, "code": "78421000"}]), "other"),
        (route([{"system": "urn:x", "code": "47625008"}]), None),
        (route([{"system": SNOMED, "code": "20045000"}]), None),
        (route([{"system": SNOMED, "code": "x"}, {"system": SNOMED, "code": "26643006"}], "IV"), "oral"),
        (route([{"system": SNOMED, "code": "47625008"}, {"code": "26643006"}]), None),
        (route([{"display": "Subcutaneous route"}]), "subcutaneous"),
        (route([{"code": "SC"}]), "subcutaneous"),
        (route(None, "S.C."), "subcutaneous"),
        (route(None, "iv drip"), "intravenous"),
        (route(None, "transdermal patch"), "topical"),
        (route(None, "sub q"), "subcutaneous"),
        (route(None, "皮 下"), "subcutaneous"),
        (route(None, "im"), "other"),
        (route(None, "肌注"), "other"),
        (route(None, "iv or im"), None),
        (route(None, "静脉 or 口服"), None),
        (route(None, "xiv"), None),
        (route(None, ""), None),
        (None, None),
    ],
)
def test_a_route(stated: CodeableConcept | None, expected: str | None) -> None:
    assert RouteReader(DOSING).read(stated) == expected


READ, SEVERAL = Infused(problem="infusion-text-unreadable"), Infused(problem="infusion-times-differ")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["over 15 min"], Infused(F(15))),
        (["infuse over at least 15 minutes"], Infused(F(15))),
        (["over 2 hours"], Infused(F(120))),
        (["15 min iv infusion"], Infused(F(15))),
        (["静滴15分钟"], Infused(F(15))),
        (["静滴时间不少于15分钟"], Infused(F(15))),
        (["15分钟以上静滴"], Infused(F(15))),
        (["2小时内滴完"], READ),
        (["over 15-30 min"], READ),
        (["over 15 to 30 min"], READ),
        (["over < 15 min"], READ),
        (["over ≥15 min"], Infused(F(15))),
        (["within 15 min infusion"], Infused(F(15))),
        (["infuse within 15 min"], READ),
        (["over no more than 15 min"], READ),
        (["over no less than 15 min"], Infused(F(15))),
        (["over 1,5 h"], READ),
        (["over 15 min or less"], READ),
        (["over 15 min or more"], Infused(F(15))),
        (["infusion 15 min before"], Infused()),
        (["wait 15 min"], Infused()),
        (["crossover 15 min"], Infused()),
        (["over 15 minxyz"], Infused()),
        (["over 3 days"], Infused()),
        (["over 15 min", "infused in 15 min"], Infused(F(15))),
        (["over 15 min", "over 30 min"], SEVERAL),
        (["over 15 min", "over 15-30 min"], READ),
        # So far back a word that begins it is looked for.
        (["infusion: for a period of approximately 15 min"], Infused(F(15))),
        ([], Infused()),
    ],
)
def test_the_time_of_an_infusion(lines: list[str], expected: Infused) -> None:
    assert InfusionText(DOSING).read(lines) == expected
