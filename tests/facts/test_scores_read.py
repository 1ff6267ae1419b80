"""Scores of a record before anybody judges them, compared whole, and the pain that is read of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from cds_service.base.kinds import Missing, RequestText
from cds_service.edition import Edition
from cds_service.facts.distress import TOPS, Distress, Item, Screen, distress
from cds_service.facts.distress import explained as distress_explained
from cds_service.facts.explained import Fact
from cds_service.facts.instability import Instability, Sins, explained, instability
from cds_service.facts.pain import BASIS, Pain, PainScore, Steps, of_ten, pain
from cds_service.facts.pain import explained as pain_explained
from cds_service.facts.score_text import DEGREES, LONGEST, ReadScore, Written
from cds_service.facts.scored import Scored, Scores, whole
from tests.build import LOINC, NOW, PATIENT, Json, ago
from tests.facts.whole import facts_of

T = RequestText
DAY = NOW.date() - timedelta(days=2)
AT = datetime(2026, 2, 28, 8, 0, tzinfo=UTC)
NUMERIC, GENERAL, BROAD = "72514-3", "38208-5", "22253000"


def day(days_ago: int) -> date:
    return NOW.date() - timedelta(days=days_ago)


def score(name: str, text: str, days_ago: int | None = 2, **members: Any) -> Json:
    made = {"resourceType": "Observation", "id": name, "status": "final", "code": {"text": text}}
    dated = {} if days_ago is None else {"effectiveDateTime": ago(days_ago)}
    return made | {"subject": {"reference": f"Patient/{PATIENT}"}} | dated | members


def read(edition: Edition, *resources: Json) -> Scores:
    return facts_of(edition, *resources).scored


def part(text: str, **value: Any) -> Json:
    return {"code": {"text": text}} | value


# As they come


def test_a_score_is_read_whole(edition: Edition) -> None:
    one = score(
        "a", "NRS评分", status="preliminary", effectiveDateTime="2026-02-28T08:00:00Z",
        valueQuantity={"value": 7, "unit": "分", "code": "{score}"}, note=[{"text": "夜间"}],
        bodySite={"text": "腰", "coding": [{"display": "back"}]},
        method={"coding": [{"system": LOINC, "code": "38214-3"}]},
    )  # fmt: skip
    assert read(edition, one) == {
        "pain-numeric": (
            Scored(
                "pain-numeric", T("Observation/a"), T("7 分"), DAY, AT, Fraction(7), "{score}", "", None, "NRS评分",
                ("腰", "back", "夜间"), frozenset({"pain-visual"}), True,
            ),
        )
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "members"),
    [
        ({"valueInteger": 2}, (T("2"), Fraction(2), "", "", None)),
        ({"valueString": "2级"}, (T("2级"), None, "", "2级", None)),
        ({"valueCodeableConcept": {"text": "ECOG 2"}}, (T("ECOG 2"), None, "", "ECOG 2", None)),
        ({}, (None, None, "", "", "no-value")),
        ({"valueInteger": 2, "dataAbsentReason": {"text": "?"}}, (None, None, "", "", "data-absent")),
        ({"valueQuantity": {"unit": "mm"}}, (None, None, "", "", "no-value")),
        ({"valueQuantity": {"value": 2, "unit": "mm"}}, (T("2 mm"), Fraction(2), "mm", "", None)),
        ({"valueQuantity": {"value": 2}}, (T("2"), Fraction(2), "", "", None)),
        ({"valueQuantity": {"value": 2, "comparator": ">"}}, (T("> 2"), None, "", "", "comparator")),
        ({"valueQuantity": {"value": 1e300}}, (None, None, "", "", "not-a-number")),
    ],
)
def test_the_value_of_a_score(edition: Edition, value: Json, members: tuple[Any, Any, str, str, str | None]) -> None:
    ((found,),) = read(edition, score("", "ECOG", **value)).values()
    told = (found.shown, found.number, found.unit, found.words, found.why)
    assert told[1:] == members[1:]
    assert (told[0] == members[0]) or (members[4] in ("comparator", "not-a-number", "no-value"))
    assert found.ref == "Observation/?"
    assert (found.concept, found.when, found.at, found.name) == ("ecog", DAY, None, "ECOG")


def test_scores_of_a_list_stand_newest_first_however_they_come(edition: Edition) -> None:
    def at(name: str, moment: str) -> Json:
        return score(name, "ECOG", None, valueInteger=1, effectiveDateTime=moment)

    ones = [
        at("a", "2026-02-27T23:00:00Z"), at("z", "2026-02-28"), at("y", "2026-02-28"),
        at("c", "2026-02-28T06:00:00Z"), at("b", "2026-02-28T07:00:00Z"), score("d", "ECOG", None, valueInteger=1),
        score("e", "ECOG", 1, status="cancelled", valueInteger=1),
    ]  # fmt: skip
    for those in (ones, ones[::-1]):
        refs = [s.ref.removeprefix("Observation/") for s in read(edition, *those)["ecog"]]
        assert refs == ["b", "c", "z", "y", "a", "d"]
    assert read(edition, *ones)["ecog"][-1].why == "undated"


def test_which_list_a_code_is_of(edition: Edition) -> None:
    def lists(*codes: tuple[str, str], text: str | None = None) -> set[str]:
        code = {"coding": [{"system": s, "code": c} for s, c in codes]} | ({"text": text} if text else {})
        return set(read(edition, score("a", "", code=code, valueInteger=3)))

    assert lists((LOINC, NUMERIC)) == {"pain-numeric"}
    assert lists((LOINC, NUMERIC), (LOINC, GENERAL)) == lists((LOINC, GENERAL), (LOINC, NUMERIC)) == {"pain-numeric"}
    assert lists((LOINC, GENERAL)) == {"pain-score"}
    assert lists((LOINC, "44261-6"), (LOINC, "44260-8")) == {"phq-9-item-9"}
    assert lists((LOINC, "89247-1")) == {"ecog"}
    assert lists((LOINC, "2160-0")) == set(), "a creatinine is no score"
    assert lists((LOINC, GENERAL), (LOINC, "77565-0")) == {"pain-not-severity"}


def test_members_of_a_panel_and_its_own_value(edition: Edition) -> None:
    parts = [part("ECOG", valueInteger=1), part("Height", valueInteger=9), part("NRS评分", valueInteger=7)]
    found = read(edition, score("a", "KPS", valueInteger=70, component=parts))
    assert {name: [(s.number, s.name) for s in each] for name, each in found.items()} == {
        "ecog": [(1, "KPS ECOG")], "pain-numeric": [(7, "KPS NRS评分")], "karnofsky": [(70, "KPS")],
    }  # fmt: skip
    assert set(read(edition, score("a", "KPS", component=parts))) == {"ecog", "pain-numeric"}
    assert set(read(edition, score("a", "Visit", component=parts))) == {"ecog", "pain-numeric"}
    assert set(read(edition, score("a", "KPS", component=parts[1:2]))) == {"karnofsky"}
    for value in ({"valueString": "70"}, {"valueCodeableConcept": {"text": "70"}}, {"valueQuantity": {"value": 70}}):
        assert "karnofsky" in read(edition, score("a", "KPS", component=parts, **value))


def test_the_number_of_a_score_or_why_there_is_none(edition: Edition) -> None:
    def told(**members: Any) -> tuple[Fraction | None, str | None]:
        return whole(Scored("ecog", T("o"), None, DAY, None, **members), edition.readers.written)

    assert told(number=Fraction(2), words="x") == (2, None)
    assert told(number=Fraction(2), why="undated") == (None, "undated")
    assert told(words="2分") == (2, None)
    assert told(words="see note") == (None, "not-a-number")
    assert told(words="轻度") == (None, "not-a-number")


# Words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("7分", ReadScore(Fraction(7), clear=True)),
        ("0", ReadScore(Fraction(0), clear=True)),
        ("NRS 7/10", ReadScore(Fraction(7), clear=True)),
        ("重度疼痛", ReadScore(None, "severe", clear=True)),
        ("no pain", ReadScore(None, "none", clear=True)),
        ("7分，重度", ReadScore(Fraction(7), "severe", clear=True)),
        ("重度，重度疼痛", ReadScore(None, "severe", clear=True)),
        ("轻度，重度", ReadScore()),
        ("7 重度 轻度", ReadScore()),
        ("腰痛8分", ReadScore(Fraction(8), None, ("腰痛",), True)),
        ("头痛8分", ReadScore(Fraction(8), None, ("头痛",), True)),
        ("headache 8", ReadScore(Fraction(8), None, ("headache",), True)),
        ("腰", ReadScore()),
        ("nrs", ReadScore()),
        ("7 8", ReadScore()),
        ("see note 7", ReadScore()),
        ("9" * 14, ReadScore()),
        ("", ReadScore()),
        (" " * 500, ReadScore()),
        ("nrs " * (LONGEST // 4 - 1) + "nrs7", ReadScore(Fraction(7), clear=True)),
        ("nrs " * (LONGEST // 4 - 1) + "nrs 7", ReadScore()),
        ("静息3分，活动7分", ReadScore(Fraction(7), None, (), True, True)),
        ("nrs静息3分，活动3分", ReadScore(Fraction(3), None, (), True, False)),
        ("worst 8, now 3", ReadScore(Fraction(8), None, (), True, True)),
        ("8 at rest, 9 with movement", ReadScore(Fraction(9), None, (), True, True)),
        ("腰 3，右侧 7", ReadScore(Fraction(7), None, ("腰", "右侧"), True, True)),
        ("腰 3，活动 7", ReadScore(Fraction(7), None, ("腰",), True, True)),
        ("low back 3, lower back 7", ReadScore(Fraction(7), None, ("low back", "lower back"), True, True)),
        ("3 in back, 7 in hip", ReadScore(Fraction(7), None, ("back", "hip"), True, True)),
        ("3 back 7", ReadScore()),
        ("静息 3 7 活动", ReadScore()),
    ],
)
def test_what_words_say(edition: Edition, text: str, found: ReadScore) -> None:
    assert edition.readers.written.read(text) == found


def test_a_label_within_a_longer_one(edition: Edition) -> None:
    words = edition.knowledge.scores
    own = msgspec.structs.replace(
        words, pain=msgspec.structs.replace(words.pain, moments=["at rest", "at rest now", "moving"])
    )
    assert Written(own).read("at rest now 3, moving 7") == ReadScore(Fraction(7), None, (), True, True)


def test_places_of_no_bone_are_whole_words(edition: Edition) -> None:
    written = edition.readers.written
    assert [text for text in ("headache", "右侧头痛", "Wound, left") if not written.elsewhere(text)] == []
    assert [text for text in ("headaches", "unwounded", "腰", "", "." * 250 + "头痛") if written.elsewhere(text)] == []
    assert written.elsewhere("." * (LONGEST - 2) + "头痛")
    assert [written.thoughts(t) for t in ("Not at all", "several days", "maybe")] == [False, True, None]


# Pain


def test_pain_is_read_whole(edition: Edition) -> None:
    measurements = edition.knowledge.measurements
    found = facts_of(
        edition,
        score("new", "NRS评分", 2, valueString="腰痛8分", effectiveDateTime="2026-02-28T08:00:00Z"),
        score("long", "NRS评分", 300, valueString="腿痛8分", bodySite={"text": "腰"}),
        score("low", "VAS", 2, valueQuantity={"value": 35, "unit": "mm"}, effectiveDateTime="2026-02-28T08:00:00Z"),
        score("early", "NRS评分", 2, valueInteger=9, effectiveDateTime="2026-02-28T07:00:00Z", status="preliminary"),
        score("head", "NRS评分", 1, valueInteger=9, bodySite={"text": "腰"}, note=[{"text": "头痛"}]),
        score("belly", "NRS评分", 3, valueInteger=2, bodySite={"text": "腹部"}),
        score("word", "疼痛评分", 5, valueString="中度"),
        score("odd", "NRS评分", 4, valueInteger=11),
        score("unread", "NRS评分", 6, valueString="see note"),
        score("none", "NRS评分", 7, dataAbsentReason={"text": "?"}),
        score("other", "FLACC评分", 3, valueInteger=5),
    ).pain
    new = PainScore(
        Fraction(8), "severe", "numeric", DAY, T("Observation/new"), T("腰痛8分"), T("腰痛"), False, AT, True
    )
    assert found.scores == (
        new,
        PainScore(Fraction("3.5"), "mild", "visual", DAY, T("Observation/low"), T("35 mm"), None, False, AT),
        PainScore(
            Fraction(9), "severe", "numeric", DAY, T("Observation/early"), T("9"), None, True, AT - timedelta(hours=1)
        ),
        PainScore(None, "moderate", "words", day(5), T("Observation/word"), T("中度")),
        PainScore(Fraction(8), "severe", "numeric", day(300), T("Observation/long"), T("腿痛8分"), T("腰")),
    )
    assert (found.today, found.window, found.steps) == (
        NOW.date(), measurements.days("pain"), Steps.of(measurements)
    )  # fmt: skip
    assert found.elsewhere == PainScore(
        Fraction(9), "severe", "numeric", day(1), T("Observation/head"), T("9"), T("头痛")
    )
    assert found.other == PainScore(None, "none", "unstated", day(3), T("Observation/other"), T("FLACC评分"))
    assert found.unusable == (
        Missing("pain-score", "implausible", "11", day(4)),
        Missing("pain-score", "not-a-number", "see note", day(6)),
        Missing("pain-score", "data-absent", None, day(7)),
    )
    assert (found.newest, found.last, found.elsewhere_now) == (new, new, True)
    told = list(pain_explained(found))
    first = {"score": new, "counts": True, "old": False, "window": measurements.days("pain")}
    assert told[0] == Fact(
        "pain", first, Fraction(8), "{score}", DAY, new.ref, windows=BASIS.windows, limits=BASIS.limits
    )
    assert [(f.data["score"], f.data["counts"]) for f in told[:3]] == [(s, s == new) for s in found.scores[:3]]
    assert told[3:] == [
        Fact("pain-elsewhere", {"score": found.elsewhere}, when=day(1), ref=T("Observation/head")),
        Fact("pain-other", {"score": found.other}, when=day(3), ref=T("Observation/other")),
        *(
            Fact("score-unusable", {"problem": each, "shown": each.detail}, when=each.when) for each in found.unusable
        ),
    ]  # fmt: skip


def test_how_strong_pain_is(edition: Edition) -> None:
    steps = Steps.of(edition.knowledge.measurements)
    assert steps.degree(Fraction(0)) == "none"

    def at_least(*scores: PainScore) -> list[bool]:
        return [Pain(scores, NOW.date(), 7, steps).is_at_least(degree) for degree in DEGREES]

    def one(days_ago: int) -> PainScore:
        return PainScore(None, "moderate", "words", day(days_ago), T("o"))

    assert at_least(one(7)) == [True, True, True, False]
    assert at_least(one(8)) == at_least() == [False] * 4
    for days_ago in (7, 8):
        away = Pain((), NOW.date(), 7, steps, one(days_ago))
        assert away.elsewhere_now is (days_ago == 7)
    assert Pain((), NOW.date(), 7, steps).elsewhere_now is False


def test_parts_of_a_point() -> None:
    half = Fraction(13, 2)
    assert of_ten(half, "", "visual") == of_ten(half, "cm", "unstated") == of_ten(half * 10, "mm", "unstated") == half
    assert of_ten(half, "", "unstated") == of_ten(half, "", "numeric") == "not-a-whole-number"
    assert of_ten(half, "cm", "numeric") == of_ten(half, "mm", "faces") == "unit-unknown"
    assert [of_ten(Fraction(n), "", "numeric") for n in (-1, 0, 10, 11)] == ["implausible", 0, 10, "implausible"]


def test_another_scale_counts_only_with_a_day_and_a_value(edition: Edition) -> None:
    def other(days_ago: int | None, why: str | None) -> PainScore | None:
        when = None if days_ago is None else day(days_ago)
        it = Scored("pain-not-severity", T("o"), None, when, None, Fraction(7), why=why, name="FLACC")
        written, measurements = edition.readers.written, edition.knowledge.measurements
        return pain({"pain-not-severity": [it]}, (), written, NOW.date(), measurements).other

    assert other(3, None) == PainScore(None, "none", "unstated", day(3), T("o"), T("FLACC"))
    assert other(3, "comparator") is None
    assert other(None, "undated") is None


def test_pain_without_a_day_cannot_be_used(edition: Edition) -> None:
    bare = Scored("pain-numeric", T("o"), T("7"), None, None, Fraction(7))
    told = pain({"pain-numeric": [bare]}, (), edition.readers.written, NOW.date(), edition.knowledge.measurements)
    assert (told.scores, told.unusable) == ((), (Missing("pain-score", "undated", "7", None),))


# Screens


def test_screens_are_read_whole(edition: Edition) -> None:
    found = facts_of(
        edition,
        score("low", "PHQ-9", 3, valueInteger=5),
        score("high", "PHQ-9", 3, valueInteger=12, status="preliminary"),
        score("none", "PHQ-9", 3),
        score("new", "GAD-7", 1, valueInteger=21),
        score("over", "GAD-7", 2, valueInteger=22),
        score("part", "GAD-7", 5, valueQuantity={"value": 1.5}),
        score("item", "", 4, code={"coding": [{"system": LOINC, "code": "44260-8"}]}, valueInteger=3),
        score("more", "", 6, code={"coding": [{"system": LOINC, "code": "44260-8"}]}, valueInteger=4),
        score("said", "", 7, code={"coding": [{"system": LOINC, "code": "44260-8"}]}, valueString="several days"),
        score("undated", "PHQ-9", None, valueInteger=5),
        score("absent", "PHQ-9", 8, dataAbsentReason={"text": "?"}),
    ).distress

    def screen(instrument: str, value: int | None, days_ago: int, name: str, *, early: bool = False) -> Screen:
        exact = None if value is None else Fraction(value)
        return Screen(instrument, exact, day(days_ago), T(f"Observation/{name}"), early)

    assert found == Distress(
        (
            screen("gad-7", 21, 1, "new"),
            screen("gad-7", None, 2, "over"),
            screen("phq-9", 12, 3, "high", early=True),
            screen("phq-9", 5, 3, "low"),
            screen("phq-9", None, 3, "none"),
            screen("gad-7", None, 5, "part"),
        ),
        (Item(Fraction(3), day(4), T("Observation/item")), Item(Fraction(1), day(7), T("Observation/said"))),
        NOW.date(),
        (
            Missing("phq-9", "data-absent", None, day(8)),
            Missing("phq-9", "undated", "5", None),
            Missing("phq-9-item-9", "not-a-number", "4", day(6)),
        ),
    )
    first, item, problem = found.screens[0], found.items[0], found.unusable[0]
    one = Distress((first,), (item,), NOW.date(), (problem,))
    assert list(distress_explained(one)) == [
        Fact("screen", {"screen": first}, when=day(1), ref=first.ref, windows=("distress",)),
        Fact("screen-item", {"item": item}, when=day(4), ref=item.ref),
        Fact("score-unusable", {"problem": problem, "shown": None}, when=day(8)),
    ]
    assert found.newest(0) == ()
    assert found.done(1) == screen("gad-7", 21, 1, "new")
    assert found.done(0) is None
    assert found.newest(3) == (screen("gad-7", 21, 1, "new"), screen("phq-9", 12, 3, "high", early=True))
    assert found.item(4) == found.items[0]
    assert found.item(3) is None


@pytest.mark.parametrize("instrument", TOPS)
def test_a_total_ends_with_its_scale(edition: Edition, instrument: str) -> None:
    def total(number: int, days_ago: int = 1, **members: Any) -> list[Fraction | None]:
        it = Scored(instrument, T("o"), None, day(days_ago), None, Fraction(number), **members)
        found = distress({instrument: [it]}, (), edition.terminology, edition.readers.written, NOW.date())
        return [s.score for s in found.screens]

    top = TOPS[instrument]
    assert [total(n) for n in (-1, 0, top, top + 1)] == [[None], [0], [top], [None]]
    assert total(top, why="no-value") == [None]
    assert total(top, why="comparator") == []
    assert total(top, 0) == [top]
    assert total(top, -1) == [], "of tomorrow"


def test_a_score_without_a_day_is_undated(edition: Edition) -> None:
    bare = Scored("phq-9", T("o"), T("9"), None, None, Fraction(9))
    found = distress({"phq-9": [bare]}, (), edition.terminology, edition.readers.written, NOW.date())
    assert found == Distress((), (), NOW.date(), (Missing("phq-9", "undated", "9", None),))


# The spine


def test_the_newest_usable_score_of_the_spine(edition: Edition) -> None:
    measurements = edition.knowledge.measurements
    top, window = measurements.limit("sins-top", "1"), measurements.days("function")

    def newest(*scores: Scored) -> Instability:
        return instability({"sins": scores}, NOW.date(), measurements)

    def it(number: Fraction | int | None, days_ago: int | None = 3, why: str | None = None) -> Scored:
        when = None if days_ago is None else day(days_ago)
        return Scored(
            "sins", T("Observation/s"), None, when, None, None if number is None else Fraction(number), why=why
        )

    assert newest(it(9)) == Instability(Sins(9, day(3), T("Observation/s")))
    bad = (it(9, why="comparator"), it(None), it(Fraction(3, 2)), it(-1), it(Fraction(top) + 1), it(9, None))
    for each in bad:
        assert newest(each) == Instability(None)
    assert newest(*bad, it(0)) == Instability(Sins(0, day(3), T("Observation/s")))
    assert newest(it(Fraction(top))) == Instability(Sins(int(top), day(3), T("Observation/s")))
    assert newest(it(9, window)) == Instability(Sins(9, day(window), T("Observation/s")))
    assert newest(it(9, window + 1)) == Instability(None)
    assert instability({}, NOW.date(), measurements) == Instability(None)
    sins = Sins(9, day(3), T("Observation/s"))
    assert list(explained(Instability(sins))) == [
        Fact(
            "instability", {"sins": sins}, Fraction(9), "1", day(3), T("Observation/s"), windows=("function",),
            limits=("sins-top",),
        )
    ]  # fmt: skip
    assert list(explained(Instability(None))) == []
