"""What the list of diagnoses says of the skeleton, of spread and of cancer, compared whole."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from cds_service.base.kinds import RequestText
from cds_service.edition import Edition
from cds_service.facts.diagnoses import Diagnoses, Diagnosis, diagnoses
from cds_service.facts.diagnoses import explained as diagnoses_explained
from cds_service.facts.explained import Fact
from cds_service.facts.facts import Facts
from cds_service.facts.sites import BoneSite
from cds_service.facts.skeleton import CORD, METASTASIS, Sign, Skeleton, explained
from cds_service.facts.spread import Deposit, Spread
from cds_service.facts.spread import explained as spread_explained
from cds_service.fhir.structs import Condition
from cds_service.record.bundles import readable
from tests.build import ICD10CM, NOW, PATIENT, SNOMED, Json, ago
from tests.facts.whole import facts_of

T = RequestText


def day(days_ago: int) -> date:
    return NOW.date() - timedelta(days=days_ago)


def named(name: str, text: str | None, **members: Any) -> Json:
    made: Json = {"resourceType": "Condition", "id": name, "subject": {"reference": f"Patient/{PATIENT}"}}
    told = {"code": {"text": text}} if text else {}
    return {k: v for k, v in (made | told | members).items() if v is not None}


def coded(name: str, code: str, system: str = ICD10CM, **members: Any) -> Json:
    return named(name, None, code={"coding": [{"system": system, "code": code}]}, **members)


def status(clinical: str | None = None, verified: str | None = None) -> Json:
    members = {"clinicalStatus": clinical, "verificationStatus": verified}
    return {k: {"coding": [{"code": v}]} for k, v in members.items() if v}


def read(edition: Edition, *resources: Json) -> Facts:
    return facts_of(edition, *resources)


def sign(concept: str, name: str, text: str, **members: Any) -> Sign:
    told: Json = {"confirmed": True, "active": True, "site": None, "when": None}
    return Sign(concept, ref=T(f"Condition/{name}"), text=T(text), **(told | members))


def bone(name: str, shown: str, side: Any = None, *levels: str) -> BoneSite:
    return BoneSite(name, side, frozenset(levels), T(shown))


# The skeleton


def test_signs_are_read_whole_the_earliest_first(edition: Edition) -> None:
    visit = [{"coding": [{"code": "problem-list-item"}]}, {"coding": [{"code": "encounter-diagnosis"}]}]
    found = read(
        edition,
        named("undated", "骨痛"),
        named("late", "左股骨骨转移", onsetDateTime=ago(5), recordedDate=ago(50), category=visit),
        named("early", "骨转移待排", recordedDate=ago(30), category=visit),
        named("spine", "颈椎病伴脊髓压迫", recordedDate=ago(9), **status("resolved")),
        named(
            "site",
            "Bone metastasis",
            recordedDate=ago(8),
            bodySite=[{"text": "Left femur"}],
            **status(None, "provisional"),
        ),
        named("none", "肺癌", recordedDate=ago(9)),
        named("refuted", "骨转移", **status(None, "refuted")),
        named("coded", None),
        coded("", "C79.51", recordedDate=ago(7), abatementDateTime=ago(-3)) | {"id": None},
        coded("over", "C79.51", recordedDate=ago(6), abatementDateTime=ago(3)),
    ).skeleton.all
    assert [s for s in found if s.ref != "Condition/spine"] == [
        sign(METASTASIS, "early", "骨转移待排", confirmed=False, when=day(30), visit=True,
             site=bone("bone", "骨转移待排")),
        sign(METASTASIS, "site", "Bone metastasis", confirmed=False, when=day(8),
             site=bone("femur", "Left femur", "left")),
        sign(METASTASIS, "?", "C79.51", when=day(7)),
        sign(METASTASIS, "over", "C79.51", when=day(6), active=False),
        sign(METASTASIS, "late", "左股骨骨转移", site=bone("femur", "左股骨骨转移", "left"), when=day(5)),
        sign("bone-pain", "undated", "骨痛", site=bone("bone", "骨痛")),
    ]  # fmt: skip
    site = bone("spine", "颈椎病伴脊髓压迫")
    more = {"active": False, "site": site, "when": day(9)}
    assert [s for s in found if s.ref == "Condition/spine"] == [
        sign("degenerative-spine", "spine", "颈椎病伴脊髓压迫", **more),
        sign(CORD, "spine", "颈椎病伴脊髓压迫", **more, degenerative=True),
    ]  # fmt: skip
    assert [s.ref for s in found][:3] == ["Condition/early", "Condition/spine", "Condition/spine"]


def test_what_a_broad_code_says_is_no_sign(edition: Edition) -> None:
    assert read(edition, coded("a", "M89.8")).skeleton.all == ()
    assert read(edition, coded("a", "443395009", SNOMED)).skeleton.all == ()


def test_which_signs_are_asked_for() -> None:
    femur, hip = BoneSite("femur", "left"), BoneSite("femur", "right")
    spine = BoneSite("spine", None, frozenset({"T7"}))
    here = sign(METASTASIS, "a", "x", site=femur)
    there = sign(METASTASIS, "b", "x", site=hip, confirmed=False)
    cord = sign(CORD, "c", "x")
    over = sign(METASTASIS, "d", "x", active=False, site=femur)
    doubt = sign(METASTASIS, "e", "x", active=False, confirmed=False)
    vague = sign(METASTASIS, "f", "x")
    found = Skeleton((here, there, cord, over, doubt, vague))
    assert found.found(METASTASIS) == (here, vague)
    assert found.found(METASTASIS, CORD) == (here, cord, vague)
    assert found.suspected(METASTASIS) == (there,)
    assert found.suspected(CORD) == ()
    assert found.about(None, METASTASIS) == (here, there, vague)
    assert found.about(femur, METASTASIS, CORD) == (here, vague)
    assert found.about(spine, METASTASIS, CORD) == (cord, vague)
    assert [Skeleton((s,)).metastatic for s in found.all] == [True, False, False, False, False, True]
    assert [Skeleton((s,)).ever_metastatic for s in found.all] == [True, False, False, True, False, True]
    assert list(explained(Skeleton((here, sign(CORD, "?", "x", when=day(3)))))) == [
        Fact("sign", {"sign": here}, ref=T("Condition/a")),
        Fact("sign", {"sign": sign(CORD, "?", "x", when=day(3))}, when=day(3)),
    ]


# Spread


def test_deposits_are_read_whole(edition: Edition) -> None:
    found = read(
        edition,
        coded("nothing", "E11.9") | {"code": None},
        named("over", "肝转移", **status("resolved")),
        named("gone", "肝转移", abatementDateTime=ago(3)),
        named("refuted", "肝转移", **status(None, "refuted")),
        named("liver", "肝转移", onsetDateTime=ago(9), recordedDate=ago(2), abatementDateTime=ago(-3)),
        named("words", "无脑转移；肝转移", recordedDate=ago(2)),
        named("brain", "无肝转移。肝转移？", recordedDate=ago(2)),
        coded("", "C78.7") | {"id": None},
    ).spread
    assert found == Spread((
        Deposit(T("肝转移"), day(9), T("Condition/liver")),
        Deposit(T("无脑转移；肝转移"), day(2), T("Condition/words")),
        Deposit(T("无肝转移。肝转移？"), day(2), T("Condition/brain")),
        Deposit(T("C78.7"), None, T("Condition/?")),
    ))  # fmt: skip
    assert found.first == found.all[0]
    assert Spread().first is None
    first, last = found.all[0], found.all[-1]
    assert list(spread_explained(Spread((first, last)))) == [
        Fact("deposit", {"deposit": first}, when=day(9), ref=T("Condition/liver")),
        Fact("deposit", {"deposit": last}),
    ]


# Diagnoses


def test_diagnoses_are_read_whole(edition: Edition) -> None:
    found = read(
        edition,
        named("wrong", "骨转移", **status(None, "entered-in-error")),
        named("ahead", "骨转移", recordedDate=ago(-1)),
        named("late", "骨转移", onsetDateTime=ago(9), recordedDate=ago(0)),
        coded("coded", "C34.11", recordedDate=ago(3), **status("remission", "provisional")),
        named("over", "骨转移", abatementDateTime=ago(3)),
        named("past", "乳腺癌术后", onsetDateTime=ago(900)),
        named("no", "乳腺癌术后", **status(None, "refuted")),
        named("", "History of breast cancer", id=None),
        named("two", "骨转移", code={"text": "骨转移", "coding": [{"system": ICD10CM, "code": "C79.51"}] * 2}),
        coded("broad", "K10.2", "http://hl7.org/fhir/sid/icd-10"),
        named("none", None),
    ).diagnoses

    def it(concept: str, name: str, text: str, when: date | None, *, active: bool = True, **more: Any) -> Diagnosis:
        return Diagnosis(concept, active, T(text), T(f"Condition/{name}"), when, **more)

    assert found == Diagnoses((
        it("bone-metastasis", "late", "骨转移", day(9), by_name=True),
        it("lung-cancer", "coded", "C34.11", day(3), confirmed=False, remission=True),
        it("bone-metastasis", "over", "骨转移", None, active=False, by_name=True),
        it("other-primary-cancer", "past", "乳腺癌术后", day(900), active=False),
        it("other-primary-cancer", "?", "History of breast cancer", None, active=False),
        it("bone-metastasis", "two", "骨转移", None),
    ))  # fmt: skip


def test_diagnoses_are_told_the_active_ones_first() -> None:
    over = Diagnosis("fever", False, T("x"), T("Condition/a"), day(3))
    here = Diagnosis("lung-cancer", True, T("x"), T("Condition/?"), None)
    told = [Fact("diagnosis", {"diagnosis": here}), Fact("diagnosis", {"diagnosis": over}, when=day(3), ref=over.ref)]
    assert list(diagnoses_explained(Diagnoses((over, here)))) == told
    assert list(diagnoses_explained(Diagnoses((over,)))) == [told[1], Fact("diagnoses-none")]


def test_what_was_recorded_after_today_is_none_whenever_it_began(edition: Edition) -> None:
    def refs(*conditions: Json) -> list[str]:
        read_ = [readable.decode(msgspec.json.encode(c)) for c in conditions]
        found = diagnoses([c for c in read_ if isinstance(c, Condition)], edition.terminology, NOW)
        return [d.ref for d in found]

    ahead = named("ahead", "骨转移", onsetDateTime=ago(9), recordedDate=ago(-1))
    today = named("today", "骨转移", recordedDate=ago(0))
    wrong = named("wrong", "骨转移", **status(None, "entered-in-error"))
    assert refs(ahead, wrong, today) == ["Condition/today"]
    two = [{"system": ICD10CM, "code": code} for code in ("C79.51", "C34.11", "C34.12")]
    assert refs(named("two", None, code={"coding": two})) == ["Condition/two"] * 2


def test_another_cancer_of_the_past_beside_one_of_today(edition: Edition) -> None:
    found = read(edition, named("a", "肺癌，乳腺癌术后")).diagnoses
    assert {(d.concept, d.active) for d in found.all} == {("lung-cancer", True), ("other-primary-cancer", False)}


@pytest.mark.parametrize("member", ["confirmed", "remission"])
def test_which_diagnoses_stand(member: str) -> None:
    plain = Diagnosis("lung-cancer", True, T("x"), T("a"), None)
    other = Diagnosis("bone-metastasis", True, T("x"), T("b"), None)
    doubt = Diagnosis("lung-cancer", True, T("x"), T("c"), None, **{member: member == "remission"})
    over = Diagnosis("lung-cancer", False, T("x"), T("d"), None)
    found = Diagnoses((plain, other, doubt, over))
    assert found.standing("lung-cancer") == (plain,)
    assert found.found("lung-cancer") == (plain, doubt)
    assert found.found("lung-cancer", "bone-metastasis") == (plain, other, doubt)
    assert found.active == {"lung-cancer", "bone-metastasis"}
    ended = Diagnoses((over,))
    assert (ended.has("lung-cancer"), ended.ever("lung-cancer"), ended.ever("fever")) == (False, True, False)
    assert found.has("fever", "lung-cancer")
