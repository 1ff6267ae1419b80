"""Performance status and life expectancy of a record, compared whole: which result counts, what is unusable and why."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from cds_service.base.kinds import Missing, RequestText
from cds_service.edition import Edition
from cds_service.facts.explained import Fact
from cds_service.facts.function import Ends, Function, Lengths, LifeExpectancy, Status, explained, function
from cds_service.facts.score_text import LONGEST
from cds_service.facts.scored import Scored
from tests.build import NOW, PATIENT, Json, ago
from tests.facts.whole import facts_of

T = RequestText
LIFE = "预期生存期"


def day(days_ago: int) -> date:
    return NOW.date() - timedelta(days=days_ago)


def score(name: str, text: str, days_ago: int | None, **value: Any) -> Json:
    made = {"resourceType": "Observation", "id": name, "status": "final", "code": {"text": text}}
    dated = {} if days_ago is None else {"effectiveDateTime": ago(days_ago)}
    return made | {"subject": {"reference": f"Patient/{PATIENT}"}} | dated | value


def read(edition: Edition, *resources: Json) -> Function:
    return facts_of(edition, *resources).function


def months(value: float, unit: str) -> Json:
    return {"valueQuantity": {"value": value, "unit": unit}}


def test_the_newest_usable_of_each_and_what_was_not(edition: Edition) -> None:
    found = read(
        edition,
        score("e1", "ECOG", 1, valueString="see note"),
        score("e2", "ECOG", 2, valueInteger=2),
        score("e3", "ECOG", 3, valueString="bad"),
        score("k1", "KPS", 1, valueInteger=75),
        score("k2", "KPS", 2, valueInteger=70),
        score("k3", "KPS", 3, valueInteger=60),
        score("l0", LIFE, None, valueString="6个月"),
        score("l1", LIFE, 1, valueString="较差"),
        score("l2", LIFE, 2, dataAbsentReason={"text": "?"}),
        score("l3", LIFE, 3, valueString="3-6个月"),
        score("l4", LIFE, 4, valueString="9个月"),
    )
    assert found == Function(
        Status("ecog", 2, day(2), T("Observation/e2")),
        Status("karnofsky", 70, day(2), T("Observation/k2")),
        LifeExpectancy(Fraction(3), Fraction(6), T("3-6个月"), day(3), T("Observation/l3")),
        (
            Missing("ecog", "implausible", "see note", day(1)),
            Missing("karnofsky", "implausible", "75", day(1)),
            Missing("life-expectancy", "not-a-number", "较差", day(1)),
            Missing("life-expectancy", "data-absent", None, day(2)),
        ),
    )
    assert read(edition) == Function(None, None, None)
    assert found.ecog
    assert found.karnofsky
    assert found.life
    window = ("function",)
    assert list(explained(found)) == [
        Fact("performance", {"status": found.ecog}, Fraction(2), "1", day(2), found.ecog.ref, windows=window),
        Fact("performance", {"status": found.karnofsky}, Fraction(70), "1", day(2), found.karnofsky.ref,
             windows=window),
        Fact("life-expectancy", {"life": found.life}, when=day(3), ref=found.life.ref, windows=window),
        *(Fact("score-unusable", {"problem": m, "shown": m.detail}, when=m.when) for m in found.unusable[:3]),
    ]  # fmt: skip


def test_what_has_no_day_is_unusable(edition: Edition) -> None:
    found = read(edition, score("e", "ECOG", None, valueInteger=2), score("l", LIFE, None, valueString="6个月"))
    assert found.unusable == (
        Missing("ecog", "undated", "2", None), Missing("life-expectancy", "undated", "6个月", None)
    )  # fmt: skip
    bare = {"life-expectancy": [Scored("life-expectancy", T("o"), T("x"), None, None, words="6个月")]}
    lengths = Lengths(edition.knowledge.scores)
    told = function(bare, edition.readers.written, lengths, NOW.date(), edition.knowledge.measurements)
    assert told.unusable == (Missing("life-expectancy", "undated", "x", None),)


@pytest.mark.parametrize(
    ("text", "number", "counts"),
    [
        *(("ECOG", n, 0 <= n <= 5) for n in (-1, 0, 1, 5, 6)),
        *(("KPS", n, 0 <= n <= 100 and n % 10 == 0) for n in (-10, 0, 1, 5, 10, 99, 100, 110)),
    ],
)
def test_the_ends_of_the_scales(edition: Edition, text: str, number: int, counts: bool) -> None:
    found = read(edition, score("s", text, 2, valueInteger=number))
    status = found.ecog if text == "ECOG" else found.karnofsky
    assert (status and status.value) == (number if counts else None)
    assert len(found.unusable) == (not counts)


def test_a_part_of_a_point_is_no_status(edition: Edition) -> None:
    assert read(edition, score("s", "ECOG", 2, valueQuantity={"value": 1.5})).ecog is None
    assert read(edition, score("s", "ECOG", 2, valueString="ECOG 2分")).ecog == Status(
        "ecog", 2, day(2), T("Observation/s")
    )


def test_what_is_older_than_the_window_is_not_used_and_not_called_unusable(edition: Edition) -> None:
    days = edition.knowledge.measurements.days("function")

    def three(age: int) -> Function:
        return read(
            edition,
            score("e", "ECOG", age, valueInteger=2),
            score("k", "KPS", age, valueInteger=70),
            score("l", LIFE, age, valueString="6个月"),
        )

    assert three(days + 1) == Function(None, None, None)
    at_its_end = three(days)
    assert at_its_end.ecog
    assert at_its_end.karnofsky
    assert at_its_end.life
    assert at_its_end.unusable == ()


@pytest.mark.parametrize(
    ("value", "ends"),
    [
        (months(1, "mo"), Fraction(1)), (months(0.5, "a"), Fraction(6)), (months(0.5, "mo"), Fraction(1, 2)),
        (months(2, "年"), Fraction(24)), (months(0, "mo"), None), (months(-3, "mo"), None), (months(6, "cm"), None),
        (months(6, ""), None),
    ],
)  # fmt: skip
def test_a_number_with_a_unit_of_time(edition: Edition, value: Json, ends: Fraction | None) -> None:
    life = read(edition, score("l", LIFE, 2, **value)).life
    assert (life and (life.low, life.high)) == (ends and (ends, ends))


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("预期生存期6个月", 6, 6), ("预期生存6个月", 6, 6), ("预期生存时间约为：6个月", 6, 6),
        ("estimated survival about 6 months", 6, 6), ("life expectancy of approximately 6 months", 6, 6),
        ("约" * (LONGEST - 3) + "6个月", 6, 6), ("约" * (LONGEST - 2) + "6个月", None, None),
        ("一年", 12, 12), ("a year", 12, 12), ("6个月以上", 6, None), ("超过6个月", 6, None),
        ("3-6个月以上", None, None),
        ("6-6个月以上", 6, None), ("3-6个月以内", None, 6), ("6-3个月", None, None), ("6", None, None),
        ("月", None, None),
        ("0个月", None, None), ("3个月至半年", 3, 6), ("半年至1年", 6, 12), ("6个月 2天", None, None), ("3月", 3, 3),
        ("十二个月", 12, 12), ("约", None, None), ("3个月至半年天", None, None), ("3周-6个月", Fraction(2100, 3044), 6),
    ],
)  # fmt: skip
def test_lengths_in_words(edition: Edition, text: str, low: Fraction | int | None, high: Fraction | int | None) -> None:
    found = Lengths(edition.knowledge.scores).read(text)
    assert found == (None if low is None and high is None else Ends(low, high))
