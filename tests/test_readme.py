"""The README shows what a newcomer sees."""

from __future__ import annotations

from pathlib import Path

from cds_service import fixtures

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def words(text: str) -> str:
    return " ".join(text.replace("\n> ", " ").replace("\n>", " ").split())


def test_the_card_of_the_readme_is_the_card_of_its_fixture() -> None:
    card = fixtures.load("zoledronic-acid-dose-above-row").response["cards"][0]
    assert words(card["summary"]) in words(README)
    assert words(card["detail"]) in words(README)


def test_what_it_is_not_stands_near_the_top() -> None:
    top = README[:2000]
    assert "Not a registered medical device" in top
    assert "synthetic" in top
    assert "a clinician reviews and signs" in top
