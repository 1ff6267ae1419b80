"""How much of an analgesic a day, from orders as they are written: pieces, combinations, as needed, limits, patches."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.facts.portions import Daily
from cds_service.facts.subjects import DrugOrder
from tests.build import PATIENT, RXNORM, Json
from tests.facts.whole import orders_of

EVERY_6_H = {"timing": {"repeat": {"frequency": 1, "period": 6, "periodUnit": "h"}}}
EVERY_12_H = {"timing": {"repeat": {"frequency": 1, "period": 12, "periodUnit": "h"}}}
EVERY_72_H = {"timing": {"repeat": {"frequency": 1, "period": 72, "periodUnit": "h"}}}


def dose(value: float, unit: str, **more: Any) -> Json:
    return {"doseAndRate": [{"doseQuantity": {"value": value, "unit": unit}}], **more}


def draft(name: str | Json, *dosages: Json, **more: Any) -> Json:
    concept = {"text": name} if isinstance(name, str) else name
    return {
        "resourceType": "MedicationRequest", "id": "d", "status": "draft", "intent": "order",
        "medicationCodeableConcept": concept, "subject": {"reference": f"Patient/{PATIENT}"},
        "dosageInstruction": list(dosages),
    } | more  # fmt: skip


def daily(edition: Edition, name: str | Json, *dosages: Json, **more: Any) -> Daily:
    (order,) = orders_of(edition, draft(name, *dosages, **more))
    assert isinstance(order, DrugOrder)
    assert order.daily
    return order.daily


def most(edition: Edition, name: str | Json, *dosages: Json, of: str = "acetaminophen", **more: Any) -> Any:
    (portion,) = daily(edition, name, *dosages, **more).of(of)
    return portion.why if portion.most is None else portion.most


@pytest.mark.parametrize(
    ("name", "dosage", "expected"),
    [
        ("acetaminophen", dose(1, "g", **EVERY_6_H), 4000),
        ("对乙酰氨基酚片 0.5g", dose(2, "片", **EVERY_6_H), 4000),
        ("对乙酰氨基酚片 0.5g", {"text": "口服 每次2片 每日4次"}, 4000),
        ("acetaminophen 500 mg tablet", {"text": "2 tablets every 8 hours"}, 3000),
        ("acetaminophen", {"text": "500 mg every 4-6 hours as needed"}, 3000),
        ("acetaminophen", {"text": "1 g q4h prn, max 4 g/day"}, 4000),
        ("acetaminophen", {"text": "1 g q4h prn, max 3 g in 24 h"}, 3000),
        ("对乙酰氨基酚", {"text": "每次1g 每日4次 必要时 每日不超过2g"}, 2000),
        ("acetaminophen 500 mg tablet", {"text": "2 tablets q4h prn max 6 tablets per day"}, 3000),
        ("acetaminophen", dose(1, "g", **EVERY_6_H, asNeededBoolean=True), 4000),
        (
            "acetaminophen",
            dose(1, "g", **EVERY_6_H, asNeeded=True)
            | {
                "maxDosePerPeriod": [{"numerator": {"value": 2, "unit": "g"}, "denominator": {"value": 1, "unit": "d"}}]
            },
            2000,
        ),
        # A limit beside a regular dose is not what is ordered; where how often cannot be read it is the most.
        ("acetaminophen", {"text": "1 g, max 2 g/day"} | EVERY_6_H, 4000),
        ("acetaminophen", {"text": "1 g every 6 hours, max 2 g/day"}, 4000),
        # Of a span the upper end; a volume of a solution whose strength is known.
        ("对乙酰氨基酚片 0.5g", {"text": "每次1-2片 q6h prn"}, 4000),
        ("对乙酰氨基酚", {"text": "1g q8h prn, max 4 g/day"}, 3000),
        ("对乙酰氨基酚", {"text": "0.5g 每日3-4次"}, 2000),
        ("对乙酰氨基酚", {"text": "0.5g Q.I.D"}, 2000),
        ("acetaminophen", {"text": "500 mg 4x/day"}, 2000),
        ("acetaminophen", {"text": "500-1000 mg q6h prn; max daily dose 3 g"}, 3000),
        (
            "acetaminophen 325 mg tablet",
            {"text": "1-2 tablets every 4 hours as needed. Max daily amount: 3250 mg"},
            3250,
        ),
        ("acetaminophen suppository 650 mg", {"text": "1 supp PR q6h"}, 2600),
        ("对乙酰氨基酚", {"text": "500 mg q6h. Max 4 g per day"}, 2000),
        ("对乙酰氨基酚", {"text": "每次0.5g q6h 每日总量不超过4g"}, 2000),
        ("对乙酰氨基酚", {"text": "0.5g tid, 24小时内不超过4g"}, 1500),
        ("对乙酰氨基酚", {"text": "必要时单次口服1g，24小时内不超过4次"}, 4000),
        ("acetaminophen 500 mg tablet", {"text": "2 to 3 tablets every 6 hours"}, 6000),
        ("acetaminophen", {"text": "500-1000 mg q4-6h"}, 6000),
        ("acetaminophen", {"text": "500 mg to 1 g every 6 hours"}, 4000),
        ("对乙酰氨基酚混悬液 100mL:3.2g", {"text": "10mL q6h"}, 1280),
        ("acetaminophen oral solution 160 mg/5 mL", {"text": "20 mL q4h"}, 3840),
        ("对乙酰氨基酚混悬液", {"text": "10mL(32mg/mL) q6h"}, 1280),
        ("acetaminophen oral solution", {"text": "20 mL q4h"}, "dose-unknown"),
        # Two strengths without names: every combination holds more of acetaminophen.
        ("氨酚羟考酮片 5mg/325mg", {"text": "2片 q6h"}, 2600),
        ("氨酚羟考酮片(325mg:5mg)", {"text": "1-2片 q6h prn"}, 2600),
        ("Percocet 5-325", {"text": "2 tablets q6h"}, 2600),
        ("oxycodone-acetaminophen 10/325 mg", {"text": "1 tablet q6h"}, 1300),
        ("氨酚羟考酮片", {"text": "2片 q6h"}, "strength-unknown"),
        ("氨酚羟考酮片 5/5", {"text": "2片 q6h"}, "strength-unknown"),
        ("acetaminophen", {"text": "1 g once"}, 1000),
        ("acetaminophen", {"text": "500 mg qn"}, 500),
        ("泰诺", {"text": "需要时"}, "dose-unknown"),
        ("acetaminophen", dose(500, "mg", asNeededBoolean=True), "frequency-unknown"),
        ("对乙酰氨基酚片", dose(2, "片", **EVERY_6_H), "dose-unknown"),
        ("氨酚羟考酮片", dose(1, "片", **EVERY_6_H), "strength-unknown"),
        ("氨酚羟考酮片(对乙酰氨基酚325mg/羟考酮5mg)", dose(1, "片", **EVERY_6_H), 1300),
        ("氨酚羟考酮片(对乙酰氨基酚325mg/羟考酮5mg)", dose(330, "mg", **EVERY_6_H), "dose-of-combination"),
        ("acetaminophen 325 MG / oxycodone hydrochloride 5 MG Oral Tablet", dose(2, "{tbl}", **EVERY_6_H), 2600),
    ],
)
def test_acetaminophen_a_day(edition: Edition, name: str, dosage: Json, expected: object) -> None:
    assert most(edition, name, dosage) == expected


def test_a_code_tells_the_strength_of_each_ingredient(edition: Edition) -> None:
    combined = {"coding": [{"system": RXNORM, "code": "1049221"}]}
    dosage = dose(1, "tablet", **EVERY_6_H)
    found = {p.ingredient: p.most for p in daily(edition, combined, dosage).portions}
    assert found == {"acetaminophen": 1300, "oxycodone": 20}


def test_a_medication_of_several_ingredients_tells_each(edition: Edition) -> None:
    def strength(name: str, mg: int) -> Json:
        ratio = {"numerator": {"value": mg, "unit": "mg"}, "denominator": {"value": 1, "unit": "tablet"}}
        return {"itemCodeableConcept": {"text": name}, "strength": ratio}

    medication = {
        "resourceType": "Medication", "id": "m", "code": {"text": "氨酚羟考酮片"},
        "ingredient": [strength("对乙酰氨基酚", 325), strength("盐酸羟考酮", 5)],
    }  # fmt: skip
    made = draft("x", dose(2, "片", **EVERY_12_H), medicationReference={"reference": "#m"}, contained=[medication])
    del made["medicationCodeableConcept"]
    (order,) = orders_of(edition, made)
    assert isinstance(order, DrugOrder)
    assert order.daily
    assert {p.ingredient: p.most for p in order.daily.portions} == {"acetaminophen": 1300, "oxycodone": 20}


def test_dosages_at_one_time_add_and_one_after_the_other_do_not(edition: Edition) -> None:
    morning, evening = dose(30, "mg", **EVERY_12_H), dose(60, "mg", **EVERY_12_H)
    assert most(edition, "morphine", morning, evening, of="opioid") == 180
    first, then = morning | {"sequence": 1}, evening | {"sequence": 2}
    assert most(edition, "morphine", first, then, of="opioid") == 120


def test_moments_of_a_day_count_each(edition: Edition) -> None:
    times = {"repeat": {"period": 1, "periodUnit": "d", "timeOfDay": ["08:00", "14:00", "20:00"]}}
    assert most(edition, "morphine", dose(10, "mg", timing=times), of="opioid") == 30
    meals = {"repeat": {"period": 1, "periodUnit": "d", "when": ["CM", "CV"]}}
    assert most(edition, "morphine", dose(10, "mg", timing=meals), of="opioid") == 20


def test_regular_and_as_needed_are_told_apart(edition: Edition) -> None:
    found = daily(edition, "morphine", dose(30, "mg", **EVERY_12_H), dose(10, "mg", **EVERY_6_H, asNeededBoolean=True))
    (portion,) = found.portions
    assert (portion.regular, portion.most, found.as_needed) == (60, 100, False)


@pytest.mark.parametrize(
    "as_needed",
    [
        {"asNeededBoolean": True}, {"asNeededBoolean": "true"}, {"asNeededCodeableConcept": {"text": "pain"}},
        {"asNeeded": True}, {"asNeededFor": [{"text": "pain"}]}, {"text": "必要时"},
        {"timing": {"code": {"text": "PRN"}}},
    ],
)  # fmt: skip
def test_as_needed_in_every_shape(edition: Edition, as_needed: Json) -> None:
    assert daily(edition, "morphine", dose(10, "mg") | as_needed).as_needed


@pytest.mark.parametrize(
    ("name", "dosage", "rate"),
    [
        ("fentanyl 25 mcg/hr transdermal patch", dose(1, "patch", **EVERY_72_H), 25),
        ("芬太尼透皮贴剂 25μg/h", dose(2, "贴", **EVERY_72_H), 50),
        ("fentanyl 0.025 MG/HR Transdermal System", dose(1, "{patch}", **EVERY_72_H), 25),
        ("fentanyl", dose(50, "ug/h", route={"text": "transdermal"}, **EVERY_72_H), 50),
        ("芬太尼透皮贴剂 8.4mg", dose(1, "贴", **EVERY_72_H), "patch-rate-unknown"),
        ("fentanyl 25 mcg/hr transdermal patch", dose(1, "patch"), "patch-interval"),
        ("fentanyl 25 mcg/hr transdermal patch", dose(1, "patch", **EVERY_12_H), "patch-interval"),
    ],
)
def test_a_patch_by_the_hour(edition: Edition, name: str, dosage: Json, rate: object) -> None:
    found = daily(edition, name, dosage)
    assert found.form == "transdermal"
    assert (found.rate or found.rate_why) == rate


@pytest.mark.parametrize(
    ("name", "route", "form"),
    [
        ("盐酸吗啡注射液", None, "parenteral"), ("morphine", "IV", "parenteral"), ("morphine", "皮下", "parenteral"),
        ("morphine", "口服", "oral"), ("morphine", None, "unstated"), ("morphine", "鞘内", "other"),
        ("多瑞吉", None, "transdermal"), ("吗啡栓", "直肠", "other"),
    ],
)  # fmt: skip
def test_how_it_is_given(edition: Edition, name: str, route: str | None, form: str) -> None:
    more: Json = {"route": {"text": route}} if route else {}
    assert daily(edition, name, dose(10, "mg", **more)).form == form


@pytest.mark.parametrize("name", ["guaifenesin/codeine syrup", "复方可待因止咳糖浆"])
def test_a_cough_remedy_is_no_analgesic(edition: Edition, name: str) -> None:
    (order,) = orders_of(edition, draft(name, dose(10, "mL")))
    assert isinstance(order, DrugOrder)
    assert "opioid" not in order.groups


def test_a_broken_limit_breaks_no_draft(edition: Edition) -> None:
    broken = dose(1, "g", **EVERY_6_H) | {"maxDosePerPeriod": 7, "asNeededFor": 3, "sequence": "x"}
    assert most(edition, "acetaminophen", broken) == 4000
