"""No English is left where a Chinese page tells what the content says: but codes, ids, units and the words of FHIR."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient

from cds_service import fixtures
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.web.app import create_app
from cds_service.workbench.words import words_of
from tests.build import NOW

HAN, WORD = re.compile("[\u4e00-\u9fff]"), re.compile("[A-Za-z]{3}")
# Says the same in every language.
SAME = re.compile(r"MRI|GET|POST|Hook:|Prefetch( [\w-]+)?|(cards/)?decisions/[\w-]+\.md|min|(mL|mmol|μmol)/\S+( m²)?")
UNREAD = {"code", "pre", "script", "style"}
SINGLE = {"br", "hr", "img", "input", "link", "meta", "wbr"}


class Told(HTMLParser):
    """What a page says that is neither code nor marked as another language."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._inside: list[tuple[str, str]] = []
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag not in SINGLE:
            self._inside.append((tag, said.get("lang") or "zh-CN"))
        self.found += [said[name] or "" for name in ("aria-label", "title", "placeholder") if name in said]

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not any(tag in UNREAD or lang != "zh-CN" for tag, lang in self._inside):
            self.found.append(data)


@pytest.fixture(scope="module")
def client(edition: Edition) -> FlaskClient:
    return create_app(Settings(), edition, lambda: NOW).test_client()


def test_nothing_of_the_content_is_told_in_english_on_a_chinese_page(client: FlaskClient, edition: Edition) -> None:
    ids = {service.id for service in edition.knowledge.services.services}
    ids |= {situation.story.dialect for situation in fixtures.situations()}
    left = {}
    for path in (
        "knowledge",
        "knowledge/guideline",
        "api",
        *(f"knowledge/{topic}" for topic in edition.recommendations),
    ):
        told = Told(client.get(f"/workbench/{path}?lang=zh-CN").text)
        texts = {" ".join(text.split()).removeprefix("/ ") for text in told.found}
        english = {text for text in texts if WORD.search(text) and not HAN.search(text) and not SAME.fullmatch(text)}
        left |= {text: path for text in english if not set(text.split(", ")) <= ids}
    assert left == {}


def test_a_place_of_the_guideline_is_named_in_chinese(edition: Edition) -> None:
    place = words_of("zh-CN").place
    for statement in edition.knowledge.guideline.registry.statements:
        assert not WORD.search(place(statement.id)), statement.id
