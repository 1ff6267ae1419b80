"""Which clearance counts, how it is computed, and why there is none."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.base.kinds import RequestText
from cds_service.facts.creatinine import creatinine as creatinines
from cds_service.facts.diagnoses import Diagnoses, Diagnosis
from cds_service.facts.formulas import cockcroft_gault, mosteller, other_weights
from cds_service.facts.patient import PatientFacts
from cds_service.facts.renal import Renal, renal
from cds_service.fhir.structs import Observation
from tests.facts.lab import MEASUREMENTS, NOW, TODAY, observation, results

MAN = PatientFacts("male", 65, date(1961, 5, 1))
WOMAN = replace(MAN, sex="female")


UNIT = {
    "creatinine": "mg/dL",
    "creatinine-clearance-measured": "mL/min",
    "creatinine-clearance-reported": "mL/min",
    "egfr": "mL/min/{1.73_m2}",
    "body-weight": "kg",
    "body-height": "cm",
}


def lab(analyte: str, value: Any, ago: int = 0, **members: Any) -> Observation:
    day = (TODAY - timedelta(days=ago)).isoformat()
    unit = members.pop("unit", UNIT[analyte])
    return observation(analyte, value, unit, **({"id": f"{analyte}-{ago}", "effectiveDateTime": day} | members))


def creatinine(value: Any, ago: int = 0, **members: Any) -> Observation:
    return lab("creatinine", value, ago, **members)


def weight(value: Any, ago: int = 0, **members: Any) -> Observation:
    return lab("body-weight", value, ago, **members)


def height(value: Any, ago: int = 0, **members: Any) -> Observation:
    return lab("body-height", value, ago, **members)


def egfr(value: Any, ago: int = 0, **members: Any) -> Observation:
    return lab("egfr", value, ago, **members)


def measured(value: Any, ago: int = 0, **members: Any) -> Observation:
    return lab("creatinine-clearance-measured", value, ago, **members)


def reported(value: Any, ago: int = 0, **members: Any) -> Observation:
    return lab("creatinine-clearance-reported", value, ago, **members)


def of(*rows: Observation, patient: PatientFacts = MAN, lost_days_ago: int | None = None) -> Renal:
    days = [] if lost_days_ago is None else [TODAY - timedelta(days=lost_days_ago)]
    lost = tuple(Diagnosis("weight-loss", True, RequestText("x"), RequestText("Condition/x"), day) for day in days)
    found = renal(results(*rows), patient, Diagnoses(lost), TODAY, MEASUREMENTS)
    assert (found.clearance is None) == bool(found.problems), "a clearance, or why there is none"
    return found


def problems(*rows: Observation, patient: PatientFacts = MAN) -> list[tuple[str, str]]:
    return [(p.what, p.why) for p in of(*rows, patient=patient).problems]


def test_cockcroft_gault_in_its_original_form() -> None:
    # (140 - 65) x 72 / (72 x 1.0) = 75; 85 % of it in a woman
    rows = creatinine(1.0), weight(72)
    for patient, value in ((MAN, Fraction(75)), (WOMAN, Fraction("63.75"))):
        found = of(*rows, patient=patient).clearance
        assert found is not None
        assert (found.value, found.method, found.when, found.ref) == (
            value,
            "cockcroft-gault",
            TODAY,
            "Observation/creatinine-0",
        )


def test_the_card_can_show_every_input() -> None:
    found = of(creatinine(88.4, unit="umol/L"), weight(72, ago=3), height(170, ago=900)).clearance
    assert found is not None
    assert [(i.name, i.value, i.unit, i.reading and i.reading.shown) for i in found.inputs] == [
        ("creatinine", 1, "mg/dL", "88.4 μmol/L"),
        ("age", 65, "a", None),
        ("weight", 72, "kg", "72 kg"),
        ("sex", "male", None, None),
        ("height", 170, "cm", "170 cm"),
    ]
    assert found.value == 75
    short = of(creatinine(1), weight(72), height(150)).clearance
    assert short is not None
    assert "height" not in [i.name for i in short.inputs], "a height that nothing was computed from is no input"


def test_a_clearance_of_the_laboratory_is_taken_as_it_is() -> None:
    for row, method in ((measured(0.9, 4, unit="mL/s"), "measured"), (reported(54, 4), "reported")):
        found = of(row).clearance
        assert found is not None
        assert (found.value, found.method, found.when) == (54, method, TODAY - timedelta(days=4))
        assert found.ref == f"Observation/creatinine-clearance-{method}-4"
        assert (found.inputs, found.by_other_weight) == ((), ())
    assert of(measured(54)).look_back_days == MEASUREMENTS.days("renal")


@pytest.mark.parametrize(("born", "age"), [("1961-11-14", 65), ("1961-11-15", 64), ("1961-11-24", 64)])
def test_age_is_the_age_on_the_day_of_the_creatinine(born: str, age: int) -> None:
    patient = PatientFacts("male", 65, date.fromisoformat(born))
    found = of(creatinine(1, ago=10), weight(72), patient=patient).clearance
    assert found is not None
    assert found.value == 140 - age


@pytest.mark.parametrize(
    ("rows", "method"),
    [
        ((measured(50), reported(55), creatinine(1), weight(72)), "measured"),
        ((reported(55), creatinine(1), weight(72)), "reported"),
        ((creatinine(1), weight(72), height(170), egfr(90)), "cockcroft-gault"),
        ((measured(50, ago=2), reported(55, ago=1), creatinine(1), weight(72)), "cockcroft-gault"),
        ((measured(50, ago=2), reported(55, ago=1), creatinine(1, ago=3), weight(72)), "reported"),
        ((measured(50, ago=2), reported(55, ago=3), creatinine(1, ago=3), weight(72)), "measured"),
        ((measured(50, ago=28), egfr(90), weight(72), height(170)), "measured"),
        ((measured(50, ago=29), egfr(90), weight(72), height(170)), "de-indexed-egfr"),
        ((measured(50, status="cancelled"), reported(55, ago=9)), "reported"),
    ],
)
def test_the_newest_wins_and_within_a_day_the_kind(rows: tuple[Observation, ...], method: str) -> None:
    found = of(*rows).clearance
    assert found is not None
    assert found.method == method


@pytest.mark.parametrize(("ago", "counts"), [(27, True), (28, True), (29, False)])
def test_the_window_includes_its_last_day(ago: int, counts: bool) -> None:
    for row in (creatinine(1, ago), measured(50, ago), reported(50, ago)):
        assert (of(row, weight(72)).clearance is not None) == counts


@pytest.mark.parametrize(("ago", "counts"), [(179, True), (180, True), (181, False)])
def test_weight_has_its_own_window(ago: int, counts: bool) -> None:
    assert (of(creatinine(1), weight(72, ago)).clearance is not None) == counts
    assert (of(egfr(60), weight(72, ago), height(170, ago=4000)).clearance is not None) == counts


@pytest.mark.parametrize(
    ("weighed", "lost", "counts"), [(90, 89, True), (91, 90, False), (91, 91, True), (91, None, True), (60, 10, True)]
)
def test_a_newer_note_of_weight_loss_shortens_the_window(weighed: int, lost: int | None, counts: bool) -> None:
    found = of(creatinine(1), weight(72, weighed), lost_days_ago=lost)
    assert (found.clearance is not None) == counts


@pytest.mark.parametrize(("ago", "told"), [(29, None), (30, 30), (91, 91)])
def test_an_old_weight_is_told_with_its_age(ago: int, told: int | None) -> None:
    for rows in ((creatinine(1), weight(72, ago)), (egfr(60), weight(72, ago), height(170))):
        found = of(*rows).clearance
        assert found is not None
        assert found.weight_age == told


def test_without_a_weight_the_clearance_is_at_least_that_of_a_light_adult() -> None:
    assert of(creatinine(1)).at_least == cockcroft_gault("male", 65, Fraction(40), Fraction(1))
    assert of(creatinine(1), patient=replace(MAN, sex=None)).at_least == cockcroft_gault(
        "female", 65, Fraction(40), Fraction(1)
    )
    for known in (
        of(creatinine(1), weight(72)),
        of(weight(72)),
        of(creatinine(1), patient=replace(MAN, birth_date=None)),
    ):
        assert known.at_least is None


@pytest.mark.parametrize("hours", [1, 24])
def test_a_clearance_from_a_result_ahead_of_the_clock_says_so(hours: int) -> None:
    stamp = (NOW + timedelta(hours=hours)).isoformat()
    for rows in ((creatinine(1, effectiveDateTime=stamp), weight(72)), (measured(50, effectiveDateTime=stamp),)):
        found = of(*rows).clearance
        assert found is not None
        assert (found.ahead, found.when) == (True, TODAY)


def test_the_newest_usable_creatinine_counts() -> None:
    found = of(creatinine(None, valueString=">20"), creatinine(1.5, ago=1), creatinine(1.0, ago=2), weight(72))
    assert found.clearance is not None
    assert found.clearance.value == 50


def test_an_egfr_is_multiplied_by_the_body_surface_only_with_height_and_weight() -> None:
    # 180 cm, 80 kg: root of 4 = 2 m²
    found = of(egfr(60, 2), height(180), weight(80))
    assert found.clearance is not None
    assert found.clearance.value == Fraction(60) * 2 / Fraction("1.73")
    assert (found.clearance.when, found.clearance.ref) == (TODAY - timedelta(days=2), "Observation/egfr-2")
    assert [i.unit for i in found.clearance.inputs] == ["mL/min/{1.73_m2}", "m2", "cm", "kg"]
    assert {i.name: i.value for i in found.clearance.inputs} == {
        "egfr": 60,
        "bsa": 2,
        "height": 180,
        "weight": 80,
    }
    for rows in ((), (height(180),), (weight(80),), (height(180), weight(80, ago=181))):
        quoted = of(egfr(60), *rows)
        assert quoted.clearance is None
        assert quoted.egfr is not None
        assert ("egfr", "no-body-surface") in [(p.what, p.why) for p in quoted.problems]


def test_the_body_surface_by_mosteller() -> None:
    assert mosteller(Fraction(180), Fraction(80)) == 2
    assert mosteller(Fraction(100), Fraction(4)) == Fraction(1, 3)
    assert float(mosteller(Fraction(170), Fraction(70))) == pytest.approx(1.8181, abs=0.0001)


def test_preliminary_inputs_make_a_preliminary_clearance() -> None:
    early = {"status": "preliminary"}
    rows: list[tuple[tuple[Observation, ...], bool]] = [
        ((creatinine(1), weight(72)), False),
        ((creatinine(1, **early), weight(72)), True),
        ((creatinine(1), weight(72, **early)), True),
        ((measured(50, **early),), True),
        ((egfr(60), height(180), weight(80)), False),
        ((egfr(60, **early), height(180), weight(80)), True),
        ((egfr(60), height(180, **early), weight(80)), True),
        ((egfr(60), height(180), weight(80, **early)), True),
    ]
    for each, preliminary in rows:
        found = of(*each).clearance
        assert found is not None
        assert found.preliminary == preliminary


@pytest.mark.parametrize(
    ("rows", "patient", "expected"),
    [
        ((), MAN, [("creatinine", "not-on-record"), ("weight", "not-on-record")]),
        ((weight(72),), MAN, [("creatinine", "not-on-record")]),
        ((creatinine(1, ago=29), weight(72)), MAN, [("creatinine", "too-old")]),
        ((creatinine(90, unit="furlong"), weight(72)), MAN, [("creatinine", "unit-unknown")]),
        ((creatinine(90, unit=None), weight(72)), MAN, [("creatinine", "unit-missing")]),
        ((creatinine(0), weight(72)), MAN, [("creatinine", "implausible")]),
        ((creatinine(1, effectiveDateTime=None), weight(72)), MAN, [("creatinine", "undated")]),
        ((creatinine(1, effectiveDateTime="2026-11"), weight(72)), MAN, [("creatinine", "date-imprecise")]),
        (
            (creatinine(None, valueQuantity={"value": 5, "unit": "mg/dL", "comparator": ">"}), weight(72)),
            MAN,
            [("creatinine", "comparator")],
        ),
        (
            (creatinine(None, dataAbsentReason={"text": "x"}), weight(72)),
            MAN,
            [("creatinine", "data-absent")],
        ),
        (
            (creatinine(0, ago=1), creatinine(90, ago=2, unit=None), creatinine(1, ago=40), weight(72)),
            MAN,
            [("creatinine", "implausible"), ("creatinine", "unit-missing")],
        ),
        ((creatinine(0, ago=29), weight(72)), MAN, [("creatinine", "too-old")]),
        ((creatinine(1),), MAN, [("weight", "not-on-record")]),
        ((creatinine(1), weight(72, ago=181)), MAN, [("weight", "too-old")]),
        ((creatinine(1), weight(72, unit="stone-ish")), MAN, [("weight", "unit-unknown")]),
        ((creatinine(1), weight(72)), replace(MAN, sex=None), [("sex", "unknown")]),
        ((creatinine(1), weight(72)), replace(MAN, birth_date=None, age=None), [("age", "unknown")]),
        ((creatinine(1), weight(72)), replace(MAN, birth_date=date(1880, 1, 1)), [("age", "implausible")]),
        (
            (measured(50, unit="mL/min/{1.73_m2}"), creatinine(1)),
            MAN,
            [("clearance", "unit-indexed"), ("weight", "not-on-record")],
        ),
        (
            (measured(50, ago=29), reported(50, ago=30), creatinine(1)),
            MAN,
            [("clearance", "too-old"), ("clearance", "too-old"), ("weight", "not-on-record")],
        ),
        (
            (egfr(60), weight(72)),
            MAN,
            [("creatinine", "not-on-record"), ("egfr", "no-body-surface"), ("height", "not-on-record")],
        ),
        (
            (egfr(60), weight(72), height(170, unit="ell")),
            MAN,
            [("creatinine", "not-on-record"), ("egfr", "no-body-surface"), ("height", "unit-unknown")],
        ),
        (
            (egfr(60, ago=29), weight(72), height(170)),
            MAN,
            [("creatinine", "not-on-record"), ("egfr", "too-old")],
        ),
        (
            (egfr(600), weight(72), height(170)),
            MAN,
            [("creatinine", "not-on-record"), ("egfr", "implausible")],
        ),
    ],
)
def test_why_there_is_no_clearance(
    rows: tuple[Observation, ...], patient: PatientFacts, expected: list[tuple[str, str]]
) -> None:
    assert problems(*rows, patient=patient) == expected


def test_a_problem_shows_the_result_and_its_day() -> None:
    (problem,) = of(creatinine(1.1, ago=29), weight(72)).problems
    assert (problem.detail, problem.when) == ("1.1 mg/dL", TODAY - timedelta(days=29))
    (problem,) = of(creatinine(90, ago=3, unit="cup"), weight(72)).problems
    assert (problem.detail, problem.when) == ("90 cup", TODAY - timedelta(days=3))
    problem = of(egfr(60, ago=3), weight(72)).problems[1]
    assert (problem.detail, problem.when) == ("60 mL/min/1.73 m²", TODAY - timedelta(days=3))


@pytest.mark.parametrize(("born", "counts"), [("2008-11-23", True), ("2008-11-24", True), ("2008-11-25", False)])
def test_nothing_is_computed_under_18(born: str, counts: bool) -> None:
    patient = PatientFacts("male", None, date.fromisoformat(born))
    assert (of(creatinine(1), weight(72), patient=patient).clearance is not None) == counts
    assert (of(egfr(60), weight(72), height(170), patient=patient).clearance is not None) == counts
    if not counts:
        assert ("age", "under-18") in problems(creatinine(1), weight(72), patient=patient)
        assert ("egfr", "under-18") in problems(egfr(60), weight(72), height(170), patient=patient)
    assert of(measured(50), patient=patient).clearance is not None


def test_the_age_that_prevents_a_clearance_is_that_on_the_day_of_the_creatinine() -> None:
    grown_since = PatientFacts("male", 18, TODAY - timedelta(days=18 * 365 + 5 + 3))
    assert problems(creatinine(1, ago=20), weight(72), patient=grown_since) == [("age", "under-18")]
    assert problems(creatinine(1), patient=grown_since) == [("weight", "not-on-record")]
    turned = PatientFacts("male", 18, date(2008, 11, 24))
    assert problems(weight(72), patient=turned) == [("creatinine", "not-on-record")]


@pytest.mark.parametrize(("born", "counts"), [("1886-11-25", True), ("1886-11-24", False)])
def test_the_formula_is_not_used_where_it_gives_nothing_above_zero(born: str, counts: bool) -> None:
    patient = PatientFacts("male", None, date.fromisoformat(born))
    assert (of(creatinine(1), weight(72), patient=patient).clearance is not None) == counts


def test_a_height_measured_in_childhood_is_not_the_patients_height() -> None:
    patient = PatientFacts("male", 19, date(2007, 1, 1))
    assert of(egfr(60), weight(72), height(150, ago=2000), patient=patient).clearance is None
    grown = of(egfr(60), weight(72), height(150, ago=2000), height(180, ago=300), patient=patient).clearance
    assert grown is not None
    assert grown.inputs[2].value == 180


def test_ideal_and_adjusted_weight() -> None:
    inch, sixty = Fraction("2.54"), Fraction("152.4")
    ten_above = sixty + 10 * inch  # ideal: 73 kg in men, 68.5 kg in women
    assert other_weights("male", ten_above, Fraction(93)) == {"ideal": 73, "adjusted": 81}
    assert other_weights("female", ten_above, Fraction("88.5")) == {
        "ideal": Fraction("68.5"),
        "adjusted": Fraction("76.5"),
    }
    assert other_weights("male", ten_above, Fraction(73)) == {}
    assert other_weights("male", ten_above, Fraction(60)) == {}
    assert set(other_weights("male", sixty, Fraction(51))) == {"ideal", "adjusted"}
    assert other_weights("male", sixty - Fraction(1, 100), Fraction(50)) == {}


def test_the_clearance_with_other_weights_stands_beside_the_one_that_counts() -> None:
    found = of(creatinine(1), weight(93), height(177.8)).clearance
    assert found is not None
    assert found.value == Fraction(75 * 93, 72)
    assert found.by_other_weight == (("ideal", Fraction(75 * 73, 72)), ("adjusted", Fraction(75 * 81, 72)))
    woman = of(creatinine(1), weight(93), height(177.8), patient=WOMAN).clearance
    assert woman is not None
    assert dict(woman.by_other_weight)["ideal"] == Fraction(75) * Fraction("68.5") / 72 * Fraction("0.85")
    without = of(creatinine(1), weight(93)).clearance
    assert without is not None
    assert without.by_other_weight == ()


def test_every_creatinine_on_record_stands_in_the_history() -> None:
    told = results(creatinine(1.2, ago=400), creatinine(1.0, ago=30), creatinine(0, ago=1), weight(72))
    found = creatinines(told, TODAY, MEASUREMENTS)
    assert [float(r.value) for r in found.history] == [1.0, 1.2]
    assert found.newest is next(found.history)
    assert found.current is None, "30 days ago is outside the window of 28"
    assert creatinines({}, TODAY, MEASUREMENTS).newest is None


def test_the_newest_egfr_of_the_window_is_quoted() -> None:
    assert of(egfr(60, ago=28), egfr(70, ago=29)).egfr.value == 60  # type: ignore[union-attr]
    assert of(egfr(70, ago=29)).egfr is None


WEIGHTS = st.integers(min_value=30, max_value=200)
VALUES = st.decimals(min_value="0.3", max_value=14, places=2)


@given(VALUES, WEIGHTS, st.integers(18, 100), st.sampled_from(["male", "female"]))
def test_more_creatinine_or_age_never_gives_more_clearance(value: Any, kilograms: int, age: int, sex: str) -> None:
    base = cockcroft_gault(sex, age, Fraction(kilograms), Fraction(value))
    assert cockcroft_gault(sex, age, Fraction(kilograms), Fraction(value) + Fraction(1, 100)) < base
    assert cockcroft_gault(sex, age + 1, Fraction(kilograms), Fraction(value)) < base
    assert cockcroft_gault("female", age, Fraction(kilograms), Fraction(value)) <= base


@given(st.integers(1, 14), WEIGHTS)
def test_another_unit_gives_the_same_clearance_to_the_last_digit(milligrams: int, kilograms: int) -> None:
    here = of(creatinine(milligrams), weight(kilograms)).clearance
    micromoles = float(Fraction(milligrams) * Fraction("88.4"))
    there = of(creatinine(round(micromoles, 1), unit="µmol/L"), weight(kilograms * 1000, unit="g")).clearance
    assert here is not None
    assert there is not None
    assert here.value == there.value


ROWS = (creatinine(1, 3), creatinine(2, 3, id="b"), measured(50, 3), egfr(60), weight(72), weight(80, 9), height(170))


@given(st.permutations(ROWS))
def test_the_order_of_the_record_makes_no_difference(rows: list[Observation]) -> None:
    assert of(*rows) == of(*ROWS)


@given(st.sets(st.integers(0, len(ROWS) - 1)))
def test_whatever_is_on_record_there_is_a_clearance_or_a_reason(chosen: set[int]) -> None:
    rows = [ROWS[i] for i in chosen]
    random.Random(0).shuffle(rows)
    of(*rows)
