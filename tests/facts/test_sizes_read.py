"""What is read of measured lesions, compared whole: which lesion, its two axes, its day and its path; what is left out
and why; and how all of it is told."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from cds_service.base.kinds import LANGUAGES, LanguageTag, RequestText
from cds_service.edition import Edition
from cds_service.facts.explained import Fact
from cds_service.facts.sizes import LeftOut, Size, Sizes, Stated, explained
from tests.build import LOINC, NOW, PATIENT, Json, ago
from tests.facts.whole import facts_of

T = RequestText
SUBJECT = {"reference": f"Patient/{PATIENT}"}
LONGEST, OTHER = "最大径", "垂直径"


def day(days_ago: int) -> date:
    return NOW.date() - timedelta(days=days_ago)


def result(name: str, text: str, days_ago: int | None, **members: Any) -> Json:
    dated = {} if days_ago is None else {"effectiveDateTime": ago(days_ago)}
    made = {"resourceType": "Observation", "status": "final", "code": {"text": text}, "subject": SUBJECT}
    return made | ({"id": name} if name else {}) | dated | members


def size(name: str, site: str | None, days_ago: int | None, **members: Any) -> Json:
    where = {"bodySite": {"text": site}} if site else {}
    return result(name, "Size Tumor", days_ago, **where, **members)


def axes(*named: tuple[str, float], unit: str = "mm") -> Json:
    return {"component": [{"code": {"text": n}, "valueQuantity": {"value": v, "unit": unit}} for n, v in named]}


TWO = axes((LONGEST, 20), (OTHER, 15))
STATUS = "疗效评价"


def read(edition: Edition, *resources: Json) -> Sizes:
    return facts_of(edition, *resources).sizes


def one(name: str, lesion: str, shown: str, days_ago: int = 5, two: tuple[int, int] = (20, 15)) -> Size:
    return Size(lesion, T(shown), Fraction(two[0]), Fraction(two[1]), day(days_ago), T(f"Observation/{name}"))


def test_sizes_statements_and_what_is_left_out_of_one_record(edition: Edition) -> None:
    found = read(
        edition,
        result("other", "ECOG", 1, valueInteger=2),
        result("new", STATUS, 4, valueCodeableConcept={"text": "SD"}),
        result("wrong", STATUS, 1, valueString="PD", status="cancelled"),
        result("old", STATUS, 90, valueString="PR"),
        result("nothing", STATUS, 2),
        result("undated", STATUS, None, valueString="CR"),
        size("cancelled", "Left femur", 1, status="cancelled", **TWO),
        size("late", "Left femur", 5, **TWO),
        size("one", "Left femur", 3, **axes((LONGEST, 20))),
        size("early", "L3 vertebra", 100, **axes((LONGEST, 1.5), (OTHER, 3), unit="cm")),
        size("unsaid", None, 6, **TWO),
    )
    assert found == Sizes(
        (one("early", "spine  L3", "L3 vertebra", 100, (30, 15)), one("late", "femur left ", "Left femur")),
        (
            LeftOut("one-diameter", day(3), T("Observation/one")),
            LeftOut("site-not-stated", day(6), T("Observation/unsaid")),
        ),
        Stated(T("SD"), day(4), T("Observation/new")),
    )
    assert read(edition) == Sizes(())


@pytest.mark.parametrize(
    ("members", "two"),
    [
        (TWO, (20, 15)),
        (axes((OTHER, 15), (LONGEST, 20)), (20, 15)),
        (axes((LONGEST, 15), (OTHER, 20)), (20, 15)),
        (axes((LONGEST, 20), (OTHER, 10), (OTHER, 15)), (20, 15)),
        (axes((LONGEST, 0), (OTHER, 0)), (0, 0)),
        ({"valueString": "20×15 mm"}, (20, 15)),
        ({"valueString": "约 2.0 x 1.5cm"}, (20, 15)),
        ({"valueString": "1.5cm*20mm"}, (20, 15)),
        ({"valueString": "0×0 mm"}, (0, 0)),
        ({"valueString": "20毫米×1.5厘米"}, (20, 15)),
        ({"valueString": "." * 192 + "20×15 mm"}, (20, 15)),
    ],
)
def test_which_two_axes(edition: Edition, members: Json, two: tuple[int, int]) -> None:
    assert read(edition, size("s", "Left femur", 5, **members)) == Sizes(
        (one("s", "femur left ", "Left femur", two=two),)
    )


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({}, "one-diameter"),
        ({"valueString": "20×15 mm", "status": None}, "status-unknown"),
        (axes((LONGEST, 20)), "one-diameter"),
        (axes((OTHER, 20)), "one-diameter"),
        (axes((OTHER, 20)) | {"valueString": "20×15 mm"}, "one-diameter"),
        (axes((LONGEST, 20), (LONGEST, 15)) | {"valueString": "20×15 mm"}, "one-diameter"),
        (axes((LONGEST, 20), (OTHER, 501)), "unit"),
        (axes((LONGEST, 20), (OTHER, 15), unit="in"), "unit"),
        (axes((LONGEST, 20), unit="in"), "unit"),
        ({"valueString": "20×501 mm"}, "unit"),
        ({"valueString": "501×20 mm"}, "unit"),
        ({"valueString": "20×15"}, "one-diameter"),
        ({"valueString": "." * 193 + "20×15 mm"}, "one-diameter"),
        ({"component": [{"code": {"text": LONGEST}, "valueString": "20 mm"}]}, "one-diameter"),
    ],
)
def test_which_are_no_two_axes(edition: Edition, members: Json, why: str) -> None:
    left = LeftOut(why, day(5), T("Observation/s"))
    assert read(edition, size("s", "Left femur", 5, **members)) == Sizes((), (left,))


@pytest.mark.parametrize(
    ("members", "when"),
    [
        ({"effectiveDateTime": ago(5), "issued": f"{ago(2)}T08:00:00Z"}, day(5)),
        ({"effectiveInstant": f"{ago(6)}T08:00:00Z"}, day(6)),
        ({"issued": f"{ago(7)}T08:00:00Z"}, day(7)),
        ({}, None),
    ],
)
def test_which_day(edition: Edition, members: Json, when: date | None) -> None:
    found = read(edition, size("", "Left femur", None, **TWO, **members))
    ref = T("Observation/?")
    if when is None:
        assert found == Sizes((), (LeftOut("undated", None, ref),))
    else:
        assert found == Sizes((Size("femur left ", T("Left femur"), Fraction(20), Fraction(15), when, ref),))
    stated = read(edition, result("", STATUS, None, valueString="SD", **members)).stated
    assert stated == (Stated(T("SD"), when, ref) if when else None)


def test_of_two_statements_of_one_day_the_same_counts_in_any_order(edition: Edition) -> None:
    two = [result(name, STATUS, 4, valueString=words) for name, words in (("a", "SD"), ("b", "PR"))]
    same = Sizes((), (), Stated(T("PR"), day(4), T("Observation/b")))
    assert read(edition, *two) == read(edition, *two[::-1]) == same


# Which lesion

STRUCTURE = {"resourceType": "BodyStructure", "id": "lesion", "location": {"text": "Left ilium"}, "patient": SUBJECT}
DIAGNOSIS = {"resourceType": "Condition", "id": "c", "subject": SUBJECT, "code": {"text": "左髂骨骨转移"}}


def on(target: str) -> Json:
    return {"focus": [{"display": "no reference"}, {"reference": target}]}


@pytest.mark.parametrize(
    ("target", "site", "lesion", "shown"),
    [
        (STRUCTURE, None, "BodyStructure/lesion", "Left ilium"),
        (STRUCTURE, "Right femur", "BodyStructure/lesion", "Right femur"),
        (STRUCTURE, "Liver", "BodyStructure/lesion", "Left ilium"),
        (STRUCTURE | {"location": None}, "Left femur", "BodyStructure/lesion", "Left femur"),
        (STRUCTURE | {"includedStructure": [{"structure": {"text": "Left femur"}}, {}], "location": None}, None,
         "BodyStructure/lesion", "Left femur"),
        (DIAGNOSIS, None, "Condition/c", "左髂骨骨转移"),
        (DIAGNOSIS | {"code": {"text": "Metastasis"}, "bodySite": [{"text": "Left femur"}]}, None, "Condition/c",
         "Left femur"),
        (DIAGNOSIS | {"code": None}, "Left femur", "Condition/c", "Left femur"),
    ],
)  # fmt: skip
def test_what_a_result_is_focused_on_is_the_lesion(
    edition: Edition, target: Json, site: str | None, lesion: str, shown: str
) -> None:
    ref = f"https://ehr.example/fhir/{target['resourceType']}/{target['id']}/_history/2"
    for named in (lesion, ref):
        found = read(edition, {k: v for k, v in target.items() if v}, size("s", site, 5, **TWO, **on(named)))
        assert found == Sizes((one("s", lesion, shown),)), named


def test_a_focus_that_nobody_knows_leaves_the_bone_of_the_result(edition: Edition) -> None:
    found = read(edition, size("s", "Left femur", 5, **TWO, **on("BodyStructure/none")))
    assert found == Sizes((one("s", "BodyStructure/none", "Left femur"),))
    left = (LeftOut("site-not-stated", day(5), T("Observation/s")),)
    assert read(edition, size("s", None, 5, **TWO, **on("BodyStructure/none"))) == Sizes((), left)
    lung = STRUCTURE | {"location": {"text": "Right lung"}}
    assert read(edition, lung, size("s", None, 5, **TWO, **on("BodyStructure/lesion"))) == Sizes((), left)


def test_a_lesion_is_known_by_its_bone_side_and_levels_else_by_its_words(edition: Edition) -> None:
    def lesion(site: str | None, **members: Any) -> str:
        (found,) = read(edition, size("s", site, 5, **TWO, **members)).all
        return found.lesion

    assert lesion("L3-4 vertebra") == "spine  L3 L4"
    assert lesion("Right humerus") == "humerus right "
    assert lesion("Bone", note=[{"text": "lesion A"}]) == "Size Tumor lesion A"
    coded = {"code": {"coding": [{"system": LOINC, "code": "21889-1"}]}}
    assert lesion("Bone", note=[{"text": "lesion A"}], **coded) == " lesion A"
    assert lesion(None, note=[{"text": "Left femur"}]) == "femur left "


# What is told


@pytest.mark.parametrize("tag", LANGUAGES)
def test_each_size_stands_beside_the_one_before_it(edition: Edition, tag: LanguageTag) -> None:
    sizes = read(
        edition,
        size("gone", "Right femur", 60, **axes((LONGEST, 0), (OTHER, 0))),
        size("back", "Right femur", 5, **axes((LONGEST, 10), (OTHER, 10))),
        size("first", "Left femur", 60, **axes((LONGEST, 20), (OTHER, 10))),
        size("more", "Left femur", 5, **axes((LONGEST, 25), (OTHER, 10))),
        size("again", "Left femur", 5, **axes((LONGEST, 30), (OTHER, 10))),
        size("", "Left femur", 2, **axes((LONGEST, 15), (OTHER, 10))),
        size("left", "Left femur", 3),
        size("ribs", "Right rib", 30, **TWO),
        result("said", STATUS, 4, valueString="SD"),
    )
    first, gone, rib, again, more, back, last = sizes.all
    refs = [s.ref.removeprefix("Observation/") for s in sizes.all]
    assert refs == ["first", "gone", "ribs", "again", "more", "back", "?"]

    def fact(it: Size, before: Size | None, change: Fraction | None, product: int) -> Fact:
        ref = None if it.ref.endswith("?") else it.ref
        data = {"size": it, "before": before, "change": change}
        return Fact("lesion-size", data, Fraction(product), "mm2", it.when, ref)

    told = list(explained(sizes))
    assert told == [
        fact(first, None, None, 200),
        fact(gone, None, None, 0),
        fact(rib, None, None, 300),
        fact(again, first, Fraction(50), 300),
        fact(more, first, Fraction(25), 250),
        fact(back, gone, None, 100),
        fact(last, more, Fraction(-40), 150),
        Fact("lesion-size-left-out", {"left": sizes.left_out[0]}, when=day(3), ref=T("Observation/left")),
        Fact("response-stated", {"stated": sizes.stated}, when=day(4), ref=T("Observation/said")),
    ]
    teller = edition.teller(tag)
    sentences = [teller.sentence(teller.own.facts[f.key], f.data) for f in told]
    assert "300 mm²" in sentences[3]
    assert "+50.0 %" in sentences[3]
    assert "−40.0 %" in sentences[6]
    assert "Left femur" in sentences[0]
    assert "SD" in sentences[8]
    assert ("first size", "首次测量")[tag == "zh-CN"] in sentences[0]
    assert ("nothing was left", "已消失")[tag == "zh-CN"] in sentences[5]
    assert ("one diameter only", "径")[tag == "zh-CN"] in sentences[7]
    assert {s.product for s in sizes.on(day(60)).values()} == {200, 0}
    assert sizes.days == (day(60), day(30), day(5), day(2))
    assert first.both == 30
