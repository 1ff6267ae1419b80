"""Numbers of ours that stand in two places are the same in both: on the page that explains them, and in copies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cds_service.base.folders import content_root
from cds_service.edition import Edition
from cds_service.site.settings import Settings

PAGES = content_root() / "decisions"
CITED = re.compile(r"cards/decisions/([a-z0-9-]+)\.md")


def _cited() -> Iterator[tuple[str, str, str, str]]:
    """Topic, parameter, page and value of every number that cites a page of its own."""
    for topic, it in Edition.load(Settings()).recommendations.items():
        for name, number in it.parameters.items():
            for page in CITED.findall(number.source):
                yield topic, name, page, f"{number.value}"


@pytest.mark.parametrize(("topic", "name", "page", "value"), list(_cited()))
def test_a_page_gives_the_number_that_cites_it(topic: str, name: str, page: str, value: str) -> None:
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if topic in line] if page == "look-backs" else [text]
    assert any(re.search(rf"(?<![\d.]){re.escape(value)}(?![\d.]\d)", row) for row in rows), (name, value)


def _text_files() -> Iterator[Path]:
    for suffix in ("*.yaml", "*.md", "*.csv"):
        yield from (path for path in content_root().rglob(suffix) if "review" not in path.parts)


def test_every_page_that_is_named_exists() -> None:
    named = {n for path in _text_files() for n in re.findall(r"decisions/([a-z0-9-]+)\.md", path.read_text("utf-8"))}
    assert named
    assert {n for n in named if not (PAGES / f"{n}.md").is_file()} == set()


COPIED = ["baseline_limit", "rise_normal", "rise_abnormal"]


@pytest.mark.parametrize("name", [*COPIED, *(f"{n}_si" for n in COPIED), "baseline_window"])
def test_a_rise_that_holds_the_drug_is_the_rise_that_explains_its_end(edition: Edition, name: str) -> None:
    held, ended = (edition.recommendations[t].parameters for t in ("creatinine-rise-hold", "bma-early-discontinuation"))
    assert (held[name].value, held[name].unit) == (ended[name].value, ended[name].unit)
