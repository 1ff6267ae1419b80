"""What chapters tell where no shipped situation does, in both languages; and what they keep to themselves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction
from typing import get_args

import pytest

from cds_service.base.kinds import LANGUAGES, DrugGroup, LanguageTag, Missing, RequestText
from cds_service.edition import Edition
from cds_service.facts import distress, function, pain, patient, phosphatase, renal_tests, sizes
from cds_service.facts.explained import Fact
from tests.build import NOW

TODAY = NOW.date()
REF = RequestText("Observation/o")


def said(edition: Edition, facts: Iterable[Fact], tag: LanguageTag = "en") -> list[str]:
    teller = edition.teller(tag)
    return [teller.sentence(teller.own.facts[fact.key], fact.data) for fact in facts]


def size(lesion: str, longest: int, other: int, days: int) -> sizes.Size:
    return sizes.Size(
        lesion, RequestText(lesion), Fraction(longest), Fraction(other), TODAY - timedelta(days=days), REF
    )


# Sizes


def test_a_size_stands_beside_the_one_of_the_day_before_it(edition: Edition) -> None:
    found = sizes.Sizes((size("a", 20, 10, 90), size("b", 10, 10, 90), size("a", 10, 10, 1), size("a", 12, 10, 1)))
    first, other, second, again = sizes.explained(found)
    assert [f.data["change"] for f in (first, other, second, again)] == [None, None, -50, -40]
    assert (second.value, second.unit) == (100, "mm2")
    assert "−50.0 % against" in said(edition, [second])[0]
    assert "first size" in said(edition, [first])[0]


def test_a_lesion_that_comes_back_has_no_per_cent(edition: Edition) -> None:
    found = sizes.Sizes((size("a", 0, 0, 90), size("a", 10, 10, 1)))
    _, back = sizes.explained(found)
    assert back.data["change"] is None
    assert "nothing was left on" in said(edition, [back])[0]
    assert "已消失" in said(edition, [back], "zh-CN")[0]


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_reason_to_leave_a_size_out_has_words_of_its_own(edition: Edition, tag: LanguageTag) -> None:
    reasons = ("one-diameter", "unit", "site-not-stated", "undated")
    left_out = tuple(sizes.LeftOut(why, None, REF) for why in reasons)
    assert len(set(said(edition, sizes.explained(sizes.Sizes((), left_out)), tag))) == len(reasons)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_stated_response_is_quoted_on_one_line(edition: Edition, tag: LanguageTag) -> None:
    stated = sizes.Stated(RequestText("PR\u001b[31m\nof bone"), TODAY, REF)
    (told,) = said(edition, sizes.explained(sizes.Sizes((), (), stated)), tag)
    assert "PR" in told
    assert "\u001b" not in told
    assert "\n" not in told


# Pain and function


@pytest.mark.parametrize("tag", LANGUAGES)
def test_pain_of_no_bone_is_told_and_does_not_count(edition: Edition, tag: LanguageTag) -> None:
    measurements = edition.knowledge.measurements
    found = pain.PainGiven(pain=7, pain_site="abdomen", pain_elsewhere=True).told(measurements)
    (fact,) = pain.explained(found)
    assert fact.key == "pain-elsewhere"
    assert "abdomen" in said(edition, [fact], tag)[0]


def test_only_the_score_that_counts_is_called_so(edition: Edition) -> None:
    measurements = edition.knowledge.measurements
    new, old = (
        said(edition, pain.explained(pain.PainGiven(pain=8, pain_days_ago=days).told(measurements)))[0]
        for days in (30, 31)
    )
    assert "this one counts" in new
    assert "older than the 30 days that count" in old


@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.parametrize(
    ("low", "high", "number"), [(None, 6, "6"), (3, None, "3"), (4, 4, "4"), (3, 6, "3 to 6|3～6")]
)
def test_life_expectancy_is_told_with_the_ends_it_has(
    edition: Edition, tag: LanguageTag, low: int | None, high: int | None, number: str
) -> None:
    given = function.FunctionGiven(ecog=2, karnofsky=70, life_months_low=low, life_months_high=high)
    ecog, karnofsky, life = said(edition, function.explained(given.told()), tag)
    assert "2" in ecog
    assert "70" in karnofsky
    assert any(each in life for each in number.split("|"))


@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.parametrize("what", ["ecog", "karnofsky", "life-expectancy"])
def test_a_score_that_cannot_be_used_says_which_and_why(edition: Edition, tag: LanguageTag, what: str) -> None:
    problem = Missing(what, "implausible", RequestText("9 of 5"), TODAY)
    (told,) = said(edition, function.explained(function.Function(None, None, None, (problem,))), tag)
    assert edition.teller(tag).own.concepts[what].lower() in told.lower()
    assert "9 of 5" in told


# Distress: whoever reads over a shoulder learns that a screen was done, and no more


@pytest.mark.parametrize("tag", LANGUAGES)
def test_no_score_and_no_answer_of_a_screen_is_told(edition: Edition, tag: LanguageTag) -> None:
    given = distress.DistressGiven(screens=[distress.ScreenGiven("phq-9", 23)], item_9=3).told(TODAY)
    problem = Missing("phq-9-item-9", "not-a-number", RequestText("every day"), TODAY)
    found = distress.Distress(given.screens, given.items, TODAY, (problem,))
    facts = list(distress.explained(found))
    assert [f.key for f in facts] == ["screen", "screen-item", "score-unusable"]
    assert [f.value for f in facts] == [None, None, None]
    told = " ".join(said(edition, facts, tag))
    assert "23" not in told
    assert "every day" not in told


# The rest


@pytest.mark.parametrize(("tag", "words"), [("en", "has died"), ("zh-CN", "去世")])
def test_death_is_told_and_life_is_not(edition: Edition, tag: LanguageTag, words: str) -> None:
    dead, alive = (
        said(edition, patient.explained(patient.PatientFacts("male", 60, None, dead)), tag)[0] for dead in (True, False)
    )
    assert words in dead
    assert words not in alive


@pytest.mark.parametrize(("high", "words"), [(120, "above the range"), (200, "not above"), (None, "not judged")])
def test_a_phosphatase_is_judged_by_its_own_range_only(edition: Edition, high: int | None, words: str) -> None:
    given = phosphatase.PhosphataseGiven(alp=140, alp_high=high).told(90)
    assert words in said(edition, phosphatase.explained(given))[0]


def test_an_old_look_at_the_kidneys_is_called_old(edition: Edition) -> None:
    measurements = edition.knowledge.measurements
    new, old = (
        said(edition, renal_tests.explained(renal_tests.RenalTestsGiven(renal_test_days_ago=days).told(measurements)))[
            0
        ]
        for days in (28, 29)
    )
    assert "longer ago" not in new
    assert "longer ago than the 28 days" in old


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_portion_of_an_analgesic_has_a_name(edition: Edition, tag: LanguageTag) -> None:
    names = edition.teller(tag).language.shared.drugs
    rows = [r for r in edition.terminology._rows if r.concept in ("opioid", "acetaminophen")]
    assert {r.ingredient or r.concept for r in rows} <= set(names)
    assert len(rows) > 20


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_bone_and_group_has_a_name(edition: Edition, tag: LanguageTag) -> None:
    own = edition.teller(tag).own
    assert {r.concept for r in edition.terminology._rows if r.domain == "site"} - set(own.concepts) <= {
        "elsewhere-site", "lung",
    }  # fmt: skip
    assert set(get_args(DrugGroup)) == set(own.groups)
