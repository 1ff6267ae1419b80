"""What a report of a bone scan reads: why the study was done, what it finds, and what it says of the rest."""

from __future__ import annotations

import pytest

from cds_service.edition import Edition
from cds_service.facts.facts import Facts
from tests.facts.test_skeletal_facts import condition, facts, report, scan_reading


@pytest.mark.parametrize(
    "conclusion",
    [
        "右肺癌骨转移复查，骨显像未见明显异常",
        "右肺癌骨转移，复查骨显像未见明显异常浓聚",
        "肺癌骨转移，骨显像未见明显异常",
        "肺癌骨转移治疗后复查，全身未见明显异常浓聚",
        "右肺癌骨轉移復查，骨顯像未見明顯異常",
        "临床诊断：肺癌，骨转移。骨显像未见明显异常。",
        "检查目的：除外骨转移。全身骨显像未见异常。",
        "疑骨转移，骨显像未见明显异常",
        "骨痛，骨转移待排？骨显像未见明显异常。",
        "Known bone metastases, no abnormal uptake on this study",
        "Known bone metastases. No scintigraphic evidence of metastasis.",
        "Indication: lung cancer, evaluate for bone metastases. Impression: No abnormal uptake.",
        "Lung cancer with bone metastases, bone scan unremarkable",
    ],
)
def test_why_the_study_was_done_is_no_finding(edition: Edition, conclusion: str) -> None:
    assert scan_reading(edition, conclusion) == "negative"


@pytest.mark.parametrize(
    ("conclusion", "reading"),
    [
        ("骨转移治疗后，余骨未见异常", "positive"),
        ("骨转移放疗后改变，其余骨骼未见明显异常", "positive"),
        ("肺癌骨转移复查，L2浓聚较前增多，颅骨未见异常浓聚", "positive"),
        ("骨转移同前，未见新发骨转移", "positive"),
        ("Known bone metastases, stable. No new metastasis.", "positive"),
        ("Known bone metastases. No other metastases.", "positive"),
        ("Bone metastases in L2. The remainder of the bone scan is unremarkable.", "positive"),
        ("骨转移治疗后复查，病灶较前增多", "positive"),
        ("复查骨显像示L2骨转移，双肺未见异常", "positive"),
        ("骨显像未见明显异常，L3骨转移", "positive"),
        ("骨显像未见明显异常；L3转移待排", "equivocal"),
        ("L2骨转移，前次骨显像未见异常", "positive"),
        ("L2新发骨转移，2023年骨显像未见明显异常", "positive"),
        ("L2骨转移，头颅骨显像未见明显异常", "positive"),
    ],
)
def test_what_is_said_of_the_rest_or_of_before_takes_nothing_back(
    edition: Edition, conclusion: str, reading: str
) -> None:
    assert scan_reading(edition, conclusion) == reading


@pytest.mark.parametrize(
    ("conclusion", "reading"),
    [
        ("No fracture and findings suspicious for metastasis in L3", "positive"),
        ("No fracture and suspicious for metastasis", "positive"),
        ("No acute fracture and features concerning for metastasis in L3", "equivocal"),
        ("No fracture, but suspicious for metastasis", "positive"),
        ("未见骨折，考虑转移", "positive"),
        ("排除骨折，转移可能大", "positive"),
        ("No fracture and metastasis", "negative"),
        ("No fracture or findings suspicious for metastasis", "negative"),
        ("No lytic and sclerotic lesions suspicious for metastasis", "negative"),
        ("No abnormal uptake to suggest metastasis", "negative"),
        ("Degenerative change rather than metastasis", "negative"),
        ("考虑退变而非转移", "negative"),
        ("Unlikely to represent metastasis", "negative"),
        ("Metastasis is unlikely", "negative"),
        ("Unlikely metastasis", "negative"),
        ("转移不太可能", "negative"),
        ("未见明显骨质异常代谢灶", "negative"),
        ("No increased uptake in the skeleton", "negative"),
        ("骨质代谢异常活跃", "equivocal"),
        ("No increased uptake in the skull. Increased uptake in L2.", "equivocal"),
        ("Normal whole body bone scan", "negative"),
        ("考虑为肿瘤骨转移", "positive"),
    ],
)
def test_a_denial_ends_where_something_new_begins(edition: Edition, conclusion: str, reading: str) -> None:
    assert scan_reading(edition, conclusion) == reading


