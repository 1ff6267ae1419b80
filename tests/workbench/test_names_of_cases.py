"""Cases and decision tables on the page of a topic are named in its language."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from cds_service.base.complaints import StartFault
from cds_service.base.kinds import LanguageTag
from cds_service.edition import Edition
from cds_service.review.cases import Case, CaseFile, Walk, load_cases
from cds_service.site.settings import Settings
from cds_service.web.app import create_app
from cds_service.workbench import knowledge
from tests.build import NOW

TOPIC = "renal-risk-factors"
DIABETES = Case("diabetes", {"order": {"drug": "zoledronic-acid"}}, "", {"zh-CN": "糖尿病一例"})
UNTRANSLATED = msgspec.structs.replace(DIABETES, name="nobody has translated this", translated={})
AGE = {"axis": "age", "around": ["age_limit"], "step": 1, "given": DIABETES.given}
WALK = msgspec.convert({"name": "age told", "translated": {"zh-CN": "年龄一表"}, **AGE}, Walk)


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    file = CaseFile(TOPIC, [DIABETES, UNTRANSLATED], [WALK])
    monkeypatch.setattr(knowledge, "load_cases", lambda _: iter([file]))


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("en", ["diabetes", "age told", '<th scope="row">nobody has translated this']),
        ("zh-CN", ["糖尿病一例", "决策表：年龄一表", '<th scope="row" lang="en">nobody has translated this']),
    ],
)
def test_a_page_names_them_in_its_language_and_in_english_where_nobody_has_translated(
    edition: Edition, tag: LanguageTag, told: list[str]
) -> None:
    client = create_app(Settings(), edition, lambda: NOW).test_client()
    text = client.get(f"/workbench/knowledge/{TOPIC}?lang={tag}").text
    assert [each for each in told if each not in text] == []
    assert ('"row">diabetes<' in text, "age told" in text) == (tag == "en", tag == "en")
    data = client.get(f"/workbench/knowledge/{TOPIC}.json?lang={tag}").get_json()
    assert [(each["name"], each["language"]) for each in data["cases"]] == [
        (DIABETES.translated.get(tag, "diabetes"), tag),
        (UNTRANSLATED.name, "en"),
    ]
    assert [each["name"] for each in data["decisions"]] == [WALK.translated.get(tag, WALK.name)]


def test_a_name_in_a_language_there_is_not_is_refused_with_its_line(tmp_path: Path) -> None:
    text = 'topic: a\ncases:\n  - name: x\n    translated: {zh: "某"}\n    given: {}\n    expect: y\n'
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(StartFault, match=r"(?s)a\.yaml.*4.*write one of: en, zh-CN"):
        list(load_cases(tmp_path))
