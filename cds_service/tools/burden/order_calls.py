"""An order of analgesics, imaging or local treatment as the request that a client would send."""

from __future__ import annotations

from datetime import date, timedelta

from cds_service.tools.burden.calls import ICD, LOINC, RXNORM, SNOMED, Json, about, bundle, signed
from cds_service.tools.burden.orders import Item, Ordering, Wording, language

_BEFORE = timedelta(days=100)


def ordered(it: Ordering) -> bytes:
    """The call at order-sign, with everything prefetched that discovery of the three services names."""
    drafts = [_draft(it, it.item, "order", it.reason)]
    if it.item.beside:
        drafts.append(_draft(it, it.item.beside, "beside", "") | {"status": "draft", "authoredOn": str(it.today)})
    return signed(it, drafts, _prefetch(it))


def _draft(it: Ordering, item: Item, name: str, reason: str) -> Json:
    wording = language(item, it.chinese)
    # A LOINC code ends in a dash and its check digit; what else is coded is RxNorm of drugs and SNOMED CT of requests.
    system = LOINC if "-" in wording.code else RXNORM if _is_drug(it, item) else SNOMED
    code: Json = {"text": wording.text}
    if wording.code:
        code["coding"] = [{"system": system, "code": wording.code}]
    if _is_drug(it, item):
        return _drug(it, item, name, code, reason)
    made = about(it, "ServiceRequest", name, status="draft", intent="order", authoredOn=str(it.today), code=code)
    return made | ({"reasonCode": [{"text": reason}]} if reason else {})


def _is_drug(it: Ordering, item: Item) -> bool:
    return item.drug or it.item.drug


def _drug(it: Ordering, item: Item, name: str, code: Json, reason: str) -> Json:
    stopped = it.item.stopped_after
    begun = it.today - timedelta(days=stopped or 0)
    made = about(it, "MedicationRequest", name, status="draft", intent="order", authoredOn=str(begun))
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
    told = [("lung", it.today - 2 * _BEFORE)]
    told += [("bone", it.metastasis)] if it.metastasis else []
    told += [("brain", it.today - _BEFORE)] if it.elsewhere else []
    told += [("t8", it.today - _BEFORE)] if it.fracture else []
    active = {"coding": [{"code": "active"}]}
    return [
        about(it, "Condition", name, clinicalStatus=active, recordedDate=str(day), code=_code(it, ICD, name))
        for name, day in told
    ]


def _observations(it: Ordering) -> list[Json]:
    made = []
    if it.pain:
        day, score = it.pain
        made.append(_observed(it, "pain", day) | _counted(it, score, "score", "{score}"))
    if it.life:
        made.append(_observed(it, "life", it.today - timedelta(days=2)) | _counted(it, it.life, "months", "mo"))
    return made


def _laboratory(it: Ordering) -> list[Json]:
    """What the choice of a bone drug rests on, all of it in order."""
    day = it.today - timedelta(days=4)
    results = (("creatinine", 70, "umol/L"), ("calcium", 2.3, "mmol/L"))
    return [_observed(it, name, day) | _quantity(value, unit) for name, value, unit in results]


def _taken(it: Ordering) -> list[Json]:
    """Drugs on the list. What a draft stops is on it too, as the same order."""
    taken = [("osimertinib", 60)] if it.anticancer else []
    taken += [("zoledronic-acid", 20)] if it.bone_drug else []
    taken += [("morphine", 20)] if it.opioid else []
    made = [_listed(it, *each) for each in taken]
    if it.item.stopped_after is not None:
        before = {k: v for k, v in _draft(it, it.item, "order", "").items() if k != "statusReason"}
        made.append(before | {"status": "active"})
    return made


def _listed(it: Ordering, name: str, days: int) -> Json:
    wording = _written(it, name)
    made = about(it, "MedicationRequest", name, status="active", intent="order")
    made |= {"medicationCodeableConcept": {"text": wording.text}, "authoredOn": str(it.today - timedelta(days=days))}
    return made | ({"dosageInstruction": [{"text": wording.sig}]} if wording.sig else {})


def _procedures(it: Ordering) -> list[Json]:
    if not it.irradiated:
        return []
    code, day = _code(it, SNOMED, "irradiated"), str(it.irradiated)
    return [about(it, "Procedure", "irradiated", status="completed", code=code, performedDateTime=day)]


def _reports(it: Ordering) -> list[Json]:
    told = [("ct", it.today - timedelta(days=25))] if it.several else []
    told += [("bone-scan", it.scan)] if it.scan else []
    return [
        about(it, "DiagnosticReport", name, status="final", effectiveDateTime=str(day), code=_code(it, LOINC, name))
        | {"conclusion": _written(it, f"{name}-said").text}
        for name, day in told
    ]


def _observed(it: Ordering, name: str, day: date) -> Json:
    return about(it, "Observation", name, status="final", effectiveDateTime=str(day), code=_code(it, LOINC, name))


def _counted(it: Ordering, value: int, written: str, unit: str) -> Json:
    """A number as a quantity, or in Chinese as a text."""
    return {"valueString": _written(it, written).text.format(value)} if it.chinese else _quantity(value, unit)


def _quantity(value: float, unit: str) -> Json:
    return {"valueQuantity": {"value": value, "unit": unit}}


def _written(it: Ordering, name: str) -> Wording:
    return language(it.written[name], it.chinese)


def _code(it: Ordering, system: str, name: str) -> Json:
    """A text, and the code where this language sends one."""
    wording = _written(it, name)
    return {"text": wording.text} | ({"coding": [{"system": system, "code": wording.code}]} if wording.code else {})
