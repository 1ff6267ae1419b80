"""Courses of radiotherapy whole: what extensions state, what texts and extensions give together, what a case says."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from cds_service.base.kinds import RequestText
from cds_service.facts.courses import Course, CourseReader, Courses, CoursesGiven
from cds_service.facts.radiation_extensions import ExtensionReader, Stated
from cds_service.facts.requests import Requested
from cds_service.facts.subjects import RequestedProcedure
from cds_service.fhir.structs import CodeableConcept
from cds_service.fhir.undecoded import extended, quantity
from tests.facts.test_courses import CODEX, WORDS, gray

F = Fraction


def order(*told: str, concept: str = "radiotherapy", key: str = "a", **says: Any) -> RequestedProcedure:
    return RequestedProcedure(key, 0, None, RequestText("RT"), (concept,), True, False, Requested(told=told, **says))


def stated(*extensions: dict[str, Any], amount: dict[str, Any] | None = None) -> Stated:
    return ExtensionReader(WORDS).read(
        extended(json.dumps(extensions).encode()),  # type: ignore[arg-type]  # Raw is bytes
        quantity(json.dumps(amount).encode()) if amount else None,  # type: ignore[arg-type]
    )


def volume(*inside: dict[str, Any]) -> dict[str, Any]:
    return {"url": f"{CODEX}-dose-prescribed-to-volume", "extension": list(inside)}


def fractions(n: Any) -> dict[str, Any]:
    return {"url": f"{CODEX}-fractions-prescribed", "valuePositiveInt": n}


@pytest.mark.parametrize(
    ("extensions", "amount", "expected"),
    [
        ([], None, Stated()),
        ([fractions(10)], None, Stated(fractions=(10,))),
        ([fractions(10), fractions(10), fractions(5)], None, Stated(fractions=(10, 5))),
        ([fractions(10)], {"value": 5, "unit": "fractions"}, Stated(fractions=(10, 5))),
        ([fractions(10)], {"value": 10, "code": "{fraction}"}, Stated(fractions=(10,))),
        ([], {"value": 5}, Stated(fractions=(5,))),
        ([], {"value": 5, "code": "1"}, Stated(fractions=(5,))),
        ([], {"value": 5, "unit": "mg"}, Stated()),
        ([], {"value": 5.5, "unit": "fractions"}, Stated()),
        ([], {"value": 5, "unit": "fractions", "comparator": "<"}, Stated()),
        ([{"url": f"{CODEX}-fractions-prescribed/", "valuePositiveInt": 10}], None, Stated(fractions=(10,))),
        ([{"url": f"{CODEX}-FRACTIONS-prescribed", "valuePositiveInt": 10}], None, Stated(fractions=(10,))),
        (
            [
                volume(
                    {"url": "volume", "valueReference": {"display": "Left femur"}},
                    {"url": "totalDose", "valueQuantity": gray(2000)},
                    {"url": "fractionDose", "valueQuantity": gray(4, "Gy")},
                    {"url": "fractions", "valuePositiveInt": 5},
                ),
                volume({"url": "volume", "valueReference": {"display": "T8"}}),
            ],
            None,
            Stated((5,), (F(20),), (F(4),), ("Left femur", "T8")),
        ),
        # What cannot be read leaves its part unknown, and hides no other.
        (
            [
                volume({"url": "totalDose"}, {"url": "fractionDose", "valueQuantity": gray(4, "lumps")}),
                volume({"url": "totalDose", "valueQuantity": {"unit": "Gy"}}, {"url": "volume"}),
                volume({"url": "totalDose", "valueQuantity": gray(30, "Gy")}, {"url": "volume", "valueReference": {}}),
            ],
            None,
            Stated(totals=(F(30),)),
        ),
        (
            [
                {"url": f"{CODEX}-course-involves-reirradiation", "valueBoolean": False},
                {
                    "url": "http://example.org/mcode-procedure-intent",
                    "valueCodeableConcept": {"text": "x"},
                },
            ],
            None,
            Stated(intents=(CodeableConcept(text="x"),)),
        ),
        ([{"url": f"{CODEX}-course-involves-reirradiation", "valueBoolean": True}], None, Stated(again=True)),
    ],
)
def test_what_extensions_state(extensions: list[Any], amount: dict[str, Any] | None, expected: Stated) -> None:
    assert stated(*extensions, amount=amount) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (order("30Gy/10次"), Course(10, F(30))),
        (order("30Gy/10次", "每次3Gy"), Course(10, F(30), F(3))),
        (order("30Gy", stated=Stated(fractions=(10,), each=(F(3),))), Course(10, F(30), F(3))),
        (order("3Gy/次", stated=Stated(totals=(F(30),))), Course(10, F(30), F(3))),
        (order("每次7Gy 总量30Gy"), Course(None, F(30), F(7))),
        (order("每次4Gy 总量30Gy 10次"), Course(None, F(30), F(4), unclear=True)),
        (order("10次", stated=Stated(fractions=(5,))), Course(unclear=True)),
        (order("8-10次 30Gy"), Course(total=F(30), unclear=True)),
        (order("10次", unread=True), Course(unclear=True)),
        (order("10次"), Course(10)),
        (order("99次"), Course(99)),
        (order("100次"), Course()),
        (order(stated=Stated(fractions=(99,))), Course(99)),
        (order("每次1Gy 总量99Gy"), Course(99, F(99), F(1))),
        (order("每次1Gy 总量100Gy"), Course(None, F(100), F(1))),
        # "Single", said without a number, is one fraction of one dose.
        (order("单次8Gy"), Course(1)),
        (order("单次 30Gy"), Course(1)),
        (order("single dose of 8Gy"), Course(1, F(8))),
        (order("single dose of 8Gy", "20Gy"), Course()),
        (order("single dose of 8Gy", "每次4Gy"), Course(2, F(8), F(4))),
        (order("single dose", "每次4Gy 每次5Gy"), Course()),
        (order("single dose of 8Gy", "每次4Gy 每次5Gy"), Course(total=F(8))),
        (order("8Gy"), Course(total=F(8))),
        (order("10次", concept="sbrt"), Course(10, stereotactic=True)),
        (order("10次", named=frozenset({"sbrt"})), Course(10, stereotactic=True)),
        (order("10次", concept="bone-scan"), Course()),
    ],
)
def test_the_course_of_a_draft(asked: RequestedProcedure, expected: Course) -> None:
    assert CourseReader(WORDS).read([asked]).of(asked) == expected


def test_only_radiotherapy_has_courses() -> None:
    asked, scan = order("10次"), order("10次", concept="bone-scan", key="b")
    found = CourseReader(WORDS).read([asked, scan])
    assert found == Courses({"a": Course(10)}, (asked,))
    assert found.of(scan) == Course()
    assert (found.of(asked).single, Course(1).single) == (False, True)


def test_what_a_case_says_of_a_course() -> None:
    asked, stereotactic, scan = order(), order(concept="sbrt", key="b"), order(concept="bone-scan", key="c")
    given = CoursesGiven(fractions=5, total_gy=30, each_gy=6, fractions_unclear=True)
    assert given.told([asked, stereotactic, scan]) == Courses(
        {"a": Course(5, F(30), F(6), False, True), "b": Course(5, F(30), F(6), True, True)}, (asked, stereotactic)
    )
    assert CoursesGiven().told([asked]) == Courses({"a": Course()}, (asked,))
