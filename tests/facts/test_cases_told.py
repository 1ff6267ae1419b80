"""What a case of ``cards/cases`` says becomes these facts and no others: every member, and what is told when it says
nothing. A case that loses a member on its way would prove a rule that nobody asked."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from cds_service.base.kinds import Dose, Missing, RequestText
from cds_service.edition import Edition
from cds_service.facts.activities import Activities, ActivitiesGiven, Activity, ActivityGiven
from cds_service.facts.clearances import Clearance
from cds_service.facts.creatinine import Creatinine, CreatinineGiven, CreatininesGiven
from cds_service.facts.diagnoses import Diagnoses, DiagnosesGiven, Diagnosis
from cds_service.facts.distress import Distress, DistressGiven, Item, Screen, ScreenGiven
from cds_service.facts.function import Function, FunctionGiven, LifeExpectancy, Status
from cds_service.facts.imaging import Imaging, ImagingGiven, Study, StudyGiven
from cds_service.facts.instability import Instability, InstabilityGiven, Sins
from cds_service.facts.lesions import (
    Appeared,
    Counted,
    CountGiven,
    KindGiven,
    Lesions,
    LesionsGiven,
    NewGiven,
    Typed,
)
from cds_service.facts.pain import Pain, PainGiven, PainScore, Steps
from cds_service.facts.portions import Daily, Portion
from cds_service.facts.portions_given import PortionGiven
from cds_service.facts.purpose import Purpose, Purposes, given_purposes
from cds_service.facts.renal import Renal, RenalGiven
from cds_service.facts.requests import Requested
from cds_service.facts.results import Reading
from cds_service.facts.sites import BoneSite, Place
from cds_service.facts.sizes import LeftOut, Size, SizeGiven, Sizes, SizesGiven, Stated
from cds_service.facts.skeleton import Sign, SignGiven, SkeletonGiven, given_site
from cds_service.facts.spread import Deposit, Spread, SpreadGiven
from cds_service.facts.subjects import DrugOrder, OrderGiven, Orders, OrdersGiven, RequestedProcedure
from cds_service.facts.told import NOW, ProblemGiven
from cds_service.knowledge.drugs import Product

TODAY = NOW.date()
LONG_AGO = TODAY - timedelta(days=800)
LEFT_FEMUR = BoneSite("femur", "left", frozenset({"T7"}), RequestText("femur"))
T = RequestText


def day(days_ago: int) -> date:
    return TODAY - timedelta(days=days_ago)


# Drafts


def orders(edition: Edition, *given: OrderGiven) -> tuple[Any, ...]:
    first, *more = given
    return OrdersGiven(order=first, also_ordered=more).told(edition.knowledge.guideline.drugs).all


def test_every_member_of_a_drug_order(edition: Edition) -> None:
    given = OrderGiven(
        drug="zoledronic-acid", dose_mg=4, dose_range=True, dose_problem="unit", route="iv", interval_days=21,
        interval_high_days=28, single=True, infusion_minutes=15, infusion_problem="two-times", daily_mg=9, stops=True,
        selected=False, product="osteoporosis", indications=["bone-metastasis"], stop_reasons=["fever"], held=True,
        due_in_days=3, authored_days_ago=5, portions=[PortionGiven("morphine", 60, 30)], as_needed=True,
        form="rectal", rate=25, rate_why="two-patches", substance="alendronate", forbids=True, replaces=["M/1"],
    )  # fmt: skip
    other = OrderGiven(drug="denosumab", dose_mg=120, interval_days=28)
    (zoledronic,) = (o for o in orders(edition, other, given) if o.drug == "zoledronic-acid")
    assert zoledronic == DrugOrder(
        key="order-1", position=1, ref=T("MedicationRequest/order-1"), text=T("zoledronic-acid"),
        drugs=("zoledronic-acid",), groups=frozenset({"bisphosphonate"}), product=Product("osteoporosis"),
        selected=False, stops=True, dose=Dose(Fraction(4), True, T("4 mg")), dose_problem="unit", route="iv",
        interval_days=Fraction(21), interval_high_days=Fraction(28), interval_shown=T("21 d"), single=True,
        infusion_minutes=Fraction(15), infusion_problem="two-times", daily_mg=Fraction(9),
        indications=frozenset({"bone-metastasis"}), stop_reasons=frozenset({"fever"}), stop_stated=True, held=True,
        substance="alendronate", authored=day(5), due=day(-3),
        daily=Daily((Portion("opioid", "morphine", Fraction(0), Fraction(60), Fraction(30)),), True, "rectal",
                    Fraction(25), "two-patches"),
        forbids=True, replaces=frozenset({"M/1"}),
    )  # fmt: skip


def test_a_drug_order_of_which_nothing_is_said(edition: Edition) -> None:
    assert orders(edition, OrderGiven(drug="denosumab")) == (
        DrugOrder(
            key="order-0", position=0, ref=T("MedicationRequest/order-0"), text=T("denosumab"), drugs=("denosumab",),
            groups=frozenset({"rankl-inhibitor"}), product=Product("oncology"), selected=True, stops=False, dose=None,
        ),
    )  # fmt: skip
    (one,) = orders(edition, OrderGiven(drug="denosumab", interval_days=28, dose_mg=120, id=False, stop_stated=True))
    assert (one.interval_days, one.interval_high_days, one.interval_shown) == (28, 28, "28 d")
    assert one.dose == Dose(Fraction(120), False, T("120 mg"))
    assert (one.ref, one.key, one.stop_stated, one.stop_reasons) == (None, "order-0", True, frozenset())


def test_every_member_of_a_requested_procedure(edition: Edition) -> None:
    given = OrderGiven(
        service="radiotherapy", stops=True, selected=False, site="femur", side="left", levels=("T7",), elsewhere=True,
        named=["sbrt"], reasons=["bone-pain"], suspects=["bone-metastasis"], says=["lesion-solitary"],
        purposes=["screening", "staging"], unread=True, substance="strontium-89",
    )  # fmt: skip
    plain = OrderGiven(service="mri", id=False)
    assert orders(edition, plain, given) == (
        RequestedProcedure("order-0", 0, None, T("mri"), ("mri",), True, False, Requested()),
        RequestedProcedure(
            "order-1", 1, T("ServiceRequest/order-1"), T("radiotherapy"), ("radiotherapy",), False, True,
            Requested(
                place=Place(LEFT_FEMUR, True), named=frozenset({"sbrt"}), conditions=frozenset({"bone-pain"}),
                doubted=frozenset({"bone-metastasis"}), reasons=frozenset({"bone-pain"}),
                said=frozenset({"lesion-solitary"}), substance="strontium-89",
                purposes=Purposes((Purpose("screening", T("screening")), Purpose("staging", T("staging")))),
                bone=True, unread=True,
            ),
        ),
    )  # fmt: skip
    assert given_purposes(["trauma"]) == Purposes((Purpose("trauma", T("trauma")),))


def test_an_order_of_nothing_is_refused_and_a_case_may_order_nothing(edition: Edition) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"^an order needs a drug or a service$"):
        orders(edition, OrderGiven())
    assert OrdersGiven().told(edition.knowledge.guideline.drugs) == Orders()


# Measured, examined, done


def test_sizes() -> None:
    given = SizesGiven(
        sizes=[SizeGiven(20, 30, 4, "b"), SizeGiven(9, 7, 4), SizeGiven(8, 6, 50)],
        one_diameter=6,
        response_stated="stable",
    )
    ref = T("Observation/size")
    assert given.told() == Sizes(
        (
            Size("a", T("a"), Fraction(8), Fraction(6), day(50), T("Observation/size-2")),
            Size("a", T("a"), Fraction(9), Fraction(7), day(4), T("Observation/size-1")),
            Size("b", T("b"), Fraction(30), Fraction(20), day(4), T("Observation/size-0")),
        ),
        (LeftOut("one-diameter", day(6), ref),),
        Stated(T("stable"), day(1), ref),
    )
    assert SizesGiven().told() == Sizes(())


def test_activities() -> None:
    given = ActivitiesGiven(
        activities=[
            ActivityGiven("mri"),
            ActivityGiven("sbrt", "ordered", 5, "femur", "left", ("T7",), True),
        ]
    )
    assert given.told(TODAY, 90) == Activities(
        (
            Activity(frozenset({"mri"}), "done", None, Place(), T("mri"), T("Procedure/activity-0")),
            Activity(
                frozenset({"sbrt"}), "ordered", day(5), Place(LEFT_FEMUR, True), T("sbrt"), T("Procedure/activity-1")
            ),
        ),
        TODAY,
        90,
    )


def test_imaging() -> None:
    given = ImagingGiven(
        studies=[
            StudyGiven(),
            StudyGiven("mri", "booked", -3, "equivocal", "spine", True, True, True),
        ]
    )
    activities = Activities((), TODAY, 90)
    spine = BoneSite("spine", None, frozenset(), T("spine"))
    assert given.told(activities) == Imaging(
        (
            Study("bone-scan", "done", None, Place(), T("DiagnosticReport/study-0"), T("bone-scan")),
            Study(
                "mri", "booked", day(-3), Place(spine, True), T("DiagnosticReport/study-1"), T("mri"), "equivocal",
                T("equivocal"), True, True, True,
            ),
        ),
        activities,
    )  # fmt: skip
    assert ImagingGiven().told(activities) == Imaging((), activities)


def test_lesions() -> None:
    given = LesionsGiven(
        lesion_counts=[CountGiven("solitary", 9), CountGiven("multiple", 3), CountGiven("unknown")],
        lesion_kinds=[
            KindGiven(("osteolytic",)),
            KindGiven(("osteolytic", "osteoblastic"), "femur", 7),
        ],
        lesions_new=[NewGiven(), NewGiven(2, True)],
    )
    assert given.told() == Lesions(
        (
            Counted("multiple", day(3), T("DiagnosticReport/count-1"), T("multiple")),
            Counted("solitary", day(9), T("DiagnosticReport/count-0"), T("solitary")),
            Counted("unknown", None, T("DiagnosticReport/count-2"), T("unknown")),
        ),
        (
            Typed(
                frozenset({"osteolytic", "osteoblastic"}), BoneSite("femur"), day(7), T("DiagnosticReport/kind-1"),
                T("osteolytic osteoblastic"),
            ),
            Typed(frozenset({"osteolytic"}), None, None, T("DiagnosticReport/kind-0"), T("osteolytic")),
        ),
        (
            Appeared(False, None, day(2), T("DiagnosticReport/new-1"), T("new")),
            Appeared(True, None, None, T("DiagnosticReport/new-0"), T("new")),
        ),
    )  # fmt: skip
    assert LesionsGiven().told() == Lesions((), ())


# Diagnoses


def test_diagnoses() -> None:
    given = DiagnosesGiven(("lung-cancer", "bone-metastasis", "fever"), ("bone-metastasis",), ("fever",))
    assert given.told(LONG_AGO) == Diagnoses((
        Diagnosis("lung-cancer", True, T("lung-cancer"), T("Condition/lung-cancer"), LONG_AGO),
        Diagnosis(
            "bone-metastasis", True, T("bone-metastasis"), T("Condition/bone-metastasis"), LONG_AGO, confirmed=False
        ),
        Diagnosis("fever", True, T("fever"), T("Condition/fever"), LONG_AGO, remission=True),
    ))  # fmt: skip


def test_skeleton() -> None:
    given = SkeletonGiven(
        skeleton=[
            SignGiven("bone-metastasis"),
            SignGiven("bone-pain", 5, True, False, "femur", "left", ("T7",), True, True),
        ]
    )
    told = given.told(("lung-cancer", "bone-pain", "impending-fracture", "bone-metastasis"), LONG_AGO)
    assert told.all == (
        Sign(
            "impending-fracture", True, True, None, LONG_AGO, T("Condition/impending-fracture"),
            T("impending-fracture"),
        ),
        Sign("bone-metastasis", True, True, None, None, T("Condition/sign-0"), T("bone-metastasis")),
        Sign("bone-pain", False, False, LEFT_FEMUR, day(5), T("Condition/sign-1"), T("bone-pain"), True, True),
    )  # fmt: skip
    assert given_site(None, "left", ("T7",)) is None
    assert given_site("femur", "left", ("T7",)) == LEFT_FEMUR


def test_spread() -> None:
    assert SpreadGiven(metastases_elsewhere=["liver", "brain"]).told() == Spread((
        Deposit(T("liver"), day(100), T("Condition/liver")), Deposit(T("brain"), day(100), T("Condition/brain"))
    ))  # fmt: skip


# Scores


def test_function() -> None:
    ref = T("Observation/function")
    given = FunctionGiven(ecog=2, karnofsky=70, life_months_low=3, life_months_high=6, function_days_ago=40)
    assert given.told() == Function(
        Status("ecog", 2, day(40), ref),
        Status("karnofsky", 70, day(40), ref),
        LifeExpectancy(Fraction(3), Fraction(6), T("stated"), day(40), ref),
    )
    assert FunctionGiven().told() == Function(None, None, None)
    low = FunctionGiven(life_months_low=3).told()
    assert low == Function(None, None, LifeExpectancy(Fraction(3), None, T("stated"), day(5), ref))
    high = FunctionGiven(life_months_high=6).told()
    assert high == Function(None, None, LifeExpectancy(None, Fraction(6), T("stated"), day(5), ref))


def test_distress() -> None:
    given = DistressGiven(
        screens=[ScreenGiven("phq-9", 12, 9), ScreenGiven("gad-7", days_ago=2), ScreenGiven("hads", 1, 2)],
        item_9=2,
        item_9_days_ago=7,
    )
    assert given.told(TODAY) == Distress(
        (
            Screen("hads", Fraction(1), day(2), T("Observation/screen-2")),
            Screen("gad-7", None, day(2), T("Observation/screen-1")),
            Screen("phq-9", Fraction(12), day(9), T("Observation/screen-0")),
        ),
        (Item(Fraction(2), day(7), T("Observation/item")),),
        TODAY,
    )
    assert DistressGiven().told(TODAY) == Distress((), (), TODAY)


def test_pain(edition: Edition) -> None:
    measurements = edition.knowledge.measurements
    window, steps = measurements.days("pain"), Steps.of(measurements)
    rest = (TODAY, window, steps)
    given = PainGiven(pain=8, pain_days_ago=6, pain_scale="visual", pain_site="femur", pain_other=True)
    score = PainScore(Fraction(8), "severe", "visual", day(6), T("Observation/pain"), site=T("femur"))
    other = PainScore(None, "none", "unstated", day(6), T("Observation/other"), T("FLACC"))
    assert given.told(measurements) == Pain((score,), *rest, None, other)
    away = PainGiven(pain=8, pain_days_ago=6, pain_scale="visual", pain_site="femur", pain_elsewhere=True)
    assert away.told(measurements) == Pain((), *rest, score)
    assert PainGiven().told(measurements) == Pain((), *rest)
    word = PainScore(None, "mild", "numeric", day(2), T("Observation/pain"))
    assert PainGiven(pain_word="mild").told(measurements) == Pain((word,), *rest)


def test_instability() -> None:
    given = InstabilityGiven(sins=9, sins_days_ago=30)
    assert given.told(30) == Instability(Sins(9, day(30), T("Observation/sins")))
    assert given.told(29) == Instability(None)
    assert InstabilityGiven().told(30) == Instability(None)


# The kidney


def test_renal() -> None:
    given = RenalGiven(
        clearance=45, clearance_method="cockcroft-gault", clearance_with_ideal_weight=40,
        clearance_with_adjusted_weight=42, egfr=50, renal_problems=[ProblemGiven("weight", "too-old", 90)],
    )  # fmt: skip
    problems = (Missing("weight", "too-old", None, day(90)),)
    egfr = Reading(
        "egfr", Fraction(50), "mL/min/{1.73_m2}", "50 mL/min/1.73 m²", day(1), T("Observation/egfr")
    )  # fmt: skip
    others = (("ideal", Fraction(40)), ("adjusted", Fraction(42)))
    clearance = Clearance(
        Fraction(45), "cockcroft-gault", TODAY, T("Observation/clearance"), by_other_weight=others
    )  # fmt: skip
    assert given.told() == Renal(28, clearance, problems, egfr)
    none = RenalGiven(clearance=None, clearance_at_least=31, egfr=50, renal_problems=given.renal_problems)
    assert none.told() == Renal(28, None, problems, egfr, Fraction(31))
    measured = Clearance(Fraction(90), "measured", TODAY, T("Observation/clearance"))
    assert RenalGiven().told() == Renal(28, measured)


def test_creatinines() -> None:
    given = CreatininesGiven(
        creatinines=[CreatinineGiven(9, mg_dl=2), CreatinineGiven(3, umol_l=176), CreatinineGiven(20)]
    )
    molar = Reading(
        "creatinine", Fraction(176) / Fraction("88.4"), "mg/dL", "176 μmol/L", day(3), T("Observation/creatinine-1"),
        own=Fraction(176), own_unit="umol/L",
    )  # fmt: skip
    american = Reading("creatinine", Fraction(2), "mg/dL", "2 mg/dL", day(9), T("Observation/creatinine-0"))
    nothing = Reading("creatinine", Fraction(0), "mg/dL", "None mg/dL", day(20), T("Observation/creatinine-2"))
    assert given.told() == Creatinine(28, (molar, american, nothing), TODAY)
