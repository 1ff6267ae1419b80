"""What the explanation tells of each kind of fact: ``tests/told.yaml``, read and kept by a person.

Of every kind of fact, and of every shape in which it comes (with or without a value, a reference, inputs, a formula),
four situations. ``python tests/test_told.py`` writes the file anew: read every line that changed.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml

from cds_service import fixtures
from cds_service.caller import Defaults
from cds_service.edition import Edition
from cds_service.render.explain.model import Chapter, Fact
from cds_service.site.settings import Settings
from cds_service.tools.asking import answer_body
from tests.asked import explained

FILE = Path(__file__).with_name("told.yaml")
KEPT: dict[str, dict[str, list[str]]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
OF_EACH_SHAPE = 4

Shape = tuple[str, ...]


def chapters(edition: Edition, situation: fixtures.Situation) -> tuple[Chapter, ...]:
    """What is told of the facts of a situation, in the language of its story."""
    story = situation.story
    found = answer_body(edition, story.service, situation.request, situation.at, story.language, Defaults())
    return explained(edition, found, story.language, situation.at).chapters


def lines(told: tuple[Chapter, ...]) -> dict[str, list[str]]:
    """``chapter key`` -> a line for each fact of this kind, in their order."""
    found: dict[str, list[str]] = {}
    for chapter in told:
        for fact in chapter.facts:
            found.setdefault(f"{chapter.name} {fact.key}", []).append(line(fact))
    return found


def line(fact: Fact) -> str:
    """All of a fact: its sentence, then whatever of the other members is there."""
    inputs = [
        " ".join(map(str, filter(None, (i.name, i.value, i.unit, i.shown and f"“{i.shown}”", i.when, i.reference))))
        for i in fact.inputs
    ]
    numbers = [n.name for n in (*fact.windows, *fact.limits)]
    parts = {
        "value": " ".join(filter(None, (fact.value, fact.unit))),
        "on": fact.when,
        "from": fact.reference,
        "inputs": "; ".join(inputs),
        "formula": fact.formula,
        "numbers": ", ".join(numbers),
    }
    return " | ".join([fact.sentence, *(f"{name} {said}" for name, said in parts.items() if said)])


def shape(name: str, fact: Fact) -> Shape:
    """A fact's kind, and which members it has."""
    return name, fact.key, *(member for member in fact.__struct_fields__ if getattr(fact, member))


def chosen(edition: Edition) -> dict[str, dict[str, list[str]]]:
    """Situation -> what is told of the kinds of fact it was chosen for."""
    seen: Counter[Shape] = Counter()
    kept = {}
    for situation in fixtures.situations():
        if situation.story.status != 200:
            continue
        told = chapters(edition, situation)
        shapes = {shape(chapter.name, fact) for chapter in told for fact in chapter.facts}
        new = {it for it in shapes if seen[it] < OF_EACH_SHAPE}
        seen.update(new)
        if new:
            kinds = {" ".join(it[:2]) for it in new}
            kept[situation.name] = {kind: said for kind, said in lines(told).items() if kind in kinds}
    return kept


@pytest.mark.parametrize("name", KEPT)
def test_facts_are_told_as_written_down(edition: Edition, name: str) -> None:
    told = lines(chapters(edition, fixtures.load(name)))
    assert {kind: told.get(kind) for kind in KEPT[name]} == KEPT[name]


if __name__ == "__main__":
    head = "# What the explanation tells of each kind of fact. See test_told.py.\n"
    said = yaml.safe_dump(chosen(Edition.load(Settings())), width=10_000, sort_keys=False, allow_unicode=True)
    FILE.write_text(head + said, encoding="utf-8")
