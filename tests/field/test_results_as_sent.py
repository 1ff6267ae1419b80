"""Results as laboratories send them: other fluids, clocks ahead, values in words, sixteen digits, whose weight."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from cds_service.edition import Edition
from tests.build import NOW, SNOMED, Json, bundle, denosumab, observation, zoledronic
from tests.field.asking import (
    CALCIUM,
    CREATININE,
    DOSE,
    HYPOCALCAEMIA,
    MISSING,
    UNSAID,
    cards,
    laboratory,
    named,
    words,
)

SPECIMENS: list[Json] = [
    {"specimen": {"display": "Urine"}},
    {"specimen": {"display": "胸腔积液"}},
    {"specimen": {"reference": "#s"}, "contained": [{"resourceType": "Specimen", "id": "s", "type": {"text": "尿液"}}]},
    {
        "specimen": {"reference": "#s"},
        "contained": [
            {"resourceType": "Specimen", "id": "s", "type": {"coding": [{"system": SNOMED, "code": "122575003"}]}}
        ],
    },
]


@pytest.mark.parametrize("members", SPECIMENS)
def test_a_calcium_of_another_specimen_hides_no_low_one(edition: Edition, members: Json) -> None:
    low, other = observation("17861-6", 1.6, "mmol/L", 3, id="low"), named("Calcium", 2.4, "mmol/L", **members)
    assert cards(edition, denosumab(), laboratory=laboratory(low, other))[HYPOCALCAEMIA].indicator == "critical"


@pytest.mark.parametrize(
    "name",
    [
        "Albumin BF",
        "Albumin, fluid",
        "Albumin, CSF",
        "Microalbumin",
        "Prealbumin",
        "前白蛋白",
        "尿白蛋白",
        "胸腔积液白蛋白",
    ],
)
def test_an_albumin_of_another_fluid_corrects_no_calcium(edition: Edition, name: str) -> None:
    low = observation("17861-6", 1.98, "mmol/L", 3, id="low")
    card = cards(edition, denosumab(), laboratory=laboratory(low, named(name, 20, "g/L")))[HYPOCALCAEMIA]
    assert "not corrected" in card.summary
    assert card.indicator == "warning"


@pytest.mark.parametrize("code", ["1748-3", "1749-1"])
def test_nor_does_one_by_its_code(edition: Edition, code: str) -> None:
    low = observation("17861-6", 1.97, "mmol/L", 3, id="low")
    found = cards(edition, denosumab(), laboratory=laboratory(low, observation(code, 20, "g/L", id="pleural")))
    assert "not corrected" in found[HYPOCALCAEMIA].summary
    assert "20 g/L" not in words(found)


@pytest.mark.parametrize(
    "name",
    [
        "Creatinine, drain fluid", "JP drain creatinine", "U-Creatinine", "Creatinine (U)", "腹水肌酐",
        "肌酐(引流液)", "尿肌酐", "Creatinine [Mass/volume] in Peritoneal fluid", "Albumin/Creatinine ratio",
    ],
)  # fmt: skip
def test_a_creatinine_of_another_fluid_is_none(edition: Edition, name: str) -> None:
    serum = observation("2160-0", 0.7, "mg/dL", 3, id="serum")
    found = cards(edition, zoledronic(), laboratory=laboratory(serum, CALCIUM, named(name, 9.1, "mg/dL")))
    assert found == {}


def at(hours: float) -> str:
    return (NOW + timedelta(hours=hours)).isoformat()


DATED: list[dict[str, Any]] = [
    {"effectiveDateTime": at(0.07)},
    {"effectiveDateTime": at(23)},
    {"effectiveDateTime": "2026-03-02T16:55:00"},
    {"effectiveDateTime": "2026-03-03"},
    {"effectiveInstant": at(2)},
    {"effectivePeriod": {"start": at(-1), "end": at(2)}},
    {"effectiveTiming": {"event": [at(-30), at(-2)]}},
    {"issued": at(2)},
]


@pytest.mark.parametrize("dated", DATED, ids=str)
def test_a_clock_ahead_hides_no_result(edition: Edition, dated: Json) -> None:
    newest = observation("2160-0", 2.4, "mg/dL", 0, id="newest")
    newest = {k: v for k, v in newest.items() if k != "effectiveDateTime"} | dated
    older = observation("2160-0", 0.7, "mg/dL", 3, id="older")
    found = cards(edition, zoledronic(), laboratory=laboratory(older, newest, CALCIUM))
    assert found[DOSE].indicator == "critical"


UNREADABLE: list[Json] = [
    {"effectiveDateTime": at(25)},
    {"valueQuantity": {"value": 2.4, "unit": "furlong"}},
    {"valueQuantity": {"value": 2.4, "unit": "mg/dL", "comparator": ">"}},
    {"valueQuantity": None, "valueCodeableConcept": {"text": "2.4 mg/dL"}},
]


@pytest.mark.parametrize("changed", UNREADABLE, ids=str)
@pytest.mark.parametrize(
    ("order", "code", "value"), [(zoledronic(), "2160-0", 0.7), (denosumab(), "29265-6", 2.3)], ids=["renal", "calcium"]
)
def test_a_newer_result_nobody_can_read_is_named(
    edition: Edition, changed: Json, order: Json, code: str, value: float
) -> None:
    """What counts is in order; that something newer is there must be seen."""
    unit = "mg/dL" if code == "2160-0" else "mmol/L"
    older, newer = observation(code, value, unit, 3, id="a"), observation(code, 2.4, unit, 0, id="b") | changed
    newer = {k: v for k, v in newer.items() if v is not None}
    others = [CALCIUM] if code == "2160-0" else []
    assert "2.4" in cards(edition, order, laboratory=laboratory(older, newer, *others))[UNSAID].detail


def test_an_albumin_nobody_can_read_is_named_beside_a_total_that_seems_normal(edition: Edition) -> None:
    total, albumin = observation("17861-6", 2.15, "mmol/L", id="t"), named("Albumin", 49, "furlong")
    for order in (denosumab(), zoledronic(3.3)):
        assert "furlong" in cards(edition, order, laboratory=laboratory(CREATININE, total, albumin))[UNSAID].detail


def test_a_weight_nobody_can_read_is_named_where_it_hides_a_newer_creatinine(edition: Edition) -> None:
    clearance = observation("2164-2", 95, "mL/min", 9, id="clearance")
    found = laboratory(clearance, CREATININE, CALCIUM)
    weight = bundle(observation("29463-7", 55, "stone and a half", id="w"))
    assert "stone" in cards(edition, zoledronic(), laboratory=found, measurements=weight)[UNSAID].detail
    assert cards(edition, zoledronic(), laboratory=found, measurements=bundle()) == {}
    failed = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    assert "weight" in cards(edition, zoledronic(), laboratory=found, measurements=failed)[UNSAID].detail


VALUES: list[tuple[Json, str]] = [
    ({"valueCodeableConcept": {"text": "1.15 mg/dL"}}, "not a number (1.15 mg/dL"),
    ({"valueCodeableConcept": {"coding": [{"display": "1.15 mg/dL"}]}}, "not a number (1.15 mg/dL"),
    ({"valueString": "1.15 mg/dL"}, "not a number (1.15 mg/dL"),
    ({"valueString": "1.1529834120583194"}, "not a number (1.153"),
    ({"valueInteger": 1}, "no unit stated (1"),
    (
        {"valueRange": {"low": {"value": 1, "unit": "mg/dL"}, "high": {"value": 2, "unit": "mg/dL"}}},
        "1 mg/dL – 2 mg/dL",
    ),
    ({"valueQuantity": {"value": 15, "unit": "mg/dL", "comparator": ">"}}, "above or below a limit"),
    ({"dataAbsentReason": {"text": "error"}}, "reported as absent"),
    ({}, "no value"),
]


@pytest.mark.parametrize(("value", "said"), VALUES, ids=str)
def test_what_a_value_is_instead_is_said(edition: Edition, value: Json, said: str) -> None:
    result = {k: v for k, v in CREATININE.items() if k != "valueQuantity"} | value
    found = cards(edition, zoledronic(), laboratory=laboratory(result, CALCIUM))
    assert said in found[MISSING].detail
    calcium = {k: v for k, v in CALCIUM.items() if k != "valueQuantity"} | value
    assert said in cards(edition, denosumab(), laboratory=laboratory(CREATININE, calcium))[HYPOCALCAEMIA].detail


LONG: list[tuple[Json, Json]] = [
    (zoledronic(), {"laboratory": laboratory(observation("2160-0", 1.1529834120583194, "mg/dL"), CALCIUM)}),
    (zoledronic(), {"laboratory": laboratory(observation("2160-0", 101.92374362595543, "umol/L"), CALCIUM)}),
    (zoledronic(), {"laboratory": laboratory(observation("2164-2", 45.234567890123, "mL/min"), CALCIUM)}),
    (zoledronic(), {"measurements": bundle(observation("29463-7", 55.1234567890123, "kg"))}),
    (zoledronic(3.98765432109), {}),
    (denosumab(119.87654321098), {}),
    (denosumab(), {"laboratory": laboratory(observation("17861-6", 6.412345678901, "mg/dL"))}),
    (denosumab(), {"laboratory": laboratory(observation("1994-3", 0.912345678901, "mmol/L"))}),
]


@pytest.mark.parametrize(("order", "members"), LONG)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_no_card_prints_what_no_laboratory_prints(edition: Edition, order: Json, members: Json, language: Any) -> None:
    found = cards(edition, order, language=language, **members)
    assert found
    assert re.search(r"\d\.\d{4,}", words(found)) is None


@pytest.mark.parametrize(
    "name",
    [
        "Usual body weight", "Target weight", "Goal weight", "Ideal body weight", "Lean body weight", "Dry weight",
        "Birth weight", "Prepregnancy weight", "Weight 6 months ago", "Baby weight", "Heart weight", "平时体重",
        "目标体重", "干体重", "瘦体重", "病前体重", "体质量指数",
    ],
)  # fmt: skip
def test_only_the_present_weight_counts(edition: Edition, name: str) -> None:
    measured = observation("29463-7", 48, "kg", 5, id="measured")
    found = cards(edition, zoledronic(), measurements=bundle(measured, named(name, 70, "kg", 1)))
    assert "39.4" in found[DOSE].summary


@pytest.mark.parametrize("name", ["体重", "体质量", "Body weight Measured", "weight (kg)", "今日体重"])
def test_and_it_counts_under_its_own_names(edition: Edition, name: str) -> None:
    measured = observation("29463-7", 70, "kg", 5, id="measured")
    found = cards(edition, zoledronic(), measurements=bundle(measured, named(name, 48, "kg", 1)))
    assert "39.4" in found[DOSE].summary


@pytest.mark.parametrize("name", ["Target height", "Sitting height", "坐高", "Knee height", "预测身高"])
def test_only_the_own_standing_height_counts(edition: Edition, name: str) -> None:
    egfr = observation("62238-1", 40, "mL/min/{1.73_m2}", id="egfr")
    members = {"laboratory": laboratory(egfr, CALCIUM)}
    weight = observation("29463-7", 55, "kg", id="w")
    assert MISSING in cards(edition, zoledronic(), measurements=bundle(weight, named(name, 160, "cm")), **members)
    assert DOSE in cards(edition, zoledronic(), measurements=bundle(weight, named("身高", 160, "cm")), **members)


def test_a_loinc_code_without_its_system_is_known_by_its_form(edition: Edition) -> None:
    bare = CREATININE | {"code": {"coding": [{"code": "2160-0"}]}}
    assert "45.2" in cards(edition, zoledronic(), laboratory=laboratory(bare, CALCIUM))[DOSE].summary


@pytest.mark.parametrize("unit", ["umol·L-1", "μmol·L⁻¹", "umol.L-1", "µmol L−1", "μmol • L^-1"])
def test_a_unit_with_a_power_is_a_unit_with_a_slash(edition: Edition, unit: str) -> None:
    found = cards(edition, zoledronic(), laboratory=laboratory(named("肌酐", 101.66, unit), CALCIUM))
    assert "45.2" in found[DOSE].summary


@pytest.mark.parametrize(("value", "unit"), [(1.6, "mmol·L-1"), (6.41, "mg·dL⁻¹"), (64.1, "mg L-1"), (1.6, "mmol.l-1")])
def test_so_it_is_for_calcium(edition: Edition, value: float, unit: str) -> None:
    card = cards(edition, denosumab(), laboratory=laboratory(named("校正血钙", value, unit)))[HYPOCALCAEMIA]
    assert card.indicator == "critical"


@pytest.mark.parametrize("unit", ["mmol-1", "umol·L-10", "umol/L-1", "L·umol-1"])
def test_what_is_no_such_unit_stays_unknown(edition: Edition, unit: str) -> None:
    found = cards(edition, zoledronic(), laboratory=laboratory(named("肌酐", 101.66, unit), CALCIUM))
    assert "unit not understood" in found[MISSING].detail


@pytest.mark.parametrize("code", ["8350-1", "8351-9"])
def test_a_weight_with_or_without_clothes_was_measured(edition: Edition, code: str) -> None:
    weight = observation(code, 48, "kg", 1, id="weight")
    assert "39.4" in cards(edition, zoledronic(), measurements=bundle(weight))[DOSE].summary


@pytest.mark.parametrize(
    "name",
    [
        "Calcium [Moles/volume] corrected for albumin in Serum or Plasma", "Calcium, albumin corrected",
        "Albumin-adjusted calcium", "Calcium (albumin adjusted)", "Ca (corr)", "校正后血钙", "校正总钙",
    ],
)  # fmt: skip
def test_a_calcium_corrected_by_name_is_not_corrected_again(edition: Edition, name: str) -> None:
    """With an albumin of 20 g/L a total of 1.90 would be 2.30 after correction; this one is corrected already."""
    low, albumin = named(name, 1.9, "mmol/L"), observation("1751-7", 20, "g/L", id="albumin")
    assert cards(edition, denosumab(), laboratory=laboratory(low, albumin))[HYPOCALCAEMIA].indicator == "critical"


@pytest.mark.parametrize("name", ["EGFR mutation", "EGFR基因突变", "EGFR exon 20", "表皮生长因子受体 EGFR"])
def test_the_receptor_of_a_tumour_is_no_filtration_rate(edition: Edition, name: str) -> None:
    found = cards(edition, zoledronic(), laboratory=laboratory(named(name, 25, "mL/min/1.73m2"), CALCIUM))
    assert "eGFR" not in found[MISSING].summary
    assert "25" not in found[MISSING].detail