@pytest.mark.parametrize("text", ["新见L4椎体转移", "Newly seen metastasis at L4"])
def test_words_of_a_new_lesion(edition: Edition, text: str) -> None:
    assert facts(edition, report(text, name="MRI")).lesions.appeared


def test_a_diagnosis_with_a_denial_in_front(edition: Edition) -> None:
    def found(text: str) -> Facts:
        return facts(edition, condition(text))

    assert found("No fracture and findings suspicious for bone metastasis").skeleton.suspected("bone-metastasis")
    assert not found("No fracture and bone metastasis").skeleton.all
    assert not found("Bone changes with lung metastasis").skeleton.found("bone-metastasis")


def test_another_study_in_the_report_does_not_speak_for_this_one(edition: Edition) -> None:
    told = report("L2骨转移。头颅MRI未见明显异常。")
    scan = facts(edition, told).imaging.newest_scan(365)
    assert scan is not None
    assert scan.reading == "positive"


@pytest.mark.parametrize(
    ("conclusion", "reading"),
    [
        ("考虑右侧肱骨头骨转移", "positive"),
        ("考虑L3椎体溶骨性转移", "positive"),
        ("Findings suspicious for new mets in ribs", "positive"),
        ("考虑L3椎体转移可能", "equivocal"),
        ("考虑退变或转移", "equivocal"),
        ("No lesion suspicious for L3 metastasis", "negative"),
    ],
)
def test_what_a_report_concludes_is_no_doubt(edition: Edition, conclusion: str, reading: str) -> None:
    assert scan_reading(edition, conclusion) == reading


@pytest.mark.parametrize(
    ("conclusion", "reading"),
    [
        ("双侧肋骨多发浓聚，考虑骨折", "negative"),
        ("骶骨H形浓聚，不全骨折", "negative"),
        ("Uptake in ribs consistent with healing fractures", "negative"),
        ("Paget's disease of the left hemipelvis", "negative"),
        ("左侧第6肋陈旧性骨折，T8椎体浓聚", "equivocal"),
        ("L4椎体退变，T8椎体浓聚", "equivocal"),
        ("右肺炎性病变，L3椎体浓聚", "equivocal"),
        ("L3浓聚，良性？转移待排", "equivocal"),
    ],
)
def test_what_explains_uptake_explains_its_own(edition: Edition, conclusion: str, reading: str) -> None:
    assert scan_reading(edition, conclusion) == reading


@pytest.mark.parametrize(
    ("conclusion", "reading"),
    [
        ("No evidence of progression of osseous metastases", "positive"),
        ("No interval change in bone metastases", "positive"),
        ("Previously noted metastases are no longer seen", "negative"),
        ("Complete resolution of osseous metastases", "negative"),
        ("骨转移灶部分消失，部分同前", "positive"),
        ("影像所见：L2浓聚。诊断意见：未见骨转移征象。", "negative"),
        ("Findings: Uptake in L3, nonspecific. Impression: Degenerative.", "negative"),
        ("影像所见：L2转移待排。诊断意见：请结合临床。", "equivocal"),
        ("影像所见：L2浓聚。诊断意见：请结合临床。", "equivocal"),
        ("影像所见：L2骨转移。诊断意见：L4退变。", "positive"),
        ("Multiple osseous and hepatic metastases", "positive"),
        ("脑内多发转移瘤，颅骨未见异常", "negative"),
    ],
)
def test_no_progression_is_no_denial(edition: Edition, conclusion: str, reading: str) -> None:
    assert scan_reading(edition, conclusion) == reading
