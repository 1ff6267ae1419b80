"""What each card's buttons do, over all its cases: ``tests/suggestions.yaml``, read and kept by a person.

``python tests/test_suggestions.py`` writes the file anew: read every line that changed.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cds_service.base.folders import content_root
from cds_service.edition import Edition
from cds_service.evaluate.outcome import Act, Advise, CreateDrug, CreateService, DeleteOrder, ReviseOrder
from cds_service.facts.subjects import DrugOrder
from cds_service.review.cases import CaseFile, ask, load_cases
from cds_service.site.settings import Settings

FILE = Path(__file__).with_name("suggestions.yaml")
CASES = {file.topic: file for file in load_cases(content_root() / "cases")}
NOTHING = "no button"


def _told(act: Act) -> str:
    match act:
        case CreateService(orderable):
            return f"order {orderable}"
        case CreateDrug(orderable, mg):
            return f"order {orderable}" + (f" {float(mg):g} mg" if mg is not None else "")
        case DeleteOrder(order):
            return f"remove {order.drug if isinstance(order, DrugOrder) else 'the procedure'}"
        case ReviseOrder(order, mg, days, subcutaneous):
            parts = (
                f" {float(mg):g} mg" if mg else "",
                f" every {days} d" if days else "",
                " subcutaneous" * subcutaneous,
            )
            return f"change {order.drug} to{''.join(parts)}"


def _buttons(outcome: Advise) -> str:
    """All buttons of one card, in their order."""
    told = [
        f"{s.label}: {' and '.join(map(_told, s.acts))}{' (recommended)' if s.recommended is True else ''}"
        for s in outcome.suggestions
    ]
    chosen = f"{outcome.choose} of " if len(told) > 1 else ""
    return f"{chosen}{'; '.join(told)}" if told else NOTHING


def suggested(edition: Edition, file: CaseFile) -> dict[str, list[str]]:
    """What the cards of a topic's cases suggest: ``say`` -> each set of buttons once."""
    found: dict[str, set[str]] = {}
    for case in file.cases:
        outcome = ask(edition, file.topic, case.given).outcome
        if isinstance(outcome, Advise):
            found.setdefault(outcome.say, set()).add(_buttons(outcome))
    return {say: sorted(sets) for say, sets in sorted(found.items()) if sets != {NOTHING}}


@pytest.mark.parametrize("topic", CASES)
def test_buttons_do_what_is_written_down(edition: Edition, topic: str) -> None:
    assert suggested(edition, CASES[topic]) == yaml.safe_load(FILE.read_text(encoding="utf-8")).get(topic, {})


def test_every_button_orders_what_can_be_ordered(edition: Edition) -> None:
    acts = [
        act
        for file in CASES.values()
        for case in file.cases
        if isinstance(outcome := ask(edition, file.topic, case.given).outcome, Advise)
        for suggestion in outcome.suggestions
        for act in suggestion.acts
    ]
    ordered = {act.orderable for act in acts if isinstance(act, CreateService | CreateDrug)}
    assert ordered <= set(edition.knowledge.orderables)


if __name__ == "__main__":
    loaded = Edition.load(Settings())
    all_of_them = {topic: told for topic, file in CASES.items() if (told := suggested(loaded, file))}
    head = "# What the buttons of each card do, by topic and card. See test_suggestions.py.\n"
    FILE.write_text(head + yaml.safe_dump(all_of_them, width=10_000, sort_keys=False), encoding="utf-8")
