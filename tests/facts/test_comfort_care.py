"""Who is cared for by a hospice: on the problem list, given, asked for, or visited; and for how long that counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cds_service.base.kinds import LANGUAGES, LanguageTag, RequestText
from cds_service.edition import Edition
from cds_service.facts.comfort_care import ComfortCare, explained
from cds_service.facts.explained import Fact
from tests.build import NOW, PATIENT, SNOMED, Json, ago
from tests.facts.whole import facts_of

SUBJECT = {"reference": f"Patient/{PATIENT}"}
CODED = {"coding": [{"system": SNOMED, "code": "385763009"}]}
TODAY = NOW.date()


def problem(text: str = "hospice care", **more: Any) -> Json:
    return {"resourceType": "Condition", "id": "c", "subject": SUBJECT, "code": {"text": text}} | more


def status(kind: str, code: str) -> Json:
    return {f"{kind}Status": {"coding": [{"code": code}]}}


def care(edition: Edition, *resources: Json) -> ComfortCare | None:
    return facts_of(edition, *resources).comfort_care


def days_ago(edition: Edition, *resources: Json) -> int | None:
    """Of the day the care is told with."""
    found = care(edition, *resources)
    assert found
    return None if found.when is None else (TODAY - found.when).days


@pytest.mark.parametrize("text", ["hospice care", "临终关怀", "安宁疗护", "End of life care"])
def test_a_problem_names_it_in_both_languages(edition: Edition, text: str) -> None:
    assert care(edition, problem(text)) == ComfortCare(None, RequestText("Condition/c"))
    assert care(edition, problem("", code=CODED))


@pytest.mark.parametrize("text", ["palliative care", "姑息治疗", "lung cancer"])
def test_palliative_care_is_none(edition: Edition, text: str) -> None:
    assert care(edition, problem(text)) is None
    assert care(edition) is None


@pytest.mark.parametrize("more", [{}, {"code": {"text": "hypertension"}}])
def test_it_is_found_behind_a_problem_that_says_nothing_of_it(edition: Edition, more: Json) -> None:
    other = problem(id="a") | more
    other = {k: v for k, v in other.items() if more or k != "code"}
    assert care(edition, other, problem()) == care(edition, problem(), other) == care(edition, problem())


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ({"onsetDateTime": ago(50), "recordedDate": ago(40)}, 50),
        ({"recordedDate": ago(40)}, 40),
        ({"onsetDateTime": ago(50)}, 50),
        ({"onsetDateTime": ago(4000)}, 4000),  # a problem that stands needs no window
        ({}, None),
    ],
)
def test_its_day_is_its_onset_else_when_it_was_recorded(edition: Edition, dates: Json, expected: int | None) -> None:
    assert days_ago(edition, problem(**dates)) == expected


ENDED = [status("clinical", "resolved"), status("clinical", "inactive"), {"abatementDateTime": ago(1)}]


@pytest.mark.parametrize("ended", ENDED)
@pytest.mark.parametrize(("days", "counts"), [(0, True), (180, True), (181, False), (None, False)])
def test_a_problem_that_is_over_counts_within_the_window(
    edition: Edition, ended: Json, days: int | None, counts: bool
) -> None:
    dated = {} if days is None else {"onsetDateTime": ago(days)}
    assert bool(care(edition, problem(**ended, **dated))) is counts


def test_a_problem_that_will_abate_stands(edition: Edition) -> None:
    assert care(edition, problem(onsetDateTime=ago(300), abatementDateTime=ago(-30)))


@pytest.mark.parametrize("verified", ["refuted", "entered-in-error"])
def test_what_was_refuted_is_none(edition: Edition, verified: str) -> None:
    assert care(edition, problem(**status("verification", verified))) is None
    assert care(edition, problem(**status("verification", "confirmed")))
    both = [problem(id="a", **status("verification", verified)), problem(id="b")]
    assert care(edition, *both) == ComfortCare(None, RequestText("Condition/b"))


def done(kind: str, days: int, **more: Any) -> Json:
    when = {"period": {"start": ago(days)}} if kind == "Encounter" else {"performedDateTime": ago(days)}
    name = {"type": [{"text": "hospice"}]} if kind == "Encounter" else {"code": {"text": "hospice"}}
    state = {"status": "finished" if kind == "Encounter" else "completed"}
    return {"resourceType": kind, "id": "x", "subject": SUBJECT} | name | state | when | more


@pytest.mark.parametrize("kind", ["Procedure", "Encounter"])
@pytest.mark.parametrize(("days", "counts"), [(0, True), (180, True), (181, False)])
def test_care_that_was_given_counts_within_the_window(edition: Edition, kind: str, days: int, counts: bool) -> None:
    found = care(edition, done(kind, days))
    assert found == (ComfortCare(TODAY - timedelta(days=days), RequestText(f"{kind}/x")) if counts else None)


def test_a_visit_of_another_kind_is_none(edition: Edition) -> None:
    assert care(edition, done("Encounter", 3, type=[{"text": "多学科会诊(MDT)"}])) is None


def test_what_was_given_is_told_before_the_problem(edition: Edition) -> None:
    assert days_ago(edition, done("Procedure", 3), problem(onsetDateTime=ago(1))) == 3


@pytest.mark.parametrize("tag", LANGUAGES)
def test_it_is_told_with_its_day_and_its_path(edition: Edition, tag: LanguageTag) -> None:
    teller = edition.teller(tag)
    found = ComfortCare(TODAY, RequestText("Condition/c"))
    (fact,) = explained(found)
    assert fact == Fact("comfort-care", {"care": found}, when=TODAY, ref=found.ref, windows=("comfort-care",))
    assert "2026" in teller.sentence(teller.own.facts[fact.key], fact.data)
    (nameless,) = explained(ComfortCare(None, RequestText("Condition/?")))
    assert nameless.ref is None
    assert list(explained(None)) == []


def test_a_resource_without_an_id_has_no_path(edition: Edition) -> None:
    assert care(edition, {k: v for k, v in problem().items() if k != "id"}) == ComfortCare(
        None, RequestText("Condition/?")
    )
