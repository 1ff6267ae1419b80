"""Words of doubt, in both languages: what is only suspected is never read as said, nor as denied."""

from __future__ import annotations

from functools import cache

import pytest

from cds_service.base.folders import content_root
from cds_service.facts.lesions import Told, lesions
from cds_service.facts.narrative import NarrativeReader
from cds_service.facts.sites import SiteReader
from cds_service.knowledge.terminology import Terminology


@cache
def terminology() -> Terminology:
    return Terminology.load(content_root() / "codelists")


@cache
def narratives() -> NarrativeReader:
    return NarrativeReader(terminology(), SiteReader(terminology()))


CHINESE = (
    "{}不除外", "{}不能排除", "{}未能除外", "难以除外{}", "{}难除外", "{}待排", "{}待除外", "{}可能", "考虑{}",
    "{}首先考虑", "首先考虑{}", "疑似{}",
    "请结合临床除外{}", "建议复查除外{}", "{}？", "注意{}", "建议MRI除外{}", "建议进一步检查除外{}",
    "{}需鉴别", "需与{}相鉴别",
)  # fmt: skip
ENGLISH = (
    "{} cannot be excluded", "suspicious for {}", "may represent {}", "might be {}", "{} versus osteoporosis",
    "osteoporosis vs {}", "suggestive of {}", "favored to represent {}", "raising the possibility of {}",
    "{} should be considered", "consider {}", "{} in the differential", "{} is difficult to exclude", "potentially {}",
)  # fmt: skip


@pytest.mark.parametrize("hedge", [*CHINESE, *ENGLISH])
@pytest.mark.parametrize(
    ("concept", "zh", "en"),
    [
        ("bone-metastasis", "骨转移", "bone metastasis"),
        ("spinal-cord-compression", "脊髓压迫症", "spinal cord compression"),
        ("osteonecrosis-of-jaw", "颌骨坏死", "osteonecrosis of the jaw"),
        ("pathological-fracture", "L2病理性骨折", "pathological fracture of L2"),
    ],
)
def test_a_hedged_diagnosis_is_suspected(hedge: str, concept: str, zh: str, en: str) -> None:
    read = terminology().read("condition", hedge.format(zh if hedge in CHINESE else en))
    assert concept not in {row.concept for row in read.rows}
    assert read.unsaid[concept] == "suspected"


@pytest.mark.parametrize(
    "text", ["目前可除外骨转移", "复查MRI已排除骨转移", "进一步检查已除外骨转移",
             "已排除骨转移", "已除外骨转移", "骨转移已排除", "不考虑骨转移", "No uptake to suggest bone metastasis",
             "No lesion suspicious for metastasis", "No findings suggestive of bone metastasis"],
)  # fmt: skip
def test_a_denial_reaches_over_a_word_of_doubt(text: str) -> None:
    (sentence,) = narratives().sentences(text)
    assert "metastasis" not in sentence.said | sentence.doubted


@pytest.mark.parametrize("text", ["No fracture but findings favor bone metastasis", "No fracture, possible metastasis"])
def test_a_doubt_set_apart_from_a_denial_stays_one(text: str) -> None:
    (sentence,) = narratives().sentences(text)
    assert "metastasis" in sentence.doubted


@pytest.mark.parametrize("hedge", ["{}不除外", "{}待排", "{}？", "首先考虑{}"])
def test_a_lesion_in_doubt_is_neither_solitary_nor_of_a_kind(hedge: str) -> None:
    told = lesions([Told(hedge.format("T8孤立性骨质破坏"), None, "DiagnosticReport/1")], (), narratives())  # type: ignore[arg-type]
    assert (told.number, told.typed) == ("unknown", ())


@pytest.mark.parametrize("text", ["T8孤立性骨质破坏，转移不除外", "T8孤立性骨质破坏考虑转移可能"])
def test_a_lesion_whose_nature_alone_is_in_doubt_is_one(text: str) -> None:
    assert lesions([Told(text, None, "DiagnosticReport/1")], (), narratives()).number == "solitary"  # type: ignore[arg-type]


@pytest.mark.parametrize("doubt", ["possible", "probable", "suspected"])
def test_a_denial_ends_where_a_doubt_is_joined_to_it(doubt: str) -> None:
    (sentence,) = narratives().sentences(f"No acute fracture and {doubt} bone metastasis in T8")
    assert "metastasis" in sentence.doubted | sentence.said


@pytest.mark.parametrize(
    "plan", ["考虑放疗", "拟放疗", "考虑化疗", "拟行放疗", "考虑靶向治疗", "考虑手术", "建议放疗", "可能需手术"]
)
def test_a_plan_beside_a_diagnosis_is_no_doubt_of_it(plan: str) -> None:
    read = terminology().read("condition", f"肺癌骨转移，{plan}")
    assert {"lung-cancer", "bone-metastasis"} <= {row.concept for row in read.rows}


@pytest.mark.parametrize("text", ["肺癌骨转移，考虑", "放疗后骨转移，待排", "骨转移可能，放疗中"])
def test_a_doubt_by_itself_is_about_what_stands_before_it(text: str) -> None:
    assert terminology().read("condition", text).unsaid["bone-metastasis"] == "suspected"
