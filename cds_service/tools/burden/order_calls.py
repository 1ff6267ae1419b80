"""An order of analgesics, imaging or local treatment as the request that a client would send."""

from __future__ import annotations

import json
import uuid
from datetime import date, timedelta
from typing import Any

from cds_service.tools.burden.calls import NAMESPACE, USER, Json, bundle
from cds_service.tools.burden.orders import Item, Ordering, language

_RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
_LOINC = "http://loinc.org"
_SNOMED = "http://snomed.info/sct"
_ICD = "http://hl7.org/fhir/sid/icd-10-cm"
_BEFORE = timedelta(days=100)


def ordered(it: Ordering) -> bytes:
    """The call at order-sign, with everything prefetched that discovery of the three services names."""
    drafts = [_draft(it, it.item, "order", it.reason)]
    if it.item.beside:
        drafts.append(_draft(it, it.item.beside, "beside", "") | {"status": "draft", "authoredOn": str(it.today)})
    body = {
        "hook": "order-sign",
        "hookInstance": str(uuid.uuid5(NAMESPACE, f"{it.name}|{it.today}")),
        "context": {"userId": USER, "patientId": it.name, "draftOrders": bundle(*drafts) | {"type": "collection"}},
        "prefetch": _prefetch(it),
    }
    return json.dumps(body).encode()


def _draft(it: Ordering, item: Item, name: str, reason: str) -> Json:
    wording = language(item, it.chinese)
    # A LOINC code ends in a dash and its check digit; what else is coded is RxNorm of drugs and SNOMED CT of requests.
    system = _LOINC if "-" in wording.code else _RXNORM if _is_drug(it, item) else _SNOMED
    code: Json = {"text": wording.text}
    if wording.code:
        code["coding"] = [{"system": system, "code": wording.code}]
    if _is_drug(it, item):
        return _drug(it, item, name, code, reason)
    made = _about(it, "ServiceRequest", name, status="draft", intent="order", authoredOn=str(it.today), code=code)
    return made | ({"reasonCode": [{"text": reason}]} if reason else {})


def _is_drug(it: Ordering, item: Item) -> bool:
    return item.drug or it.item.drug


def _drug(it: Ordering, item: Item, name: str, code: Json, reason: str) -> Json:
    stopped = it.item.stopped_after
    begun = it.today - timedelta(days=stopped or 0)
    made = _about(it, "MedicationRequest", name, status="draft", intent="order", authoredOn=str(begun))
    made |= {"medicationCodeableConcept": code, **_dosage(it, item)}
    if stopped is not None:
        made |= {"status": "stopped"} | ({"statusReason": {"text": reason}} if reason else {})
    return made


def _dosage(it: Ordering, item: Item) -> Json:
    if item.hours is None:
        return {}
    if it.chinese:
        return {"dosageInstruction": [{"text": item.zh.sig}]}
    quantity = {"value": item.mg, "unit": "mg"} if item.mg else {"value": item.tablets, "unit": "tablet"}
    repeat = {"frequency": 1, "period": item.hours, "periodUnit": "h"}
    dosage = {"timing": {"repeat": repeat}, "route": {"text": "oral"}, "doseAndRate": [{"doseQuantity": quantity}]}
    return {"dosageInstruction": [dosage | ({"asNeededBoolean": True} if item.as_needed else {})]}


def _prefetch(it: Ordering) -> Json:
    found: dict[str, list[Json]] = {
        "conditions": _conditions(it),
        "observations": _observations(it),
        "laboratory": _laboratory(it),
        "medicationRequests": _taken(it),
        "procedures": _procedures(it),
        "reports": _reports(it),
    }
    empty = ("measurements", "medicationStatements", "medicationAdministrations", "serviceRequests", "appointments")
    found |= {key: [] for key in (*empty, "encounters", "allergies")}
    patient = {"resourceType": "Patient", "id": it.name, "gender": "male", "birthDate": str(it.born)}
    return {"patient": patient} | {key: bundle(*some) for key, some in found.items()}


def _conditions(it: Ordering) -> list[Json]:
    told = [("lung", "C34.11", "Adenocarcinoma of lung", "右肺腺癌", it.today - 2 * _BEFORE)]
    told += [("bone", "C79.51", "Bone metastasis", "肺癌骨转移", it.metastasis)] if it.metastasis else []
    told += [("brain", "C79.31", "Brain metastasis", "脑转移", it.today - _BEFORE)] if it.elsewhere else []
    told += [("t8", "", "Pathological fracture of T8", "胸8椎体病理性骨折", it.today - _BEFORE)] if it.fracture else []
    return [
        _about(
            it, "Condition", name, clinicalStatus={"coding": [{"code": "active"}]}, recordedDate=str(day)
        ) | {"code": _code(it, _ICD, code, en, zh)}
        for name, code, en, zh, day in told
    ]  # fmt: skip


