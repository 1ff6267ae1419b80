"""Screens for distress from results and questionnaires; performance status and life expectancy beside them."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.edition import Edition
from tests.build import LOINC, PATIENT, Json, ago
from tests.facts.test_pain import loinc, score
from tests.facts.whole import facts_of

SUBJECT = {"reference": f"Patient/{PATIENT}"}


def screens(edition: Edition, *resources: Json) -> list[tuple[str, float | None]]:
    found = facts_of(edition, *resources).distress.screens
    return [(s.instrument, None if s.score is None else float(s.score)) for s in found]


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        (loinc("44261-6"), {"valueQuantity": {"value": 8, "unit": "{score}"}}, ("phq-9", 8)),
        ({"text": "PHQ-9评分"}, {"valueString": "12分"}, ("phq-9", 12)),
        (loinc("55758-7"), {"valueInteger": 3}, ("phq-2", 3)),
        (loinc("70274-6"), {"valueInteger": 10}, ("gad-7", 10)),
        ({"text": "心理痛苦温度计（DT）"}, {"valueInteger": 4}, ("distress-thermometer", 4)),
        ({"text": "HADS总分"}, {"valueInteger": 15}, ("hads", 15)),
        ({"text": "HADS焦虑评分"}, {"valueInteger": 9}, ("hads-anxiety", 9)),
        ({"text": "SDS评分"}, {"valueInteger": 60}, ("distress-scale", None)),
        # A word, a broken number, a number of another scale: a screen done, and no score.
        ({"text": "PHQ-9评分"}, {"valueString": "中度抑郁"}, ("phq-9", None)),
        (loinc("44261-6"), {"valueInteger": 28}, ("phq-9", None)),
        (loinc("44261-6"), {"valueQuantity": {"value": 7.5}}, ("phq-9", None)),
        (loinc("44249-1"), {}, ("phq-9", None)),
    ],
)
def test_a_screen_is_read(edition: Edition, code: Json, value: Json, expected: tuple[str, float | None]) -> None:
    assert screens(edition, score(code, value)) == [expected]


def test_the_letters_dt_are_never_enough(edition: Edition) -> None:
    assert screens(edition, score({"text": "DT"}, {"valueInteger": 8})) == []


def test_a_panel_without_a_total_is_not_added_up(edition: Edition) -> None:
    items = [{"code": loinc(code), "valueInteger": 3} for code in ("44250-9", "44255-8")]
    assert screens(edition, score(loinc("44249-1"), {"component": items})) == [("phq-9", None)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"valueInteger": 1}, 1), ({"valueInteger": 0}, 0), ({"valueString": "几乎每天"}, 1),
        ({"valueCodeableConcept": {"text": "Not at all"}}, 0), ({"valueString": "完全不会"}, 0),
        ({"valueString": "see note"}, None), ({"valueInteger": 4}, None),
    ],
)  # fmt: skip
def test_item_9_stands_by_itself(edition: Edition, value: Json, expected: int | None) -> None:
    item = facts_of(edition, score(loinc("44260-8"), value)).distress.item(90)
    assert (None if item is None else item.score) == expected


def response(*items: Json, **more: Any) -> Json:
    return {
        "resourceType": "QuestionnaireResponse", "id": "q", "status": "completed", "subject": SUBJECT,
        "questionnaire": "http://loinc.org/q/44249-1", "authored": f"{ago(3)}T08:00:00Z", "item": list(items),
    } | more  # fmt: skip


def item(link: str, answer: Json, **more: Any) -> Json:
    return {"linkId": link, "answer": [answer]} | more


def test_a_questionnaire_tells_its_total(edition: Edition) -> None:
    total = item("/44261-6", {"valueDecimal": 9})
    assert screens(edition, response(total)) == [("phq-9", 9)]
    assert screens(edition, response({"linkId": "g", "item": [total]})) == [("phq-9", 9)]
    by_name = {"linkId": "10", "text": "PHQ-9总分", "answer": {"valueInteger": 9}}
    assert screens(edition, response(by_name, questionnaire={"reference": "Questionnaire/1"})) == [("phq-9", 9)]


def test_a_questionnaire_without_a_total_is_a_screen_done(edition: Edition) -> None:
    assert screens(edition, response(item("/44250-9", {"valueInteger": 3}))) == [("phq-9", None)]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"valueCoding": {"system": LOINC, "code": "LA6568-5", "display": "anything"}}, 0),
        ({"valueCoding": {"display": "Several days"}}, 1),
        ({"valueCoding": {"code": "2"}}, 2),
        ({"valueInteger": 3}, 3),
        ({"valueCoding": {"display": "?"}}, None),
    ],
)
def test_item_9_of_a_questionnaire(edition: Edition, answer: Json, expected: int | None) -> None:
    found = facts_of(edition, response(item("/44260-8", answer))).distress.item(90)
    assert (None if found is None else found.score) == expected


@pytest.mark.parametrize("status", ["in-progress", "entered-in-error", None])
def test_a_questionnaire_that_is_not_finished_does_not_count(edition: Edition, status: str | None) -> None:
    assert screens(edition, response(item("/44261-6", {"valueInteger": 9}), status=status)) == []


def test_a_deep_questionnaire_ends(edition: Edition) -> None:
    deep = item("/44261-6", {"valueInteger": 9})
    for _ in range(50):
        deep = {"linkId": "g", "item": [deep]}
    assert screens(edition, response(deep)) == [("phq-9", None)]


# Performance status and life expectancy


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        (loinc("89247-1"), {"valueInteger": 2}, ("ecog", 2)),
        (loinc("89262-0"), {"valueCodeableConcept": {"text": "ECOG 1"}}, ("ecog", 1)),
        ({"text": "PS评分"}, {"valueString": "1分"}, ("ecog", 1)),
        (loinc("89243-0"), {"valueQuantity": {"value": 80, "unit": "%"}}, ("karnofsky", 80)),
        ({"text": "KPS评分"}, {"valueInteger": 75}, None),
        (loinc("89247-1"), {"valueInteger": 6}, None),
        (loinc("89247-1"), {"valueInteger": 80}, None),
    ],
)
def test_performance_status(edition: Edition, code: Json, value: Json, expected: tuple[str, int] | None) -> None:
    function = facts_of(edition, score(code, value)).function
    found = function.ecog or function.karnofsky
    assert (found and (found.scale, found.value)) == expected
    assert bool(function.unusable) is (expected is None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"valueQuantity": {"value": 6, "unit": "mo"}}, (6, 6)),
        ({"valueString": "6个月"}, (6, 6)),
        ({"valueString": "3-6月"}, (3, 6)),
        ({"valueString": "<6 months"}, (None, 6)),
        ({"valueString": ">12 months"}, (12, None)),
        ({"valueString": "6个月以内"}, (None, 6)),
        ({"valueString": "1 year"}, (12, 12)),
        ({"valueString": "26 wk"}, (5.978975, 5.978975)),
        ({"valueString": "较差"}, None),
        ({"valueString": "3 to 6 months or more"}, None),
        ({"valueQuantity": {"value": 6, "unit": "%"}}, None),
        ({"valueInteger": 6}, None),
    ],
)
def test_life_expectancy_is_read_only_as_a_length_of_time(
    edition: Edition, value: Json, expected: tuple[float | None, float | None] | None
) -> None:
    life = facts_of(edition, score({"text": "预期生存期"}, value)).function.life
    ends = life and tuple(None if end is None else round(float(end), 6) for end in (life.low, life.high))
    assert ends == expected


def test_a_prognosis_in_codes_is_read_the_same(edition: Edition) -> None:
    life = facts_of(edition, score(loinc("75328-5"), {"valueString": "4 months"})).function.life
    assert life
    assert life.high == 4
    assert facts_of(edition, score(loinc("75328-5"), {"valueString": "4 months"}, 91)).function.life is None


@pytest.mark.parametrize("name", ["心理评估", "焦虑评估", "抑郁筛查", "Depression screening", "SDS", "PHQ-9评分"])
def test_an_assessment_in_words_is_a_screen_done_without_a_score(edition: Edition, name: str) -> None:
    done = facts_of(edition, score({"text": name}, {"valueString": "中度抑郁"})).distress.done(90)
    assert done is not None
    assert done.score is None
