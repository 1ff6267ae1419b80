"""The README shows what a newcomer sees."""

from __future__ import annotations

from pathlib import Path

from cds_service import fixtures
from cds_service.base.kinds import WITHOUT_RULE
from cds_service.edition import Edition

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def words(text: str) -> str:
    return " ".join(text.replace("\n> ", " ").replace("\n>", " ").split())


def test_the_card_of_the_readme_is_the_card_of_its_fixture() -> None:
    card = fixtures.load("zoledronic-acid-dose-above-row").response["cards"][0]
    assert words(card["summary"]) in words(README)
    assert words(card["detail"]) in words(README)


def test_what_is_covered_is_computed(edition: Edition) -> None:
    """The sentence of the README; where it fails, it shows the one to write."""
    guideline = edition.knowledge.guideline
    numbered = [s.status for s in guideline.registry.statements if s.id.startswith("Rec. ")]
    kinds = [r.source.kind for topic, r in guideline.recommendations.items() if topic not in WITHOUT_RULE]
    said = (
        f"Of the guideline's {len(numbered)} recommendations {numbered.count('encoded')} are encoded, "
        f"{numbered.count('partly')} in part and {numbered.count('not-encoded')} not. {len(kinds)} topics: "
        f"{kinds.count('guideline')} of the guideline, {len(kinds) - kinds.count('guideline')} of drug labels, "
        "published gradings or the product's own reading."
    )
    assert said in words(README), said


def test_what_it_is_not_stands_near_the_top() -> None:
    top = README[:2000]
    assert "Not a registered medical device" in top
    assert "synthetic" in top
    assert "a clinician reviews and signs" in top
