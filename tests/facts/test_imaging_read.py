"""Which examinations of the skeleton are on record, compared whole: kind, day, place, path and what the report says;
and which of them a rule is told of."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from cds_service.base.kinds import RequestText
from cds_service.edition import Edition
from cds_service.facts.activities import Activities, Activity, How
from cds_service.facts.explained import Fact
from cds_service.facts.imaging import Imaging, Reading, Study, explained
from cds_service.facts.sites import BoneSite, Place
from tests.build import NOW, PATIENT, SNOMED, Json, ago
from tests.facts.whole import facts_of

T = RequestText
TODAY = NOW.date()
STANDS = 180
SUBJECT = {"reference": f"Patient/{PATIENT}"}
POSITIVE, EQUIVOCAL, NEGATIVE = "10828004", "42425007", "260385009"
FEMUR = Place(BoneSite("femur", "left"))
LUNG = Place(None, True)


def named(text: str) -> Place:
    return Place(BoneSite("bone", None, frozenset(), T(text)))


def day(days_ago: int) -> date:
    return TODAY - timedelta(days=days_ago)


def made(kind: str, text: str, **members: Any) -> Json:
    told = {"resourceType": kind, "id": "r", "status": "final", "code": {"text": text}, "subject": SUBJECT}
    return {k: v for k, v in (told | members).items() if v is not None}


def report(conclusion: str | None, text: str = "Bone scan", **members: Any) -> Json:
    return made("DiagnosticReport", text, **{"effectiveDateTime": ago(5), "conclusion": conclusion} | members)


def result(value: str | None, text: str = "骨扫描", **members: Any) -> Json:
    return made("Observation", text, **{"effectiveDateTime": ago(5), "valueString": value} | members)


def studies(edition: Edition, *resources: Json) -> tuple[Study, ...]:
    return facts_of(edition, *resources).imaging.all


def finding(code: str) -> Json:
    return {"coding": [{"system": SNOMED, "code": code}]}


# What is read


def test_a_report_and_a_result_are_read_whole(edition: Edition) -> None:
    text = "左股骨见浓聚灶，考虑骨转移。 余骨未见异常。"
    assert studies(edition, report(text)) == (
        Study("bone-scan", "done", day(5), named("Bone scan"), T("DiagnosticReport/r"), T("Bone scan"), "positive",
              T("考虑骨转移"), False, True, False),
    )  # fmt: skip
    assert studies(edition, result(text, status="preliminary")) == (
        Study("bone-scan", "done", day(5), named("骨扫描"), T("Observation/r"), T("骨扫描"), "positive",
              T("考虑骨转移"), True, True, False),
    )  # fmt: skip
    plain = report("Please correlate.", "CT chest", status="partial", id=None)
    (found,) = studies(edition, plain)
    assert found == Study(
        "ct", "done", day(5), found.place, T("DiagnosticReport/?"), T("CT chest"), "not-read", T("Please correlate."),
        True, False, False,
    )  # fmt: skip
    assert found.place.of_bone == "no"
    assert studies(edition, result(None, id=None)) == (
        Study("bone-scan", "done", day(5), named("骨扫描"), T("Observation/?"), T("骨扫描"), "not-read"),
    )


def test_an_examination_without_a_report_is_one(edition: Edition) -> None:
    done = made("Procedure", "MRI of the left femur", status="completed", performedDateTime=ago(9))
    asked = made("ServiceRequest", "PET-CT", id="s", status="active", intent="order", authoredOn=ago(3))
    other = made("Procedure", "Bone biopsy", id="b", status="completed", performedDateTime=ago(9))
    scanned, ordered = studies(edition, done, asked, other)
    text = "MRI of the left femur"
    place = Place(BoneSite("femur", "left", frozenset(), T(text)))
    assert scanned == Study(scanned.kind, "done", day(9), place, T("Procedure/r"), T(text))
    assert scanned.kind in ("mri", "mri-bone")
    assert ordered == Study("pet-ct", "ordered", day(3), Place(), T("ServiceRequest/s"), T("PET-CT"))


def test_what_is_no_study_is_none(edition: Edition) -> None:
    assert studies(edition, report("骨转移", "Blood count"), result("骨转移", "ECOG")) == ()
    assert studies(edition, result("骨转移", status="registered"), report("骨转移", status="cancelled")) == ()


@pytest.mark.parametrize(
    ("status", "reading"), [("FINAL", "positive"), ("Amended", "positive"), (None, "not-read"), ("unknown", "not-read")]
)
def test_a_report_whose_status_nobody_states_was_done_and_is_not_read(
    edition: Edition, status: str | None, reading: str
) -> None:
    found = studies(edition, result("骨转移", status=status), report("骨转移", status=status))
    assert [study.reading for study in found] == [reading, reading]
    assert studies(edition, report("骨转移", None, code=None)) == ()
    reads = {s.ref for s in studies(edition, result("x", "ECOG", id="n"), result("x", id="y"), result("x", "MRI"))}
    assert reads == {"Observation/y", "Observation/r"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("PET-CT", "pet-ct"), ("PET/MRI", "pet-mri"), ("Whole body MRI", "mri-whole-body"), ("MRI", "mri"),
        ("CT", "ct"), ("骨扫描", "bone-scan"),
    ],
)  # fmt: skip
def test_of_several_kinds_the_closest_named_one_only(edition: Edition, name: str, kind: str) -> None:
    assert [s.kind for s in studies(edition, report("x", name), result("x", name))] == [kind, kind]


PERIOD = {"start": ago(9), "end": ago(7)}


@pytest.mark.parametrize(
    ("members", "when"),
    [
        ({"effectiveDateTime": ago(5), "effectivePeriod": PERIOD, "issued": f"{ago(2)}T08:00:00Z"}, day(5)),
        ({"effectivePeriod": PERIOD, "issued": f"{ago(2)}T08:00:00Z"}, day(7)),
        ({"effectivePeriod": {"start": ago(9)}, "issued": f"{ago(2)}T08:00:00Z"}, day(9)),
        ({"issued": f"{ago(2)}T08:00:00Z"}, day(2)),
        ({}, None),
    ],
)
def test_on_which_day(edition: Edition, members: Json, when: date | None) -> None:
    one = {"effectiveDateTime": None} | members
    assert [s.when for s in studies(edition, report("x", **one))] == [when]
    assert [s.when for s in studies(edition, result("x", **one))] == [when]


def test_a_result_of_an_instant_is_of_its_day(edition: Edition) -> None:
    moment = {"effectiveDateTime": None, "effectiveInstant": f"{ago(4)}T08:00:00Z", "effectivePeriod": PERIOD}
    assert [s.when for s in studies(edition, result("x", **moment))] == [day(4)]


def test_codes_of_a_report_and_of_a_result(edition: Edition) -> None:
    def read(resource: Json) -> tuple[Reading | None, str | None]:
        (found,) = studies(edition, resource)
        return found.reading, found.words

    two = [finding(NEGATIVE), finding(POSITIVE)]
    assert read(report(None, conclusionCode=two)) == ("positive", None)
    assert read(report(None, conclusionCode=two[::-1])) == ("positive", None)
    assert read(report(None, conclusionCode=[finding(NEGATIVE)])) == ("negative", None)
    assert read(report(None, conclusionCode=[finding("94222008"), finding(NEGATIVE)])) == ("positive", None)
    assert read(report(None, codedDiagnosis=[finding(POSITIVE)])) == ("positive", None)
    assert read(result(None, interpretation=two)) == ("positive", None)
    assert read(result(None, valueCodeableConcept=finding(EQUIVOCAL))) == ("equivocal", None)
    assert read(result(None, valueCodeableConcept={"text": "考虑骨转移"})) == ("positive", "考虑骨转移")
    words = {"text": "考虑骨转移"}
    assert read(result("未见骨转移", valueCodeableConcept=words)) == ("negative", "未见骨转移")
    assert read(result("未见骨转移", interpretation=[finding(POSITIVE)]))[0] == "equivocal", "against each other"


@pytest.mark.parametrize(
    ("conclusion", "reading", "words", "spine"),
    [
        ("L3椎体骨转移。", "positive", "L3椎体骨转移", True),
        ("L3椎体未见骨转移。", "negative", "L3椎体未见骨转移", False),
        ("L3椎体浓聚，转移待排。", "equivocal", "转移待排", True),
        ("骨髓弥漫性转移。", "positive", "骨髓弥漫性转移", True),
        ("左股骨浓聚，考虑骨转移。骨盆骨转移。", "positive", "考虑骨转移", False),
        ("左股骨骨转移。L3椎体未见骨转移。", "positive", "左股骨骨转移", False),
        ("L3椎体骨转移。左股骨骨转移。", "positive", "L3椎体骨转移", True),
        ("左股骨骨质破坏，较前相仿，考虑骨转移", "positive", "考虑骨转移", False),
        ("检查顺利，双膝关节浓聚，考虑退行性变", "negative", None, False),
        ("请结合临床", "not-read", "请结合临床", False),
        ("与前片比较，L3椎体浓聚", "equivocal", "L3椎体浓聚", True),
        ("检查顺利，骨扫描阳性", "positive", "骨扫描阳性", False),
        ("检查顺利，骨扫描阴性", "negative", "骨扫描阴性", False),
        ("No abnormality of the skeleton.", "negative", "No abnormality of the skeleton", False),
    ],
)
def test_what_decides_is_quoted_and_whether_it_is_of_the_spine(
    edition: Edition, conclusion: str, reading: Reading, words: str | None, spine: bool
) -> None:
    (found,) = studies(edition, report(conclusion))
    assert (found.reading, found.spine) == (reading, spine)
    if words:
        assert found.words == words


# Which one counts


def it(
    name: str, kind: str = "mri", how: How = "done", days_ago: int | None = 5, place: Place = FEMUR,
    reading: Reading | None = None,
) -> Study:  # fmt: skip
    when = None if days_ago is None else day(days_ago)
    return Study(kind, how, when, place, T(name), T(kind), reading)


def all_(*those: Study, activities: tuple[Activity, ...] = ()) -> Imaging:
    return Imaging(those, Activities(activities, TODAY, STANDS))


def ref(found: Study | None) -> str | None:
    return found and found.ref


@pytest.mark.parametrize(
    ("kind", "names_bone", "place", "of_bone"),
    [
        *((kind, False, LUNG, "yes") for kind in ("bone-scan", "naf-pet", "mri-bone", "ct-bone")),
        *((kind, False, LUNG, "no") for kind in ("mri", "ct", "pet-ct", "pet-mri", "mri-whole-body")),
        ("ct", False, Place(), "unknown"), ("ct", False, FEMUR, "yes"), ("ct", True, LUNG, "yes"),
    ],
)  # fmt: skip
def test_whether_it_is_of_bone(kind: str, names_bone: bool, place: Place, of_bone: str) -> None:
    assert Study(kind, "done", None, place, T("r"), T("x"), names_bone=names_bone).of_bone == of_bone


def test_the_latest_report_and_the_latest_one_done_of_a_kind() -> None:
    old, new = it("z", reading="positive", days_ago=9), it("b", reading="negative", days_ago=3)
    same = it("c", reading="not-read", days_ago=3)
    bare, undated = it("y", days_ago=2), it("x", reading="positive", days_ago=None)
    ordered, other = it("w", how="ordered", days_ago=1), it("v", "ct", reading="positive", days_ago=0)
    for those in ((old, new, same, bare, undated, ordered, other), (other, ordered, undated, bare, same, new, old)):
        assert ref(all_(*those).last("mri")) == "c", "of one day, by its path"
        assert ref(all_(*those).last_done("mri")) == "y"
    for two in ((same, new), (new, same)):
        assert ref(all_(old, *two).last_done("mri")) == "b", "of one day the one that can be read"
    read, unread = it("a", reading="equivocal"), it("b")
    assert ref(all_(read, unread).last_done("mri")) == ref(all_(unread, read).last_done("mri")) == "a"
    assert ref(all_(undated, ordered, other).last("mri")) is None
    assert ref(all_(undated, ordered, other).last_done("mri")) is None
    assert ref(all_(it("a"), it("b")).last_done("mri")) == "b"


def test_the_newest_scan_of_a_window() -> None:
    def scan(name: str, days_ago: int | None, reading: Reading | None = None, how: How = "done") -> Study:
        return it(name, "bone-scan", how, days_ago, Place(), reading)

    old, edge = scan("z", 31, "positive"), scan("y", 30)
    assert ref(all_(old, edge).newest_scan(30)) == "y"
    assert ref(all_(old).newest_scan(30)) is None
    read, unread, bare = scan("a", 3, "negative"), scan("b", 3, "not-read"), scan("c", 3)
    for those in ((read, unread, bare), (bare, unread, read)):
        assert ref(all_(old, edge, *those).newest_scan(30)) == "a", "of one day a report that can be read"
    assert ref(all_(unread, bare).newest_scan(30)) == "c", "of two that cannot, by its path"
    assert ref(all_(scan("b", 3, "negative"), read).newest_scan(30)) == "b"
    assert ref(all_(scan("a", None), scan("b", 2, how="ordered"), it("c", "mri")).newest_scan(30)) is None


def test_what_was_arranged() -> None:
    assert ref(all_(it("a", "bone-scan", days_ago=30), it("b", "ct")).arranged(30, "bone-scan")) == "a"
    assert ref(all_(it("a", "bone-scan", days_ago=31)).arranged(30, "bone-scan")) is None
    assert ref(all_(it("a", "mri", place=LUNG)).arranged(30, "mri")) is None
    assert ref(all_(it("a", "mri", place=Place())).arranged(30, "mri", "ct")) == "a"
    ordered = it("b", how="ordered", days_ago=STANDS)
    assert ref(all_(it("a", days_ago=9), ordered).arranged(30, "mri")) == "a"
    assert ref(all_(it("c", days_ago=40), ordered).arranged(30, "mri")) == "b"
    assert ref(all_(it("b", how="ordered", days_ago=STANDS + 1)).arranged(30, "mri")) is None
    assert ref(all_(it("a", how="booked", days_ago=1)).arranged(30, "mri")) is None
    ahead = it("a", how="ordered", days_ago=None)
    assert ref(all_(it("b", days_ago=0), ahead).arranged(30, "mri")) == "a", "without a day it is yet to come"
    assert ref(all_(it("b"), it("a")).arranged(30, "mri")) == "b"


CLOSER = [
    ("mri", FEMUR, True), ("mri", Place(), True), ("mri", LUNG, False), ("mri-bone", LUNG, True),
    ("mri-whole-body", Place(), True), ("pet-mri", Place(), True), ("pet-ct", Place(), True), ("ct-bone", LUNG, True),
    ("ct", FEMUR, True), ("ct", Place(), False), ("ct", LUNG, False), ("bone-scan", FEMUR, False),
    ("naf-pet", FEMUR, False),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "place", "closer"), CLOSER)
def test_what_is_a_closer_look(kind: str, place: Place, closer: bool) -> None:
    one = all_(it("a", kind, place=place))
    assert ref(one.worked_up(day(5))) == ref(one.closer_look_before(day(4))) == ("a" if closer else None)


@pytest.mark.parametrize(
    ("how", "days_ago", "counts"),
    [
        ("done", 9, True), ("done", 10, True), ("done", 11, False), ("done", None, False),
        ("ordered", 9, True), ("ordered", 10, True), ("ordered", 11, False), ("ordered", None, True),
        ("ordered", -3, True), ("booked", 1, False), ("booked", 0, True), ("booked", None, True),
    ],
)  # fmt: skip
def test_whether_something_was_worked_up_since_a_day(how: How, days_ago: int | None, counts: bool) -> None:
    assert ref(all_(it("a", how=how, days_ago=days_ago)).worked_up(day(10))) == ("a" if counts else None)
    counted = "a" if counts and (days_ago is None or days_ago < 10) else "b" if not counts or how == "done" else None
    if counted and days_ago != 10:
        assert ref(all_(it("a", how=how, days_ago=days_ago), it("b", days_ago=10)).worked_up(day(10))) == counted


def test_an_order_that_is_forgotten_works_nothing_up() -> None:
    assert ref(all_(it("a", how="ordered", days_ago=STANDS)).worked_up(day(999))) == "a"
    assert ref(all_(it("a", how="ordered", days_ago=STANDS + 1)).worked_up(day(999))) is None


def test_a_biopsy_works_up_where_nothing_was_examined() -> None:
    def biopsy(how: How, days_ago: int) -> Activity:
        return Activity(frozenset({"bone-biopsy"}), how, day(days_ago), FEMUR, T("Needle"), T("Procedure/b"))

    done = biopsy("done", 5)
    assert all_(activities=(done,)).worked_up(day(5)) == Study(
        "bone-biopsy", "done", day(5), FEMUR, T("Procedure/b"), T("Needle")
    )
    assert all_(activities=(done,)).worked_up(day(4)) is None
    found = all_(activities=(biopsy("ordered", 3),)).worked_up(day(4))
    assert found
    assert (found.how, found.when) == ("ordered", day(3))
    assert ref(all_(it("a"), activities=(done,)).worked_up(day(5))) == "a"


def test_the_latest_closer_look_before_a_day() -> None:
    old, new, same = it("z", days_ago=9), it("a", days_ago=6), it("b", days_ago=6)
    late, ordered = it("y", days_ago=5), it("x", how="ordered", days_ago=6)
    undated = it("w", days_ago=None)
    for those in ((old, new, same, late, ordered, undated), (undated, ordered, late, same, new, old)):
        assert ref(all_(*those).closer_look_before(day(5))) == "b"
        assert ref(all_(*those).closer_look_before(day(9))) is None
    assert ref(all_(undated).closer_look_before(day(5))) is None
    assert ref(all_(ordered).closer_look_before(day(5))) is None


def test_only_what_was_reported_is_told_as_a_study() -> None:
    told, bare, nameless = (
        it("DiagnosticReport/a", reading="not-read"),
        it("b"),
        it("Observation/?", reading="negative"),
    )
    assert list(explained(all_(told, bare, nameless))) == [
        Fact("study", {"study": told}, when=day(5), ref=T("DiagnosticReport/a")),
        Fact("study", {"study": nameless}, when=day(5)),
    ]
