"""What each card claims, and on what evidence: by that the opened chart knows what an order's card has just said."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from cds_service.base.folders import content_root
from cds_service.deliver.evidence import content
from cds_service.edition import Edition
from cds_service.evaluate.outcome import Advise
from cds_service.review.cases import ask, load_cases

CASES = {file.topic: file.cases for file in load_cases(content_root() / "cases")}
OPIOID, PAIN, BMA, ENDS = (
    ("opioid-step",),
    ("bma-for-severe-pain", "opioid-step"),
    ("bma-missing",),
    ("denosumab-ends",),
)
# Topic -> card -> each set of claims that some case makes. Topics and cards that are not here claim nothing.
CLAIMED: dict[str, dict[str, set[tuple[str, ...]]]] = {
    "analgesia-ladder": {
        "moderate": {OPIOID}, "moderate-multiple": {OPIOID}, "severe": {PAIN}, "severe-multiple": {PAIN},
        "severe-treated": {OPIOID}, "severe-treated-multiple": {OPIOID},
    },
    "bma-monitoring": {
        "due": {("exam-due",), ("calcium-due", "exam-due", "renal-due")},
        "due-tests": {("calcium-due",), ("renal-due",)},
        "low-calcium": {("calcium-low",), ("calcium-low", "exam-due"), ("calcium-low", "exam-due", "renal-due")},
    },
    "bma-with-onj": {say: {("onj-on-bma",)} for say in ("active", "on-treatment", "held")},
    "denosumab-discontinuation": {say: {ENDS} for say in ("stopped", "overdue", "lapsed")},
    "denosumab-hypocalcaemia": {
        "missing": {("calcium-due",)}, "low": {("calcium-low",)}, "low-corrected": {("calcium-low",)},
        "low-uncorrected": {("calcium-low",)},
    },
    "dental-exam-before-bma": {say: {("exam-due",)} for say in ("before-first", "on-treatment", "treatment-not-seen")},
    "opioid-first-line": {"no-opioid": {OPIOID}},
    "opioid-with-bma": {say: {("bma-for-severe-pain", *BMA)} for say in ("missing", "calcium-low")},
    "renal-function-missing": {"no-usable-result": {("renal-due",)}},
    "start-bma": {
        say: {BMA}
        for say in ("untreated", "earlier", "clearance-unknown", "unsteady", "calcium-low", "calcium-unknown")
    },
}  # fmt: skip
JAW = ["lung-cancer", "bone-metastasis", "osteonecrosis-of-jaw"]
DENOSUMAB = {"order": {"drug": "denosumab"}}
TAKEN = {"drug": "denosumab", "active": True, "days_ago": 60}
LOW = {"calcium": {"level": "low", "mmol_l": "1.9"}}
UNKNOWN = {"calcium": {"level": None}}
LATE = {"uses": [{"drug": "denosumab", "kind": "administration", "days_ago": 85}]}
EXAMINED = {"exams": [{"days_ago": 200}]}


def claims(edition: Edition, topic: str, given: dict[str, Any]) -> dict[str, str]:
    """Name -> what it rests on, as the memory compares it."""
    outcome = ask(edition, topic, given).outcome
    assert isinstance(outcome, Advise), outcome
    return {name: content(evidence) for name, evidence in outcome.claims.items()}


@pytest.mark.parametrize("topic", CASES)
def test_a_card_claims_what_is_written_down(edition: Edition, topic: str) -> None:
    found: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for case in CASES[topic]:
        outcome = ask(edition, topic, case.given).outcome
        if isinstance(outcome, Advise):
            found[outcome.say].add(tuple(sorted(outcome.claims)))
    assert {say: sets for say, sets in found.items() if sets != {()}} == CLAIMED.get(topic, {})


@pytest.mark.parametrize(
    ("claim", "at_order", "ordered", "at_chart", "opened"),
    [
        ("opioid-step", "opioid-first-line", {"order": {"drug": "nsaid"}, "pain": 5}, "analgesia-ladder", {"pain": 5}),
        ("opioid-step", "opioid-first-line", {"order": {"drug": "nsaid"}, "pain": 8}, "analgesia-ladder", {"pain": 8}),
        ("bma-for-severe-pain", "opioid-with-bma", {"order": {"drug": "opioid"}, "pain": 8}, "analgesia-ladder",
         {"pain": 8}),
        ("bma-missing", "opioid-with-bma", {"order": {"drug": "opioid"}, "pain": 8}, "start-bma", {}),
        ("bma-missing", "opioid-with-bma", {"order": {"drug": "opioid"}, "pain": 8} | LOW, "start-bma", LOW),
        ("onj-on-bma", "bma-with-onj", DENOSUMAB | {"diagnoses": JAW}, "bma-with-onj",
         {"diagnoses": JAW, "uses": [TAKEN]}),
        ("denosumab-ends", "denosumab-discontinuation", DENOSUMAB | LATE, "denosumab-discontinuation", LATE),
        ("denosumab-ends", "denosumab-discontinuation", {"order": {"drug": "denosumab", "stops": True}} | LATE,
         "denosumab-discontinuation", LATE),
        ("calcium-low", "denosumab-hypocalcaemia", DENOSUMAB | LOW, "bma-monitoring", LOW | {"uses": [TAKEN]}),
        ("calcium-due", "denosumab-hypocalcaemia", DENOSUMAB | UNKNOWN, "bma-monitoring",
         UNKNOWN | EXAMINED | {"uses": [TAKEN]}),
        ("exam-due", "dental-exam-before-bma", DENOSUMAB, "bma-monitoring", {"uses": [TAKEN]}),
        ("exam-due", "dental-exam-before-bma", DENOSUMAB | EXAMINED, "bma-monitoring", EXAMINED | {"uses": [TAKEN]}),
        ("renal-due", "renal-function-missing",
         {"order": {"drug": "zoledronic-acid"}, "clearance": None,
          "renal_problems": [{"what": "creatinine", "why": "not-on-record"}]},
         "bma-monitoring",
         EXAMINED | {"uses": [TAKEN | {"drug": "zoledronic-acid"}], "renal_test_days_ago": None}),
    ],
)  # fmt: skip
def test_what_the_order_was_told_the_chart_knows_again(
    edition: Edition, claim: str, at_order: str, ordered: dict[str, Any], at_chart: str, opened: dict[str, Any]
) -> None:
    assert claims(edition, at_chart, opened)[claim] == claims(edition, at_order, ordered)[claim]


@pytest.mark.parametrize(
    ("topic", "claim", "before", "after"),
    [
        ("analgesia-ladder", "opioid-step", {"pain": 5}, {"pain": 6}),
        ("analgesia-ladder", "opioid-step", {"pain": 8}, {"pain": 9}),
        ("analgesia-ladder", "bma-for-severe-pain", {"pain": 8}, {"pain": 9}),
        ("bma-monitoring", "calcium-low", LOW | {"uses": [TAKEN]},
         {"uses": [TAKEN], "calcium": {"level": "low", "mmol_l": "1.8"}}),
        ("bma-monitoring", "exam-due", {"uses": [TAKEN]}, EXAMINED | {"uses": [TAKEN]}),
        ("denosumab-discontinuation", "denosumab-ends", LATE,
         {"uses": [LATE["uses"][0] | {"days_ago": 95}]}),
        ("start-bma", "bma-missing", {}, LOW),
        ("opioid-with-bma", "bma-missing", {"order": {"drug": "opioid"}, "pain": 8},
         {"order": {"drug": "opioid"}, "pain": 8} | LOW),
    ],
)  # fmt: skip
def test_what_rests_on_something_else_is_another_claim(
    edition: Edition, topic: str, claim: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert claims(edition, topic, before)[claim] != claims(edition, topic, after)[claim]


@pytest.mark.parametrize("given", [DENOSUMAB, {"uses": [TAKEN]}])
def test_the_claim_of_the_jaw_rests_on_its_diagnosis(edition: Edition, given: dict[str, Any]) -> None:
    assert "Condition/osteonecrosis-of-jaw" in claims(edition, "bma-with-onj", {"diagnoses": JAW} | given)["onj-on-bma"]
