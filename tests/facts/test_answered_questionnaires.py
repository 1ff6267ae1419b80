"""Questionnaires answered: which question is which score, what an answer says, and where it is found again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from cds_service.edition import Edition
from cds_service.facts.answers import answers
from cds_service.facts.distress import ASKED
from cds_service.facts.scored import Scored
from cds_service.fhir.answered import QuestionnaireResponse
from cds_service.record.bundles import readable
from tests.build import Json, ago

DAY = date.fromisoformat(ago(3))
PLAIN = "https://ehr.example.org/Questionnaire/1"  # an address that names no instrument
TOTAL, ITEM, ANSWER = "/44261-6", "/44260-8", {"valueInteger": 9}


def read(edition: Edition, *responses: Json) -> list[Scored]:
    decoded: Iterable[Any] = [readable.decode(msgspec.json.encode(each)) for each in responses]
    assert all(isinstance(it, QuestionnaireResponse) for it in decoded)
    return list(answers(decoded, edition.terminology, frozenset(ASKED)))


def response(*items: Json, **more: Any) -> Json:
    made = {
        "resourceType": "QuestionnaireResponse", "id": "q", "status": "completed", "questionnaire": PLAIN,
        "authored": f"{ago(3)}T08:00:00Z", "item": list(items),
    }  # fmt: skip
    return {name: value for name, value in (made | more).items() if value is not None}


def question(link: str | None, answer: Any = None, **more: Any) -> Json:
    return ({} if link is None else {"linkId": link}) | {"answer": [answer or ANSWER]} | more


def one(edition: Edition, answer: Json, link: str = TOTAL) -> Scored:
    (found,) = read(edition, response(question(link, answer)))
    return found


def test_a_total_is_found_again_with_its_day_its_path_and_its_number(edition: Edition) -> None:
    (found,) = read(edition, response(question(TOTAL)))
    assert found == Scored("phq-9", "QuestionnaireResponse/q", "9", DAY, None, Fraction(9))  # type: ignore[arg-type]
    (nameless,) = read(edition, response(question(TOTAL), id=None, authored=None))
    assert (nameless.ref, nameless.when) == ("QuestionnaireResponse/?", None)


@pytest.mark.parametrize(
    ("answer", "number", "shown"),
    [
        ({"valueInteger": 9}, 9, "9"),
        ({"valueInteger": 0}, 0, "0"),
        ({"valueDecimal": 7.5}, Fraction("7.5"), "7.5"),
        ({"valueQuantity": {"value": 12, "unit": "{score}"}}, 12, "12"),
        ({"valueInteger": 9, "valueDecimal": 8}, 9, "9"),
        ({"valueDecimal": 8, "valueQuantity": {"value": 12}}, 8, "8"),
        ({"valueInteger": 0, "valueDecimal": 8}, 0, "0"),
    ],
)
def test_a_number_in_any_of_its_shapes(edition: Edition, answer: Json, number: Fraction | int, shown: str) -> None:
    found = one(edition, answer)
    assert (found.number, found.shown, found.words, found.why) == (number, shown, "", None)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"valueString": "中度抑郁"}, "中度抑郁"),
        ({"valueCoding": {"code": "2", "display": "Several days"}}, "Several days"),
        ({"valueCoding": {"code": "2"}}, "2"),
        ({"valueCoding": {"code": "LA6568-5", "display": "Not at all"}}, "0"),
        ({"valueInteger": "1e999999"}, None),
        ({"valueQuantity": {"unit": "{score}"}}, ""),
        ({"valueCoding": {"system": "http://loinc.org"}}, ""),
        ({"valueBoolean": True}, ""),
    ],
)
def test_an_answer_in_words_and_one_that_says_nothing(edition: Edition, answer: Json, words: str | None) -> None:
    found = one(edition, answer)
    assert found.number is None
    assert (found.words, found.shown) == (words or "", words or "")
    assert found.why == (None if words else "no-value")
    assert (found.ref, found.when) == ("QuestionnaireResponse/q", DAY)


@pytest.mark.parametrize(
    ("asked", "concept"),
    [
        (question(TOTAL), "phq-9"),
        (question("44261-6"), "phq-9"),
        (question("http://loinc.org/55758-7"), "phq-2"),
        (question("q10", definition="http://loinc.org/44261-6"), "phq-9"),
        (question(None, definition="/44261-6"), "phq-9"),
        (question(ITEM), "phq-9-item-9"),
        (question(ITEM, text="PHQ-9 score"), "phq-9-item-9"),
        (question(ITEM, definition="/44261-6"), "phq-9-item-9"),  # the worse to overlook
        (question("1", text="PHQ-9总分"), "phq-9"),
        (question("1", text="心理痛苦温度计评分"), "distress-thermometer"),
        # A code that is no score of ours leaves the text to say it; one that is outweighs it.
        (question("/8302-2", text="PHQ-9 score"), "phq-9"),
        (question("/55758-7", text="PHQ-9 score"), "phq-2"),
        (question("x44261-6"), None),
        (question("/44261-61"), None),
        (question("/44261-6/1"), None),
        (question("/44261-6", definition="/55758-7"), None),  # two totals at once are none
        (question("/72514-3"), None),  # a score of pain is no screen
        (question("1", text="height"), None),
        (question("1"), None),
    ],
)
def test_which_question_asks_for_which_score(edition: Edition, asked: Json, concept: str | None) -> None:
    assert [s.concept for s in read(edition, response(asked))] == ([concept] if concept else [])


@pytest.mark.parametrize("asked", [{"linkId": TOTAL}, {"linkId": TOTAL, "answer": []}])
def test_a_question_that_was_not_answered_is_passed_over(edition: Edition, asked: Json) -> None:
    assert [s.concept for s in read(edition, response(asked, question("/55758-7")))] == ["phq-2"]


@pytest.mark.parametrize(
    ("questionnaire", "concept"),
    [
        ("http://loinc.org/q/44249-1", "phq-9"),
        ("http://loinc.org/q/44249-1/", "phq-9"),
        ("http://loinc.org/q/44249-1|2.0", "phq-9"),
        ("44249-1", "phq-9"),
        ("http://ehr.example.org/Questionnaire/PHQ-2", "phq-2"),
        ("http://ehr.example.org/Questionnaire/distress_thermometer", "distress-thermometer"),
        ("http://ehr.example.org/Questionnaire/Distress_Thermometer|1", "distress-thermometer"),
        ("PHQ-2", "phq-2"),
        ({"reference": "Questionnaire/1", "display": "PHQ-9"}, "phq-9"),
        ({"reference": "Questionnaire/PHQ-9", "display": "intake form"}, None),
        ({"reference": "http://loinc.org/q/69737-5"}, "gad-7"),
        ({"display": "心理痛苦温度计"}, "distress-thermometer"),
        (PLAIN, None),
        (None, None),
    ],
)
def test_a_questionnaire_names_its_instrument(edition: Edition, questionnaire: Any, concept: str | None) -> None:
    expected = [Scored(concept, "QuestionnaireResponse/q", None, DAY, None, why="no-value")] if concept else []  # type: ignore[arg-type]
    assert read(edition, response(questionnaire=questionnaire)) == expected


def test_a_total_stands_for_its_questionnaire_and_no_other(edition: Edition) -> None:
    named = {"questionnaire": "http://loinc.org/q/44249-1"}
    assert [(s.concept, s.why) for s in read(edition, response(question(TOTAL), **named))] == [("phq-9", None)]
    other = read(edition, response(question("/55758-7"), **named))
    assert [(s.concept, s.why) for s in other] == [("phq-2", None), ("phq-9", "no-value")]


@pytest.mark.parametrize(("status", "counts"), [("completed", True), ("amended", True), ("stopped", False)])
def test_a_response_that_does_not_count_hides_none(edition: Edition, status: str, counts: bool) -> None:
    found = read(edition, response(question("/55758-7"), status=status), response(question(TOTAL)))
    assert [s.concept for s in found] == (["phq-2", "phq-9"] if counts else ["phq-9"])


def nested(depth: int) -> Json:
    asked = question(TOTAL)
    for _ in range(depth):
        asked = {"linkId": "g", "item": [asked]}
    return asked


def test_groups_are_opened_in_order_and_to_a_depth(edition: Edition) -> None:
    assert [len(read(edition, response(nested(depth)))) for depth in (0, 8, 9)] == [1, 1, 0]
    inner = {"linkId": "g", "item": [question("/55758-7"), question("/69737-5")]}
    found = read(edition, response(question(TOTAL), inner, question("1", text="心理痛苦温度计")))
    assert [s.concept for s in found] == ["phq-9", "phq-2", "gad-7", "distress-thermometer"]


@pytest.mark.parametrize(("before", "found"), [(399, 1), (400, 0)])
def test_so_many_questions_are_looked_at(edition: Edition, before: int, found: int) -> None:
    assert len(read(edition, response(*[question("1")] * before, question(TOTAL)))) == found