def _observations(it: Ordering) -> list[Json]:
    made = []
    if it.pain:
        day, score = it.pain
        value: Json = {"valueString": f"{score}分"} if it.chinese else _quantity(score, "{score}")
        made.append(_observed(it, "72514-3", "Pain severity 0-10", "疼痛评分", day) | value)
    if it.life:
        value = {"valueString": f"{it.life}个月"} if it.chinese else _quantity(it.life, "mo")
        made.append(_observed(it, "75328-5", "Life expectancy", "预期生存期", it.today - timedelta(days=2)) | value)
    return made


def _laboratory(it: Ordering) -> list[Json]:
    """What the choice of a bone drug rests on, all of it in order."""
    day = it.today - timedelta(days=4)
    results = (
        ("2160-0", "Creatinine", "肌酐", 70, "umol/L"),
        ("29265-6", "Calcium corrected", "校正钙", 2.3, "mmol/L"),
    )
    return [_observed(it, code, en, zh, day) | _quantity(value, unit) for code, en, zh, value, unit in results]


def _taken(it: Ordering) -> list[Json]:
    """Drugs on the list. What a draft stops is on it too, as the same order."""
    morphine = ("morphine 30 mg extended release tablet", "硫酸吗啡缓释片 30mg", "口服 每次30mg 每12小时1次", 20)
    taken = [("Osimertinib 80 mg tablet", "奥希替尼片 80mg", "口服 每次80mg 每日1次", 60)] if it.anticancer else []
    taken += [("zoledronic acid 4 mg", "唑来膦酸注射液 4mg", "静脉滴注 每4周1次", 20)] if it.bone_drug else []
    taken += [morphine] if it.opioid else []
    made = [_listed(it, *each) for each in taken]
    if it.item.stopped_after is not None:
        before = {k: v for k, v in _draft(it, it.item, "order", "").items() if k != "statusReason"}
        made.append(before | {"status": "active"})
    return made


def _listed(it: Ordering, en: str, zh: str, sig: str, days: int) -> Json:
    made = _about(it, "MedicationRequest", en.split(maxsplit=1)[0].lower(), status="active", intent="order")
    dosage = {"dosageInstruction": [{"text": sig}]} if it.chinese else {}
    drug = {"medicationCodeableConcept": {"text": zh if it.chinese else en}}
    return made | {"authoredOn": str(it.today - timedelta(days=days))} | drug | dosage


def _procedures(it: Ordering) -> list[Json]:
    if not it.irradiated:
        return []
    code = _code(it, _SNOMED, "33195004", "External beam radiotherapy left femur, 8 Gy x 1", "左股骨转移灶放疗 8Gy/1f")
    return [_about(it, "Procedure", "irradiated", status="completed", code=code, performedDateTime=str(it.irradiated))]


def _reports(it: Ordering) -> list[Json]:
    told = []
    if it.several:
        told.append(("44229-3", "CT Bone", "骨盆及脊柱CT", "Multiple osteolytic lesions of the spine and pelvis.",
                     "脊柱、骨盆多发溶骨性骨转移。", it.today - timedelta(days=25)))  # fmt: skip
    if it.scan:
        told.append(("39818-0", "Bone scan, whole body", "全身骨显像", "No evidence of bone metastasis.",
                     "未见明显骨转移征象。", it.scan))  # fmt: skip
    return [
        _about(it, "DiagnosticReport", f"report-{code}", status="final", effectiveDateTime=str(day))
        | {"code": _code(it, _LOINC, code, en, zh), "conclusion": zh_said if it.chinese else said}
        for code, en, zh, said, zh_said, day in told
    ]


def _observed(it: Ordering, code: str, en: str, zh: str, day: date) -> Json:
    made = _about(it, "Observation", f"result-{code}", status="final", effectiveDateTime=str(day))
    return made | {"code": _code(it, _LOINC, code, en, zh)}


def _quantity(value: float, unit: str) -> Json:
    return {"valueQuantity": {"value": value, "unit": unit}}


def _code(it: Ordering, system: str, code: str, en: str, zh: str) -> Json:
    """A text, and outside the Chinese records the code."""
    if it.chinese:
        return {"text": zh}
    return {"text": en} | ({"coding": [{"system": system, "code": code}]} if code else {})


def _about(it: Ordering, kind: str, name: str, **members: Any) -> Json:
    return {"resourceType": kind, "id": name, "subject": {"reference": f"Patient/{it.name}"}} | members
