"""Procedures as wards word them: what is not to be done, what is done afterwards, and names of devices."""

from __future__ import annotations

from functools import cache

import pytest

from cds_service.base.folders import content_root
from cds_service.knowledge.terminology import Terminology


@cache
def terminology() -> Terminology:
    return Terminology.load(content_root() / "codelists")


def named(text: str) -> set[str]:
    return {row.concept for row in terminology().read("procedure", text).rows}


@pytest.mark.parametrize(
    "text",
    [
        "不能拔牙",
        "禁止拔牙",
        "暂缓拔牙",
        "避免拔牙",
        "拔牙暂缓",
        "拔牙禁忌",
        "avoid tooth extraction",
        "tooth extraction deferred",
    ],
)
def test_what_is_not_to_be_done(text: str) -> None:
    assert "invasive-dental-procedure" not in named(text)


@pytest.mark.parametrize(
    ("text", "done", "before"),
    [
        ("放疗后复查MRI", "mri", "radiotherapy"),
        ("椎体成形术后随访CT", "ct", "bone-augmentation"),
        ("MRI L-spine s/p laminectomy", "mri", "laminectomy"),
    ],
)
def test_what_is_done_after_it_is_not_it(text: str, done: str, before: str) -> None:
    assert done in named(text)
    assert before not in named(text)


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("Cyberknife T10", "sbrt"), ("骨水泥注入术", "bone-augmentation"), ("全身骨SPECT/CT", "bone-scan"),
        ("Full mouth extractions", "invasive-dental-procedure"), ("拔牙", "invasive-dental-procedure"),
        ("术后放疗", "radiotherapy"), ("放疗以避免骨折", "radiotherapy"), ("禁食后骨显像", "bone-scan"),
    ],
)  # fmt: skip
def test_what_is_done(text: str, concept: str) -> None:
    assert concept in named(text)


def test_osteomyelitis_of_the_jaw_by_a_bisphosphonate_is_its_necrosis() -> None:
    def said(text: str) -> set[str]:
        return {row.concept for row in terminology().read("condition", text).rows}

    assert "osteonecrosis-of-jaw" in said("双膦酸盐相关性颌骨骨髓炎")
    assert "osteonecrosis-of-jaw" not in said("颌骨骨髓炎")


@pytest.mark.parametrize(
    ("concept", "texts"),
    [
        ("surgical-referral", "IP CONSULT TO ORTHOPEDICS|Ambulatory referral to Orthopaedic Surgery|Ortho consult"),
        ("surgical-referral", "Consult Orthopedic Oncology|Referral to spine surgeon"),
        ("surgical-referral", "请骨与软组织肿瘤科会诊|骨外科会诊|转骨科治疗|关节外科门诊|创伤骨科会诊"),
        ("radiotherapy-referral", "Consult Rad Onc|RadOnc consult|Referral for palliative radiotherapy|XRT consult"),
        ("radiotherapy-referral", "放射肿瘤科会诊|放疗门诊"),
        ("bone-surgery", "Intramedullary nailing left femur|ORIF left humerus|Right hip hemiarthroplasty"),
        ("bone-surgery", "Open treatment of femoral shaft fracture|Curettage and cementation of acetabulum"),
        ("bone-surgery", "人工股骨头置换术|左肱骨切开复位内固定术|右股骨近端肿瘤型假体置换术|脊髓减压术"),
        ("spinal-stabilisation", "T8 PSF T6-T10|ACDF C5-6|TLIF L4-L5|钛网植入重建"),
        ("laminectomy", "T8 hemilaminectomy|T7-T9 laminectomies|椎板开窗减压术"),
        ("bone-augmentation", "Vertebral augmentation L2|Sacroplasty|椎体强化术"),
        ("ablation", "RFA of sacral metastasis|MRgFUS|氩氦刀治疗|磁共振引导聚焦超声"),
        ("sbrt", "Spine SRS L2|spine radiosurgery|立体定向体部放射治疗"),
        ("bone-scan", "Nuclear medicine bone imaging whole body|Radionuclide bone imaging|骨骼ECT检查|全身骨平面显像"),
        ("bone-survey", "XR BONE SURVEY METASTATIC"),
        ("xray", "骨盆正位片|腰椎正侧位DR"),
        ("hospice-care", "Comfort measures only|安宁缓和医疗"),
    ],
)  # fmt: skip
def test_as_orders_are_worded(concept: str, texts: str) -> None:
    assert [text for text in texts.split("|") if concept not in named(text)] == []


@pytest.mark.parametrize(
    "text",
    ["Orthostatic vital signs check", "Referral to orthodontics", "Respiratory therapy consult", "转肿瘤科治疗",
     "胸外科会诊", "舒适化医疗", "Toenail avulsion"],
)  # fmt: skip
def test_what_only_sounds_alike(text: str) -> None:
    assert named(text) == set()


@pytest.mark.parametrize(
    ("text", "after"),
    [("RT right femur s/p IM nail", True), ("T8减压术后放疗", True), ("RT right femur, IM nail planned", False)],
)
def test_radiotherapy_after_an_operation(text: str, after: bool) -> None:
    assert ("postoperative" in {row.concept for row in terminology().read("finding", text).rows}) is after
