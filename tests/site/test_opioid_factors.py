"""A hospital's own table of oral morphine equivalents, and none at all."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from cds_service import fixtures
from cds_service.answer import Answer
from cds_service.base.complaints import StartFault
from cds_service.base.kinds import LANGUAGES, LanguageTag
from cds_service.edition import Edition
from cds_service.site.load import apply_opioids, far_factors
from cds_service.site.settings import Settings
from cds_service.tools.asking import answer_body
from tests.build import NOW
from tests.site.made import site

MORPHINE_60, METHADONE, OXYCODONE = (
    "opioid-stopped-morphine-60-mg", "version-r5-opioid-stopped-methadone", "chinese-opioid-stopped-pain-relieved",
)  # fmt: skip
OWN = {"table": "Pharmacy 2026", "source": "Example Hospital, pharmacy table", "factors": {"oxycodone": "1"}}


def edition_with(folder: Path, own: dict[str, Any] | None = None, *, published: bool = True) -> Edition:
    file = folder / "site.yaml"
    file.write_text(json.dumps({"opioid_factors": own} if own else {}), encoding="utf-8")
    return Edition.load(Settings(site_file=file, label_rules=published))


def told(edition: Edition, name: str, language: LanguageTag = "en") -> Answer:
    situation = fixtures.load(name)
    return answer_body(edition, situation.story.service, situation.request_at(NOW), NOW, language)


def said(answer: Answer) -> str | None:
    assert answer.findings
    return next((a.say for f, a in answer.findings.advice if f.code == "opioid-taper"), None)


def detail(answer: Answer) -> str:
    return next(c.detail or "" for c in answer.response.cards if c.source.topic.code == "opioid-taper")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_card_names_the_table_of_the_site_and_not_the_published_one(
    edition: Edition, tmp_path: Path, language: LanguageTag
) -> None:
    own = edition_with(tmp_path, OWN)
    assert "Pharmacy 2026" in detail(told(own, OXYCODONE, language))
    assert "CDC 2022" not in detail(told(own, OXYCODONE, language))
    assert "CDC 2022" in detail(told(edition, OXYCODONE, language))


def test_numbers_are_the_sites_and_the_range_holds_every_table(edition: Edition) -> None:
    made = apply_opioids(edition.knowledge.opioids, site(opioid_factors=OWN), published=True)
    assert made.factors["oxycodone"].exact == 1
    assert made.factors["oxycodone"].span == (Fraction(1), Fraction(2))
    above = OWN | {"factors": {"oxycodone": "5/2"}}
    made = apply_opioids(edition.knowledge.opioids, site(opioid_factors=above), published=True)
    assert made.factors["oxycodone"].span == (Fraction(1), Fraction(5, 2))


@pytest.mark.parametrize("text", ["0.333333333", "1.000000000000000001", "1/3", "99999/99998.0000001"])
def test_a_number_of_many_digits_is_exact(edition: Edition, text: str) -> None:
    own = OWN | {"factors": {"oxycodone": text}}
    above, _, below = text.partition("/")
    made = apply_opioids(edition.knowledge.opioids, site(opioid_factors=own), published=True)
    assert made.factors["oxycodone"].exact == Fraction(above) / Fraction(below or "1")


def test_morphine_is_one_and_what_the_table_does_not_name_is_not_converted(edition: Edition, tmp_path: Path) -> None:
    own = edition_with(tmp_path, OWN)
    assert said(told(own, MORPHINE_60)) == "taper"
    only = edition_with(tmp_path, OWN | {"factors": {"codeine": "0.15"}})
    assert said(told(edition, OXYCODONE)) == "taper"
    assert said(told(only, OXYCODONE)) == "not-convertible"


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_published_numbers_no_dose_is_converted_and_the_card_says_so(
    tmp_path: Path, language: LanguageTag
) -> None:
    off = edition_with(tmp_path, published=False)
    for name in (MORPHINE_60, METHADONE, OXYCODONE):
        answer = told(off, name, language)
        assert said(answer) == "not-convertible"
        assert "CDC" not in detail(answer)
    # Why is another matter for an opioid that no table converts.
    off_in_words = off.wordings[language].language.shared.why_missing["conversion-off"]
    assert off_in_words in detail(told(off, OXYCODONE, language))
    assert off_in_words not in detail(told(off, METHADONE, language))


def test_a_table_of_the_site_is_not_switched_off_with_the_published_ones(tmp_path: Path) -> None:
    assert said(told(edition_with(tmp_path, OWN, published=False), OXYCODONE)) == "taper"


@pytest.mark.parametrize(
    ("factor", "far"),
    [("0.74", True), ("0.75", False), ("1.5", False), ("3", False), ("3.01", True)],
)
def test_a_factor_far_from_the_published_one_is_told_at_the_start(edition: Edition, factor: str, *, far: bool) -> None:
    own = site(opioid_factors=OWN | {"factors": {"oxycodone": factor}})
    assert far_factors(edition.knowledge.opioids, own) == (("oxycodone",) if far else ())


def test_the_remark_names_drug_and_table(tmp_path: Path) -> None:
    (remark,) = edition_with(tmp_path, OWN | {"factors": {"oxycodone": "9"}}).remarks
    assert "oxycodone" in remark
    assert "CDC 2022" in remark


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"factors": {"methadone": "4.7"}}, "no table converts methadone"),
        ({"factors": {"oxycodon": "1.5"}}, "did you mean oxycodone"),
        ({"factors": {"oxycodone": "0"}}, "above zero"),
        ({"factors": {"oxycodone": "-1"}}, "above zero"),
        ({"factors": {"oxycodone": "1/0"}}, "above zero"),
        ({"factors": {"oxycodone": "nan"}}, "above zero"),
        ({"factors": {"oxycodone": "9e999999999"}}, "above zero"),
        ({"factors": {"morphine": "2"}}, "1 by definition"),
        ({"source": ""}, "source"),
        ({"table": "x" * 41}, "table"),
    ],
)
def test_a_table_that_cannot_be_is_refused(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    with pytest.raises(StartFault) as refused:
        edition_with(tmp_path, OWN | change)
    assert fault in str(refused.value)
