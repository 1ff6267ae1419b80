"""Metastases outside bone, known or suspected, by code and in words of both languages."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.edition import Edition
from tests.facts.test_skeletal_facts import condition, facts

CM, SNOMED = "http://hl7.org/fhir/sid/icd-10-cm", "http://snomed.info/sct"


def found(edition: Edition, **members: Any) -> bool:
    return facts(edition, condition(members.pop("text", ""), **members)).spread.first is not None


@pytest.mark.parametrize(
    "text",
    [
        "肝转移", "左肺腺癌脑转移", "肺癌伴肾上腺转移", "双肺转移", "胸膜转移",
        "肝转移待排", "全身多发转移", "Liver metastases",
        "Lung cancer with brain metastasis", "adrenal metastasis, suspected", "multiple metastases",
    ],
)  # fmt: skip
def test_words_that_name_one(edition: Edition, text: str) -> None:
    assert found(edition, text=text)


@pytest.mark.parametrize(
    "text",
    [
        "肺癌骨转移", "全身多发骨转移", "肺门淋巴结转移", "纵隔淋巴结转移",
        "无肝转移", "肺癌", "肝囊肿", "bone metastases",
        "hilar lymph node metastasis", "no liver metastasis", "lung cancer",
        "父亲肝转移", "家族史：哥哥肝转移", "family history of liver metastases",
    ],
)  # fmt: skip
def test_words_that_name_none(edition: Edition, text: str) -> None:
    assert not found(edition, text=text)


@pytest.mark.parametrize(
    ("system", "code", "is_one"),
    [
        (CM, "C78.7", True), (CM, "C79.31", True), (CM, "C77.0", True), (CM, "C77.1", False), (CM, "C79.51", False),
        (CM, "C79.9", False), (SNOMED, "94381002", True), (SNOMED, "94222008", False),
    ],
)  # fmt: skip
def test_codes(edition: Edition, system: str, code: str, is_one: bool) -> None:
    assert found(edition, code={"coding": [{"system": system, "code": code}]}) is is_one


@pytest.mark.parametrize("status", ["provisional", "differential", "unconfirmed"])
def test_a_suspected_one_counts(edition: Edition, status: str) -> None:
    assert found(edition, text="肝转移", status=status)


def test_one_that_is_refuted_or_over_does_not(edition: Edition) -> None:
    over = {"coding": [{"code": "resolved"}]}
    assert not found(edition, text="肝转移", status="refuted")
    assert not found(edition, text="肝转移", clinicalStatus=over)
