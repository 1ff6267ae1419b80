"""Which bone a text or a site names, and how many lesions of which kind texts say there are: compared whole."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from cds_service.base.kinds import RequestText
from cds_service.edition import Edition
from cds_service.facts.explained import Fact
from cds_service.facts.lesions import (
    Appeared,
    Counted,
    Kind,
    Lesions,
    Number,
    Told,
    Typed,
    count_of,
    explained,
    lesions,
)
from cds_service.facts.sites import BoneSite, Place, Region
from cds_service.fhir.structs import CodeableConcept, Coding
from tests.build import NOW, SNOMED

T = RequestText
DAY = NOW.date() - timedelta(days=5)


# Places


@pytest.mark.parametrize(
    ("name", "region", "bears"),
    [
        ("spine", "spine", True), ("pelvis", "pelvis", True), ("bone", "unknown", None), ("femur", "long-bone", True),
        ("humerus", "long-bone", False), ("tibia-fibula", "long-bone", True), ("radius-ulna", "long-bone", False),
        ("rib-sternum", "other", False), ("skull", "other", False),
    ],
)  # fmt: skip
def test_regions_and_what_bears_weight(name: str, region: Region, bears: bool | None) -> None:
    assert (BoneSite(name).region, BoneSite(name).weight_bearing) == (region, bears)


@pytest.mark.parametrize(
    ("one", "other", "may_be"),
    [
        ("Left hip hemiarthroplasty", "left femoral neck", True), ("左髋关节置换术", "左股骨颈", True),
        ("Left hip hemiarthroplasty", "right femur", False), ("右髂骨", "右股骨", False), ("髋骨", "股骨", False),
        ("Palliative RT femur", "left femur", True), ("RT to femur", "left femur", True),
        ("Rt femur", "left femur", False), ("hip", "humerus", False),
    ],
)  # fmt: skip
def test_a_hip_may_be_the_neck_of_the_femur(edition: Edition, one: str, other: str, may_be: bool) -> None:
    first, second = (edition.readers.narratives.sites.of((), (text,)).bone for text in (one, other))
    assert first
    assert second
    assert (first.may_be(second), second.may_be(first)) == (may_be, may_be)


LEFT, RIGHT, NONE = BoneSite("femur", "left"), BoneSite("femur", "right"), BoneSite("femur")
T7, T78, SPINE = (BoneSite("spine", None, frozenset(levels)) for levels in (("T7",), ("T7", "T8"), ()))
T9, BONE = BoneSite("spine", None, frozenset({"T9"})), BoneSite("bone")


@pytest.mark.parametrize(
    ("one", "other", "may_be", "is_one"),
    [
        (LEFT, None, True, False), (LEFT, BONE, True, False), (BONE, LEFT, True, False), (BONE, BONE, True, False),
        (LEFT, RIGHT, False, False), (LEFT, NONE, True, True), (NONE, RIGHT, True, True), (LEFT, LEFT, True, True),
        (LEFT, SPINE, False, False), (T7, T78, True, True), (T7, T9, False, False), (T7, SPINE, True, True),
        (SPINE, T9, True, True),
    ],
)  # fmt: skip
def test_whether_two_are_one(one: BoneSite, other: BoneSite | None, may_be: bool, is_one: bool) -> None:
    assert one.may_be(other) is may_be
    assert one.is_one_of((None, other)) is is_one


def bone(name: str, shown: str, side: Any = None, *levels: str) -> Place:
    return Place(BoneSite(name, side, frozenset(levels), T(shown)))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("左股骨", bone("femur", "左股骨", "left")),
        ("Rt humerus", bone("humerus", "Rt humerus", "right")),
        ("双侧股骨，左右均有", bone("femur", "双侧股骨，左右均有")),
        ("第7胸椎、T9椎体", bone("spine", "第7胸椎、T9椎体", None, "T7", "T9")),
        ("胸7、9椎体", bone("spine", "胸7、9椎体", None, "T7", "T9")),
        ("T12~L2椎体", bone("spine", "T12~L2椎体", None, "T12", "L2")),
        ("L1-3椎体", bone("spine", "L1-3椎体", None, "L1", "L2", "L3")),
        ("C5/6 vertebra", bone("spine", "C5/6 vertebra", None, "C5", "C6")),
        ("胸8", bone("spine", "胸8", None, "T8")),
        ("骨", bone("bone", "骨")),
        ("右肺", Place(None, True)),
        ("hair", Place()),
        ("左股骨、T7椎体", bone("femur", "左股骨、T7椎体", "left")),
    ],
)
def test_which_bone_a_text_names(edition: Edition, text: str, place: Place) -> None:
    found = edition.readers.narratives.sites.of((), (text,))
    assert found.bone == place.bone
    assert found.elsewhere is place.elsewhere or found.bone is not None
    assert found.of_bone == place.of_bone


def test_letters_name_a_vertebra_of_a_part_only(edition: Edition) -> None:
    sites = edition.readers.narratives.sites
    assert sites.of((), ("SBRT T8",)) == Place()
    assert sites.of((), ("SBRT T8",), letters=True) == bone("spine", "SBRT T8", None, "T8")
    assert sites.of((), ("bone T8",)).bone == BoneSite("spine", None, frozenset({"T8"}), T("bone T8"))


def test_the_most_closely_named_bone_of_several_wins(edition: Edition) -> None:
    sites = edition.readers.narratives.sites

    def of(*texts: str) -> BoneSite | None:
        first, second = sites.of((), texts).bone, sites.of((), texts[::-1]).bone
        assert first == second
        return first

    assert of("骨", "股骨") == BoneSite("femur", None, frozenset(), T("股骨"))
    assert of("股骨", "左股骨") == BoneSite("femur", "left", frozenset(), T("左股骨"))
    assert of("胸椎", "T7椎体") == BoneSite("spine", None, frozenset({"T7"}), T("T7椎体"))
    assert of("骨", "左侧骨") == BoneSite("bone", "left", frozenset(), T("左侧骨"))
    assert sites.of((), ("右肺", "左股骨")) == Place(BoneSite("femur", "left", frozenset(), T("左股骨")), True)
    assert sites.of((), ("左股骨", "hair")) == Place(BoneSite("femur", "left", frozenset(), T("左股骨")), False)


def test_a_coded_site(edition: Edition) -> None:
    coding = Coding(system=SNOMED, code="310651003", display="Bone structure of proximal femur")
    concept = CodeableConcept(coding=[coding])
    sites = edition.readers.narratives.sites
    found = sites.of((concept,), ("hair",))
    assert found == Place(BoneSite("femur", None, frozenset(), T("Bone structure of proximal femur")))


# Lesions


def read(edition: Edition, *texts: str, of_itself: bool = False, counts: tuple[Counted, ...] = ()) -> Lesions:
    told = (Told(text, DAY - timedelta(days=n), T(f"r{n}"), of_itself) for n, text in enumerate(texts))
    return lesions(told, counts, edition.readers.narratives)


def test_evidence_is_told_whole_the_newest_first(edition: Edition) -> None:
    counts = (Counted("multiple", None, T("o"), T("3")), Counted("solitary", DAY, T("s"), T("1")))
    found = read(edition, "左股骨孤立性溶骨性骨转移，较前新发", "全身多发骨转移。L3成骨性转移。", counts=counts)
    assert found == Lesions(
        (
            counts[1],
            Counted("solitary", DAY, T("r0"), T("左股骨孤立性溶骨性骨转移")),
            Counted("multiple", DAY - timedelta(days=1), T("r1"), T("全身多发骨转移")),
            counts[0],
        ),
        (
            Typed(
                frozenset({"osteolytic"}), BoneSite("femur", "left", frozenset(), T("左股骨孤立性溶骨性骨转移")), DAY,
                T("r0"), T("左股骨孤立性溶骨性骨转移"),
            ),
            Typed(
                frozenset({"osteoblastic"}), BoneSite("spine", None, frozenset({"L3"}), T("L3成骨性转移")),
                DAY - timedelta(days=1), T("r1"), T("L3成骨性转移"),
            ),
        ),
    )  # fmt: skip
    assert found.number == "solitary"
    assert found.newest == found.counted[:2]
    assert found.of_kind("osteoblastic") == found.typed[1]
    assert list(explained(found)) == [
        Fact("lesion-number", {"lesions": found}, when=DAY, ref=T("s")),
        *(Fact("lesion-kind", {"typed": t}, when=t.when, ref=t.ref) for t in found.typed),
    ]
    assert list(explained(Lesions((), ()))) == []


@pytest.mark.parametrize(
    ("text", "of_itself", "number", "words"),
    [
        ("考虑骨转移，多发骨病灶", False, "multiple", "多发骨病灶"),
        ("多发病灶", True, "multiple", "多发病灶"), ("多发病灶", False, None, None),
        ("单发骨转移，多发骨转移", False, "unknown", "单发骨转移"),
        ("骨寡转移", False, "unknown", "骨寡转移"), ("骨转移", False, None, None),
        ("孤立性骨破坏不除外", False, None, None), ("左股骨骨转移，双肺多发结节", False, None, None),
        ("无多发骨转移", False, None, None), ("单发、多发、寡转移骨病灶", False, "unknown", "单发、多发、寡转移骨病灶"),
    ],
)  # fmt: skip
def test_how_many_a_text_says(
    edition: Edition, text: str, of_itself: bool, number: Number | None, words: str | None
) -> None:
    found = read(edition, text, of_itself=of_itself).counted
    assert [(c.number, c.words) for c in found] == ([(number, words)] if number else [])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("双侧多发肋骨骨折", None), ("腰椎多发椎间盘突出", None), ("骨盆多发骨岛", None), ("左髂骨单发骨岛", None),
        ("胸椎多发椎体楔形变", None), ("Multiple vertebral hemangiomas", None),
        ("Diffuse osteopenia of the spine", None),
        ("L1、L3多发血管瘤，T12单发转移", "solitary"), ("多发骨转移并T8压缩性骨折", "multiple"),
        ("双侧多根肋骨转移", "multiple"), ("骨盆两处骨转移灶", "multiple"),
        ("Innumerable osseous metastases", "multiple"),
        ("One lytic lesion in L3", "solitary"), ("左髂骨多发成骨性改变，考虑骨岛", None),
    ],
)  # fmt: skip
def test_a_number_is_one_of_lesions(edition: Edition, text: str, number: Number | None) -> None:
    found = read(edition, text).counted
    assert [c.number for c in found] == ([number] if number else [])


@pytest.mark.parametrize(
    ("text", "kinds", "new"),
    [
        ("左髂骨溶骨性骨质破坏。转移待排。", [], []),
        ("左髂骨骨质破坏；不除外转移。", [], []),
        ("Lytic lesion in L3. Metastasis cannot be excluded.", [], []),
        ("左髂骨骨质破坏。考虑转移。", [["osteolytic"]], []),
        ("左耻骨新出现骨质破坏。考虑转移。", [["osteolytic"]], [True]),
        ("左髂骨成骨性改变。良性可能。L3转移瘤。", [], []),
        ("Sclerotic focus in L3, likely bone island.", [], []),
        ("L3溶骨性破坏，不考虑转移", [], []), ("左髂骨骨质破坏。双肺转移待排。", [["osteolytic"]], []),
    ],
)  # fmt: skip
def test_what_a_lesion_is_may_stand_in_the_next_sentence(
    edition: Edition, text: str, kinds: list[list[Kind]], new: list[bool]
) -> None:
    found = read(edition, text)
    assert [sorted(t.kinds) for t in found.typed] == kinds
    assert [a.confirmed for a in found.appeared] == new


def test_both_of_one_day_contradict() -> None:
    def both(*each: tuple[Number, date | None]) -> Lesions:
        return Lesions(tuple(Counted(n, when, T("r"), T("x")) for n, when in each), ())

    one = both(("solitary", DAY), ("multiple", DAY))
    assert (one.contradicting, one.number) == (True, "unknown")
    other = both(("solitary", DAY), ("multiple", DAY - timedelta(days=1)))
    assert (other.contradicting, other.number) == (False, "solitary")
    assert (both().contradicting, both().number, both().newest) == (False, "unknown", ())
    assert both(("unknown", DAY), ("solitary", DAY)).number == "unknown"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("左髂骨溶骨性骨破坏", ["osteolytic"]), ("L3成骨性转移", ["osteoblastic"]),
        ("骨盆混合性骨转移", ["osteoblastic", "osteolytic"]),
        ("Lytic and sclerotic lesions of the pelvis", ["osteoblastic", "osteolytic"]), ("骨盆骨转移", []),
        ("骨盆溶骨性、成骨性骨病灶", ["osteoblastic", "osteolytic"]),
        ("骨盆多发溶骨性、成骨性骨转移", ["osteoblastic", "osteolytic"]),
        ("左髂骨骨破坏不除外，成骨性？", []),
    ],
)  # fmt: skip
def test_of_which_kind_a_text_says(edition: Edition, text: str, kinds: list[Kind]) -> None:
    found = read(edition, text).typed
    assert [sorted(t.kinds) for t in found] == ([kinds] if kinds else [])


@pytest.mark.parametrize(
    ("text", "of_itself", "new"),
    [
        ("左股骨新发骨转移", False, (True, "femur", "左股骨新发骨转移")),
        ("较前片，左股骨新发骨转移", False, (True, "femur", "左股骨新发骨转移")),
        ("左股骨新发浓聚，骨转移不除外", False, (False, "femur", "左股骨新发浓聚")),
        ("L1新发压缩性骨折，考虑骨转移", False, None),
        ("左股骨新发病变", False, None),
        ("新发骨转移", False, (True, "bone", "新发骨转移")),
        ("新发转移灶", True, (True, None, "新发转移灶")),
        ("新发转移灶", False, None),
        ("新发肺转移，骨转移同前", False, None),
        ("左股骨骨转移", False, None),
        ("左股骨新发溶骨性破坏", False, None),
        ("左股骨新发骨转移，L3骨转移待排", False, (True, "femur", "左股骨新发骨转移")),
    ],
)
def test_what_a_text_calls_new(
    edition: Edition, text: str, of_itself: bool, new: tuple[bool, str | None, str] | None
) -> None:
    found = read(edition, text, of_itself=of_itself).appeared
    assert [(a.confirmed, a.site and a.site.name, a.text) for a in found] == ([new] if new else [])
    for each in found:
        assert each == Appeared(each.confirmed, each.site, DAY, T("r0"), each.text)


@pytest.mark.parametrize(
    ("value", "comparator", "number"),
    [
        ("0", None, "unknown"), ("000", None, "unknown"), ("1", None, "solitary"),
        ("2", None, "multiple"), ("999", None, "multiple"),
        ("1000", None, "unknown"), ("1处", None, "solitary"), ("共3处", None, "multiple"), ("1 of 2", None, "unknown"),
        ("none", None, "unknown"), ("0", ">", "unknown"), ("1", ">", "multiple"), ("1", ">=", "unknown"),
        ("2", ">=", "multiple"), ("2", "<", "unknown"), ("1", "<=", "unknown"), ("." * 59 + "1", None, "solitary"),
        ("." * 60 + "1", None, "unknown"), ("1" + "." * 59 + "2", None, "solitary"),
    ],
)  # fmt: skip
def test_what_a_number_of_lesions_says(value: str, comparator: str | None, number: Number) -> None:
    assert count_of(value, comparator) == number
