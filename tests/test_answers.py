"""What an answer carries besides its name: buttons, and the day of what is missing."""

from datetime import timedelta
from typing import Any

import pytest

from cds_service.content import Content
from cds_service.outcome import Advise, CannotTell
from cds_service.review.cases import ask


@pytest.mark.parametrize("service", ["calcium-total", "calcium-ionised", "calcium-corrected"])
def test_a_calcium_already_ordered_is_not_offered_again(content: Content, service: str) -> None:
    given: dict[str, Any] = {"order": {"drug": "denosumab"}, "calcium": {"level": None}}
    offered = ask(content, "denosumab-hypocalcaemia", given).outcome
    ordered = given | {"exams": [{"service": service, "how": "ordered", "days_ago": 0}]}
    waiting = ask(content, "denosumab-hypocalcaemia", ordered).outcome
    assert isinstance(offered, Advise)
    assert [s.label for s in offered.suggestions] == ["order-calcium"]
    assert isinstance(waiting, Advise)
    assert not waiting.suggestions


def test_a_missing_baseline_is_told_with_the_day_of_the_first_dose(content: Content) -> None:
    given: dict[str, Any] = {
        "order": {"drug": "zoledronic-acid"},
        "uses": [{"drug": "zoledronic-acid", "kind": "administration", "days_ago": 60}],
        "creatinines": [{"mg_dl": 1, "days_ago": 1}],
    }
    asked = ask(content, "creatinine-rise-hold", given)
    assert isinstance(asked.outcome, CannotTell)
    assert [m.when for m in asked.outcome.missing] == [asked.facts.today - timedelta(days=60)]
