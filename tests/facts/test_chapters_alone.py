"""What single chapters make of what they are given by hand: which of several counts, and where days end."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest

from cds_service.base.kinds import Missing, RequestText
from cds_service.edition import Edition
from cds_service.facts.activities import Activities, Activity
from cds_service.facts.allergies import Allergies, AllergiesGiven
from cds_service.facts.conferences import Conferences
from cds_service.facts.events import Event, Events, Trace
from cds_service.facts.facts import Facts
from cds_service.facts.lesions import Appeared
from cds_service.facts.procedures import Arrangement, ExamGiven, Procedures, ProceduresGiven, drafted
from cds_service.facts.renal_tests import RenalTests, RenalTestsGiven, renal_tests
from cds_service.facts.response import Compared, appeared, compare, reported_new
from cds_service.facts.results import Reading, Series
from cds_service.facts.sites import BoneSite, Place
from cds_service.facts.sizes import Size, Sizes
from cds_service.facts.skeleton import Sign
from cds_service.facts.subjects import RequestedProcedure
from cds_service.record.completeness import Completeness
from cds_service.record.read import Record
from tests.build import NOW, PATIENT, Json
from tests.facts.whole import facts_of

T = RequestText
TODAY = NOW.date()
EXAM = "dental-examination"


def day(days_ago: int) -> date:
    return TODAY - timedelta(days=days_ago)


# Procedures


def done(ref: str, days_ago: int | None, how: str = "done", concept: str = EXAM) -> Arrangement:
    return Arrangement(concept, how, None if days_ago is None else day(days_ago), T(ref))  # type: ignore[arg-type]


def draft(concept: str, *, stops: bool = False) -> RequestedProcedure:
    return RequestedProcedure("k", 0, None, T("as drafted"), (concept,), selected=True, stops=stops)


def test_the_last_one_done_is_of_any_time_up_to_today() -> None:
    those = (done("a", 900), done("c", 400), done("b", 400), done("z", None), done("x", 3, "ordered"), done("y", -1))
    found = Procedures(those, TODAY)
    assert found.last_done(EXAM) == done("c", 400), "of two of one day the one with the later name"
    assert Procedures((*those, done("t", 0)), TODAY).last_done(EXAM) == done("t", 0)
    assert Procedures(those[3:], TODAY).last_done(EXAM) is None
    assert found.last_done("bone-scan") is None


def test_of_what_is_arranged_one_without_a_day_is_yet_to_come() -> None:
    those = (done("a", 5), done("b", None, "ordered"), done("c", -9, "booked"))
    assert Procedures(those, TODAY).arranged(30, EXAM) == done("b", None, "ordered")
    assert Procedures((those[0], those[2]), TODAY).arranged(30, EXAM) == done("c", -9, "booked")


def test_a_draft_orders_what_it_names_unless_it_stops_it() -> None:
    assert list(drafted([draft(EXAM)], TODAY)) == [Arrangement(EXAM, "ordered", TODAY, T("as drafted"))]
    assert not list(drafted([draft(EXAM, stops=True)], TODAY))


def test_what_a_case_says_of_examinations() -> None:
    given = ProceduresGiven(exams=[ExamGiven(days_ago=9), ExamGiven(how="booked", days_ago=-2)])
    told = given.told([draft("bone-scan")])
    assert told == Procedures(
        (
            Arrangement(EXAM, "done", day(9), T("Procedure/exam-0")),
            Arrangement(EXAM, "booked", day(-2), T("Procedure/exam-1")),
            Arrangement("bone-scan", "ordered", TODAY, T("as drafted")),
        ),
        TODAY,
    )


# Conferences


def conference(ref: str, days_ago: int | None, how: str = "done") -> Activity:
    when = None if days_ago is None else day(days_ago)
    return Activity(frozenset({"mdt"}), how, when, Place(), T("MDT"), T(ref))  # type: ignore[arg-type]  # a How


def test_the_last_conference_is_the_latest_that_was_held() -> None:
    those = (
        conference("a", 90), conference("c", 60), conference("b", 60), conference("z", None), conference("y", -1),
        conference("x", 2, "ordered"),
    )  # fmt: skip
    activities = Activities((), TODAY, 180)
    assert Conferences(those, activities).last == those[1]
    today = conference("t", 0)
    assert Conferences((*those, today), activities).last == today
    assert Conferences(those[3:], activities).last is None


# Events


def test_the_second_event_is_the_newest_with_the_one_before() -> None:
    three = tuple(Event((Trace("fracture", None, day(n), T(str(n))),)) for n in (300, 200, 100))
    assert Events(three, 30).second == (three[2], three[1])
    assert Events(three[:1], 30).second is None


# Renal tests


def test_renal_function_was_looked_at_on_the_newest_day_that_is_not_to_come(edition: Edition) -> None:
    def series(*days_ago: int) -> Series:
        readings = [Reading("creatinine", Fraction(1), "mg/dL", "1", day(n), T(str(n))) for n in days_ago]
        return Series([lambda it=it: it for it in readings])  # type: ignore[misc]

    measurements = edition.readers.measurements
    days = measurements.days("renal-monitored")
    found = renal_tests({"creatinine": series(-1, 40, 20), "egfr": series(30)}, TODAY, measurements)
    assert found == RenalTests(day(20), days, TODAY)
    assert renal_tests({"creatinine": series(0)}, TODAY, measurements).last == TODAY
    assert renal_tests({}, TODAY, measurements) == RenalTests(None, days, TODAY)
    assert RenalTestsGiven(renal_test_days_ago=7).told(measurements) == RenalTests(day(7), days, TODAY)
    assert RenalTestsGiven(renal_test_days_ago=None).told(measurements).last is None


def test_results_are_compared_and_sliced_like_a_list() -> None:
    one, two = (Reading("creatinine", Fraction(n), "mg/dL", "1", day(n), T("o")) for n in (1, 2))
    both = Series([lambda: one, lambda: two])
    assert both[:1] == [one]
    assert both[1:] == [two]
    assert both == Series([lambda: one, lambda: two])
    assert both != Series([lambda: two, lambda: one])
    assert both != [one, two], "a list is no series"


# Sizes compared, and what is new


def size(lesion: str, days_ago: int, mm: int) -> Size:
    return Size(lesion, T(lesion), Fraction(mm), Fraction(mm), day(days_ago), T(f"{lesion}-{days_ago}"))


def test_the_newest_day_may_be_today_and_what_was_not_there_before_is_named() -> None:
    sizes = Sizes((size("a", 90, 20), size("a", 0, 10), size("b", 0, 5), size("a", -3, 99)), ())
    found = compare(sizes, TODAY, 30, 28)
    assert isinstance(found, Compared)
    assert (found.newest.day, found.baseline.day) == (TODAY, day(90))
    assert [s.lesion for s in found.lesions] == ["a"]
    assert [s.lesion for s in found.unmatched] == ["b"]
    assert compare(Sizes((size("a", -3, 99),), ()), TODAY, 30, 28) == "too-old"


FEMUR, HIP, RIB = BoneSite("femur", "left"), BoneSite("pelvis"), BoneSite("rib")


def metastasis(ref: str, days_ago: int | None, site: BoneSite | None) -> Sign:
    when = None if days_ago is None else day(days_ago)
    return Sign("bone-metastasis", True, True, site, when, T(ref), T("metastasis"))


def test_what_is_recorded_on_the_last_day_of_the_lag_is_known_and_the_day_after_new() -> None:
    first = metastasis("first", 100, FEMUR)
    at, after = metastasis("at", 70, RIB), metastasis("after", 69, RIB)
    assert appeared([first, at], None, 30) == (None, None)
    assert appeared([first, after], None, 30) == (after, None)
    assert appeared([first, at, after], None, 30) == (None, None), "the rib is known by then"
    assert appeared([first, after], day(69), 30) == (None, None)
    assert appeared([metastasis("n", None, RIB)], None, 30) == (None, None)
    assert appeared([], None, 30) == (None, None)
    bare = metastasis("bare", 20, None)
    assert appeared([first, bare], None, 30) == (None, bare)


def words(ref: str, days_ago: int | None, *, confirmed: bool = True) -> Appeared:
    return Appeared(confirmed, RIB, None if days_ago is None else day(days_ago), T(ref), T("new"))


def test_the_newest_report_that_calls_one_new_counts() -> None:
    first = [metastasis("first", 100, FEMUR), metastasis("n", None, RIB)]
    told = [
        words("b", 50),
        words("a", 20),
        words("c", 20),
        words("d", 10, confirmed=False),
        words("e", 5, confirmed=False),
    ]
    assert reported_new(told, first, None, 30) == (words("c", 20), words("e", 5, confirmed=False))
    assert reported_new([words("x", 70), words("y", None)], first, None, 30) == (None, None)
    assert reported_new(told, [], None, 30) == (None, None)
    assert reported_new(told, first[1:], None, 30) == (None, None), "nobody knows since when there is one"


# Allergies


def test_classes_add_up_and_a_case_may_name_drugs_and_classes(edition: Edition) -> None:
    def allergy(code: str) -> Json:
        coded = {"coding": [{"system": "http://www.whocc.no/atc", "code": code}]}
        about = {"reference": f"Patient/{PATIENT}"}
        return {"resourceType": "AllergyIntolerance", "id": code, "patient": about, "code": coded}

    both = facts_of(edition, allergy("M05BA"), allergy("N02A")).allergies
    assert both.groups == {"bisphosphonate", "opioid"}
    given = AllergiesGiven(allergic_to=("denosumab",), allergic_to_class=("nsaid",)).told()
    assert given == Allergies(frozenset({"denosumab"}), frozenset({"nsaid"}))


# What did not come


@pytest.mark.parametrize(
    ("known", "gap", "failed"),
    [
        (Completeness("obtained"), None, False),
        (Completeness("none"), None, False),
        (Completeness("not-obtained", "absent"), Missing("reports", "not-obtained"), False),
        (Completeness("not-obtained", "timeout"), Missing("reports", "not-obtained"), True),
        (Completeness("incomplete", "more-pages"), Missing("reports", "incomplete"), False),
    ],
)
def test_what_did_not_come_is_a_gap(edition: Edition, known: Completeness, gap: Missing | None, failed: bool) -> None:
    facts = Facts(Record({}, needs={"reports": known}), (), NOW, edition.readers)
    assert facts.gaps == ({} if gap is None else {"reports": gap})
    assert facts.lacking("reports") == (() if gap is None else (gap,))
    assert facts.failed == ({"reports"} if failed else set())
