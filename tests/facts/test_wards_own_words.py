"""How wards write of a history, a result in one sign, a doubt, a planning scan and a fracture: read as they mean it."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.evaluate.outcome import NoAdvice, Outcome
from cds_service.facts.lesions import Lesions
from cds_service.fhir.structs import CodeableConcept
from cds_service.tools.asking import answer_body
from tests.build import LUNG_CANCER, PATIENT, Json, bundle, encoded, request
from tests.build import NOW as MOMENT
from tests.build import patient as made_up
from tests.facts.test_skeletal_facts import ago, condition, facts, procedure, report, scan_reading

OTHER = "other-primary-cancer"


# A history of another cancer


@pytest.mark.parametrize(
    "text",
    [
        "乳腺癌病史", "乳腺癌病史10年", "前列腺癌史", "既往乳腺癌病史", "胃癌手术史", "甲状腺癌个人史",
        "结肠癌病史（已手术）", "乳腺恶性肿瘤个人史", "breast cancer history",
        "prostate cancer (history)", "乳腺癌术后",
    ],
)  # fmt: skip
def test_a_history_of_another_cancer_is_of_the_past(edition: Edition, text: str) -> None:
    (found,) = facts(edition, condition(text)).diagnoses.all
    assert (found.concept, found.active) == (OTHER, False)


@pytest.mark.parametrize(
    ("text", "active"),
    [
        ("肺癌病史3年", {"lung-cancer"}),
        ("肺癌病史", {"lung-cancer"}),
        ("肺癌骨转移病史2年", {"lung-cancer", "bone-metastasis"}),
        ("肺癌骨转移，乳腺癌病史", {"lung-cancer", "bone-metastasis"}),
        ("乳腺癌骨转移病史3年", {OTHER, "bone-metastasis"}),
        ("乳腺癌，病史10年", {OTHER}),
        ("糖尿病病史10年", {"diabetes"}),
        ("父亲乳腺癌病史", set()),
        ("无乳腺癌病史", set()),
        ("右肺癌，骨转移：无", {"lung-cancer"}),
        ("右肺癌 骨转移(+) 脑转移(-)", {"lung-cancer", "bone-metastasis"}),
        ("右肺癌 骨转移(-)", {"lung-cancer"}),
        ("T12压缩性骨折（病理性）", {"pathological-fracture"}),
        ("骨转移性疼痛", {"bone-metastasis", "bone-pain"}),
    ],
)
def test_of_what_else_a_history_stays_what_there_is(edition: Edition, text: str, active: set[str]) -> None:
    assert facts(edition, condition(text)).diagnoses.active == active


BOTH = {"lung-cancer", "bone-metastasis"}


@pytest.mark.parametrize(
    ("text", "active"),
    [
        ("肺腺癌 M1c（骨、脑、肝）", BOTH), ("右肺癌 T2N2M1b(骨)", BOTH), ("肺腺癌cT4N3M1c:骨、肝", BOTH),
        ("肺癌IV期（骨）", BOTH), ("NSCLC stage IVB, M1c (bone, liver)", BOTH), ("肺癌 骨M、脑M", BOTH),
        ("肺癌 骨M(-)", {"lung-cancer"}), ("肺腺癌 M1c（脑，骨扫描阴性）", {"lung-cancer"}),
        ("肺癌M1b（骨？）", {"lung-cancer"}), ("压疮IV期（骶骨）", set()), ("肺癌 压疮IV期（骶骨）", {"lung-cancer"}),
        ("Lung cancer, L3 met", BOTH), ("NSCLC, MET positive (bone biopsy)", {"lung-cancer"}),
    ],
)  # fmt: skip
def test_a_stage_says_where(edition: Edition, text: str, active: set[str]) -> None:
    assert facts(edition, condition(text)).diagnoses.active == active


@pytest.mark.parametrize(
    ("text", "active"),
    [
        ("Primary lung adenocarcinoma metastatic to bone (HCC)", BOTH),  # a category of payers, written by Epic
        ("Bone metastases (CMS/HCC)", {"bone-metastasis"}),
        ("Hepatocellular carcinoma (HCC)", {OTHER}),
        ("Cirrhosis with HCC", {OTHER}),
        ("Suspected bone metastasis in patient with NSCLC", {"lung-cancer"}),
        ("Lung cancer, no evidence of disease", {"lung-cancer"}),
        ("Lung cancer screening declined", set()),
        ("Metastatic lung cancer, bone scan ordered", {"lung-cancer"}),
        ("Metastatic lung cancer (bone, adrenal)", BOTH),
        ("肺癌 骨转移：否", {"lung-cancer"}),
        ("肺癌，骨转移：未评估", {"lung-cancer"}),
        ("骨转移（未确诊）", set()),
        ("Oligometastatic NSCLC to L2 vertebra", BOTH),
        ("Secondary adenocarcinoma of bone (HCC)", {"bone-metastasis"}),
        ("Healed pathological fracture of left humerus", set()),
        ("妊娠期糖尿病病史", set()),
        ("绝经后骨质疏松伴有病理性骨折", {"osteoporosis"}),
        ("Age-related osteoporosis with current pathological fracture, vertebra", {"osteoporosis"}),
    ],
)
def test_what_is_no_diagnosis_of_ours(edition: Edition, text: str, active: set[str]) -> None:
    assert facts(edition, condition(text)).diagnoses.active == active


def asked(edition: Edition, service: str, draft: Json, *conditions: Json, **prefetch: Any) -> dict[str, Outcome]:
    keys = ("observations", "medicationRequests", "procedures", "serviceRequests", "reports")
    told: Json = {"patient": made_up(), "conditions": bundle(*conditions)} | {key: bundle() for key in keys}
    body = request(draft) | {"prefetch": told | prefetch}
    found = answer_body(edition, service, encoded(body), MOMENT, "en").findings
    assert found
    return {each.code: each.outcome for each in found.all}


def problem(text: str) -> Json:
    return {"id": f"c-{text}", "subject": {"reference": f"Patient/{PATIENT}"}} | condition(text)


def test_a_biopsy_beside_a_cancer_of_the_past_is_not_called_needless(edition: Edition) -> None:
    of = {"subject": {"reference": f"Patient/{PATIENT}"}}
    biopsy = {"resourceType": "ServiceRequest", "id": "b", "status": "draft", "intent": "order", **of}
    biopsy["code"] = {"text": "髂骨穿刺活检"}
    many = bundle({"id": "r", **of} | report("全身多发骨质破坏"))
    found = asked(edition, "bone-imaging", biopsy, LUNG_CANCER, problem("乳腺癌病史"), reports=many)
    assert found["biopsy-not-required"] == NoAdvice("other-primary")


# A result in one word or sign


@pytest.mark.parametrize(
    ("conclusion", "reading"),
    [
        ("全身骨显像（-）", "negative"),
        ("骨扫描(—)", "negative"),
        ("结果：（－）", "negative"),
        ("ECT：-", "negative"),
        ("骨扫描 -", "negative"),
        ("骨扫描（＋）", "positive"),
        ("骨扫描(++)", "positive"),
        ("骨扫描（±）", "equivocal"),
        ("Bone scan: NEG", "negative"),
        ("Bone scan within normal limits", "negative"),
        ("Superscan", "positive"),
        ("呈“超级骨显像”", "positive"),
        ("No superscan", "not-read"),
        ("肺腺癌EGFR(+)，骨ECT未见骨转移", "negative"),
        ("骨ECT：未见明显异常。EGFR 19del(+)。", "negative"),
        ("PD-L1阳性。左4前肋轻度浓聚", "equivocal"),
        ("ALK阴性，左4前肋轻度浓聚", "equivocal"),
        ("胸部CT(-)", "not-read"),
        ("EGFR(-)", "not-read"),
    ],
)
def test_a_bare_result_is_of_the_study_or_of_nothing(edition: Edition, conclusion: str, reading: str) -> None:
    assert scan_reading(edition, conclusion) == reading


@pytest.mark.parametrize(
    ("conclusion", "reading"),
    [
        ("T8浓聚，余骨未见异常", "equivocal"),
        ("L3椎体放射性异常浓聚，余骨未见转移征象", "equivocal"),
        ("双膝浓聚，考虑退变，余骨未见异常", "negative"),
        ("骨转移征象不明显", "negative"),
        ("左股骨异常浓聚，不符合骨转移", "negative"),
        ("骶骨浓聚，转移与退变鉴别", "equivocal"),
        ("双肺多发结节，考虑转移；骨显像未见异常", "negative"),
        ("双肺及肝转移瘤", "not-read"),
        ("Metastases to liver, lung and bone", "positive"),
        ("History of lung cancer. No abnormal osseous uptake.", "negative"),
        ("L3硬化性骨转移", "positive"),
        ("骨转移：无", "negative"),
        ("骨转移：有", "positive"),
        ("Bone metastases: none.", "negative"),
        ("Negative study for bone metastases.", "negative"),
        ("原T8浓聚灶消失，余未见异常", "negative"),
        ("Abnormal bone scan with uptake in L1", "equivocal"),
    ],
)
def test_what_is_normal_denied_or_of_another_organ(edition: Edition, conclusion: str, reading: str) -> None:
    assert scan_reading(edition, conclusion) == reading


# Doubt


def read(edition: Edition, conclusion: str) -> Lesions:
    return facts(edition, report(conclusion, name="骨盆CT")).lesions


@pytest.mark.parametrize(
    "conclusion",
    [
        "左髂骨溶骨性骨破坏，转移不除外",
        "左髂骨溶骨性骨质破坏不除外",
        "左侧坐骨高密度影，成骨性转移待除外",
        "胸8椎体成骨性改变，转移可能",
        "胸廓诸骨未见明显溶骨性及成骨性骨质破坏",
        "Lytic lesion of L3, metastasis cannot be excluded",
    ],
)
def test_a_kind_in_doubt_is_not_stated(edition: Edition, conclusion: str) -> None:
    assert read(edition, conclusion).typed == ()


@pytest.mark.parametrize(
    ("conclusion", "number", "kinds"),
    [
        ("T9椎体骨质破坏并软组织肿块形成，考虑转移瘤", "unknown", {"osteolytic"}),
        ("L3结节状成骨性转移", "unknown", {"osteoblastic"}),
        ("椎体、肋骨考虑全身多发骨转移", "multiple", set()),
        ("Sclerotic metastases in L3", "unknown", {"osteoblastic"}),
        ("Numerous osseous metastases", "multiple", set()),
        ("腰椎多发骨代谢活跃灶，不除外骨转移", "unknown", set()),
        ("全身多发骨质破坏，转移不除外", "multiple", set()),
        ("T8孤立性骨质破坏，转移不除外", "solitary", set()),
    ],
)
def test_what_stands_in_one_word_with_a_metastasis_is_said(
    edition: Edition, conclusion: str, number: str, kinds: set[str]
) -> None:
    found = read(edition, conclusion)
    assert (found.number, {kind for typed in found.typed for kind in typed.kinds}) == (number, kinds)


@pytest.mark.parametrize(
    ("conclusion", "new"),
    [
        ("骨转移瘤，右股骨上段为新发病灶", True),
        ("Osseous metastases, with new lesions in the right femur", True),
        ("Known bone metastases, with new compression fracture of L2", False),
    ],
)
def test_a_new_lesion_by_that_word_alone(edition: Edition, conclusion: str, new: bool) -> None:
    assert bool(read(edition, conclusion).appeared) == new


@pytest.mark.parametrize(
    ("conclusion", "cord"),
    [
        ("T9转移瘤，椎管狭窄，脊髓受压", "positive"),
        ("L4/5椎间盘突出，椎管狭窄，脊髓受压", None),
        ("脊髓受压？T7椎体转移", "equivocal"),
        ("T4椎体转移，ESCC 2级", "positive"),
        ("T7 metastasis, Bilsky grade 3", "positive"),
    ],
)
def test_a_cord_compressed_beside_a_metastasis(edition: Edition, conclusion: str, cord: str | None) -> None:
    (study,) = (s for s in facts(edition, report(conclusion, name="胸椎MRI")).imaging.all if s.reading)
    assert (study.cord, study.reading) == (cord, "not-read" if cord is None else "positive")


# Radiotherapy that is planned


@pytest.mark.parametrize(
    "name",
    [
        "放疗定位CT", "CT定位", "骨转移放疗定位CT", "L3骨转移放疗计划设计", "放疗靶区勾画", "放疗体位固定", "SBRT定位",
        "放疗前评估", "大孔径CT模拟定位（放疗）", "Radiation therapy planning CT",
        "simulation for radiotherapy", "CT simulation",
        "SBRT simulation", "CT sim for palliative RT",
    ],
)  # fmt: skip
def test_planning_is_no_radiotherapy_and_no_closer_look(edition: Edition, name: str) -> None:
    found = facts(edition, procedure(name)).activities
    assert found.of("radiotherapy", "sbrt", "ct", "mri") == ()


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("T8椎体转移瘤调强放疗", "radiotherapy"),
        ("术前放疗 左股骨", "radiotherapy"),
        ("立体定位放疗", "radiotherapy"),
        ("图像引导下定位放疗", "radiotherapy"),
        ("CT模拟定位+调强放疗 30Gy/10次", "radiotherapy"),
        ("放疗（含定位、计划及实施）30Gy/10F", "radiotherapy"),
        ("External beam RT to T8", "radiotherapy"),
        ("立体定向放疗（左髂骨）", "sbrt"),
        ("CT定位下髂骨穿刺活检", "bone-biopsy"),
        ("IM nail left femur", "bone-surgery"),
        ("Prophylactic fixation of left femur", "bone-surgery"),
        ("股骨头置换术", "bone-surgery"),
    ],
)
def test_what_is_given_stays_what_it_is(edition: Edition, name: str, what: str) -> None:
    assert facts(edition, procedure(name)).activities.of(what)


# A fracture that is no trauma


@pytest.mark.parametrize(
    ("reason", "trauma"),
    [
        ("病理性骨折", False), ("病理骨折", False), ("Pathological fracture", False),
        ("pathologic fractures of T8", False), ("impending fracture", False),
        ("压缩性骨折", False), ("跌倒后骨折", True), ("肋骨骨折", True),
        ("病理性骨折，外伤后", True), ("pathological fracture after fall", True),
    ],
)  # fmt: skip
def test_a_pathological_fracture_is_no_trauma(edition: Edition, reason: str, trauma: bool) -> None:
    from cds_service.facts.purpose import PurposeReader  # noqa: PLC0415

    reader = PurposeReader(edition.terminology, edition.readers.narratives.sites)
    found = reader.read((reason,), [CodeableConcept(text=reason)], [])
    assert bool(found.of("trauma")) == trauma


# When a lesion was measured


@pytest.mark.parametrize(
    "dated",
    [
        {"effectiveDateTime": ago(5)},
        {"effectiveInstant": f"{ago(5)}T09:00:00Z"},
        {"effectivePeriod": {"start": ago(6), "end": ago(5)}},
        {"effectivePeriod": {"start": ago(5)}},
        {"effectiveTiming": {"event": [ago(7), ago(5)]}},
        {"issued": f"{ago(5)}T09:00:00Z"},
    ],
)
@pytest.mark.parametrize(
    ("name", "value"),
    [("骨病灶大小", "左髂骨 20×15 mm"), ("骨病灶数目", "3"), ("全身骨显像", "多发骨转移")],
)
def test_a_day_is_read_in_every_form(edition: Edition, dated: Json, name: str, value: str) -> None:
    it = {"resourceType": "Observation", "status": "final", "code": {"text": name}, "valueString": value}
    if name == "骨病灶大小":
        it |= {"bodySite": {"text": "左髂骨"}}
    found = facts(edition, it | dated)
    days = [*(s.when for s in found.sizes.all), *(c.when for c in found.lesions.counted)]
    assert [str(day) for day in days] == [ago(5)]
