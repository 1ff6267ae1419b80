"""What a chapter tells with a fact, beside its words: value and unit, day, source, and the windows and limits it used.

A reader follows them back to the record and to ``measurements.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction

import pytest

from cds_service.base.kinds import Missing, RequestText
from cds_service.edition import Edition
from cds_service.facts import (
    events,
    function,
    imaging,
    instability,
    lesions,
    pain,
    patient,
    phosphatase,
    procedures,
    refusals,
    renal,
    renal_tests,
    skeleton,
    spread,
    steadiness,
)
from cds_service.facts.clearances import ClearanceMethod
from cds_service.facts.explained import Fact, reference
from cds_service.facts.facts import Facts
from tests.build import LOINC, NOW, PATIENT, RXNORM, Json, ago, condition, dental_exam, observation
from tests.facts.whole import facts_of

TODAY = NOW.date()
DAY = TODAY - timedelta(days=2)

Member = tuple[str, Fraction | int | None, str | None, date | None, str | None, tuple[str, ...], tuple[str, ...]]


def members(facts: Iterable[Fact]) -> list[Member]:
    return [(f.key, f.value, f.unit, f.when, f.ref, f.windows, f.limits) for f in facts]


def score(text: str, number: float | None, name: str = "s", days: int = 2, **more: object) -> Json:
    value: Json = {} if number is None else {"valueQuantity": {"value": number}}
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "code": {"text": text},
        "subject": {"reference": f"Patient/{PATIENT}"},
        "effectiveDateTime": ago(days),
        **value,
        **more,
    }


def code(loinc: str) -> Json:
    return {"code": {"coding": [{"system": LOINC, "code": loinc}]}}


# A source without an id leads nowhere


@pytest.mark.parametrize(("ref", "told"), [("Condition/a", "Condition/a"), ("Condition/?", None), (None, None)])
def test_only_what_has_an_id_is_a_source(ref: str | None, told: str | None) -> None:
    assert reference(None if ref is None else RequestText(ref)) == told


@pytest.mark.parametrize(
    "resource",
    [
        score("NRS评分", 7),
        score("NRS评分", 7, bodySite={"text": "腹部"}),
        score("FLACC评分", 7),
        score("x", 2, **code("89247-1")),
        score("预期生存期", None, valueString="6个月"),
        score("SINS评分", 9),
        condition("C79.51"),
        condition("C78.7"),
        condition("M84.58XA", onsetDateTime=ago(9)),
        dental_exam(),
    ],
    ids=lambda it: str(it["code"]),
)
def test_every_source_is_named_and_none_is_made_up(edition: Edition, resource: Json) -> None:
    def sources(facts: Facts) -> set[str | None]:
        told = (
            *pain.explained(facts.pain),
            *function.explained(facts.function),
            *instability.explained(facts.instability),
            *skeleton.explained(facts.skeleton),
            *spread.explained(facts.spread),
            *procedures.explained(facts.procedures),
            *events.explained(facts.events),
        )
        return {f.ref for f in told if f.key != "procedures-none"}

    kind = resource["resourceType"]
    assert sources(facts_of(edition, resource | {"id": "mine"})) == {f"{kind}/mine"}
    assert sources(facts_of(edition, {k: v for k, v in resource.items() if k != "id"})) == {None}


# Scores


def test_the_newest_pain_is_told_with_what_made_it_count(edition: Edition) -> None:
    found = facts_of(edition, score("NRS评分", 7, "new"), score("疼痛评分", None, "old", 40, valueString="中度疼痛"))
    new, old = list(pain.explained(found.pain))
    basis = (pain.BASIS.windows, pain.BASIS.limits)
    assert members([new, old]) == [
        ("pain", 7, "{score}", DAY, "Observation/new", *basis),
        ("pain", None, None, TODAY - timedelta(days=40), "Observation/old", (), ()),
    ]
    assert all(basis)
    assert [(f.data["counts"], f.data["old"], f.data["window"]) for f in (new, old)] == [
        (True, False, 30), (False, True, 30),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("resource", "key"),
    [
        (score("NRS评分", 8, bodySite={"text": "腹部"}), "pain-elsewhere"),
        (score("FLACC评分", 8), "pain-other"),
    ],
)
def test_pain_that_does_not_count_is_told_without_a_value(edition: Edition, resource: Json, key: str) -> None:
    found = facts_of(edition, resource).pain
    assert members(pain.explained(found)) == [(key, None, None, DAY, "Observation/s", (), ())]


def test_a_scale_of_an_observer_is_named_and_has_no_number(edition: Edition) -> None:
    other = facts_of(edition, score("FLACC评分", 8)).pain.other
    assert other
    assert (other.value, other.degree, other.scale, other.shown) == (None, "none", "unstated", "FLACC评分")
    assert facts_of(edition, score("FLACC评分", 8, status="entered-in-error")).pain.other is None


def test_performance_and_prognosis_are_told_with_their_window(edition: Edition) -> None:
    found = facts_of(
        edition, score("ECOG", 2, "e", **code("89247-1")), score("KPS", 70, "k", **code("89243-0")),
        score("预期生存期", None, "l", valueString="6个月"),
    ).function  # fmt: skip
    assert members(function.explained(found)) == [
        ("performance", 2, "1", DAY, "Observation/e", function.WINDOWS, ()),
        ("performance", 70, "1", DAY, "Observation/k", function.WINDOWS, ()),
        ("life-expectancy", None, None, DAY, "Observation/l", function.WINDOWS, ()),
    ]
    assert found.life
    assert found.life.shown == "6个月"


@pytest.mark.parametrize(
    ("resource", "problem"),
    [
        (score("x", 6, **code("89247-1")), Missing("ecog", "implausible", RequestText("6"), DAY)),
        (score("x", 75, **code("89243-0")), Missing("karnofsky", "implausible", RequestText("75"), DAY)),
        (score("x", 110, **code("89243-0")), Missing("karnofsky", "implausible", RequestText("110"), DAY)),
        (score("x", None, **code("89247-1")), Missing("ecog", "no-value", None, DAY)),
        (score("预期生存期", None), Missing("life-expectancy", "no-value", None, DAY)),
        (
            score("预期生存期", None, valueString="较差"),
            Missing("life-expectancy", "not-a-number", RequestText("较差"), DAY),
        ),
    ],
)
def test_a_status_that_cannot_be_used_is_told_in_full(edition: Edition, resource: Json, problem: Missing) -> None:
    found = facts_of(edition, resource).function
    assert found.unusable == (problem,)
    (told,) = function.explained(found)
    assert (told.key, told.when, told.data["shown"]) == ("score-unusable", DAY, problem.detail)


@pytest.mark.parametrize(
    ("resource", "problem"),
    [
        (score("NRS评分", 11), Missing("pain-score", "implausible", RequestText("11"), DAY)),
        (score("NRS评分", None), Missing("pain-score", "no-value", None, DAY)),
        (
            score("NRS评分", None, valueString="由8降至3"),
            Missing("pain-score", "not-a-number", RequestText("由8降至3"), DAY),
        ),
        (
            score("NRS评分", None, valueQuantity={"value": 7, "comparator": ">"}),
            Missing("pain-score", "comparator", RequestText(">7"), DAY),
        ),
    ],
)
def test_a_pain_that_cannot_be_used_is_told_in_full(edition: Edition, resource: Json, problem: Missing) -> None:
    found = facts_of(edition, resource).pain
    assert [(m.what, m.why, m.when) for m in found.unusable] == [(problem.what, problem.why, problem.when)]
    (told,) = pain.explained(found)
    assert (told.key, told.when) == ("score-unusable", DAY)
    assert told.data["shown"] == found.unusable[0].detail
    if problem.why != "comparator":
        assert found.unusable[0].detail == problem.detail


def test_what_has_no_day_is_undated_for_every_score(edition: Edition) -> None:
    for text, chapter in (("NRS评分", "pain"), ("预期生存期", "function")):
        resource = score(text, 3)
        del resource["effectiveDateTime"]
        unusable = getattr(facts_of(edition, resource), chapter).unusable
        assert [(m.why, m.when, bool(m.detail)) for m in unusable] == [("undated", None, True)]


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, 0), (18, 18), (19, None), (-1, None), (7.5, None), (100, None)],
)
def test_a_score_of_stability_is_a_whole_number_of_its_scale(
    edition: Edition, number: float, expected: int | None
) -> None:
    sins = facts_of(edition, score("SINS评分", number)).instability.sins
    assert (sins and sins.value) == expected


def test_a_newer_score_of_stability_that_is_none_hides_no_older_one(edition: Edition) -> None:
    found = facts_of(edition, score("SINS评分", 40, "b", 1), score("SINS评分", 9, "a", 2)).instability
    assert members(instability.explained(found)) == [
        ("instability", 9, "1", DAY, "Observation/a", ("function",), ("sins-top",))
    ]


# Kidneys


def creatinine(value: float, days: int) -> Json:
    return observation("2160-0", value, "mg/dL", days)


def test_a_moving_creatinine_is_told_in_per_cent_with_both_results(edition: Edition) -> None:
    found = facts_of(edition, creatinine(1.5, 1), creatinine(1.0, 4)).unsteady
    assert found
    (told,) = steadiness.explained(found)
    newest = "Observation/obs-2160-0-1"
    assert members([told]) == [
        ("unsteady-change", 50, "%", TODAY - timedelta(days=1), newest, ("unsteady",), ("unsteady-change",))
    ]
    assert [i.ref for i in told.inputs] == [newest, "Observation/obs-2160-0-4"]
    assert told.data["change"] == 50


def test_an_injury_is_told_with_the_creatinines_that_could_end_it(edition: Edition) -> None:
    injured = condition("N17.9", onsetDateTime=ago(5))
    found = facts_of(edition, injured).unsteady
    assert members(steadiness.explained(found)) == [
        (
            "unsteady-injury", None, None, TODAY - timedelta(days=5), "Condition/cond-N17.9",
            ("injury", "injury-creatinines"), ("creatinine-steady",),
        )
    ]  # fmt: skip


@pytest.mark.parametrize(("second", "over"), [(1.0, True), (1.31, False)])
def test_an_old_injury_is_over_when_two_creatinines_agree(edition: Edition, second: float, over: bool) -> None:
    days = edition.readers.measurements.days("injury")
    injured = condition("N17.9", onsetDateTime=ago(days + 1))
    found = facts_of(edition, injured, creatinine(1.0, 1), creatinine(second, 2)).unsteady
    assert (found is None or found.injury is None) is over


@pytest.mark.parametrize(("newest", "older"), [((1.0, "mg/dL"), (150, "umol/L")), ((100, "umol/L"), (1.7, "mg/dL"))])
def test_creatinines_of_two_units_agree_by_the_unit_of_the_newest(
    edition: Edition, newest: tuple[float, str], older: tuple[float, str]
) -> None:
    """Some 90 and 150 μmol/L: in neither unit may the limit of the other be used."""
    days = edition.readers.measurements.days("injury")
    injured = condition("N17.9", onsetDateTime=ago(days + 1))
    made = [observation("2160-0", *it, days_ago) for days_ago, it in ((1, newest), (2, older))]
    found = facts_of(edition, injured, *made).unsteady
    assert found
    assert found.injury


def test_one_creatinine_alone_ends_no_injury(edition: Edition) -> None:
    days = edition.readers.measurements.days("injury")
    injured = condition("N17.9", onsetDateTime=ago(days + 1))
    found = facts_of(edition, injured, creatinine(1.0, 1)).unsteady
    assert found
    assert found.injury


def test_no_clearance_names_how_far_was_looked_back(edition: Edition) -> None:
    assert members(renal.explained(facts_of(edition).renal)) == [
        ("clearance-unknown", None, None, None, None, renal.BASIS.windows[:3], ())
    ]


def test_a_clearance_known_only_from_below_names_the_limit_it_rests_on(edition: Edition) -> None:
    found = renal.RenalGiven(clearance=None, clearance_at_least=60).told()
    assert members(renal.explained(found))[1:] == [
        ("clearance-at-least", 60, "mL/min", None, None, (), ("weight-lowest",))
    ]


@pytest.mark.parametrize(("method", "told"), [("measured", ["clearance", "egfr"]), ("de-indexed-egfr", ["clearance"])])
def test_an_egfr_that_made_the_clearance_is_not_told_twice(method: ClearanceMethod, told: list[str]) -> None:
    found = renal.RenalGiven(clearance=50, clearance_method=method, egfr=55).told()
    assert [f.key for f in renal.explained(found)] == told


def test_a_look_at_the_kidneys_today_is_the_newest(edition: Edition) -> None:
    found = facts_of(edition, creatinine(1, 0), creatinine(1, 9)).renal_tests
    assert (found.last, found.lately) == (TODAY, True)
    assert members(renal_tests.explained(found)) == [
        ("renal-tests", None, None, TODAY, None, (renal_tests.WINDOW,), ())
    ]


def test_a_phosphatase_is_told_with_its_window() -> None:
    (told,) = phosphatase.explained(phosphatase.PhosphataseGiven(alp=140, alp_high=120).told(90))
    assert told.windows == tuple(phosphatase.LOOK_BACK.values())
    assert told.value == 140


# The rest


def test_age_and_sex_are_told_from_the_patient(edition: Edition) -> None:
    person: Json = {"resourceType": "Patient", "id": PATIENT, "gender": "male", "birthDate": "1960-01-01"}
    (told,) = patient.explained(facts_of(edition, person).patient)
    source = f"Patient/{PATIENT}"
    assert [(i.name, i.value, i.unit, i.when, i.ref) for i in told.inputs] == [
        ("age", 66, "a", date(1960, 1, 1), source),
        ("sex", "male", None, None, source),
    ]


@pytest.mark.parametrize(
    ("members_", "dead"),
    [
        ({"deceasedBoolean": True}, True),
        ({"deceasedBoolean": False}, False),
        ({"deceasedDateTime": ago(0)}, True),
        ({"deceasedDateTime": ago(-1)}, False),
        ({"deceasedDateTime": "2026"}, True),
        ({}, False),
    ],
)
def test_who_has_died(edition: Edition, members_: Json, dead: bool) -> None:
    person: Json = {"resourceType": "Patient", "id": PATIENT} | members_
    assert facts_of(edition, person).patient.dead is dead


def test_a_refusal_is_told_with_its_day_and_source(edition: Edition) -> None:
    request: Json = {
        "resourceType": "MedicationRequest", "id": "no", "status": "stopped", "intent": "order",
        "medicationCodeableConcept": {"coding": [{"system": RXNORM, "code": "77655"}]},
        "subject": {"reference": f"Patient/{PATIENT}"}, "authoredOn": ago(2),
        "statusReason": {"text": "Patient refusal"},
    }  # fmt: skip
    told = members(refusals.explained(facts_of(edition, request).refusals))
    assert told == [("refusal", None, None, DAY, "MedicationRequest/no", (), ())]


@pytest.mark.parametrize(
    ("what", "source", "told"),
    [
        ("procedure", "Procedure/a", "Procedure/a"),
        ("request", "ServiceRequest/a", "ServiceRequest/a"),
        ("booking", "Appointment/a", "Appointment/a"),
        ("draft", "骨扫描", None),
    ],
)
def test_a_draft_is_no_source_of_the_record(what: str, source: str, told: str | None) -> None:
    each = procedures.Arrangement("bone-scan", "ordered", DAY, RequestText(source))
    assert members(procedures.explained(procedures.Procedures((each,), TODAY))) == [
        ("procedure", None, None, DAY, told, (), ())
    ]


def test_one_request_that_is_none_hides_no_other(edition: Edition) -> None:
    def request(name: str, **more: object) -> Json:
        return {
            "resourceType": "ServiceRequest", "id": name, "status": "active", "intent": "order",
            "code": {"text": "骨扫描"}, "subject": {"reference": f"Patient/{PATIENT}"}, "authoredOn": ago(2),
        } | more  # fmt: skip

    not_to_do, proposed, real = request("a", doNotPerform=True), request("b", intent="proposal"), request("c")
    found = facts_of(edition, not_to_do, proposed, real).tests
    assert [a.ref for a in found.all] == ["ServiceRequest/c"]


def test_every_study_and_lesion_is_told_with_its_day_and_source(edition: Edition) -> None:
    report: Json = {
        "resourceType": "DiagnosticReport", "id": "r", "status": "final",
        "code": {"text": "全身骨显像"}, "subject": {"reference": f"Patient/{PATIENT}"},
        "effectiveDateTime": ago(2), "conclusion": "多发成骨性骨转移。",
    }  # fmt: skip
    found = facts_of(edition, report)
    told = [*imaging.explained(found.imaging), *lesions.explained(found.lesions)]
    assert {f.key for f in told} >= {"study", "lesion-number", "lesion-kind"}
    assert {(f.when, f.ref) for f in told} == {(DAY, "DiagnosticReport/r")}


def test_a_deposit_is_told_with_the_day_it_began_or_was_written_down(edition: Edition) -> None:
    began = condition("C78.7", id="a", onsetDateTime=ago(2), recordedDate=ago(1))
    written = condition("C79.31", id="b", recordedDate=ago(2))
    told = members(spread.explained(facts_of(edition, began, written).spread))
    assert sorted(told, key=str) == [
        ("deposit", None, None, DAY, "Condition/a", (), ()),
        ("deposit", None, None, DAY, "Condition/b", (), ()),
    ]
