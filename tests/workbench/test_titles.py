"""The titles of the situations: both languages, the same numbers, and what a page shows of a story in the other one."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cds_service import fixtures
from cds_service.base.yamlfile import load_as
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.web.app import create_app
from cds_service.workbench.situations import Wanted, catalogue, listed
from tests.build import NOW

HAN = re.compile(r"[\u4e00-\u9fff]")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
ENTRIES = load_as(fixtures.fixtures_root() / "titles.yaml", list[fixtures.Title])


def page(edition: Edition, name: str, tag: str) -> Any:
    client = create_app(Settings(), edition, lambda: NOW).test_client()
    return client.get(f"/workbench/try?situation={name}&lang={tag}").text


def test_no_situation_is_without_a_title_in_both_languages() -> None:
    lacking = [f"- en: {it.title!r}" for it in catalogue() if set(it.titles) != {"en", "zh-CN"}]
    assert lacking == [], "add them to fhir_fixtures/titles.yaml, each with zh-CN"
    for it in catalogue():
        assert HAN.search(it.titles["zh-CN"]), it.name
        assert not HAN.search(it.titles["en"]), it.name


def test_a_title_says_the_same_numbers_in_both_languages() -> None:
    told = [(each.en, each.zh_cn) for each in ENTRIES]
    assert [pair for pair in told if sorted(NUMBER.findall(pair[0])) != sorted(NUMBER.findall(pair[1]))] == []


@pytest.mark.parametrize("side", ["en", "zh_cn"])
def test_no_two_titles_are_the_same(side: str) -> None:
    titles = [getattr(each, side) for each in ENTRIES]
    assert sorted(titles) == sorted(set(titles))


# The title of the second is Chinese.
@pytest.mark.parametrize("name", ["zoledronic-acid-dose-above-row", "chinese-names-as-text"])
def test_a_chinese_page_tells_an_english_story_in_chinese_and_keeps_its_wording(edition: Edition, name: str) -> None:
    told, text = fixtures.load(name).story, page(edition, name, "zh-CN")
    titles = fixtures.titles()[told.title]
    assert f'<h1 id="which">{titles["zh-CN"]}</h1>' in text
    assert "唑来膦酸" in text.split('<h1 id="which">')[1].split("</section>")[0]
    original = text.split('<details class="told-in">')[1].split("</details>")[0]
    assert titles["en"] in original
    assert '<p lang="en">' in original
    for said in (titles["en"], " ".join(told.expect.split())[:20]):
        assert said in original
        assert said not in text.replace(original, "")


def test_an_english_page_tells_a_chinese_story_in_english(edition: Edition) -> None:
    name = "review-chinese-blastic-lesions"
    told = fixtures.load(name).story
    text = page(edition, name, "en")
    assert f'<h1 id="which">{fixtures.titles()[told.title]["en"]}</h1>' in text
    original = text.split('<details class="told-in">')[1].split("</details>")[0]
    assert told.title in original
    assert '<p lang="zh-CN">' in original
    assert told.expect.strip() not in text.replace(original, "")


def test_an_english_story_under_a_chinese_title_is_read_as_english(edition: Edition) -> None:
    text = page(edition, "chinese-dose-in-words", "en")
    assert '<h1 id="which">The dose stands in the text</h1>' in text
    assert '<details class="told-in">' not in text


def test_a_story_that_expects_a_refusal_says_so(edition: Edition) -> None:
    name = next(it.name for it in catalogue() if it.status != 200 and it.written == "en")
    assert f"以状态码 {listed(name).status} 拒绝" in page(edition, name, "zh-CN")  # type: ignore[union-attr]


def test_a_situation_is_found_by_its_title_in_either_language() -> None:
    it = listed("zoledronic-acid-dose-above-row")
    assert it
    assert Wanted(text="清除率约 45").fits(it, "")
    assert Wanted(text="about 45 ml/min").fits(it, "")


def test_one_that_nobody_has_translated_is_named_by_what_its_cards_are_about(
    edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    it = listed("zoledronic-acid-dose-above-row")
    assert it
    monkeypatch.delitem(it.titles, "zh-CN")
    topic = edition.wordings["zh-CN"].language.topics["bisphosphonate-renal-dose"].display
    assert f'<h1 id="which">{topic}</h1>' in page(edition, it.name, "zh-CN")
