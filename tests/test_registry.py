"""The registry says honestly what of the guideline is encoded, and the drug facts decide between products."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pytest

from cds_service.base.folders import content_root
from cds_service.base.kinds import WITHOUT_RULE, Dose, RequestText, Route
from cds_service.edition import Edition
from cds_service.knowledge.load import Guideline
from tests.asked import guideline_of

# The guideline's own numbering, written out so that a forgotten section is noticed.
# fmt: off
SECTIONS = [
    "1", "2", "3", "3.1", "3.1.1", "3.1.2", "3.1.3", "3.1.4", "3.1.5", "3.1.6", "3.1.7", "3.2",
    "4", "4.1", "4.1.1", "4.1.2", "4.1.2.1", "4.1.2.2", "4.1.3", "4.1.4", "4.1.4.1", "4.1.4.2", "4.1.4.3",
    "4.2", "4.2.1", "4.2.2", "4.2.3", "4.2.4", "4.3", "4.3.1", "4.3.2", "4.3.2.1", "4.3.2.2", "4.3.2.3",
    "4.4", "4.4.1", "4.4.2", "4.4.3", "4.5", "4.5.1", "4.5.2", "4.5.3", "4.5.4", "4.5.4.1", "4.5.4.2", "4.5.4.3",
    "4.6", "4.6.1", "4.6.2", "4.6.3", "4.7",
]
# fmt: on
GRADES = ["1A", "2A", "1A", "1A", "1A, 2B", "1A", "1B, 2B", "1B", "1C", "1B", "2B", "2B"]

# The topics that look after themselves when there is no diagnosis on record.
NOT_SAFETY = {
    "bma-prophylaxis", "bma-early-discontinuation", "denosumab-dose", "calcium-vitamin-d-supplement",
}  # fmt: skip


@pytest.fixture(scope="module")
def guideline() -> Guideline:
    return guideline_of(content_root())


def test_every_numbered_statement_is_registered_once_and_in_order(guideline: Guideline) -> None:
    numbered = [f"Rec. {n}" for n in range(1, 13)] + [f"§{s}" for s in SECTIONS] + ["Table 1", "Table 2", "Figure 1"]
    assert [s.id for s in guideline.registry.statements] == numbered


def test_recommendations_carry_their_grades_and_sections_none(guideline: Guideline) -> None:
    grades = {s.id: s.grade for s in guideline.registry.statements}
    assert [grades.pop(f"Rec. {n}") for n in range(1, 13)] == GRADES
    assert set(grades.values()) == {None}


def test_what_is_not_encoded_says_why(guideline: Guideline) -> None:
    assert not [s.id for s in guideline.registry.statements if s.status != "encoded" and len(s.why) < 10]


def test_a_topic_stands_under_the_statements_it_cites(guideline: Guideline) -> None:
    topics = {s.id: s.topics for s in guideline.registry.statements}
    for topic, it in guideline.recommendations.items():
        if it.source.kind == "guideline":
            cited = [f"§{s}" for s in it.source.sections] + [f"Rec. {n}" for n in it.source.recommendation]
            cited += [it.source.table] if it.source.table else []
            assert [c for c in cited if topic not in topics[c]] == [], topic


def test_label_topics_do_not_speak_for_the_guideline(guideline: Guideline) -> None:
    names = set(guideline.registry.title.values()) | {guideline.registry.url}
    for it in guideline.recommendations.values():
        if it.source.kind != "guideline":
            assert not names & {*it.source.label.values(), it.source.url}
            assert not [n for n, p in it.parameters.items() if p.origin == "guideline"], it.topic


def test_the_misprints_of_the_source_are_kept(guideline: Guideline) -> None:
    places = " ".join(e.where for e in guideline.registry.errata)
    for place in ("§4.1.4.1", "§4.4.3", "Table 1", "Rec. 10", "§4.1.3"):
        assert place in places


DOSE, UNSTABLE = "bisphosphonate-renal-dose", "renal-function-unstable"
MISSING, RISKS = "renal-function-missing", "renal-risk-factors"
# What says how to give a drug is said as a line where the drug is not to be given.
GIVING = [RISKS, "infusion-time", "pamidronate-infusion-time"]
LOW = {say: ["calcium-vitamin-d-supplement"] for say in ("low", "low-uncorrected", "low-corrected")}


def test_safety_topics_and_precedence(guideline: Guideline, edition: Edition) -> None:
    recommendations = guideline.recommendations
    # Sections 2 to 5 speak to those whom the guideline is about, and to nobody else.
    drugs, *others = edition.knowledge.services.services
    beyond = {t for service in others for t in service.topics} - set(drugs.topics) - WITHOUT_RULE
    assert not [t for t in beyond if recommendations[t].drug_safety]
    assert {t for t in drugs.topics if not recommendations[t].drug_safety} == NOT_SAFETY
    assert {t: r.replaces for t, r in recommendations.items() if r.replaces} == {
        "creatinine-rise-hold": {
            "risen": [DOSE, UNSTABLE, MISSING, *GIVING],
            "no-baseline": [DOSE, UNSTABLE, MISSING, *GIVING],
            "hypercalcaemia": [UNSTABLE, RISKS],
        },
        "ibandronate-label-limit": {"every": [DOSE, UNSTABLE, MISSING, *GIVING]},
        DOSE: {
            "above": [RISKS],
            "not-recommended": ["creatinine-rise-hold", *GIVING],
            "not-recommended-risen": ["creatinine-rise-hold", *GIVING],
            "not-recommended-unsteady": ["creatinine-rise-hold", UNSTABLE, *GIVING],
        },
        UNSTABLE: {"every": [DOSE, MISSING, RISKS]},
        MISSING: {
            "no-usable-result": [RISKS],
            "inputs-missing": [RISKS],
            "severe": [UNSTABLE, *GIVING],
            "dialysis": [UNSTABLE, *GIVING],
        },
        "denosumab-hypocalcaemia": {"every": ["denosumab-renal-hypocalcaemia"], **LOW},
        "bisphosphonate-hypocalcaemia": LOW,
        # Without bone metastasis no dose for it is named; and of two products the pair is what matters.
        "bma-prophylaxis": {"no-metastasis": ["denosumab-dose"]},
        "concurrent-bma": {"product-active": ["bma-repeat-too-early"], "both-active": ["bma-duration-review"]},
        # Of one bone: what is urgent is said once.
        "refractory-pain-radiotherapy": {
            "cord": ["surgical-evaluation", "ablation-osteoplasty"],
            "pain": ["ablation-osteoplasty"],
        },
    }
    assert {t: r.folds for t, r in recommendations.items() if r.folds} == {
        "bma-early-discontinuation": {"short": ["denosumab-discontinuation"]},
        "dental-exam-before-bma": {
            key: ["calcium-vitamin-d-supplement"] for key in ("before-first", "treatment-not-seen", "on-treatment")
        },
    }
    assert {t for t, r in recommendations.items() if r.carries} == {DOSE, UNSTABLE, MISSING}


def test_what_withholds_a_drug_is_marked_and_has_no_dose_to_give(guideline: Guideline) -> None:
    recommendations = guideline.recommendations
    assert {t: r.withholds for t, r in recommendations.items() if r.withholds} == {
        "creatinine-rise-hold": ["risen", "no-baseline"],
        "ibandronate-label-limit": ["every"],
        DOSE: ["not-recommended", "not-recommended-unsteady", "not-recommended-risen"],
        MISSING: ["severe", "dialysis"],
    }
    for topic, it in recommendations.items():
        for say in [say for say in it.withholds if say != "every"]:
            assert set(GIVING) <= set(it.replaced_by(say)), topic


def test_an_early_end_knows_what_table_2_does_not_recommend(guideline: Guideline) -> None:
    limit = guideline.recommendations["bma-early-discontinuation"].parameters["not_recommended"].value
    rows = guideline.recommendations[DOSE].tables["table_2"].rows
    lowest = {drug: bands[-1] for drug, bands in rows.items() if bands[-1].not_recommended}
    assert set(lowest) == {"zoledronic-acid", "pamidronate"}
    assert (lowest["zoledronic-acid"].below, lowest["pamidronate"].to) == (limit, limit)


def test_every_topic_in_scope_needs_the_diagnoses(guideline: Guideline) -> None:
    for topic, it in guideline.recommendations.items():
        assert topic in WITHOUT_RULE or "conditions" in it.needs.required, topic


def test_every_reason_on_a_button_is_used(guideline: Guideline) -> None:
    used = {code for r in guideline.recommendations.values() for code in r.override_reasons}
    assert used == set(guideline.override_reasons.display)


@dataclass(frozen=True)
class Dosed:
    """An order's dose (mg), interval (days) and route."""

    mg: str | None = None
    days: int | None = None
    route: Route | None = None

    @property
    def dose(self) -> Dose | None:
        return Dose(Fraction(self.mg), False, RequestText(f"{self.mg} mg")) if self.mg else None

    @property
    def interval_days(self) -> Fraction | None:
        return None if self.days is None else Fraction(self.days)

    @property
    def interval_high_days(self) -> Fraction | None:
        return self.interval_days


