"""What an answer carries besides its name: buttons, and the day of what is missing."""

from datetime import timedelta
from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.evaluate.outcome import Act, Advise, CannotTell, CreateDrug, CreateService
from cds_service.review.cases import ask


@pytest.mark.parametrize("service", ["calcium-total", "calcium-ionised", "calcium-corrected"])
def test_a_calcium_already_ordered_is_not_offered_again(edition: Edition, service: str) -> None:
    given: dict[str, Any] = {"order": {"drug": "denosumab"}, "calcium": {"level": None}}
    offered = ask(edition, "denosumab-hypocalcaemia", given).outcome
    ordered = given | {"exams": [{"service": service, "how": "ordered", "days_ago": 0}]}
    waiting = ask(edition, "denosumab-hypocalcaemia", ordered).outcome
    assert isinstance(offered, Advise)
    assert [s.label for s in offered.suggestions] == ["order-calcium"]
    assert isinstance(waiting, Advise)
    assert not waiting.suggestions


def test_a_missing_baseline_is_told_with_the_day_of_the_first_dose(edition: Edition) -> None:
    given: dict[str, Any] = {
        "order": {"drug": "zoledronic-acid"},
        "uses": [{"drug": "zoledronic-acid", "kind": "administration", "days_ago": 60}],
        "creatinines": [{"mg_dl": 1, "days_ago": 1}],
    }
    asked = ask(edition, "creatinine-rise-hold", given)
    assert isinstance(asked.outcome, CannotTell)
    assert [m.when for m in asked.outcome.missing] == [asked.facts.today - timedelta(days=60)]


def _buttons(edition: Edition, topic: str, given: dict[str, Any]) -> list[tuple[str, bool, tuple[Act, ...]]]:
    outcome = ask(edition, topic, given).outcome
    assert isinstance(outcome, Advise)
    return [(s.label, s.recommended, s.acts) for s in outcome.suggestions]


def test_calcium_is_measured_first_where_only_a_diagnosis_says_it_is_high(edition: Edition) -> None:
    given: dict[str, Any] = {
        "order": {"drug": "vitamin-d"},
        "diagnoses": ["lung-cancer", "hypercalcaemia"],
        "calcium": {"level": None},
    }
    test, delete = _buttons(edition, "hypercalcaemia-no-supplement", given)
    assert test == ("order-calcium", True, (CreateService("calcium"), CreateService("albumin")))
    assert delete[:2] == ("delete", False)


@pytest.mark.parametrize("diagnosis", ["chronic-kidney-disease", "acute-kidney-injury"])
def test_kidney_disease_without_a_clearance_cannot_be_told(edition: Edition, diagnosis: str) -> None:
    given: dict[str, Any] = {
        "order": {"drug": "denosumab"},
        "diagnoses": ["lung-cancer", "bone-metastasis", diagnosis],
        "clearance": None,
        "renal_problems": [{"what": "creatinine", "why": "not-on-record"}],
    }
    assert ask(edition, "denosumab-renal-hypocalcaemia", given).said == "cannot tell creatinine"


@pytest.mark.parametrize(
    ("order", "diagnoses", "labels"),
    [
        ({"dose_mg": 100}, ["lung-cancer", "bone-metastasis"], ["revise"]),
        ({"dose_mg": 60}, ["lung-cancer", "bone-metastasis"], ["replace"]),
        ({"dose_mg": 100}, ["lung-cancer"], []),
        ({"dose_mg": 100, "indications": ["bone-metastasis"]}, ["lung-cancer"], ["revise"]),
    ],
)
def test_denosumab_is_changed_with_one_click_only_for_bone_metastasis(
    edition: Edition, order: dict[str, Any], diagnoses: list[str], labels: list[str]
) -> None:
    given = {"order": {"drug": "denosumab"} | order, "diagnoses": diagnoses}
    assert [label for label, _, _ in _buttons(edition, "denosumab-dose", given)] == labels


@pytest.mark.parametrize(("mg_dl", "offered"), [("0.5", True), ("50", False)])
def test_ibandronate_is_no_alternative_above_its_label_limit(edition: Edition, mg_dl: str, *, offered: bool) -> None:
    given: dict[str, Any] = {
        "order": {"drug": "zoledronic-acid", "dose_mg": 4},
        "clearance": 20,
        "creatinines": [{"mg_dl": mg_dl, "days_ago": 1}],
    }
    acts = [act for _, _, acts in _buttons(edition, "bisphosphonate-renal-dose", given) for act in acts]
    drugs = {act.orderable for act in acts if isinstance(act, CreateDrug)}
    assert ("ibandronate" in drugs) is offered
    assert "incadronate" in drugs
