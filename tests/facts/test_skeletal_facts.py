"""The chapters of the skeleton, of lesions, imaging, activities and conferences: what the shapes of records mean."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from cds_service.edition import Edition
from cds_service.facts.facts import Facts
from cds_service.facts.narrative import LONGEST
from cds_service.fhir.members import Readable
from cds_service.record.read import Record

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEYS = ("conditions", "reports", "observations", "procedures", "serviceRequests", "encounters")
CLINICAL, VERIFICATION = (f"http://terminology.hl7.org/CodeSystem/condition-{it}" for it in ("clinical", "ver-status"))
SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
_decoder = msgspec.json.Decoder(Readable)


def ago(days: int) -> str:
    return (NOW.date() - timedelta(days=days)).isoformat()


def facts(edition: Edition, *resources: dict[str, Any]) -> Facts:
    read = [_decoder.decode(msgspec.json.encode({"id": f"r{n}", **r})) for n, r in enumerate(resources)]
    return Facts(Record.of(read, "p", KEYS, NOW), (), NOW, edition.readers)  # type: ignore[arg-type]  # resources all


def condition(text: str, status: str = "confirmed", **members: Any) -> dict[str, Any]:
    verified = {"coding": [{"system": VERIFICATION, "code": status}]}
    told = {"code": {"text": text}, "verificationStatus": verified, "recordedDate": ago(10)}
    return {"resourceType": "Condition", **told, **members}


def report(conclusion: str | None, name: str = "Bone scan", **members: Any) -> dict[str, Any]:
    told = {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": name}, "effectiveDateTime": ago(5)}
    return told | ({"conclusion": conclusion} if conclusion else {}) | members


def procedure(name: str, **members: Any) -> dict[str, Any]:
    it = {"resourceType": "Procedure", "status": "completed", "code": {"text": name}, "performedDateTime": ago(5)}
    return it | members


def scan_reading(edition: Edition, conclusion: str | None, **members: Any) -> str | None:
    scan = facts(edition, report(conclusion, **members)).imaging.newest_scan(365)
    return scan.reading if scan else None


@pytest.mark.parametrize(
    ("conclusion", "reading"),
    [
        ("全身骨显像：胸7椎体放射性浓聚，考虑骨转移可能性大。", "positive"),
        ("考虑骨转移", "positive"),
        ("骨转移可能大", "positive"),
        ("骨转移可能", "equivocal"),
        ("L3椎体浓聚，转移待排。请结合临床。", "equivocal"),
        ("骨转移不除外", "equivocal"),
        ("右侧第5肋浓聚", "equivocal"),
        ("未见骨转移征象", "negative"),
        ("未见明显异常浓聚及骨转移征象", "negative"),
        ("未见明显骨质破坏及转移", "negative"),
        ("No scintigraphic evidence of bone metastasis", "negative"),
        ("No abnormal uptake to suggest metastasis", "negative"),
        ("No abnormal uptake in the skull. Bone metastases in L2.", "positive"),
        ("颅骨未见异常浓聚，L2 骨转移", "positive"),
        ("全身多处骨骼异常浓聚，考虑多发骨转移", "positive"),
        ("骨转移依据不足", "equivocal"),
        ("未见明确骨转移", "negative"),
        ("双膝关节浓聚，考虑退行性变", "negative"),
        ("请结合临床", "not-read"),
        ("Multiple foci of uptake suspicious for metastases.", "positive"),
        ("Findings consistent with metastatic disease.", "positive"),
        ("Possible metastasis in L3.", "equivocal"),
        ("Metastasis cannot be excluded.", "equivocal"),
        ("No evidence of osseous metastatic disease.", "negative"),
        ("Degenerative changes of both knees.", "negative"),
        ("Please correlate clinically.", "not-read"),
        (None, "not-read"),
    ],
)
def test_what_the_report_of_a_bone_scan_reads(edition: Edition, conclusion: str | None, reading: str) -> None:
    assert scan_reading(edition, conclusion) == reading


@pytest.mark.parametrize(
    ("code", "conclusion", "reading"),
    [
        ("10828004", None, "positive"),
        ("10828004", "Please correlate.", "positive"),
        ("10828004", "Degenerative changes.", "equivocal"),
        ("260385009", "Suspicious for metastases.", "equivocal"),
        ("42425007", "Suspicious for metastases.", "equivocal"),
        ("94222008", None, "positive"),
        ("260385009", None, "negative"),
    ],
)
def test_a_code_outweighs_a_text_that_reads_nothing(
    edition: Edition, code: str, conclusion: str | None, reading: str
) -> None:
    codes = [{"coding": [{"system": SNOMED, "code": code}]}]
    assert scan_reading(edition, conclusion, conclusionCode=codes) == reading


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("左股骨孤立性骨转移", "solitary"),
        ("骨转移，单发", "solitary"),
        ("全身多发骨转移", "multiple"),
        ("骨寡转移", "unknown"),
        ("骨转移", "unknown"),
        ("骨转移，右肺孤立性结节", "unknown"),
        ("非多发骨转移", "unknown"),
        ("Solitary bone metastasis", "solitary"),
        ("Multiple bone metastases", "multiple"),
        ("Bone metastasis with solitary pulmonary nodule", "unknown"),
    ],
)
def test_how_many_lesions_a_diagnosis_states(edition: Edition, text: str, number: str) -> None:
    assert facts(edition, condition(text)).lesions.number == number


def test_a_number_as_a_result(edition: Edition) -> None:
    def counted(**value: Any) -> str:
        told = {"status": "final", "code": {"text": "骨病灶数目"}, "effectiveDateTime": ago(1)}
        return facts(edition, {"resourceType": "Observation", **told, **value}).lesions.number

    assert counted(valueInteger=1) == "solitary"
    assert counted(valueInteger=2) == "multiple"
    assert counted(valueInteger=0) == "unknown"
    assert counted(valueQuantity={"value": 1}) == "solitary"
    assert counted(valueQuantity={"value": 2, "comparator": ">="}) == "multiple"
    assert counted(valueQuantity={"value": 1, "comparator": ">="}) == "unknown"
    assert counted(valueQuantity={"value": 3, "unit": "cm"}) == "unknown"
    assert counted(valueString="3处") == "multiple"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("左髂骨溶骨性骨质破坏", {"osteolytic"}),
        ("L3成骨性转移", {"osteoblastic"}),
        ("骨盆混合性骨转移", {"osteolytic", "osteoblastic"}),
        ("骨转移灶边缘硬化", set()),
        ("非溶骨性骨病灶", set()),
        ("Lytic lesion of the left ilium", {"osteolytic"}),
        ("Mixed lytic and sclerotic lesion of the sacrum", {"osteolytic", "osteoblastic"}),
        ("Sclerotic rim of the lesion in the femur", set()),
    ],
)
def test_the_kind_of_a_lesion(edition: Edition, text: str, kinds: set[str]) -> None:
    typed = facts(edition, report(text, "CT")).lesions.typed
    assert {kind for each in typed for kind in each.kinds} == kinds


@pytest.mark.parametrize(
    ("text", "name", "side", "levels"),
    [
        ("胸8椎体转移伴脊髓压迫", "spine", None, {"T8"}),
        ("第7胸椎病理性骨折", "spine", None, {"T7"}),
        ("T7-9 骨转移", "spine", None, {"T7", "T8", "T9"}),
        ("腰1、2椎体骨转移", "spine", None, {"L1", "L2"}),
        ("右股骨病理性骨折", "femur", "right", set()),
        ("Pathological fracture of the left humerus", "humerus", "left", set()),
        ("Bone metastasis", "bone", None, set()),
    ],
)
def test_which_bone_a_diagnosis_names(
    edition: Edition, text: str, name: str, side: str | None, levels: set[str]
) -> None:
    site = facts(edition, condition(text)).skeleton.all[0].site
    assert site is not None
    assert (site.name, site.side, set(site.levels)) == (name, side, levels)


def test_a_letter_and_a_number_alone_name_no_vertebra(edition: Edition) -> None:
    assert edition.readers.narratives.sites.of((), ("T2 signal in the brain",)).of_bone == "no"


@pytest.mark.parametrize("status", ["provisional", "differential", "unconfirmed"])
def test_what_is_only_suspected_is_not_confirmed(edition: Edition, status: str) -> None:
    told = facts(edition, condition("Bone metastasis", status)).skeleton
    assert not told.metastatic
    assert not told.ever_metastatic
    assert told.suspected("bone-metastasis")


@pytest.mark.parametrize("text", ["骨转移待排", "骨转移？", "r/o bone metastasis", "Possible bone metastasis"])
def test_words_of_doubt_are_suspicion(edition: Edition, text: str) -> None:
    told = facts(edition, condition(text)).skeleton
    assert not told.ever_metastatic
    assert told.suspected("bone-metastasis")


@pytest.mark.parametrize("code", ["resolved", "inactive", "remission"])
def test_a_metastasis_that_is_over_was_there(edition: Edition, code: str) -> None:
    ended = condition("Bone metastasis", clinicalStatus={"coding": [{"system": CLINICAL, "code": code}]})
    told = facts(edition, ended).skeleton
    assert told.ever_metastatic
    assert not told.metastatic


@pytest.mark.parametrize("status", ["refuted", "entered-in-error"])
def test_what_was_refuted_was_never_there(edition: Edition, status: str) -> None:
    assert not facts(edition, condition("Bone metastasis", status)).skeleton.all


def test_a_degenerative_cause_is_seen_in_the_entry_itself(edition: Edition) -> None:
    told = facts(edition, condition("颈椎病伴脊髓压迫")).skeleton.found("spinal-cord-compression")
    assert [sign.degenerative for sign in told] == [True]


def test_a_secondary_malignancy_of_the_femur_is_bone_metastasis(edition: Edition) -> None:
    """A body site of any bone says bone: the list of bones is one list."""
    site = {"coding": [{"system": SNOMED, "code": "310651003", "display": "Bone structure of proximal femur"}]}
    code = {"coding": [{"system": SNOMED, "code": "128462008"}], "text": "Secondary malignant neoplastic disease"}
    assert facts(edition, condition("", code=code, bodySite=[site])).skeleton.metastatic


@pytest.mark.parametrize(
    ("name", "of_bone"),
    [("胸椎放疗 30Gy/10f", "yes"), ("胸部放疗", "no"), ("放疗", "unknown"), ("Radiotherapy of T8 vertebra", "yes")],
)
def test_whether_radiotherapy_is_of_bone(edition: Edition, name: str, of_bone: str) -> None:
    (course,) = facts(edition, procedure(name)).activities.of("radiotherapy")
    assert course.place.of_bone == of_bone


@pytest.mark.parametrize("version", ["R4", "R5"])
def test_a_reason_says_bone_where_name_and_site_say_nothing(edition: Edition, version: str) -> None:
    why = {"text": "骨转移"}
    reason = {"reasonCode": [why]} if version == "R4" else {"reason": [{"concept": why}]}
    (course,) = facts(edition, procedure("放疗", **reason)).activities.of("radiotherapy")
    assert course.place.of_bone == "yes"


def test_a_reason_by_reference_says_bone_too(edition: Edition) -> None:
    course = procedure("Radiotherapy", reasonReference=[{"reference": "Condition/r1"}])
    (found,) = facts(edition, course, condition("Bone metastasis")).activities.of("radiotherapy")
    assert found.place.of_bone == "yes"


@pytest.mark.parametrize(
    ("status", "arranged"), [("planned", True), ("finished", True), ("completed", True), ("cancelled", False)]
)
def test_a_conference_among_the_visits(edition: Edition, status: str, arranged: bool) -> None:
    when = {"period": {"start": ago(-3 if status == "planned" else 3)}}
    visit = {"resourceType": "Encounter", "status": status, "type": [{"text": "多学科会诊(MDT)"}], **when}
    assert bool(facts(edition, visit).conferences.arranged(180)) is arranged


def test_a_marrow_biopsy_is_none_of_bone(edition: Edition) -> None:
    assert facts(edition, procedure("骨髓穿刺活检")).activities.bone_biopsy(date(2026, 1, 1)) is None
    assert facts(edition, procedure("CT引导下骨病灶活检")).activities.bone_biopsy(date(2026, 1, 1))
    assert facts(edition, procedure("肺穿刺活检")).activities.bone_biopsy(date(2026, 1, 1)) is None
    assert facts(edition, procedure("右侧髂骨穿刺活检")).activities.bone_biopsy(date(2026, 1, 1))


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error", "registered"])
def test_a_report_that_is_none_does_not_count(edition: Edition, status: str) -> None:
    assert scan_reading(edition, "Suspicious for metastases.", status=status) is None


def test_a_report_dated_after_now_is_not_in_the_record(edition: Edition) -> None:
    assert scan_reading(edition, "Suspicious for metastases.", effectiveDateTime=ago(-3)) is None


def test_members_that_cannot_be_read_leave_the_rest_standing(edition: Edition) -> None:
    odd = procedure("胸椎放疗", bodySite="spine", reasonCode=7, note={"text": 3})
    assert facts(edition, odd).activities.of("radiotherapy")


def test_an_endless_text_is_read_up_to_a_bound(edition: Edition) -> None:
    assert scan_reading(edition, "no news. " * (LONGEST // 9 + 1) + "Suspicious for metastases.") == "not-read"


def size(days: int, name: str = "Size Tumor", site: str = "Left ilium", **members: Any) -> dict[str, Any]:
    told = {"resourceType": "Observation", "status": "final", "code": {"text": name}, "effectiveDateTime": ago(days)}
    return told | ({"bodySite": {"text": site}} if site else {}) | members


def axes(longest: float, other: float | None, unit: str = "mm", names: tuple[str, str] = ("最大径", "垂直径")) -> Any:
    values = [(name, v) for name, v in zip(names, (longest, other), strict=True) if v is not None]
    return {"component": [{"code": {"text": n}, "valueQuantity": {"value": v, "unit": unit}} for n, v in values]}


def measured(edition: Edition, *sizes: dict[str, Any]) -> list[tuple[float, float]]:
    return [(float(s.longest), float(s.other)) for s in facts(edition, *sizes).sizes.all]


def test_two_axes_in_mm_and_in_cm(edition: Edition) -> None:
    assert measured(edition, size(5, **axes(20, 15))) == [(20, 15)]
    assert measured(edition, size(5, **axes(1.5, 2, "cm"))) == [(20, 15)]
    assert measured(edition, size(5, valueString="3.2cm×2.1cm")) == [(32, 21)]
    assert measured(edition, size(5, valueString="32*21 mm")) == [(32, 21)]
    assert measured(edition, size(5, "左髂骨骨病灶大小", "", valueString="32×21 mm")) == [(32, 21)]


def test_by_the_codes_of_mcode(edition: Edition) -> None:
    parts = [("33728-7", 20), ("33729-5", 15)]
    told = [
        {"code": {"coding": [{"system": LOINC, "code": code}]}, "valueQuantity": {"value": value, "unit": "mm"}}
        for code, value in parts
    ]
    code = {"coding": [{"system": LOINC, "code": "21889-1"}]}
    assert measured(edition, size(5, code=code, component=told)) == [(20, 15)]


@pytest.mark.parametrize(
    ("members", "why"),
    [
        (axes(20, None), "one-diameter"),
        ({"valueQuantity": {"value": 20, "unit": "mm"}}, "one-diameter"),
        (axes(20, 15, ""), "unit"),
        (axes(20, 15, "in"), "unit"),
        ({"valueString": "32×21"}, "one-diameter"),
        (axes(20, 15) | {"bodySite": {"text": "Right lung"}}, "site-not-stated"),
        (axes(20, 15) | {"bodySite": {"text": "Liver"}}, "site-not-stated"),
    ],
)
def test_what_is_no_size_of_a_bone_lesion_is_named(edition: Edition, members: dict[str, Any], why: str) -> None:
    found = facts(edition, size(5, **members)).sizes
    assert found.all == ()
    assert [left.why for left in found.left_out] == [why]


@pytest.mark.parametrize("version", ["R4", "R5"])
def test_a_focus_leads_to_the_lesion(edition: Edition, version: str) -> None:
    ilium = {"text": "Left ilium"}
    where = {"location": ilium} if version == "R4" else {"includedStructure": [{"structure": ilium}]}
    lesion = {"resourceType": "BodyStructure", "id": "lesion", **where}
    of_it = {"focus": [{"reference": "BodyStructure/lesion"}]}
    sizes = (size(n, site="", **of_it, **axes(20, 15)) for n in (5, 100))
    found = facts(edition, lesion, *sizes).sizes
    assert {s.lesion for s in found.all} == {"BodyStructure/lesion"}
    assert len(found.days) == 2


def test_left_and_right_are_two_lesions(edition: Edition) -> None:
    found = facts(edition, size(5, site="Left femur", **axes(20, 15)), size(5, site="Right femur", **axes(9, 9))).sizes
    assert len(found.on(NOW.date() - timedelta(days=5))) == 2


@pytest.mark.parametrize(
    ("conclusion", "confirmed"),
    [
        ("左股骨新发骨转移", True),
        ("与前片比较，左髂骨新增骨转移灶", True),
        ("L1椎体新发骨质破坏，考虑骨转移", True),
        ("New osseous metastasis in the left femur.", True),
        ("左股骨新发浓聚，骨转移不除外", False),
        ("未见新发骨转移", None),
        ("No new osseous metastases.", None),
        ("新发脑转移，骨转移同前", None),
        ("L1新发压缩性骨折，骨转移同前", None),
        ("左肺新发结节，L3骨转移同前", None),
        ("多发骨转移，较前相仿", None),
    ],
)
def test_what_calls_a_bone_metastasis_new(edition: Edition, conclusion: str, confirmed: bool | None) -> None:
    told = facts(edition, report(conclusion, "PET-CT")).lesions.appeared
    assert [a.confirmed for a in told] == ([] if confirmed is None else [confirmed])


def test_a_scan_that_comes_as_a_result_is_read_like_a_report(edition: Edition) -> None:
    result = {"resourceType": "Observation", "status": "final", "code": {"text": "骨扫描"}, "effectiveDateTime": ago(5)}
    assert facts(edition, {**result, "valueString": "左股骨新发骨转移"}).lesions.appeared
    assert facts(edition, {**result, "valueString": "全身多发骨转移"}).lesions.number == "multiple"
    cancelled = {**result, "status": "cancelled", "valueString": "左股骨新发骨转移"}
    assert not facts(edition, cancelled).lesions.appeared
