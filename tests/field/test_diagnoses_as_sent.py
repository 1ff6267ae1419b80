"""Diagnoses as they stand on problem lists: relatives, suspicion, sites beside the code, what is over, others."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.edition import Edition
from tests.build import BONE_METASTASIS, LUNG_CANCER, SNOMED, Json, bundle, condition, denosumab
from tests.field.asking import PROPHYLAXIS, cards, laboratory


def diagnosis(text: str | None = None, code: str | None = None, **members: Any) -> Json:
    coded = {"coding": [{"system": SNOMED, "code": code}]} if code else {}
    return condition("x", **members) | {"code": coded | ({"text": text} if text else {})}


def prophylaxis(edition: Edition, *conditions: Json) -> bool:
    """Whether the patient is taken for one with lung cancer and no bone metastasis."""
    return PROPHYLAXIS in cards(edition, denosumab(), conditions=bundle(*conditions))


@pytest.mark.parametrize(
    "text",
    [
        "FH: Lung cancer", "FHx lung cancer", "brother had lung cancer", "Mother: lung ca", "父亲肺癌",
        "哥哥患肺癌", "肺癌家族史", "祖父肺癌病史", "Suspicious for lung cancer", "concern for lung cancer",
        "lung cancer?", "肺癌？", "肺癌待排", "考虑肺癌", "疑似肺癌", "r/o lung cancer", "possible lung cancer",
        "Ca lung (query)", "history of lung cancer", "no lung cancer", "无肺癌", "screening for lung cancer",
        "lung cancer, ruled out", "lung cancer unlikely", "query lung cancer", "家人患肺癌", "亲戚有肺癌",
    ],
)  # fmt: skip
def test_a_relatives_or_a_suspected_cancer_is_not_the_patients(edition: Edition, text: str) -> None:
    assert not prophylaxis(edition, diagnosis(text))


@pytest.mark.parametrize("status", ["provisional", "differential", "unconfirmed"])
def test_nor_is_one_whose_status_says_suspicion(edition: Edition, status: str) -> None:
    said = {"verificationStatus": {"coding": [{"code": status}]}}
    assert not prophylaxis(edition, LUNG_CANCER | said)
    assert prophylaxis(edition, LUNG_CANCER | {"verificationStatus": {"coding": [{"code": "confirmed"}]}})


@pytest.mark.parametrize(
    "text",
    [
        "lung cancer", "肺癌", "Lung cancer; suspicious for brain metastasis", "肺癌，脑转移待排",
        "Lung CA, no bone mets", "lung cancer, brother had colon cancer", "肺癌 父亲胃癌",
    ],
)  # fmt: skip
def test_suspicion_of_one_thing_takes_no_other_with_it(edition: Edition, text: str) -> None:
    assert prophylaxis(edition, diagnosis(text))


BONES = ["bone", "骨", "骨骼系统", "femur", "腰椎", "右侧髂骨", "L3 vertebra", "Bone structure of rib", "skeleton"]
ELSEWHERE = ["liver", "脑", "lung", "bone marrow", "骨髓", "lymph node", "头皮"]


@pytest.mark.parametrize("site", BONES)
@pytest.mark.parametrize("named", [{"code": "128462008"}, {"text": "Secondary malignant neoplasm"}, {"text": "转移瘤"}])
def test_a_site_in_words_belongs_to_the_diagnosis(edition: Edition, site: str, named: Json) -> None:
    assert not prophylaxis(edition, LUNG_CANCER, diagnosis(**named, bodySite=[{"text": site}]))


@pytest.mark.parametrize("site", ELSEWHERE)
def test_so_does_another_site(edition: Edition, site: str) -> None:
    assert prophylaxis(edition, LUNG_CANCER, diagnosis(code="128462008", bodySite=[{"text": site}]))


def test_a_site_by_code_belongs_to_it_too(edition: Edition) -> None:
    bone = {"coding": [{"system": SNOMED, "code": "181221005"}, {"system": SNOMED, "code": "272673000"}]}
    assert not prophylaxis(edition, LUNG_CANCER, diagnosis(code="128462008", bodySite=[bone]))


@pytest.mark.parametrize("named", ["转移性恶性肿瘤", "Metastatic malignant neoplasm"])
def test_a_code_alone_is_a_site_of_words_too(edition: Edition, named: str) -> None:
    def at(code: str) -> Json:
        return diagnosis(named, bodySite=[{"coding": [{"system": SNOMED, "code": code}]}])

    assert not prophylaxis(edition, LUNG_CANCER, at("272673000"))
    assert prophylaxis(edition, LUNG_CANCER, at("10200004")), "liver"


@pytest.mark.parametrize("system", ["http://hl7.org/fhir/sid/icd-10-cm", "http://hl7.org/fhir/sid/icd-10"])
def test_a_secondary_of_unspecified_site_has_the_site_that_stands_beside_it(edition: Edition, system: str) -> None:
    def at(*sites: Json) -> Json:
        return condition("C79.9", system, bodySite=list(sites))

    assert not prophylaxis(edition, LUNG_CANCER, at({"text": "胸椎"}))
    assert not prophylaxis(edition, LUNG_CANCER, at({"coding": [{"system": SNOMED, "code": "272673000"}]}))
    assert prophylaxis(edition, LUNG_CANCER, at({"text": "liver"}))
    assert prophylaxis(edition, LUNG_CANCER, at())


@pytest.mark.parametrize("site", ["lung", "右肺上叶"])
def test_a_malignancy_of_the_lung_is_lung_cancer(edition: Edition, site: str) -> None:
    assert prophylaxis(edition, diagnosis(code="363346000", bodySite=[{"text": site}]))


OVER: list[Json] = [
    {"abatementPeriod": {"start": "2010", "end": "2015-01-01"}},
    {"abatementPeriod": {"start": "2015-01-01"}},
    {"abatementDateTime": "2015"},
    {"abatementAge": {"value": 40}},
    {"abatementRange": {"low": {"value": 40}}},
    {"abatementString": "2015"},
    {"abatementBoolean": True},
    {"clinicalStatus": {"coding": [{"code": "resolved"}]}},
    {"clinicalStatus": {"text": "Inactive"}},
    {"clinicalStatus": "Resolved"},
    {"verificationStatus": {"text": "Refuted"}},
]


@pytest.mark.parametrize("members", OVER, ids=str)
def test_what_is_over_is_no_diagnosis(edition: Edition, members: Json) -> None:
    plain = {k: v for k, v in diagnosis("lung cancer").items() if k != "clinicalStatus"}
    assert not prophylaxis(edition, plain | members)


@pytest.mark.parametrize("members", [{"abatementBoolean": False}, {"abatementDateTime": "2030-01-01"}], ids=str)
def test_what_is_not_over_is_one(edition: Edition, members: Json) -> None:
    assert prophylaxis(edition, diagnosis("lung cancer") | members)


@pytest.mark.parametrize(
    "named",
    [
        {"code": "109838007"}, {"code": "254837009"}, {"code": "93761005"}, {"code": "363406005"},
        {"code": "399068003"}, {"text": "colon cancer"}, {"text": "Metastasis from malignant tumor of prostate"},
        {"text": "乳腺癌"}, {"text": "胃癌"},
    ],
    ids=str,
)  # fmt: skip
def test_another_primary_is_silent(edition: Edition, named: Json) -> None:
    found = cards(edition, denosumab(), conditions=bundle(diagnosis(**named), BONE_METASTASIS), laboratory=laboratory())
    assert found == {}
