"""Pain scores as they come: scales, units, words, places of no bone, and the order of two of one day."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.facts.facts import Facts
from cds_service.facts.pain import Pain
from tests.build import LOINC, NOW, PATIENT, SNOMED, Json, ago
from tests.facts.whole import facts_of


def score(code: Json, value: Json, days_ago: int = 2, **more: Any) -> Json:
    made = {
        "resourceType": "Observation",
        "id": f"pain-{days_ago}",
        "status": "final",
        "code": code,
        "subject": {"reference": f"Patient/{PATIENT}"},
        "effectiveDateTime": ago(days_ago),
    }
    return made | value | more


def loinc(code: str) -> Json:
    return {"coding": [{"system": LOINC, "code": code}]}


def number(value: float, unit: str = "{score}") -> Json:
    return {"valueQuantity": {"value": value, "unit": unit}}


NUMERIC, VISUAL, FACES, REPORTED = loinc("72514-3"), loinc("38214-3"), loinc("38221-8"), loinc("38208-5")
TEXT = {"text": "疼痛评分"}


def read(edition: Edition, *resources: Json) -> Pain:
    return facts_of(edition, *resources).pain


def found(edition: Edition, *resources: Json) -> tuple[float | None, str] | None:
    newest = read(edition, *resources).newest
    return newest and (None if newest.value is None else float(newest.value), newest.degree)


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        (NUMERIC, number(7), (7, "severe")),
        (NUMERIC, {"valueInteger": 6}, (6, "moderate")),
        (NUMERIC, number(0), (0, "none")),
        (NUMERIC, number(1), (1, "mild")),
        (loinc("75893-8"), number(4, "1"), (4, "moderate")),
        (REPORTED, number(3), (3, "mild")),
        (FACES, number(8), (8, "severe")),
        (VISUAL, number(65, "mm"), (6.5, "moderate")),
        (VISUAL, number(6.9, "cm"), (6.9, "moderate")),
        (VISUAL, number(0.4), (0.4, "mild")),
        (REPORTED | {"text": "x"}, number(70, "mm"), (7, "severe")),
        ({"text": "NRS评分"}, {"valueString": "7分"}, (7, "severe")),
        ({"text": "VAS评分"}, number(3.5), (3.5, "mild")),
        (TEXT, {"valueString": "NRS 4/10"}, (4, "moderate")),
        (TEXT, {"valueString": "腰背部 8分"}, (8, "severe")),
        (TEXT, {"valueString": "中度疼痛"}, (None, "moderate")),
        (TEXT, {"valueCodeableConcept": {"text": "Severe pain"}}, (None, "severe")),
        (TEXT, {"valueString": "重度疼痛（8分）"}, (8, "severe")),
        (TEXT, {"valueString": "无痛"}, (None, "none")),
        ({"coding": [{"system": SNOMED, "code": "22253000"}]}, number(5), (5, "moderate")),
        ({"text": "panel"}, {"component": [{"code": NUMERIC, **number(5)}]}, (5, "moderate")),
    ],
)
def test_a_score_is_read(edition: Edition, code: Json, value: Json, expected: tuple[float | None, str]) -> None:
    assert found(edition, score(code, value)) == expected


@pytest.mark.parametrize(
    ("code", "value", "why"),
    [
        (NUMERIC, number(6.5), "not-a-whole-number"),
        (TEXT, number(6.5), "not-a-whole-number"),
        (NUMERIC, number(11), "implausible"),
        (VISUAL, number(65), "implausible"),
        (NUMERIC, number(7, "mm"), "unit-unknown"),
        (NUMERIC, {"valueQuantity": {"value": 7, "comparator": ">"}}, "comparator"),
        (NUMERIC, {"dataAbsentReason": {"text": "asleep"}}, "data-absent"),
        (TEXT, {"valueString": "疼痛由8分降至3分"}, "not-a-number"),
        (TEXT, {"valueString": "无重度疼痛"}, "not-a-number"),
        (TEXT, {"valueString": "7 of 20"}, "not-a-number"),
        (TEXT, {}, "no-value"),
    ],
)
def test_what_cannot_be_used_is_named(edition: Edition, code: Json, value: Json, why: str) -> None:
    pain = read(edition, score(code, value))
    assert pain.newest is None
    assert [m.why for m in pain.unusable] == [why]


@pytest.mark.parametrize(
    "made",
    [
        score({"text": "切口疼痛评分"}, number(8)),
        score(NUMERIC, number(8), bodySite={"text": "头痛"}),
        score(NUMERIC, number(8), bodySite=[{"coding": [{"display": "Abdomen"}]}]),
        score(NUMERIC, number(8), note=[{"text": "wound pain after dressing"}]),
        score(TEXT, {"valueString": "腹痛 8分"}),
    ],
)
def test_a_place_of_no_bone_does_not_count(edition: Edition, made: Json) -> None:
    pain = read(edition, made)
    assert pain.newest is None
    assert pain.elsewhere
    assert pain.elsewhere.degree == "severe"


def test_a_bony_place_counts_and_is_shown(edition: Edition) -> None:
    newest = read(edition, score(NUMERIC, number(8), bodySite={"text": "右髋部"})).newest
    assert newest
    assert newest.site == "右髋部"


@pytest.mark.parametrize("name", ["FLACC评分", "CPOT score", "BPI interference"])
def test_an_observers_scale_is_no_severity(edition: Edition, name: str) -> None:
    pain = read(edition, score({"text": name}, number(8)))
    assert (pain.scores, pain.other is not None) == ((), True)


def test_interference_is_no_severity(edition: Edition) -> None:
    assert read(edition, score(loinc("77565-0"), number(8))).last is None


def test_the_window_ends_after_its_last_day(edition: Edition) -> None:
    days = edition.readers.measurements.days("pain")
    assert found(edition, score(NUMERIC, number(8), days)) == (8, "severe")
    pain = read(edition, score(NUMERIC, number(8), days + 1))
    assert pain.newest is None
    assert pain.last
    assert pain.last.value == 8


def at(hour: str, value: float, name: str) -> Json:
    return score(NUMERIC, number(value)) | {"id": name, "effectiveDateTime": f"{ago(2)}T{hour}:00Z"}


def test_the_later_of_two_counts_and_of_one_moment_the_higher(edition: Edition) -> None:
    assert found(edition, at("08:00", 3, "a"), at("20:00", 8, "b")) == (8, "severe")
    assert found(edition, at("08:00", 8, "a"), at("20:00", 3, "b")) == (3, "mild")
    tied = read(edition, at("08:00", 3, "a"), at("08:00", 8, "b")).newest
    assert tied
    assert (tied.value, tied.tied) == (8, True)
    # Without a time nobody knows which came last.
    untimed = score(NUMERIC, number(8)) | {"id": "c"}
    assert found(edition, at("20:00", 3, "a"), untimed) == (8, "severe")


def test_preliminary_counts_and_is_marked_an_error_does_not(edition: Edition) -> None:
    newest = read(edition, score(NUMERIC, number(8)) | {"status": "preliminary"}).newest
    assert newest
    assert newest.preliminary
    assert found(edition, score(NUMERIC, number(8)) | {"status": "entered-in-error"}) is None


@pytest.mark.parametrize("status", ["FINAL", " Final "])
def test_a_status_in_capitals_is_what_it_says(edition: Edition, status: str) -> None:
    assert found(edition, score(NUMERIC, number(8)) | {"status": status}) == (8, "severe")


@pytest.mark.parametrize("status", [None, "unknown", "done"])
def test_a_score_whose_status_nobody_states_is_named(edition: Edition, status: str | None) -> None:
    (why,) = read(edition, score(NUMERIC, number(8)) | {"status": status}).unusable
    assert why.why == "status-unknown"


def test_a_broken_place_does_not_break_the_score(edition: Edition) -> None:
    assert found(edition, score(NUMERIC, number(8), bodySite=7, note="x", method=[3])) == (8, "severe")


def test_facts_know_when_they_are(edition: Edition) -> None:
    facts: Facts = facts_of(edition)
    assert facts.now == NOW
    assert not facts.scored


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("静息3分，活动7分", 7), ("静息3分，活动时7分", 7), ("NRS静息痛2 爆发痛8", 8),
        ("NRS 2 at rest, 7 on movement", 7),
        ("rest 2/10, movement 8/10", 8),
        ("目前3分，最重8分", 8),
        ("least 1 average 4 worst 9 now 3", 9),
        ("腰痛8分，腿痛3分", 8),
    ],
)  # fmt: skip
def test_of_several_numbers_with_words_of_their_own_the_highest_counts(
    edition: Edition, text: str, expected: int
) -> None:
    newest = read(edition, score(TEXT, {"valueString": text})).newest
    assert newest is not None
    assert (newest.value, newest.tied) == (expected, True)


@pytest.mark.parametrize(
    "text",
    ["治疗前8分，治疗后3分", "NRS 8→3", "静息3分 7分", "3分 活动 7分 8分", "头痛8分，腰痛3分", "静息3分，活动11分"],
)
def test_numbers_that_nobody_can_tell_apart_are_not_read(edition: Edition, text: str) -> None:
    assert found(edition, score(TEXT, {"valueString": text})) is None


def worded(words: str, name: str, days_ago: int = 2) -> Json:
    return score(TEXT, {"valueString": words}, days_ago) | {"id": name}


def test_scores_stand_newest_day_first_however_they_come(edition: Edition) -> None:
    made = [score(NUMERIC, number(value), days) for value, days in ((3, 9), (8, 2), (5, 5))]
    for given in (made, made[::-1]):
        assert [s.value for s in read(edition, *given).scores] == [8, 5, 3]


def test_within_a_day_the_later_stand_first(edition: Edition) -> None:
    made = [at("12:00", 4, "b"), at("20:00", 5, "c"), at("08:00", 9, "a")]
    for given in (made, made[::-1]):
        assert [s.ref[-1] for s in read(edition, *given).scores] == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("one", "other", "first"),
    [
        (worded("重度疼痛", "a"), score(NUMERIC, number(6)) | {"id": "b"}, "a"),
        (worded("轻度疼痛", "a"), score(NUMERIC, number(6)) | {"id": "b"}, "b"),
        # Of one degree a number says more than a word.
        (worded("重度疼痛", "z"), score(NUMERIC, number(7)) | {"id": "b"}, "b"),
        (worded("无痛", "z"), score(NUMERIC, number(0)) | {"id": "b"}, "b"),
        (score(NUMERIC, number(7)) | {"id": "z"}, score(NUMERIC, number(9)) | {"id": "b"}, "b"),
    ],
)
def test_of_one_day_without_times_the_strongest_counts(edition: Edition, one: Json, other: Json, first: str) -> None:
    for given in ((one, other), (other, one)):
        newest = read(edition, *given).newest
        assert newest
        assert (newest.ref, newest.tied) == (f"Observation/{first}", True)


def test_the_stronger_of_a_tie_keeps_all_it_says(edition: Edition) -> None:
    strong = score(VISUAL, number(8), bodySite={"text": "右髋部"}, status="preliminary") | {"id": "b"}
    weaker = [score(NUMERIC, number(value)) | {"id": name} for value, name in ((2, "a"), (5, "c"))]
    newest, *others = read(edition, weaker[0], strong, weaker[1]).scores
    assert (newest.value, newest.degree, newest.scale, newest.ref) == (8, "severe", "visual", "Observation/b")
    assert (newest.shown, newest.site, newest.preliminary, newest.tied) == ("8 score", "右髋部", True, True)
    assert [s.value for s in others] == [5, 2]


def test_two_equal_scores_of_one_moment_are_no_tie(edition: Edition) -> None:
    newest = read(edition, at("08:00", 8, "a"), at("08:00", 8, "b")).newest
    assert newest
    assert not newest.tied


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        (NUMERIC, number(10), 10), (NUMERIC, number(-1), None),
        (VISUAL, number(100, "mm"), 10), (VISUAL, number(101, "mm"), None),
        (VISUAL, number(10, "cm"), 10), (VISUAL, number(10.1, "cm"), None),
    ],
)  # fmt: skip
def test_the_scale_ends_at_ten(edition: Edition, code: Json, value: Json, expected: int | None) -> None:
    newest = read(edition, score(code, value)).newest
    assert (newest and newest.value) == expected


@pytest.mark.parametrize(
    ("code", "value", "scale"),
    [
        (NUMERIC, number(7), "numeric"),
        (VISUAL, number(7), "visual"),
        (FACES, number(8), "faces"),
        (TEXT, number(7), "unstated"),
        (TEXT, {"valueString": "重度疼痛"}, "words"),
        (NUMERIC, {"valueString": "Severe pain"}, "words"),
    ],
)
def test_a_score_says_by_what_it_was_measured(edition: Edition, code: Json, value: Json, scale: str) -> None:
    newest = read(edition, score(code, value)).newest
    assert newest
    assert newest.scale == scale


def test_what_cannot_be_used_stands_newest_first_and_hides_no_score(edition: Edition) -> None:
    pain = read(edition, score(NUMERIC, number(11), 3), score(NUMERIC, number(12), 1), score(NUMERIC, number(5), 2))
    assert [m.detail for m in pain.unusable] == ["12 score", "11 score"]
    assert pain.newest
    assert pain.newest.value == 5


def test_an_entry_in_error_hides_no_other_of_its_code(edition: Edition) -> None:
    wrong = score(NUMERIC, number(9), 1) | {"status": "entered-in-error"}
    assert found(edition, wrong, score(NUMERIC, number(4))) == (4, "moderate")


def test_the_name_of_a_member_places_its_score(edition: Edition) -> None:
    """A wound's score inside a panel is a wound's."""
    part = {"code": {"text": "切口疼痛评分"}, **number(8)}
    pain = read(edition, score({"text": "panel"}, {"component": [part]}))
    assert pain.newest is None
    assert pain.elsewhere


def test_a_visual_scale_named_by_the_method_has_parts_of_a_point(edition: Edition) -> None:
    assert found(edition, score(TEXT, number(6.5), method={"text": "VAS"})) == found(
        edition, score(VISUAL, number(6.5))
    )


def test_a_scale_beside_the_general_code_is_one_score(edition: Edition) -> None:
    both = {"coding": [*NUMERIC["coding"], {"system": SNOMED, "code": "22253000"}]}
    (only,) = read(edition, score(both, number(5))).scores
    assert only.scale == "numeric"


def test_a_number_no_scale_can_hold_is_no_number(edition: Edition) -> None:
    huge = {"valueQuantity": {"value": 10**40, "unit": "{score}"}}
    assert [m.why for m in read(edition, score(NUMERIC, huge)).unusable] == ["not-a-number"]
