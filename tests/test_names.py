"""What a name in uncoded text means, and what only looks like it."""

from __future__ import annotations

from functools import cache

import pytest

from cds_service.base.folders import content_root
from cds_service.knowledge.terminology import Match, Terminology


@cache
def terminology() -> Terminology:
    return Terminology.load(content_root() / "codelists")


def matches(domain: str, *, text: str) -> tuple[Match, ...]:
    return terminology().match(domain, [], text)


def concepts(found: tuple[Match, ...]) -> set[str]:
    return {m.concept for m in found}


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        # trap 9: trade name + generic name + strength, spellings, salts, forms, full-width characters
        ("择泰 注射用唑来膦酸 4mg", "zoledronic-acid"),
        ("唑来磷酸注射液", "zoledronic-acid"),
        ("唑来 膦酸（４ｍｇ）", "zoledronic-acid"),
        ("依班膦酸", "ibandronate"),
        ("伊班磷酸钠注射液", "ibandronate"),
        ("帕米磷酸", "pamidronate"),
        ("帕米膦酸（二钠）注射液", "pamidronate"),
        ("因卡膦酸二钠", "incadronate"),
        ("地诺单抗注射液", "denosumab"),
        ("纳鲁索拜单抗", "narlumosbart"),
        ("阿仑膦酸钠片", "other-bisphosphonate"),
        ("利塞膦酸片", "other-bisphosphonate"),
        ("择泰", "zoledronic-acid"),
        ("顺铂注射液", "cisplatin"),
        ("布洛芬缓释胶囊", "nsaid"),
        ("骨化三醇胶丸", "vitamin-d"),
        ("Zoledronic Acid-Mannitol-Water 4 mg/100 mL IV", "zoledronic-acid"),
        ("PAMIDRONATE DISODIUM 90 MG IV SOLR", "pamidronate"),
        ("Ibuprofen 400 mg tablet", "nsaid"),
    ],
)
def test_trap_9_a_drug_is_recognised_by_name(text: str, concept: str) -> None:
    found = matches("drug", text=text)
    assert concepts(found) == {concept}
    assert all(m.by_name for m in found)


@pytest.mark.parametrize(
    "text",
    [
        "磷酸可待因片",
        "选择泰勒宁",
        "MITOMYCIN 40 MG IV SOLR",
        "atorvastatin calcium",
        "否认使用唑来膦酸",
        "无布洛芬",
        "no ibuprofen",
        "",
    ],
)
def test_trap_9_what_only_looks_like_a_drug_of_ours_is_none(text: str) -> None:
    assert matches("drug", text=text) == ()


def test_a_brand_beside_the_generic_name_tells_the_product() -> None:
    assert {m.product for m in matches("drug", text="唑来膦酸注射液(密固达) 5mg/100ml")} >= {"osteoporosis-5mg"}
    assert {m.product for m in matches("drug", text="普罗力")} == {"osteoporosis-60mg"}
    assert {m.product for m in matches("drug", text="Xgeva 120 mg/1.7 mL")} == {"onc-120mg"}


def test_only_unverified_names_are_of_low_confidence() -> None:
    [brand] = matches("drug", text="天晴依泰")
    [generic] = matches("drug", text="注射用唑来膦酸")
    assert "low-confidence" in brand.flags
    assert "low-confidence" not in generic.flags


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("右下肺腺癌，骨转移", {"lung-cancer", "bone-metastasis"}),
        ("乳腺癌骨转移", {"other-primary-cancer", "bone-metastasis"}),
        ("肺癌，否认糖尿病", {"lung-cancer"}),
        ("无症状骨转移", {"bone-metastasis"}),
        ("Type 2 diabetes mellitus without complications", {"diabetes"}),
        ("急性肾功能不全", {"acute-kidney-injury"}),
        ("骨巨细胞瘤", {"giant-cell-tumour-of-bone"}),
        ("MRONJ", {"osteonecrosis-of-jaw"}),
        ("Lung cancer with secondary malignant neoplasm of bone", {"lung-cancer", "bone-metastasis"}),
    ],
)
def test_a_diagnosis_is_recognised_by_name(text: str, expected: set[str]) -> None:
    assert concepts(matches("condition", text=text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "无骨转移",
        "否认糖尿病",
        "排除肺癌",
        "肺癌待排",
        "疑似肺癌",
        "肺癌？",
        "肺癌，待排",
        "肺癌家族史",
        "既往史：糖尿病",
        "未见骨转移",
        "无高血压、糖尿病",
        "no bone metastases",
        "denies diabetes",
        "rule out lung cancer",
        "r/o lung cancer",
        "suspected lung cancer",
        "lung cancer, suspected",
        "Family history of breast cancer",
        "history of lung cancer",
        "lung cancer?",
        "Secondary malignant neoplasm of lung",
        "骨髓继发恶性肿瘤",
        "diabetes insipidus",
        "胃癌前病变",
        "骨质疏松风险",
        "prediabetes",
    ],
)
def test_a_negated_or_other_diagnosis_is_none(text: str) -> None:
    assert matches("condition", text=text) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("肌酐", {"creatinine"}),
        ("血清肌酐(酶法)", {"creatinine"}),
        ("尿肌酐", set()),
        ("肌酐清除率", {"creatinine-clearance-measured"}),
        ("血肌酐清除率", {"creatinine-clearance-measured"}),
        ("肌酐清除率(Cockcroft-Gault)", {"creatinine-clearance-reported"}),
        ("肌酐清除率/1.73m²", set()),
        ("胱抑素C", set()),
        ("eGFR(肌酐)", {"egfr"}),
        ("BUN/Creatinine ratio", set()),
        ("钙", {"calcium-total"}),
        ("钙 (Ca)", {"calcium-total"}),
        ("尿钙", set()),
        ("降钙素", set()),
        ("碳酸钙", set()),
        ("离子钙", {"calcium-ionised"}),
        ("Calcium, ionized", {"calcium-ionised"}),
        ("白蛋白校正钙", {"calcium-corrected"}),
        ("Calcium corrected for albumin", {"calcium-corrected"}),
        ("白蛋白", {"albumin"}),
        ("前白蛋白", set()),
        ("尿微量白蛋白", set()),
        ("糖化白蛋白", set()),
        ("Albumin/Creatinine [Mass Ratio] in Urine", set()),
        ("CA125", set()),
        ("体重指数", set()),
        ("体重", {"body-weight"}),
    ],
)
def test_a_result_is_recognised_by_name_and_not_mistaken(text: str, expected: set[str]) -> None:
    assert concepts(matches("observation", text=text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("口腔科会诊", {"dental-examination", "dental-referral"}),
        ("无痛拔牙", {"invasive-dental-procedure"}),
        ("口腔科拔牙", {"invasive-dental-procedure"}),
        ("阻生齿拔除术不伴翻瓣", {"invasive-dental-procedure"}),
        ("根管治疗", set()),
        ("dental extraction", {"invasive-dental-procedure"}),
    ],
)
def test_a_dental_service_is_recognised_by_name(text: str, expected: set[str]) -> None:
    assert concepts(matches("procedure", text=text)) == expected


def test_text_beyond_any_name_is_read_quickly_and_not_kept() -> None:
    long = "肺癌 " * 200_000
    assert concepts(matches("condition", text=long)) == {"lung-cancer"}
    assert concepts(matches("condition", text="x" * 5_000 + "肺癌")) == set()
