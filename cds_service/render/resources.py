"""The FHIR resources of suggestions, in the caller's version (R4/R4B or R5): plain dicts, nothing empty in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from cds_service.base.kinds import FhirVersion
from cds_service.call.ids import REQUESTERS, is_id
from cds_service.evaluate.outcome import CreateDrug, ReviseOrder
from cds_service.facts.bounded import norm
from cds_service.facts.doses import DoseReader
from cds_service.facts.subjects import Order
from cds_service.knowledge.dosing import Dosing
from cds_service.knowledge.services import Orderable

Json = dict[str, Any]
UCUM = "http://unitsofmeasure.org"
SNOMED = "http://snomed.info/sct"
_LONGEST_TEXT = 1_000
_LONGEST_URL = 1_000


@dataclass(frozen=True, slots=True)
class OrderContext:
    """Whose order a suggestion is, and in which FHIR version it goes back."""

    version: FhirVersion
    patient_id: str
    user_id: str
    encounter_id: str | None
    now: datetime
    language: str


def _common(context: OrderContext) -> Json:
    resource: Json = {
        "status": "draft",
        "intent": "proposal",
        "subject": {"reference": f"Patient/{context.patient_id}"},
        "authoredOn": context.now.isoformat(timespec="seconds"),
    }
    if context.encounter_id:
        resource["encounter"] = {"reference": f"Encounter/{context.encounter_id}"}
    if context.user_id.startswith(REQUESTERS):
        resource["requester"] = {"reference": context.user_id}
    return resource


def _concept(orderable: Orderable, language: str) -> Json:
    coding = [{"system": c.system, "code": c.code, "display": c.display} for c in orderable.coding]
    return {"coding": coding, "text": orderable.text[language]}


def service_request(orderable: Orderable, context: OrderContext) -> Json:
    """A draft ServiceRequest proposing the orderable."""
    concept = _concept(orderable, context.language)
    code = {"concept": concept} if context.version == "R5" else concept
    return {"resourceType": "ServiceRequest", **_common(context), "code": code}


def medication_request(orderable: Orderable, act: CreateDrug, context: OrderContext, dosing: Dosing) -> Json:
    """A draft MedicationRequest proposing the drug, with the parts of its dosage that the source states."""
    concept = _concept(orderable, context.language)
    medication = (
        {"medication": {"concept": concept}} if context.version == "R5" else {"medicationCodeableConcept": concept}
    )
    resource = {"resourceType": "MedicationRequest", **_common(context), **medication}
    dosage = _dosage(orderable, act.mg, dosing)
    if orderable.dosage_text:
        dosage["text"] = orderable.dosage_text[context.language]
    return resource | ({"dosageInstruction": [dosage]} if dosage else {})


def _dosage(orderable: Orderable, mg: Fraction | None, dosing: Dosing) -> Json:
    dosage: Json = {}
    if orderable.every:
        repeat = {"frequency": 1, "period": orderable.every.period, "periodUnit": orderable.every.unit}
        dosage["timing"] = {"repeat": repeat}
    if orderable.infusion_minutes:
        repeat = dosage.setdefault("timing", {"repeat": {}})["repeat"]
        repeat |= {"duration": orderable.infusion_minutes, "durationUnit": "min"}
    if orderable.route:
        dosage["route"] = _route(orderable.route, dosing)
    low = mg if mg is not None else (Fraction(orderable.dose) if orderable.dose is not None else None)
    if low is not None and orderable.dose_high is not None:
        high = Fraction(orderable.dose_high)
        dosage["doseAndRate"] = [
            {"doseRange": {"low": quantity(low, orderable.unit), "high": quantity(high, orderable.unit)}}
        ]
    elif low is not None:
        dosage["doseAndRate"] = [{"doseQuantity": quantity(low, orderable.unit)}]
    return dosage


def _route(name: str, dosing: Dosing) -> Json:
    route = dosing.routes[name]
    return {"coding": [{"system": SNOMED, "code": route.snomed[0], "display": route.display}]}


def quantity(value: Fraction, unit: str) -> Json:
    """A UCUM Quantity; whole numbers stay whole."""
    shown: int | float = int(value) if value.denominator == 1 else float(value)
    return {"value": shown, "unit": "IU" if unit == "[iU]" else unit, "system": UCUM, "code": unit}


def resource_id(order: Order) -> str | None:
    """The reference by which a client finds its own draft; None where its id is none that FHIR knows."""
    return str(order.ref) if order.ref and is_id(order.ref.partition("/")[2]) else None


def revised(original: Json, act: ReviseOrder, doses: DoseReader, dosing: Dosing) -> Json:
    """The client's own order (decoded for this, and changed in place) with only dose, interval or route changed.

    A dosage text that names the old dose names the new one afterwards. Where the interval changes too, the text is
    dropped: it could state the old one in words no pattern knows, and the structured members now say everything. So is
    one too long to be searched.
    """
    resource = original
    order = act.order
    dosages = resource.get("dosageInstruction")
    dosages = [dosages] if isinstance(dosages, dict) else dosages or [{}]
    new_dose = act.mg if not (order.dose and order.dose.mg == act.mg) else None
    for dosage in dosages:
        if new_dose is not None:
            _set_dose(dosage, new_dose)
            if dosage.get("text") and order.dose:
                _restate(dosage, doses, order.dose.mg, new_dose)
        if act.interval_days is not None and order.interval_days != act.interval_days:
            dosage["timing"] = _timing(dosage.get("timing"), act.interval_days)
            dosage.pop("text", None)
        if act.subcutaneous and order.route != "subcutaneous":
            dosage["route"] = _route("subcutaneous", dosing)
    resource["dosageInstruction"] = dosages
    if new_dose is not None:
        _drop_ordered_dose(resource)
    return resource


def _restate(dosage: Json, doses: DoseReader, old: Fraction, new: Fraction) -> None:
    if len(dosage["text"]) > _LONGEST_TEXT:
        del dosage["text"]
    else:
        dosage["text"] = doses.with_mass(dosage["text"], old, new)


def _timing(timing: Json | None, days: int) -> Json:
    repeat = dict((timing or {}).get("repeat") or {})
    weeks, rest = divmod(days, 7)
    period, unit = (weeks, "wk") if not rest else (days, "d")
    return {"repeat": repeat | {"frequency": 1, "period": period, "periodUnit": unit}}


def _set_dose(dosage: Json, mg: Fraction) -> None:
    """Put the dose where the order already states one, else into ``doseAndRate``."""
    new = quantity(mg, "mg")
    places = list(_places(dosage))
    for place in places:
        place.pop("doseRange", None)
        place["doseQuantity"] = new
    if not places:
        dosage["doseAndRate"] = [{"doseQuantity": new}]


def _places(dosage: Json) -> Iterator[Json]:
    stated = dosage.get("doseAndRate")
    for place in [dosage, *(stated if isinstance(stated, list) else [stated] if stated else [])]:
        if "doseQuantity" in place or "doseRange" in place:
            yield place


def _drop_ordered_dose(resource: Json) -> None:
    """An ``ordered-dose`` extension would still state the old dose beside the new one."""
    for holder in [resource, *resource.get("dosageInstruction", [])]:
        kept = [e for e in holder.get("extension") or [] if not _is_ordered_dose(e)]
        if "extension" in holder:
            holder["extension"] = kept
            if not kept:
                del holder["extension"]


def _is_ordered_dose(extension: Json) -> bool:
    return norm(str(extension.get("url", ""))[-_LONGEST_URL:]).rstrip("/").endswith("ordered-dose")
