"""What a name in uncoded text means, and what only looks like it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.base.folders import content_root
from cds_service.knowledge.codelists import DOMAINS
from cds_service.knowledge.terminology import Match, Terminology
from cds_service.knowledge.words import plain

Trace = Callable[[FrameType, str, Any], Any]
CHRONIC = ("diabetes", "chronic-kidney-disease", "osteoporosis")
_pieces = [
    "肺",
    "骨",
    "转移",
    "癌",
    "无",
    "?",
    "待排",
    ",",
    "。",
    "、",
    "(",
    ")",
    "lung",
    "bone",
    "mets",
    "no",
    " ",
    "of",
    "T12",
]
_mixed = st.lists(st.sampled_from(_pieces), max_size=30).map("".join)


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


@pytest.mark.parametrize("text", ["磷酸可待因片", "选择泰勒宁", "磷酸可待因"])
def test_trap_9_a_phosphate_is_no_phosphonate_and_half_a_word_no_brand(text: str) -> None:
    assert concepts(matches("drug", text=text)) <= {"opioid", "acetaminophen"}


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


@pytest.mark.parametrize(
    ("text", "said", "taken_back"),
    [
        # suspicion of one thing never takes another with it, whatever stands between
        ("肺癌，骨转移待排", {"lung-cancer"}, {"bone-metastasis": "suspected"}),
        ("右肺癌 骨转移不除外", {"lung-cancer"}, {"bone-metastasis": "suspected"}),
        ("肺癌骨转移可能", {"lung-cancer"}, {"bone-metastasis": "suspected"}),
        ("骨转移 左肺结节待排", {"bone-metastasis"}, {}),
        ("疑似肺炎 肺癌", {"lung-cancer"}, {}),
        ("Suspected pneumonia with lung cancer", {"lung-cancer"}, {}),
        ("Lung cancer, ?bone mets", {"lung-cancer"}, {"bone-metastasis": "suspected"}),
        ("Lung cancer? Diabetes", {"diabetes"}, {"lung-cancer": "suspected"}),
        ("疑似肺癌伴骨转移", set(), {"lung-cancer": "suspected", "bone-metastasis": "suspected"}),
        # negation, over a list and no further
        ("No evidence of bone, liver or brain metastases", set(), {"bone-metastasis": "negated"}),
        ("No h/o diabetes, CKD, or osteoporosis", set(), dict.fromkeys(CHRONIC, "negated")),
        ("否认高血压，糖尿病，冠心病史", set(), {"diabetes": "negated"}),
        ("否认高血压 糖尿病病史", set(), {"diabetes": "negated"}),
        ("无发热 肺癌", {"lung-cancer"}, {"fever": "negated"}),
        ("No bone mets but lung cancer", {"lung-cancer"}, {"bone-metastasis": "negated"}),
        ("骨转移（-），肺癌", {"lung-cancer"}, {"bone-metastasis": "negated"}),
        ("肺腺癌EGFR阴性骨转移", {"lung-cancer", "bone-metastasis"}, {}),
        # relatives
        ("FH: lung cancer, DM", set(), {"lung-cancer": "relative", "diabetes": "relative"}),
        ("Lung cancer in father. Diabetes.", {"diabetes"}, {"lung-cancer": "relative"}),
        ("父亲肺癌，患者骨转移", {"bone-metastasis"}, {"lung-cancer": "relative"}),
        # history
        ("颌骨坏死病史（2021年，已愈）", set(), {"osteonecrosis-of-jaw": "past"}),
        ("Hx breast cancer 2010, now lung cancer", {"lung-cancer"}, {"other-primary-cancer": "past"}),
        ("糖尿病病史10年", {"diabetes"}, {}),
        # a tumour elsewhere that was removed, and one that has come back
        ("肺癌、肾癌术后", {"lung-cancer"}, {"other-primary-cancer": "past"}),
        ("结肠癌术后肺转移", {"other-primary-cancer"}, {}),
        ("乳腺癌术后 骨转移", {"other-primary-cancer", "bone-metastasis"}, {}),
    ],
)
def test_a_cue_takes_back_what_it_is_about_and_nothing_else(
    text: str, said: set[str], taken_back: dict[str, str]
) -> None:
    read = terminology().read("condition", text)
    assert {row.concept for row in read.rows} == said
    assert read.unsaid == taken_back


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("骨、脑、肝转移", {"bone-metastasis"}),
        ("肺癌多发转移（骨、肝、肾上腺）", {"lung-cancer", "bone-metastasis"}),
        ("bone, liver and brain metastases", {"bone-metastasis"}),
        ("metastases to liver, bone and brain", {"bone-metastasis"}),
        ("Metastatic lung cancer to spine", {"lung-cancer", "bone-metastasis"}),
        ("metastatic bone disease", {"bone-metastasis"}),
        ("Bone metastases from NSCLC", {"lung-cancer", "bone-metastasis"}),
        ("腰3、L4椎体转移", {"bone-metastasis"}),
        ("T4N2M0 转移至肝", set()),
        ("左肺上叶尖后段腺癌", {"lung-cancer"}),
        ("Carcinoma lung", {"lung-cancer"}),
        ("Pain in bone, metastatic breast cancer", {"bone-pain", "other-primary-cancer"}),
        ("gastric adenocarcinoma, lung", {"other-primary-cancer"}),
        ("肺結節", set()),
        ("肺癌骨轉移", {"lung-cancer", "bone-metastasis"}),
        ("肾功能不全（慢性）", {"chronic-kidney-disease"}),
        ("急性 肾功能不全", {"acute-kidney-injury"}),
        # neither a place nor a metastasis alone, nor one of another word
        ("骨痛 肝转移", {"bone-pain"}),
        ("肺结节 胃癌", {"other-primary-cancer"}),
        ("恶性胸腔积液", set()),
        ("骨转换指标", set()),
    ],
)
def test_a_place_and_what_goes_on_there_are_read_as_a_phrase(text: str, expected: set[str]) -> None:
    assert concepts(matches("condition", text=text)) == expected


@pytest.mark.parametrize(
    "text", ["zoledroinc acid", "Ibandronat 6 mg", "denosumb", "阿伦膦酸钠", "左来膦酸", "英卡磷酸"]
)
def test_a_slip_of_the_pen_is_read_through(text: str) -> None:
    assert len(matches("drug", text=text)) == 1


def test_a_mended_name_is_less_certain() -> None:
    [mended] = matches("drug", text="denosumb 120 mg")
    [written] = matches("drug", text="denosumab 120 mg")
    assert "low-confidence" in mended.flags
    assert "low-confidence" not in written.flags


@pytest.mark.parametrize("text", ["denosine", "zolpidem 5 mg", "唑来替尼", "satraplatin", "亚叶酸钙片"])
def test_a_near_name_of_another_drug_is_not_mended(text: str) -> None:
    assert matches("drug", text=text) == ()


@pytest.mark.parametrize(
    ("domain", "text", "expected"),
    [
        ("observation", "Ca", {"calcium-total"}),
        ("observation", "Ca (serum)", {"calcium-total"}),
        ("observation", "CA 125", set()),
        ("drug", "Calcium 600 mg tablet", {"calcium-supplement"}),
        ("drug", "atorvastatin calcium 40 mg", set()),
        ("drug", "calcium channel blocker", set()),
        ("drug", "Calcium 600 + D3", {"calcium-supplement", "vitamin-d"}),
    ],
)
def test_a_short_name_counts_where_nothing_else_stands(domain: str, text: str, expected: set[str]) -> None:
    assert concepts(matches(domain, text=text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "胸水白蛋白", "腹水肌酐", "引流液肌酐", "随机尿肌酐", "脑脊液钙", "关节液白蛋白", "透析液肌酐", "尿钙",
        "Albumin [Mass/volume] in Pleural fluid", "Creatinine, Ascites", "Calcium, CSF", "Creatinine drain fluid",
        "Albumin [Mass/volume] in Synovial fluid", "Creatinine, dialysate", "Calcium 24 hour urine",
    ],
)  # fmt: skip
def test_a_result_of_another_fluid_is_none_of_ours(text: str) -> None:
    assert matches("observation", text=text) == ()
    assert terminology().fluid((), text) == "other"


def test_text_beyond_any_name_is_cut_before_it_is_looked_at() -> None:
    long = "肺癌 " * 200_000
    assert concepts(matches("condition", text=long)) == {"lung-cancer"}
    assert concepts(matches("condition", text="x" * 5_000 + "肺癌")) == set()
    # One character may stand for eighteen: what folding adds is cut too.
    assert len(plain("\ufdfa" * 2_000)) == 1_000


@pytest.mark.parametrize(
    "piece", ["骨、", "父肺癌", "骨转移?", "lung, ", "no bone mets, ", "疑", "(-)", "metastasis to "]
)
@pytest.mark.parametrize("domain", DOMAINS)
def test_no_repetition_costs_more_than_its_length(domain: str, piece: str) -> None:
    """The work grows with the text: steps of the interpreter are counted, not time."""
    names = terminology()
    assert _steps(lambda: names.read(domain, piece * 60)) < 4.5 * _steps(lambda: names.read(domain, piece * 20)) + 2_000


def _steps(work: Callable[[], object]) -> int:
    count = 0

    def trace(frame: FrameType, event: str, arg: object) -> Trace | None:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@given(domain=st.sampled_from(DOMAINS), text=st.one_of(st.text(max_size=60), _mixed))
def test_no_text_raises(domain: str, text: str) -> None:
    read = terminology().read(domain, text)
    assert not {row.concept for row in read.rows} & read.unsaid.keys()
