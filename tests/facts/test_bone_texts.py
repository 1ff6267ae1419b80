"""Which resources speak of bone lesions, with which day, and where they are found again."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.facts.bone_texts import counts, told
from cds_service.facts.lesions import Counted, Told
from tests.build import PATIENT, Json, ago, condition
from tests.facts.whole import facts_of

SUBJECT = {"reference": f"Patient/{PATIENT}"}
DAY, EARLIER = date.fromisoformat(ago(5)), date.fromisoformat(ago(9))


def texts(edition: Edition, *resources: Json) -> list[Told]:
    facts = facts_of(edition, *resources)
    return list(told(facts.record, edition.terminology, facts.skeleton))


def counted(edition: Edition, *resources: Json) -> list[Counted]:
    return list(counts(facts_of(edition, *resources).record, edition.readers.codes))


def problem(text: str = "骨转移", **more: Any) -> Json:
    return condition("x") | {"code": {"text": text}, "id": "c"} | more


def report(name: str = "Bone scan", **more: Any) -> Json:
    made = {"resourceType": "DiagnosticReport", "id": "r", "status": "final", "subject": SUBJECT}
    return made | {"code": {"text": name}, "conclusion": "多发骨转移", "effectiveDateTime": ago(5)} | more


def result(name: str, **more: Any) -> Json:
    made = {"resourceType": "Observation", "id": "o", "status": "final", "subject": SUBJECT}
    return made | {"code": {"text": name}, "effectiveDateTime": ago(5)} | more


def without(it: Json, *members: str) -> Json:
    return {name: value for name, value in it.items() if name not in members}


def test_a_diagnosis_with_its_notes_is_one_text(edition: Edition) -> None:
    noted = problem(note=[{"text": "单发"}, {"text": "左髂骨"}], recordedDate=ago(5), onsetDateTime=ago(9))
    assert texts(edition, noted) == [Told("骨转移；单发；左髂骨", DAY, "Condition/c", True)]  # type: ignore[arg-type]
    (only_onset,) = texts(edition, problem(onsetDateTime=ago(9)))
    assert only_onset.when == EARLIER
    (undated,) = texts(edition, without(problem("高血压"), "id"))
    assert (undated.when, undated.ref, undated.of_itself) == (None, "Condition/?", False)


@pytest.mark.parametrize(
    "ended",
    [
        {"clinicalStatus": {"coding": [{"code": "resolved"}]}},
        {"clinicalStatus": {"coding": [{"code": "inactive"}]}},
        {"verificationStatus": {"coding": [{"code": "refuted"}]}},
        {"verificationStatus": {"coding": [{"code": "entered-in-error"}]}},
    ],
)
def test_a_diagnosis_that_does_not_stand_says_nothing_and_hides_none(edition: Edition, ended: Json) -> None:
    found = texts(edition, problem(**ended), problem() | {"id": "d"}, report())
    assert [it.ref for it in found] == ["Condition/d", "DiagnosticReport/r"]


@pytest.mark.parametrize(
    ("dates", "when"),
    [
        ({"effectiveDateTime": ago(5), "issued": f"{ago(1)}T08:00:00Z"}, DAY),
        ({"effectivePeriod": {"start": ago(9), "end": ago(5)}}, DAY),
        ({"effectivePeriod": {"start": ago(9)}}, EARLIER),
        ({"effectivePeriod": {"start": ago(9)}, "issued": f"{ago(1)}T08:00:00Z"}, EARLIER),
        ({"issued": f"{ago(5)}T08:00:00Z"}, DAY),
        ({}, None),
    ],
)
def test_the_day_of_a_report(edition: Edition, dates: Json, when: date | None) -> None:
    made = without(report(), "effectiveDateTime") | dates
    assert texts(edition, made) == [Told("多发骨转移", when, "DiagnosticReport/r", True)]  # type: ignore[arg-type]


def test_only_a_bone_scan_is_of_bone_by_itself(edition: Edition) -> None:
    ct, nameless, scan = report("CT") | {"id": "a"}, without(report(), "code") | {"id": "b"}, report() | {"id": "c"}
    found = {it.ref: it.of_itself for it in texts(edition, ct, nameless, without(scan, "id"))}
    assert found == {"DiagnosticReport/a": False, "DiagnosticReport/b": False, "DiagnosticReport/?": True}


@pytest.mark.parametrize("more", [{"status": "cancelled"}, {"conclusion": None}, {"conclusion": ""}])
def test_a_report_that_is_none_says_nothing_and_hides_none(edition: Edition, more: Json) -> None:
    assert [it.ref for it in texts(edition, report() | more, report() | {"id": "s"})] == ["DiagnosticReport/s"]


@pytest.mark.parametrize(
    ("dates", "when"),
    [
        ({"effectiveDateTime": ago(5)}, DAY),
        ({"effectiveInstant": f"{ago(5)}T08:00:00Z"}, DAY),
        ({"issued": f"{ago(9)}T08:00:00Z"}, EARLIER),
        ({}, None),
    ],
)
def test_the_day_of_a_result_in_words_and_of_one_that_counts(edition: Edition, dates: Json, when: date | None) -> None:
    words = without(result("骨扫描", valueString="多发骨转移"), "effectiveDateTime") | dates
    assert texts(edition, words) == [Told("多发骨转移", when, "Observation/o", True)]  # type: ignore[arg-type]
    assert texts(edition, without(words, "id"))[0].ref == "Observation/?"
    number = without(result("骨病灶数目", valueInteger=2), "effectiveDateTime") | dates
    assert counted(edition, number) == [Counted("multiple", when, "Observation/o", "骨病灶数目 2")]  # type: ignore[arg-type]
    assert counted(edition, without(number, "id"))[0].ref == "Observation/?"


def test_only_words_of_a_bone_scan_are_a_result_of_one(edition: Edition) -> None:
    assert texts(edition, result("血常规", valueString="多发骨转移")) == []
    assert texts(edition, result("骨扫描", valueInteger=3)) == []
    both = [result("骨扫描", valueInteger=3) | {"id": "a"}, result("骨扫描", valueString="骨转移") | {"id": "b"}]
    assert [it.ref for it in texts(edition, *both)] == ["Observation/b"]


@pytest.mark.parametrize(
    ("value", "number", "words"),
    [
        ({"valueInteger": 1}, "solitary", "骨病灶数目 1"),
        ({"valueString": "3处"}, "multiple", "骨病灶数目 3处"),
        ({"valueQuantity": {"value": 1, "unit": "个"}}, "solitary", "骨病灶数目 1"),
        ({"valueQuantity": {"value": 2, "code": "{#}"}}, "multiple", "骨病灶数目 2"),
        ({"valueQuantity": {"value": 2, "unit": " 处 "}}, "multiple", "骨病灶数目 2"),
        ({"valueQuantity": {"value": 1, "comparator": ">"}}, "multiple", "骨病灶数目 >1"),
        ({"valueQuantity": {"value": 3, "comparator": "<"}}, "unknown", "骨病灶数目 <3"),
        ({"valueQuantity": {"value": 3, "unit": "cm"}}, None, None),
        ({"valueQuantity": {"unit": "个"}}, None, None),
        ({}, None, None),
        ({"valueInteger": 10**30}, "unknown", "骨病灶数目 " + "1" + "0" * 19),
        ({"valueQuantity": {"value": 10**30}}, "unknown", "骨病灶数目 " + "1" + "0" * 19),
    ],
)
def test_a_number_of_lesions_is_quoted_as_it_came(
    edition: Edition, value: Json, number: str | None, words: str | None
) -> None:
    found = counted(edition, result("骨病灶数目", **value))
    assert [(it.number, it.words) for it in found] == ([] if number is None else [(number, words)])


def test_only_results_that_stand_and_are_named_so_count(edition: Edition) -> None:
    assert counted(edition, result("血小板计数", valueInteger=2)) == []
    assert counted(edition, result("骨病灶数目", valueInteger=2, status="entered-in-error")) == []
    rest = [without(result("x", valueInteger=1), "code"), result("血小板计数", valueInteger=2)]
    all_three = [
        each | {"id": f"o{n}"} for n, each in enumerate([*rest, result("number of bone lesions", valueInteger=2)])
    ]
    assert [it.ref for it in counted(edition, *all_three)] == ["Observation/o2"]
