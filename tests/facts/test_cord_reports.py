"""A report that names a compressed cord: what counts as named, doubted, denied, and as the fault of a worn spine."""

from __future__ import annotations

import pytest

from cds_service.edition import Edition
from tests.build import Json, ago
from tests.facts.whole import facts_of

CORD = {"system": "http://snomed.info/sct", "code": "71286001"}


def report(text: str | None, days_ago: int = 3, **more: object) -> Json:
    made = {"resourceType": "DiagnosticReport", "id": "r1", "status": "final", "code": {"text": "胸椎MRI"}}
    return made | {"effectiveDateTime": ago(days_ago), "conclusion": text} | more


def named(edition: Edition, *reports: Json, days: int = 90) -> tuple[str, str] | None:
    study = facts_of(edition, *reports).imaging.of_cord(days)
    return (study.cord or "", study.cord_words or "") if study else None


@pytest.mark.parametrize(
    "text",
    [
        "T8椎体转移，压迫脊髓",
        "T10转移瘤，突入椎管，相应水平脊髓明显受压变形",
        "T8椎体转移，硬膜囊受压",
        "T8 metastasis with epidural extension compressing the spinal cord",
        "Epidural tumor at T6 causing severe spinal cord compression",
        "cauda equina compression at L3 due to tumor",
        "L3椎体转移，马尾受压",
        "T8椎体转移，脊髓及神经根受压",
        "T8转移瘤，压迫相应水平脊髓",
        "T8椎体转移，脊髓受推压",
    ],
)
def test_a_compressed_cord_is_read(edition: Edition, text: str) -> None:
    assert named(edition, report(text)) == ("positive", text)


@pytest.mark.parametrize(
    "text", ["T8椎体转移，可疑脊髓受压", "Possible early cord compression at T9", "建议增强MRI除外脊髓压迫"]
)
def test_a_doubt_is_one(edition: Edition, text: str) -> None:
    assert named(edition, report(text)) == ("equivocal", text)


@pytest.mark.parametrize(
    "text",
    [
        "T8椎体病理性骨折，未见脊髓受压",
        "脊髓未见明显受压",
        "Metastatic disease at T8 without cord compression",
        "No fracture or cord compression. Degenerative changes.",
        "L3椎体转移瘤，马尾受压不明显",
        "T8椎体转移术后，脊髓受压解除",
        "Interval resolution of cord compression",
        "Clinical history: rule out cord compression. Impression: Normal cord.",
        "Evaluate for cord compression. Metastases at T4, no compression.",
        "临床诊断：脊髓压迫？影像所见：T8转移，椎管通畅。",
        "Disc osteophyte complex at C5-6 with cord compression",
        "C5/6椎间盘突出，脊髓受压",
        "腰椎管狭窄，马尾受压，L4/5椎间盘突出",
        "T8椎体转移",
        None,
    ],
)
def test_what_is_denied_or_worn_is_none(edition: Edition, text: str | None) -> None:
    assert named(edition, report(text)) is None


def test_a_worn_spine_explains_its_own_sentence_alone(edition: Edition) -> None:
    told = "C5/6椎间盘突出，硬膜囊受压。T8椎体转移，压迫脊髓。"
    assert named(edition, report(told)) == ("positive", "T8椎体转移，压迫脊髓")
    assert named(edition, report("可疑脊髓受压。T8水平脊髓受压。")) == ("positive", "T8水平脊髓受压")


def test_a_code_names_it_too(edition: Edition) -> None:
    coded = report("见报告", conclusionCode=[{"coding": [CORD], "text": "Spinal cord compression"}])
    assert named(edition, coded) == ("positive", "Spinal cord compression")


def test_the_newest_report_within_the_days_counts(edition: Edition) -> None:
    older, newer = report("脊髓受压", 90, id="r1"), report("可疑脊髓受压", 2, id="r2")
    assert named(edition, older, newer) == ("equivocal", "可疑脊髓受压")
    assert named(edition, older) == ("positive", "脊髓受压")
    assert named(edition, older, days=89) is None
    assert named(edition, report("脊髓受压", status="entered-in-error")) is None


def test_a_result_that_is_an_examination_is_read_alike(edition: Edition) -> None:
    result = {"resourceType": "Observation", "id": "o1", "status": "final", "code": {"text": "胸椎MRI"}}
    result |= {"effectiveDateTime": ago(1), "valueString": "T8椎体转移，压迫脊髓"}
    assert named(edition, result) == ("positive", "T8椎体转移，压迫脊髓")
