"""The form of a card: short, without a machine's marks, in paragraphs that every renderer shows, nothing said twice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from markdown_it import MarkdownIt

from cds_service.base.folders import content_root
from cds_service.base.kinds import LANGUAGES
from cds_service.base.yamlfile import load_as
from cds_service.edition import Edition
from cds_service.fixtures import situations
from cds_service.knowledge.model import File
from tests.test_fixtures import ask

SUMMARY, WORDS, CHARACTERS = 100, 60, 130


class Longer(File, frozen=True):
    """How long the cards of a topic may be instead, and why."""

    topic: str
    en: int
    zh: int
    reason: str


class Card(NamedTuple):
    where: str
    tag: str
    topic: str
    summary: str
    detail: str

    @property
    def length(self) -> int:
        """Words, of Chinese all characters that are no space; emphasis does not count."""
        if self.tag == "zh-CN":
            return len(re.sub(r"[\s*]", "", self.detail))
        return len([word for word in self.detail.split() if re.search(r"\w", word)])


FILE = Path(__file__).with_name("card_length_exceptions.yaml")
EXCEPTIONS = {it.topic: it for it in load_as(FILE, list[Longer])}


@pytest.fixture(scope="module")
def answers(edition: Edition) -> list[list[Card]]:
    """The cards of every situation in both languages, an answer each."""
    found = []
    for situation in situations():
        for tag in LANGUAGES:
            _, response = ask(edition, situation, tag, situation.request, situation.at)
            found.append([_card(situation.name, tag, card) for card in response.get("cards", [])])
    return found


@pytest.fixture(scope="module")
def cards(answers: list[list[Card]]) -> list[Card]:
    """Those, and the wordings of the review pages."""
    return [card for answer in answers for card in answer] + list(_of_pages())


def _card(where: str, tag: str, card: dict[str, Any]) -> Card:
    return Card(where, tag, card["source"]["topic"]["code"], card["summary"], card["detail"])


def _of_pages() -> Iterator[Card]:
    for page in sorted((content_root() / "review").glob("*.md")):
        parts = re.split(r"^### (\S+) \((\S+), \w+\)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for say, tag, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            summary = re.search(r"^\*\*(.*)\*\*$", text, re.MULTILINE)
            detail = "\n".join(line[2:] for line in text.splitlines() if line.startswith(">"))
            yield Card(f"review page, {say}", tag, page.stem, summary[1] if summary else "", detail)


def test_summaries_are_short(cards: list[Card]) -> None:
    assert [c for c in cards if not 0 < len(c.summary) <= SUMMARY] == []


def test_details_are_short(cards: list[Card]) -> None:
    def allowed(card: Card) -> int:
        other = EXCEPTIONS.get(card.topic)
        if card.tag == "zh-CN":
            return other.zh if other else CHARACTERS
        return other.en if other else WORDS

    assert [(c.where, c.tag, c.topic, c.length) for c in cards if c.length > allowed(c)] == []


@pytest.mark.parametrize("topic", EXCEPTIONS)
def test_no_exception_is_larger_than_it_must_be(cards: list[Card], topic: str) -> None:
    longest = {tag: max((c.length for c in cards if (c.topic, c.tag) == (topic, tag)), default=0) for tag in LANGUAGES}
    it = EXCEPTIONS[topic]
    assert (it.en, it.zh) == (max(longest["en"], WORDS), max(longest["zh-CN"], CHARACTERS))
    assert longest["en"] > WORDS or longest["zh-CN"] > CHARACTERS


IDS = re.compile(r"\b(?:Observation|Condition|Medication\w*|ServiceRequest|Procedure|Appointment|Patient)/\S")


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("the id of a resource", IDS),
        ("a brace", re.compile(r"[{}]")),
        ("a backslash", re.compile(r"\\")),
        ("another micro than μ", re.compile("µ|umol")),
        ("two spaces", re.compile(r"\S  +\S")),
        ("a bracket of UCUM", re.compile(r"\[\w+_\w+\]")),
    ],
)
def test_no_card_has_a_machines_marks(cards: list[Card], what: str, pattern: re.Pattern[str]) -> None:
    assert [(c.where, c.tag, c.topic) for c in cards if pattern.search(c.summary + "\n" + c.detail)] == [], what


def test_a_paragraph_is_one_line(cards: list[Card]) -> None:
    """A bare line break is swallowed by every renderer."""
    for card in cards:
        for paragraph in card.detail.split("\n\n"):
            lines = paragraph.split("\n")
            assert len(lines) == 1 or all(line.startswith("- ") for line in lines), (card.where, card.tag, paragraph)


def test_a_renderer_shows_what_is_written(cards: list[Card]) -> None:
    renderer = MarkdownIt("commonmark", {"html": False})
    for card in cards:
        html = renderer.render(card.detail)
        paragraphs = [p for p in card.detail.split("\n\n") if not p.startswith("- ")]
        assert html.count("<p>") == len(paragraphs), (card.where, card.tag)
        assert "**" not in html
        assert set(re.findall(r"</?(\w+)", html)) <= {"p", "strong", "ul", "li"}, (card.where, card.tag)


CALCIUM = {"denosumab-hypocalcaemia", "bisphosphonate-hypocalcaemia", "hypercalcaemia-no-supplement"}


def test_calcium_has_two_decimals(cards: list[Card]) -> None:
    for card in cards:
        if card.topic in CALCIUM and "missing" not in card.where and "is low" in card.detail + card.summary:
            for number in re.findall(r"([\d.]+) mmol/L", card.summary + card.detail):
                assert re.fullmatch(r"\d+\.\d\d", number), (card.where, card.tag, number)


# Numbers that stand for a patient's value.
VALUE = re.compile(r"\d+(?:\.\d+)? (?:mL/min|mmol/L|μmol/L|mg/dL)")


def test_no_value_stands_on_two_cards_of_one_answer(answers: list[list[Card]]) -> None:
    for answer in answers:
        for one, other in combinations(answer, 2):
            both = {*VALUE.findall(one.summary + one.detail)} & {*VALUE.findall(other.summary + other.detail)}
            assert not both, (one.where, one.tag, one.topic, other.topic, both)


def test_nothing_is_watched_that_is_not_to_be_given(answers: list[list[Card]]) -> None:
    """After "do not give" or "hold" nobody is told what to do if it is given."""
    forbidding = re.compile(r"^(Do not give|Hold|勿用|暂停)")
    for answer in answers:
        if any(forbidding.match(card.detail) for card in answer):
            assert "renal-risk-factors" not in [card.topic for card in answer], answer[0].where


def test_the_pages_have_every_wording() -> None:
    """What is read from the pages is what they hold: a card for every heading."""
    cards = list(_of_pages())
    assert len(cards) > 60
    assert all(card.summary and card.detail for card in cards)
    assert json.dumps(sorted({card.tag for card in cards})) == json.dumps(sorted(LANGUAGES))
