"""How long a clinician expects a patient to live, as it is written: both ends in months."""

from __future__ import annotations

import pytest

from cds_service.base.kinds import LanguageTag
from cds_service.edition import Edition
from cds_service.tools.asking import answer_body
from tests.build import BONE_METASTASIS, LUNG_CANCER, NOW, PATIENT, Json, ago, bundle, encoded, patient, request
from tests.facts.whole import facts_of


def observed(text: str) -> Json:
    return {
        "resourceType": "Observation", "id": "life", "status": "final", "code": {"text": "预期生存期"},
        "subject": {"reference": f"Patient/{PATIENT}"}, "effectiveDateTime": ago(5), "valueString": text,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("预期生存不足半年", None, 6), ("不足半年", None, 6), ("半年以内", None, 6), ("less than half a year", None, 6),
        ("大于3个月", 3, None), (">3个月", 3, None), ("半年以上", 6, None), ("more than one year", 12, None),
        ("3-6个月", 3, 6), ("3个月至6个月", 3, 6), ("3 to 6 months", 3, 6), ("3个月到半年", 3, 6), ("半年到1年", 6, 12),
        ("三个月", 3, 3), ("约3个月", 3, 3), ("about 3 months", 3, 3), ("半年", 6, 6), ("half a year", 6, 6),
        ("life expectancy < 3 months", None, 3), ("预期生存时间：3-6月", 3, 6), ("six months or less", None, 6),
        ("under six months", None, 6), ("at least 6 months", 6, None), ("6-12月", 6, 12),
        ("3个月左右", 3, 3), ("about 3 months or so", 3, 3),
    ],
)  # fmt: skip
def test_a_length_of_life_is_read(edition: Edition, text: str, low: int | None, high: int | None) -> None:
    life = facts_of(edition, observed(text)).function.life
    assert life is not None
    assert (life.low, life.high) == (low, high)


@pytest.mark.parametrize(
    "text",
    [
        "较差",
        "poor",
        "月",
        "周",
        "多月",
        "months to weeks",
        "months to years",
        "weeks of pain",
        "3-6",
        "6-3个月",
        "半年个月",
        "3个月 6个月",
        "半",
        "ECOG 3",
    ],
)
def test_what_states_no_length_is_not_read(edition: Edition, text: str) -> None:
    assert facts_of(edition, observed(text)).function.life is None


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("数周", None, 3), ("几周", None, 3), ("a few weeks", None, 3), ("weeks", None, 3), ("days to weeks", None, 3),
        ("数天至数周", None, 3), ("数日", None, 1), ("hours to days", None, 1), ("数月", None, 12),
        ("几个月", None, 12), ("weeks to months", None, 12), ("数周至数月", None, 12), ("several months", None, 12),
        ("数月至1年", None, 12),
        ("预计生存期数周", None, 3), ("prognosis of weeks", None, 3), ("Life expectancy: days to weeks", None, 3),
        ("years", 12, None), ("数年", 12, None),
    ],
)  # fmt: skip
def test_a_length_without_a_number_is_read_and_quoted(
    edition: Edition, text: str, low: int | None, high: int | None
) -> None:
    life = facts_of(edition, observed(text)).function.life
    assert life is not None
    assert (life.low, life.high) == (low, high)
    assert life.words is not None
    assert life.words in text.lower()


def test_a_number_is_told_as_a_number(edition: Edition) -> None:
    life = facts_of(edition, observed("3个月")).function.life
    assert life is not None
    assert life.words is None


def test_a_length_as_a_range(edition: Edition) -> None:
    def ends(**value: Json) -> tuple[object, object]:
        told = observed("") | {"valueRange": value}
        life = facts_of(edition, {k: v for k, v in told.items() if k != "valueString"}).function.life
        assert life is not None
        return life.low, life.high

    three, six = ({"value": n, "unit": "mo"} for n in (3, 6))
    assert ends(low=three, high=six) == (3, 6)
    assert ends(high=six) == (None, 6)
    assert ends(low=three) == (3, None)


@pytest.mark.parametrize("tag", ["en", "zh-CN"])
def test_a_card_quotes_the_words(edition: Edition, tag: LanguageTag) -> None:
    sbrt = {
        "resourceType": "ServiceRequest", "id": "s", "status": "draft", "intent": "order",
        "code": {"text": "SBRT T8椎体"}, "subject": {"reference": f"Patient/{PATIENT}"},
    }  # fmt: skip
    told = {key: bundle() for key in edition.knowledge.services.prefetch} | {
        "patient": patient(), "conditions": bundle(LUNG_CANCER, BONE_METASTASIS),
        "observations": bundle(observed("预计生存期数周")),
    }  # fmt: skip
    answer = answer_body(edition, "local-therapy", encoded(request(sbrt) | {"prefetch": told}), NOW, tag)
    assert "“数周”" in str([card.detail for card in answer.response.cards])
