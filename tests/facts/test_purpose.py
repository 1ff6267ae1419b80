"""What an examination is asked for: in words of both languages and in codes, never guessed."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from cds_service.base.kinds import RequestText
from cds_service.edition import Edition
from cds_service.facts.purpose import Purpose, Purposes
from cds_service.facts.requests import LONGEST
from cds_service.fhir.structs import Condition, Resource, ServiceRequest

ICD, CM = "http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cm"


def purposes(edition: Edition, it: dict[str, Any], *referred: Resource) -> Purposes:
    sent = {"resourceType": "ServiceRequest", "code": {"text": "Bone scan"}, **it}
    request = msgspec.json.decode(json.dumps(sent).encode(), type=ServiceRequest)
    by_ref = {f"Condition/{r.id}": r for r in referred}
    return edition.readers.orders.requests.read(request, by_ref.get).purposes


def told(edition: Edition, text: str) -> list[str]:
    return [p.kind for p in purposes(edition, {"reasonCode": [{"text": text}]}).all]


def coded(edition: Edition, system: str, code: str) -> list[str]:
    reason = {"coding": [{"system": system, "code": code}]}
    return [p.kind for p in purposes(edition, {"reasonCode": [reason]}).all]


@pytest.mark.parametrize(
    "text",
    [
        "骨转移筛查", "骨转移初筛", "除外骨转移", "排除胸椎转移", "有无骨转移",
        "明确是否骨转移", "骨转移待排", "无骨痛，骨转移筛查",
        "bone metastasis screening", "Screening for bone metastases", "rule out bone metastasis", "r/o bone mets",
        "evaluate for osseous metastatic disease", "no pain, screening for bone metastasis",
    ],
)  # fmt: skip
def test_screening_for_bone_metastasis(edition: Edition, text: str) -> None:
    assert told(edition, text) == ["bone-screening"]


@pytest.mark.parametrize(
    "text",
    [
        "无骨转移", "已排除骨转移", "不除外骨转移", "不能排除骨转移",
        "疑骨转移", "骨转移", "肺癌筛查", "排除肺栓塞",
        "no evidence of bone metastasis", "bone metastasis", "suspected bone metastasis", "lung cancer screening",
        "cannot rule out bone metastasis",
        "rule out pulmonary embolism", "无外伤史", "no trauma", "history of fracture",
        "肺腺癌EGFR突变", "非疗效评估", "not for response assessment", "",
    ],
)  # fmt: skip
def test_no_purpose_is_guessed(edition: Edition, text: str) -> None:
    assert told(edition, text) == []


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("筛查", ["screening"]),
        ("screening", ["screening"]),
        ("化疗后疗效评价", ["response"]),
        ("复查", ["response"]),
        ("再分期", ["response"]),
        ("restaging", ["response"]),
        ("follow-up", ["response"]),
        ("分期", ["staging"]),
        ("Initial staging", ["staging"]),
        ("骨痛加重", ["new-symptom"]),
        ("new bone pain", ["new-symptom"]),
        ("脊髓压迫待排", ["new-symptom"]),
        ("rule out cord compression", ["new-symptom"]),
        ("术前评估", ["planning"]),
        ("放疗定位CT", ["planning"]),
        ("外伤", ["trauma"]),
        ("fall yesterday", ["trauma"]),
        ("骨髓炎？", ["infection"]),
        ("耐药后基因检测", ["molecular"]),
        ("second primary?", ["second-cancer"]),
        ("复查，骨痛加重", ["response", "new-symptom"]),
        ("骨痛筛查", ["new-symptom", "bone-screening"]),
    ],
)
def test_each_purpose(edition: Edition, text: str, kinds: list[str]) -> None:
    assert told(edition, text) == kinds


@pytest.mark.parametrize(
    ("system", "code", "kinds"),
    [
        (ICD, "Z12.8", ["screening"]), (CM, "Z12.89", ["screening"]),
        (ICD, "Z08.0", ["response"]), (CM, "Z08", ["response"]),
        (CM, "S72.001A", ["trauma"]), (CM, "M86.9", ["infection"]), (CM, "M54.50", ["new-symptom"]),
        (CM, "G95.20", ["new-symptom"]), (CM, "C79.51", []), (CM, "C34.90", []), (CM, "Z12.31", []),
    ],
)  # fmt: skip
def test_a_code_says_it_without_words(edition: Edition, system: str, code: str, kinds: list[str]) -> None:
    assert coded(edition, system, code) == kinds


@pytest.mark.parametrize(
    "member",
    [
        {"reasonCode": [{"text": "疗效评估"}]},
        {"reasonCode": {"text": "疗效评估"}},
        {"reason": [{"concept": {"text": "疗效评估"}}]},
        {"note": [{"text": "疗效评估"}]},
        {"orderDetail": [{"text": "疗效评估"}]},
        {"code": {"text": "骨显像（疗效评估）"}},
        {"reasonCode": [{"coding": [{"display": "Response assessment"}]}]},
    ],
)
def test_wherever_an_order_states_it(edition: Edition, member: dict[str, Any]) -> None:
    assert [p.kind for p in purposes(edition, member).all] == ["response"]


@pytest.mark.parametrize("member", ["reasonReference", "reason"])
def test_of_a_diagnosis_that_is_the_reason_only_a_symptom_counts(edition: Edition, member: str) -> None:
    def asked(text: str) -> list[str]:
        body = {"resourceType": "Condition", "id": "c", "code": {"text": text}}
        diagnosis = msgspec.json.decode(json.dumps(body).encode(), type=Condition)
        to: Any = {"reference": "Condition/c"}
        found = purposes(edition, {member: [to if member == "reasonReference" else {"reference": to}]}, diagnosis)
        return [p.kind for p in found.all]

    assert asked("骨痛") == ["new-symptom"]
    assert asked("肺腺癌，耐药，随访") == []


def test_the_words_are_quoted_and_the_first_of_a_kind_stands(edition: Edition) -> None:
    found = purposes(edition, {"reasonCode": [{"text": "肺癌，疗效评估。复查"}]})
    assert [(p.kind, p.words) for p in found.all] == [("response", "疗效评估")]


def test_what_is_longer_than_an_order_is_not_read_by_its_beginning(edition: Edition) -> None:
    def stated(length: int) -> bool:
        return bool(purposes(edition, {"note": [{"text": ("疗效评估，" + "x" * length)[:length]}]}).all)

    assert stated(LONGEST - len("Bone scan"))
    assert not stated(LONGEST + 1)


def test_whether_its_own_words_name_a_bone(edition: Edition) -> None:
    def bone(**members: Any) -> bool:
        request = msgspec.json.decode(
            json.dumps({"resourceType": "ServiceRequest", **members}).encode(), type=ServiceRequest
        )
        return edition.readers.orders.requests.read(request, lambda _: None).bone

    assert bone(code={"text": "Biopsy of the left femur"})
    assert bone(code={"text": "穿刺活检"}, bodySite=[{"text": "髂骨"}])
    assert not bone(code={"text": "CT guided biopsy"}, reasonCode=[{"text": "Bone metastasis"}])


def test_each_purpose_is_told_with_its_words(edition: Edition) -> None:
    def read(*reasons: Any, **members: Any) -> Purposes:
        return purposes(edition, {"reasonCode": list(reasons), **members})

    def said(text: str) -> Purposes:
        return read(note=[{"text": text}])

    def all_(*told: tuple[Any, str]) -> Purposes:
        return Purposes(tuple(Purpose(kind, RequestText(words)) for kind, words in told))

    code = {"coding": [{"system": CM, "code": "Z12.89", "display": "Screening"}]}
    assert read(code).all[:1] == (Purpose("screening", RequestText("Screening")),)
    pain = {"coding": [{"system": "http://snomed.info/sct", "code": "12584003", "display": "Bone pain"}]}
    assert read(pain) == all_(("new-symptom", "Bone pain"))
    assert read({"coding": [{"system": CM, "code": "M89.8X"}]}) == Purposes(), "a broad code is no symptom"
    assert said("肺癌，分期；腰部骨痛") == all_(("staging", "分期"), ("new-symptom", "腰部骨痛"))
    assert said("骨痛") == all_(("new-symptom", "骨痛"))
    assert said("骨痛待排").of("new-symptom") == Purpose("new-symptom", RequestText("骨痛待排"))
    assert said("骨转移筛查") == all_(("bone-screening", "骨转移筛查"))
    assert said("胸椎筛查") == all_(("bone-screening", "胸椎筛查"))
    assert said("筛查") == all_(("screening", "筛查"))
    assert said("除外骨转移") == all_(("bone-screening", "除外骨转移"))
    assert said("除外肺炎") == Purposes()
    assert said("筛查。筛查，分期") == all_(("screening", "筛查"), ("staging", "分期"))
    assert said("，；") == read() == Purposes()
    both = read({"text": "筛查"}, {"text": "分期"})
    assert (both.of("staging"), both.of("trauma"), both.other) == (both.all[1], None, both.all[1])
    assert said("疗效评估").other is None


@pytest.mark.parametrize(
    ("text", "elsewhere"),
    [
        ("Screen for bone mets; suspected adrenal metastasis", "suspected adrenal metastasis"),
        ("骨转移筛查，已知脑转移", "已知脑转移"), ("骨转移筛查，无肝转移", None),
        ("骨转移筛查，右肺门淋巴结转移", None),
        ("Screening for bone metastases", None),
    ],
)  # fmt: skip
def test_a_metastasis_of_another_organ_is_named(edition: Edition, text: str, elsewhere: str | None) -> None:
    found = purposes(edition, {"reasonCode": [{"text": text}]}).elsewhere
    assert (found and found.text) == elsewhere
