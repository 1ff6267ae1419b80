"""What the explanation is told of each fact: its value and unit, its day, its path, its windows, limits and inputs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from cds_service.base.kinds import LANGUAGES, LanguageTag, Missing, RequestText
from cds_service.edition import Edition
from cds_service.facts import (
    activities,
    analgesics,
    bone_modifying,
    calcium,
    conferences,
    courses,
    creatinine,
    diagnoses,
    distress,
)  # fmt: skip
from cds_service.facts.explained import Fact, Input
from tests.build import LOINC, NOW, PATIENT, Json, ago, condition, observation, order
from tests.facts.test_portions import EVERY_6_H, dose, draft
from tests.facts.whole import facts_of, orders_of

TODAY = NOW.date()
SUBJECT = {"reference": f"Patient/{PATIENT}"}
both_languages = pytest.mark.parametrize("tag", LANGUAGES)


def day(days_ago: int) -> date:
    return TODAY - timedelta(days=days_ago)


def said(edition: Edition, tag: LanguageTag, *facts: Fact) -> list[str]:
    teller = edition.teller(tag)
    return [teller.sentence(teller.own.facts[fact.key], fact.data) for fact in facts]


def brief(facts: Iterable[Fact]) -> list[tuple[Any, ...]]:
    """All but the data and the inputs."""
    return [(f.key, f.value, f.unit, f.when, f.ref, f.formula, f.windows, f.limits) for f in facts]


def procedure(name: str, kind: str = "Procedure", **more: Any) -> Json:
    made = {"resourceType": kind, "id": kind.lower(), "subject": SUBJECT, "code": {"text": name}}
    dated = {"status": "completed", "performedDateTime": ago(5)}
    if kind == "ServiceRequest":
        dated = {"status": "active", "intent": "order", "authoredOn": ago(6)}
    return made | dated | more


# Calcium


def total(value: float, unit: str = "mmol/L", days_ago: int = 2, **more: Any) -> Json:
    return observation("17861-6", value, unit, days_ago, id="t", **more)


def albumin(value: float, unit: str = "g/L", days_ago: int = 3) -> Json:
    return observation("1751-7", value, unit, days_ago, id="a")


def ionised(value: float) -> Json:
    return observation("1995-0", value, "mmol/L", id="i")


def as_corrected(value: float) -> Json:
    return observation("29265-6", value, "mmol/L", id="c")


def of_calcium(edition: Edition, *results: Json) -> tuple[calcium.Calcium, Fact]:
    found = facts_of(edition, *results).calcium
    (fact,) = calcium.explained(found)
    assert fact.data.get("calcium", found) is found
    return found, fact


LOW_HIGH = {kind: (f"calcium-{kind}-low", f"calcium-{kind}-high") for kind in ("total", "ionised", "corrected")}


@pytest.mark.parametrize(
    ("result", "ref", "graded"),
    [
        (total(2.3), "Observation/t", "total"),
        (ionised(1.2), "Observation/i", "ionised"),
        (as_corrected(2.3), "Observation/c", "corrected"),
    ],
)
def test_a_calcium_as_reported_rests_on_itself_and_the_limits_of_its_kind(
    edition: Edition, result: Json, ref: str, graded: str
) -> None:
    found, fact = of_calcium(edition, result)
    value = found.value
    assert brief([fact]) == [("calcium", value, "mmol/L", day(2), ref, None, ("calcium",), LOW_HIGH[graded])]
    assert fact.inputs == (Input("calcium", value, "mmol/L", fact.inputs[0].shown, day(2), RequestText(ref)),)
    assert str(float(value or 0)) in str(fact.inputs[0].shown)


def test_a_corrected_calcium_rests_on_total_and_albumin_by_the_formula(edition: Edition) -> None:
    found, fact = of_calcium(edition, total(2.2), albumin(30))
    limits = (*LOW_HIGH["corrected"], "albumin-restored")
    assert brief([fact]) == [
        ("calcium", found.value, "mmol/L", day(2), "Observation/t", "calcium-correction", ("calcium",), limits)
    ]
    assert [(i.name, i.value, i.unit, i.shown, i.when, i.ref) for i in fact.inputs] == [
        ("calcium-total", Fraction("2.2"), "mmol/L", "2.2 mmol/L", day(2), "Observation/t"),
        ("albumin", 30, "g/L", "30 g/L", day(3), "Observation/a"),
    ]
    assert found.albumin
    assert found.albumin.value == 30


@both_languages
def test_a_calcium_is_told_in_the_unit_of_its_laboratory(edition: Edition, tag: LanguageTag) -> None:
    """8.0 mg/dL with albumin 2.0 g/dL: 8.0 + 0.8 × 2.0 = 9.6 mg/dL."""
    found, fact = of_calcium(edition, total(8.0, "mg/dL"), albumin(2.0, "g/dL"))
    assert (found.lab, found.lab_unit) == (Fraction("9.6"), "mg/dL")
    (told,) = said(edition, tag, fact)
    assert all(words in told for words in ("9.6 mg/dL", "8.0 mg/dL", "2.0 g/dL"))


@both_languages
def test_an_unknown_calcium_says_why(edition: Edition, tag: LanguageTag) -> None:
    found, fact = of_calcium(edition, total(2.3, "mmol/L", 40))
    assert fact == Fact("calcium-unknown", {"problems": found.problems}, windows=("calcium",))
    assert [m.why for m in found.problems] == ["too-old"]
    _, none = of_calcium(edition)
    assert len({*said(edition, tag, fact), *said(edition, tag, none)}) == 2


def test_why_a_total_was_not_corrected(edition: Edition) -> None:
    def why(*results: Json) -> list[tuple[str, str, str | None]]:
        return [(m.what, m.why, m.detail) for m in facts_of(edition, *results).calcium.uncorrected]

    assert why(total(2.3)) == []
    assert why(total(2.3), albumin(40, "pinch")) == [("albumin", "unit-unknown", "40 pinch")]
    assert why(total(2.3), albumin(40, "g/L", 40)) == [("albumin", "too-old", "40 g/L")]
    assert why(total(2.3), albumin(40)) == []
    # Of a calcium that needs no albumin it says nothing.
    assert why(ionised(1.2), albumin(40, "pinch")) == []
    assert why(as_corrected(2.3), albumin(40, "g/L", 40)) == []


def test_what_cannot_be_read_beside_a_calcium(edition: Edition) -> None:
    def unread(*results: Json) -> list[str]:
        return [m.why for m in facts_of(edition, *results).calcium.unread]

    newer = observation("1995-0", 1.2, "cup", 1, id="n")
    assert unread(total(2.3), newer) == ["unit-unknown"]
    assert unread(total(2.3), albumin(40, "pinch")) == ["unit-unknown"]
    assert unread(total(2.3), albumin(40, "g/L", 40)) == [], "one too old tells no other level"
    assert unread(newer) == ["unit-unknown"]
    assert unread() == []


# Diagnoses, creatinine


@both_languages
def test_diagnoses_are_told_active_ones_first(edition: Edition, tag: LanguageTag) -> None:
    over = condition("I12.0", clinicalStatus={"coding": [{"code": "resolved"}]}, onsetDateTime=ago(900), id="b")
    active = condition("C79.51", id="c", recordedDate=ago(30))
    nameless = {k: v for k, v in condition("C34.11").items() if k != "id"}
    found = facts_of(edition, over, active, nameless).diagnoses
    told = list(diagnoses.explained(found))
    refs = {f.ref: f.when for f in told}
    assert refs["Condition/c"] == day(30)
    assert refs[None] is None
    assert {f.key for f in told} == {"diagnosis"}
    states = [f.data["diagnosis"].active for f in told]  # type: ignore[attr-defined]  # a Diagnosis
    assert states == sorted(states, reverse=True)
    sentences = said(edition, tag, *told)
    assert any("2026-01-31" in s for s in sentences)


def test_that_no_diagnosis_is_active_is_told(edition: Edition) -> None:
    over = condition("C79.51", id="c", clinicalStatus={"coding": [{"code": "resolved"}]})
    found = diagnoses.explained(facts_of(edition, over).diagnoses)
    assert [(f.key, f.ref) for f in found] == [("diagnosis", "Condition/c"), ("diagnoses-none", None)]
    assert [f.key for f in diagnoses.explained(facts_of(edition).diagnoses)] == ["diagnoses-none"]
    active = facts_of(edition, condition("C79.51")).diagnoses
    assert [f.key for f in diagnoses.explained(active)] == ["diagnosis"]


def creatinines(edition: Edition, *days: int) -> creatinine.Creatinine:
    values = [observation("2160-0", round(1 + n / 100, 2), "mg/dL", n, id=f"o{n}") for n in days]
    return facts_of(edition, *values).creatinine


@both_languages
@pytest.mark.parametrize(("newest", "current"), [(28, True), (29, False)])
def test_the_newest_creatinine_is_told_with_those_before_it(
    edition: Edition, tag: LanguageTag, newest: int, current: bool
) -> None:
    found = creatinines(edition, *range(newest, newest + 12))
    (fact,) = creatinine.explained(found)
    value, ref = found.newest and found.newest.value, f"Observation/o{newest}"
    assert brief([fact]) == [("creatinine", value, "mg/dL", day(newest), ref, None, ("renal",), ())]
    assert [i.ref for i in fact.inputs] == [f"Observation/o{n}" for n in range(newest, newest + 10)], "ten of twelve"
    assert {i.name for i in fact.inputs} == {"creatinine"}
    (told,) = said(edition, tag, fact)
    too_old = {"en": "older than the 28 days", "zh-CN": "28 天"}[tag]
    assert (too_old in told) is not current
    assert f"1.{newest + 9}" in told
    assert f"1.{newest + 10}" not in told
    assert not list(creatinine.explained(creatinines(edition)))


def test_a_creatinine_is_compared_in_the_unit_of_the_other(edition: Edition) -> None:
    def reading(value: float, unit: str, days_ago: int) -> Any:
        return facts_of(edition, observation("2160-0", value, unit, days_ago)).creatinine.newest

    american, other, molar = reading(1, "mg/dL", 1), reading(2, "mg/dL", 2), reading(176.8, "umol/L", 3)
    assert creatinine.in_unit(american, other) == 1
    assert float(creatinine.in_unit(other, molar)) == pytest.approx(176.8)
    assert float(creatinine.in_unit(molar, american)) == pytest.approx(2, rel=1e-3)


# Activities and conferences


@both_languages
def test_an_activity_is_told_with_the_window_of_orders_where_it_is_one(edition: Edition, tag: LanguageTag) -> None:
    found = facts_of(edition, procedure("胸椎放疗"), procedure("Bone biopsy", "ServiceRequest")).activities
    told = sorted(activities.explained(found), key=lambda f: str(f.ref))
    assert brief(told) == [
        ("activity", None, None, day(5), "Procedure/procedure", None, (), ()),
        ("activity", None, None, day(6), "ServiceRequest/servicerequest", None, ("order-stands",), ()),
    ]
    done, ordered = said(edition, tag, *told)
    assert "2026-02-25" in done
    assert "胸椎放疗" in done
    assert "Bone biopsy" in ordered


@both_languages
def test_a_conference_is_told_from_a_visit_and_from_a_report(edition: Edition, tag: LanguageTag) -> None:
    visit = {"resourceType": "Encounter", "id": "e", "status": "finished", "type": [{"text": "多学科会诊(MDT)"}]}
    note = {"resourceType": "DiagnosticReport", "id": "r", "status": "final", "code": {"text": "MDT"}}
    found = facts_of(
        edition,
        visit | {"period": {"start": ago(4)}, "subject": SUBJECT},
        note | {"issued": ago(9), "subject": SUBJECT},
    ).conferences
    told = list(conferences.explained(found))
    assert [(f.key, f.when, f.ref) for f in told] == [
        ("conference", day(4), "Encounter/e"), ("conference", day(9), "DiagnosticReport/r"),
    ]  # fmt: skip
    assert found.last
    assert found.last.ref == "Encounter/e"
    assert "MDT" in said(edition, tag, told[1])[0]


# Drugs


def medication(name: str, kind: str = "MedicationRequest", **more: Any) -> Json:
    made = {"resourceType": kind, "id": name, "subject": SUBJECT, "medicationCodeableConcept": {"text": name}}
    if kind == "MedicationRequest":
        made |= {"status": "active", "intent": "order", "authoredOn": ago(50)}
    else:
        made |= {"status": "completed", "effectiveDateTime": ago(20), "id": "given"}
    return made | more


@both_languages
def test_a_treatment_of_bone_is_told_with_its_last_dose(edition: Edition, tag: LanguageTag) -> None:
    asked, given = medication("denosumab"), medication("denosumab", "MedicationAdministration")
    (without,) = bone_modifying.explained(facts_of(edition, asked).bone_modifying)
    window = (None, ("bma-treated",), ())
    assert brief([without]) == [("treated", None, None, day(50), "MedicationRequest/denosumab", *window)]
    (with_dose,) = bone_modifying.explained(facts_of(edition, asked, given).bone_modifying)
    assert brief([with_dose]) == [("treated", None, None, day(20), "MedicationAdministration/given", *window)]
    (held,) = bone_modifying.explained(facts_of(edition, asked | {"status": "on-hold"}, given).bone_modifying)
    sentences = said(edition, tag, without, with_dose, held)
    assert len(set(sentences)) == 3
    assert ["2026-01-11" in s for s in sentences] == [True, False, False]
    assert ["2026-02-10" in s for s in sentences] == [False, True, True]


@both_languages
def test_an_analgesic_is_told_with_the_most_of_a_day(edition: Edition, tag: LanguageTag) -> None:
    asked = medication("acetaminophen", dosageInstruction=[dose(1, "g", **EVERY_6_H)])
    unread, other = medication("morphine"), medication("denosumab")
    orders = orders_of(edition, draft("acetaminophen", dose(400, "mg", **EVERY_6_H, asNeededBoolean=True)))
    found = facts_of(edition, asked, unread, other, orders=orders).analgesics
    drafted, taken, morphine = told = list(analgesics.explained(found))
    assert [(f.key, f.value, f.unit, f.ref) for f in told] == [
        ("analgesic", 1600, "mg/d", "MedicationRequest/d"),
        ("analgesic", 4000, "mg/d", "MedicationRequest/acetaminophen"),
        ("analgesic", None, None, "MedicationRequest/morphine"),
    ]
    draft_word, as_needed = {"en": ("Draft", "as needed"), "zh-CN": ("草", "按需")}[tag]
    sentences = said(edition, tag, drafted, taken, morphine)
    assert [draft_word in s for s in sentences] == [True, False, False]
    assert [as_needed in s for s in sentences] == [True, False, False]
    assert ["4000" in s.replace(",", "") for s in sentences] == [False, True, False]


def test_an_order_without_an_id_has_no_path(edition: Edition) -> None:
    asked = draft("acetaminophen", dose(400, "mg", **EVERY_6_H))
    orders = orders_of(edition, {k: v for k, v in asked.items() if k != "id"})
    (fact,) = analgesics.explained(facts_of(edition, orders=orders).analgesics)
    assert fact.ref is None
    assert fact.value == 1600


def course(text: str, **more: Any) -> Json:
    made = {"resourceType": "ServiceRequest", "id": "rt", "status": "draft", "intent": "order", "subject": SUBJECT}
    return made | {"code": {"text": text}} | more


@both_languages
def test_a_course_is_told_with_its_number_of_fractions(edition: Edition, tag: LanguageTag) -> None:
    def told(text: str) -> Fact:
        orders = orders_of(edition, course(text))
        (fact,) = courses.explained(facts_of(edition, orders=orders).courses)
        return fact

    ten, none = told("骨转移放疗 30Gy/10f"), told("骨转移放疗")
    assert brief([ten]) == [("course", 10, "1", None, "ServiceRequest/rt", None, (), ())]
    assert brief([none]) == [("course", None, None, None, "ServiceRequest/rt", None, (), ())]
    assert all(number in said(edition, tag, ten)[0] for number in ("10", "30", "骨转移放疗"))
    assert said(edition, tag, none) != said(edition, tag, ten)
    assert list(courses.explained(facts_of(edition, orders=orders_of(edition, order("993449", 120))).courses)) == []


# Distress


def screen(value: Any, days_ago: int, code: str = "44261-6") -> Json:
    made = {"resourceType": "Observation", "id": f"s{days_ago}", "status": "final", "subject": SUBJECT}
    return made | {"code": {"coding": [{"system": LOINC, "code": code}]}, "effectiveDateTime": ago(days_ago)} | value


def test_screens_are_told_newest_first_and_five_of_them(edition: Edition) -> None:
    found = facts_of(edition, *(screen({"valueInteger": n}, n) for n in range(7))).distress
    told = list(distress.explained(found))
    assert brief(told) == [
        ("screen", None, None, day(n), f"Observation/s{n}", None, ("distress",) if n == 0 else (), ())
        for n in range(5)
    ]  # fmt: skip


def test_the_newest_answer_about_thoughts_of_death_is_told(edition: Edition) -> None:
    items = (screen({"valueInteger": 1}, n, "44260-8") for n in (3, 8))
    told = list(distress.explained(facts_of(edition, *items).distress))
    assert brief(told) == [("screen-item", None, None, day(3), "Observation/s3", None, (), ())]


def test_what_cannot_be_used_of_a_screen_says_which_when_and_why(edition: Edition) -> None:
    def unusable(*resources: Json) -> tuple[Missing, ...]:
        return facts_of(edition, *resources).distress.unusable

    assert unusable(screen({"valueString": "see note"}, 3, "44260-8")) == (
        Missing("phq-9-item-9", "not-a-number", "see note", day(3)),
    )
    undated = {k: v for k, v in screen({"valueInteger": 9}, 3).items() if k != "effectiveDateTime"}
    (missing,) = unusable(undated)
    assert (missing.what, missing.why, missing.when) == ("phq-9", "undated", None)
    assert missing.detail
    (fact,) = distress.explained(facts_of(edition, screen({"valueString": "see note"}, 3, "44260-8")).distress)
    assert brief([fact]) == [("score-unusable", None, None, day(3), None, None, (), ())]
    assert unusable(screen({"valueInteger": 9}, 0)) == (), "one of today counts"
    many = facts_of(edition, *(screen({"valueString": "see note"}, n, "44260-8") for n in range(7))).distress
    assert len(list(distress.explained(many))) == 5


def test_of_two_screens_of_one_day_the_higher_stands_first(edition: Edition) -> None:
    same = {"effectiveDateTime": ago(3)}
    codes = {"low": {"valueInteger": 0}, "high": {"valueInteger": 9}, "none": {"valueString": "?"}}
    resources = [screen(value, 3) | same | {"id": name} for name, value in codes.items()]
    for ordered in (resources, resources[::-1]):
        found = facts_of(edition, *ordered).distress
        assert [s.ref for s in found.screens] == [f"Observation/{name}" for name in ("high", "low", "none")]