PRODUCTS = [
    # drug, what the order says, strength of a piece, product words -> use, decided by
    ("zoledronic-acid", Dosed("4"), None, [], "oncology", "dose"),
    ("zoledronic-acid", Dosed("3.3", 28), None, [], "oncology", "dose"),
    ("zoledronic-acid", Dosed("4", 21), None, [], "oncology", "dose"),
    ("zoledronic-acid", Dosed("4", 20), None, [], "unknown", "dose"),
    ("zoledronic-acid", Dosed("4", 31), None, [], "oncology", "dose"),
    ("zoledronic-acid", Dosed("4", 32), None, [], "unknown", "dose"),
    ("zoledronic-acid", Dosed("5"), None, [], "osteoporosis", "dose"),
    ("zoledronic-acid", Dosed("4.01"), None, [], "unknown", None),
    ("zoledronic-acid", Dosed("4"), "5", ["osteoporosis-5mg"], "oncology", "dose"),
    ("zoledronic-acid", Dosed(), "5", ["onc-4mg"], "osteoporosis", "strength"),
    ("zoledronic-acid", Dosed(days=365), None, ["onc-4mg"], "unknown", "brand"),
    ("zoledronic-acid", Dosed(days=365), None, [], "osteoporosis", "interval"),
    ("zoledronic-acid", Dosed(), None, [], "unknown", None),
    ("denosumab", Dosed("120"), "60", ["osteoporosis-60mg"], "oncology", "dose"),
    ("denosumab", Dosed("100"), None, [], "oncology", "dose"),
    ("denosumab", Dosed("99.9"), None, [], "unknown", None),
    ("denosumab", Dosed("60", 28), None, ["onc-120mg"], "osteoporosis", "dose"),
    ("denosumab", Dosed(), "120", [], "oncology", "strength"),
    ("denosumab", Dosed(), None, ["osteoporosis-60mg"], "osteoporosis", "brand"),
    ("denosumab", Dosed(), None, ["osteoporosis-60mg", "onc-120mg"], "unknown", "brand"),
    ("denosumab", Dosed(days=28), None, [], "oncology", "interval"),
    ("denosumab", Dosed(days=180), None, [], "osteoporosis", "interval"),
    ("denosumab", Dosed(), None, [], "unknown", None),
    ("ibandronate", Dosed("6"), None, [], "oncology", "dose"),
    ("ibandronate", Dosed("4", route="intravenous"), None, [], "oncology", "dose"),
    ("ibandronate", Dosed("3", route="intravenous"), None, [], "osteoporosis", "dose"),
    ("ibandronate", Dosed("2", 90), None, [], "osteoporosis", "interval"),
    ("ibandronate", Dosed("2", 28), None, [], "oncology", "interval"),
    ("ibandronate", Dosed("2", route="intravenous"), None, [], "oncology", "route"),
    ("ibandronate", Dosed("50", route="oral"), "50", ["onc-oral-50mg"], "unknown", "brand"),
    ("ibandronate", Dosed("6", route="oral"), None, [], "unknown", "dose"),
    ("ibandronate", Dosed("150", route="oral"), None, [], "osteoporosis", "dose"),
    ("pamidronate", Dosed(), None, [], "oncology", "substance"),
    ("incadronate", Dosed("10"), None, [], "oncology", "substance"),
]


@pytest.mark.parametrize(("drug", "dosed", "strength", "brands", "use", "by"), PRODUCTS)
def test_which_product_is_ordered(  # by dose, then strength, brand, interval, route, substance
    guideline: Guideline, drug: str, dosed: Dosed, strength: str | None, brands: list[str], use: str, by: str | None
) -> None:
    products = guideline.drugs.drugs[drug].products
    assert products is not None
    product = products.decide(dosed, Fraction(strength) if strength else None, brands)
    assert (product.use, product.decided_by) == (use, by)
