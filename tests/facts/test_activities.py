"""Which examination or treatment counts: done, ordered or booked, of this bone or of another, and until when."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cds_service.base.kinds import RequestText
from cds_service.facts.activities import Activities, Activity, How
from cds_service.facts.sites import BoneSite, Place
from tests.build import NOW

TODAY = NOW.date()
STANDS = 180
FEMUR, OTHER_FEMUR = BoneSite("femur", "left"), BoneSite("femur", "right")
BONE, PELVIS = BoneSite("bone"), BoneSite("pelvis")
OF_LUNG = Place(None, elsewhere=True)


def day(days_ago: int | None) -> date | None:
    return None if days_ago is None else TODAY - timedelta(days=days_ago)


def it(
    ref: str, what: str, how: How = "done", days_ago: int | None = 5, place: Place | BoneSite | None = None
) -> Activity:
    where = place if isinstance(place, Place) else Place(place)
    return Activity(frozenset({what}), how, day(days_ago), where, RequestText(what), RequestText(ref))


def all_(*those: Activity) -> Activities:
    return Activities(those, TODAY, STANDS)


def ref(found: Activity | None) -> str | None:
    return found and found.ref


ARRANGED = [
    # done: in the window, both ends of it
    ("done", 0, True), ("done", 30, True), ("done", 31, False), ("done", -1, False), ("done", None, False),
    # ordered: as long as orders stand, and without a day
    ("ordered", 0, True), ("ordered", STANDS, True), ("ordered", STANDS + 1, False), ("ordered", -9, True),
    ("ordered", None, True),
    # booked: for today or later
    ("booked", 0, True), ("booked", -9, True), ("booked", 1, False), ("booked", None, True),
]  # fmt: skip


@pytest.mark.parametrize(("how", "days_ago", "counts"), ARRANGED)
def test_what_is_arranged(how: How, days_ago: int | None, counts: bool) -> None:
    one = it("a", "mri", how, days_ago)
    assert all_(one).is_arranged(one, 30) is counts
    assert ref(all_(one).arranged(30, "mri")) == ("a" if counts else None)
    assert all_(one).arranged(30, "ct") is None
    assert ref(all_().arranged(30, among=[one])) == ("a" if counts else None)


def test_of_several_the_latest_is_named_and_one_without_a_day_is_yet_to_come() -> None:
    three = (it("a", "mri", days_ago=9), it("b", "mri", days_ago=2), it("c", "ct", days_ago=1))
    assert ref(all_(*three).arranged(30, "mri")) == "b"
    assert ref(all_(*three).arranged(30, "mri", "ct")) == "c"
    assert ref(all_(*three, it("d", "mri", "ordered", None)).arranged(30, "mri")) == "d"
    assert ref(all_(it("a", "mri"), it("b", "mri")).arranged(30, "mri")) == "b"
    assert [a.ref for a in all_(*three).of("mri")] == ["a", "b"]


SINCE = TODAY - timedelta(days=100)


@pytest.mark.parametrize(
    ("one", "sites", "counts"),
    [
        (it("a", "bone-biopsy", days_ago=100), (), True),
        (it("a", "bone-biopsy", days_ago=101), (), False),
        (it("a", "bone-biopsy", days_ago=101, place=FEMUR), (FEMUR,), True),
        (it("a", "bone-biopsy", days_ago=101, place=FEMUR), (OTHER_FEMUR, None), False),
        (it("a", "bone-biopsy", days_ago=None), (), False),
        (it("a", "bone-biopsy", "ordered", None), (), True),
        (it("a", "bone-biopsy", "ordered", STANDS + 1), (), False),
        (it("a", "bone-biopsy", "booked", -3), (), True),
        (it("a", "bone-biopsy", "booked", 3), (), False),
        (it("a", "biopsy", days_ago=3), (), False),
        (it("a", "biopsy", days_ago=3, place=FEMUR), (), True),
        (it("a", "biopsy", days_ago=3, place=OF_LUNG), (), False),
        (it("a", "mri", days_ago=3, place=FEMUR), (), False),
    ],
)
def test_which_biopsy_is_one_of_bone(one: Activity, sites: tuple[BoneSite | None, ...], counts: bool) -> None:
    assert ref(all_(one).bone_biopsy(SINCE, sites)) == ("a" if counts else None)


def test_of_two_biopsies_the_latest_is_named() -> None:
    old, new = it("z", "bone-biopsy", days_ago=90), it("a", "bone-biopsy", days_ago=3)
    assert ref(all_(old, new).bone_biopsy(SINCE)) == ref(all_(new, old).bone_biopsy(SINCE)) == "a"
    asked = it("b", "bone-biopsy", "ordered", None)
    assert ref(all_(old, asked, new).bone_biopsy(SINCE)) == "b", "yet to come"
    again = it("c", "bone-biopsy", days_ago=3)
    assert ref(all_(again, new).bone_biopsy(SINCE)) == "c", "of one day, by its path"


@pytest.mark.parametrize(
    ("one", "site", "counts"),
    [
        (it("a", "radiotherapy", days_ago=100, place=FEMUR), FEMUR, True),
        (it("a", "radiotherapy", days_ago=101, place=FEMUR), FEMUR, False),
        (it("a", "radiotherapy", days_ago=5, place=OTHER_FEMUR), FEMUR, False),
        (it("a", "radiotherapy", days_ago=5, place=BONE), FEMUR, True),
        (it("a", "radiotherapy", days_ago=5, place=FEMUR), None, True),
        (it("a", "radiotherapy", days_ago=5, place=OF_LUNG), FEMUR, False),
        (it("a", "radiotherapy", days_ago=5), FEMUR, False),
        (it("a", "radiotherapy", days_ago=None, place=FEMUR), FEMUR, False),
        (it("a", "radiotherapy", "ordered", None, FEMUR), FEMUR, True),
        (it("a", "radiotherapy", "ordered", 100, FEMUR), FEMUR, True),
        (it("a", "radiotherapy", "ordered", 101, FEMUR), FEMUR, False),
        (it("a", "radiotherapy", "booked", 5, FEMUR), FEMUR, False),
        (it("a", "radiotherapy", "booked", -5, FEMUR), FEMUR, True),
        # A referral counts unless it is for something else.
        (it("a", "radiotherapy-referral", "ordered", 5), FEMUR, True),
        (it("a", "radiotherapy-referral", "ordered", 5, OF_LUNG), FEMUR, False),
        (it("a", "radiotherapy-referral", "ordered", 5, PELVIS), FEMUR, False),
        (it("a", "laminectomy", days_ago=5, place=FEMUR), FEMUR, False),
    ],
)
def test_what_may_treat_a_bone(one: Activity, site: BoneSite | None, counts: bool) -> None:
    asked = ("radiotherapy", "radiotherapy-referral")
    assert ref(all_(one).treating(site, SINCE, *asked)) == ("a" if counts else None)
    older = it("z", "radiotherapy", days_ago=99, place=FEMUR)
    newest = "a" if counts and (one.when is None or one.when > SINCE) else "z"
    if site == FEMUR and one.when != SINCE:
        assert ref(all_(older, one).treating(site, SINCE, *asked)) == newest


@pytest.mark.parametrize(
    ("one", "counts"),
    [
        (it("a", "sbrt", days_ago=10, place=FEMUR), True),
        (it("a", "sbrt", days_ago=9, place=FEMUR), False),
        (it("a", "sbrt", days_ago=None, place=FEMUR), False),
        (it("a", "sbrt", "ordered", 20, FEMUR), False),
        (it("a", "sbrt", days_ago=20), False),
        (it("a", "sbrt", days_ago=20, place=OF_LUNG), False),
        (it("a", "mri", days_ago=20, place=FEMUR), False),
    ],
)
def test_what_was_done_of_bone_before_a_day(one: Activity, counts: bool) -> None:
    before = TODAY - timedelta(days=10)
    assert ref(all_(one).done_of_bone(before, "sbrt")) == ("a" if counts else None)
    if counts:
        assert ref(all_(one, it("z", "sbrt", days_ago=50, place=PELVIS)).done_of_bone(before, "sbrt")) == "a"


def test_what_is_about_a_bone() -> None:
    those = (
        it("left", "mri", place=FEMUR), it("right", "mri", place=OTHER_FEMUR), it("unsaid", "mri"),
        it("lung", "mri", place=OF_LUNG), it("bone", "mri", place=BONE), it("ct", "ct", place=FEMUR),
    )  # fmt: skip
    assert [a.ref for a in all_(*those).about(FEMUR, "mri")] == ["left", "unsaid", "bone"]
    assert [a.ref for a in all_(*those).about(None, "mri", "ct")] == ["left", "right", "unsaid", "bone", "ct"]
