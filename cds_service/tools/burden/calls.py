"""A visit of the made-up ward as the request that a client would send."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, Protocol

from cds_service.tools.burden.patients import Visit

Json = dict[str, Any]
USER = "Practitioner/made-up"
# Of what is taken: long before any order of the ward.
_WRITTEN = "2024-01-15"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
LOINC = "http://loinc.org"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"
_DRUGS = {"zoledronic-acid": "77655", "denosumab": "993449", "cisplatin": "2555"}
NAMESPACE = uuid.UUID("6c0c6f0e-4f0e-5d0c-9b6e-3f0a4c7f2b11")


class Whose(Protocol):
    """Whose call it is, and of which day."""

    @property
    def name(self) -> str: ...

    @property
    def today(self) -> date: ...


def request(visit: Visit, dose: Fraction) -> bytes:
    """The call at order-sign for a dose in mg, with everything prefetched."""
    return signed(visit, [_draft(visit, dose)], prefetch(visit))


def signed(whose: Whose, drafts: Sequence[Json], found: Json) -> bytes:
    """The call at order-sign for these drafts. ``found``: what is prefetched, by key."""
    body = {
        "hook": "order-sign",
        "hookInstance": str(uuid.uuid5(NAMESPACE, f"{whose.name}|{whose.today}")),
        "context": {"userId": USER, "patientId": whose.name, "draftOrders": bundle(*drafts) | {"type": "collection"}},
        "prefetch": found,
    }
    return json.dumps(body).encode()


def _draft(visit: Visit, dose: Fraction) -> Json:
    route = {"text": "intravenous" if visit.drug == "zoledronic-acid" else "subcutaneous"}
    repeat = {"frequency": 1, "period": 4, "periodUnit": "wk"}
    stated = [{"doseQuantity": {"value": float(dose), "unit": "mg"}}]
    made = about(visit, "MedicationRequest", "draft", status="draft", intent="order", authoredOn=str(visit.today))
    made["medicationCodeableConcept"] = {"coding": [{"system": RXNORM, "code": _DRUGS[visit.drug]}]}
    return made | {"dosageInstruction": [{"timing": {"repeat": repeat}, "route": route, "doseAndRate": stated}]}


def prefetch(visit: Visit) -> Json:
    """What is on record on the day of a visit, under the keys of the order service."""
    empty = ("medicationStatements", "serviceRequests", "appointments")
    return {key: bundle() for key in empty} | {
        "patient": {"resourceType": "Patient", "id": visit.name, "gender": visit.sex, "birthDate": str(visit.born)},
        "conditions": bundle(*_conditions(visit)),
        "laboratory": bundle(*_laboratory(visit)),
        "measurements": bundle(*_measurements(visit)),
        "medicationRequests": bundle(*_taken(visit)),
        "medicationAdministrations": bundle(*_given(visit)),
        "procedures": bundle(*_procedures(visit)),
    }


def _conditions(visit: Visit) -> list[Json]:
    codes = ["C34.11", "C79.51", *(["E11.9"] if visit.diabetes else [])]
    active = {"coding": [{"code": "active"}]}
    return [
        about(visit, "Condition", code, clinicalStatus=active, code={"coding": [{"system": ICD, "code": code}]})
        for code in codes
    ]


def _laboratory(visit: Visit) -> list[Json]:
    made = [result(visit, "14682-9", value, "umol/L", day) for day, value in visit.creatinines]
    if visit.calcium is not None and visit.albumin is not None:
        made.append(result(visit, "2000-8", visit.calcium, "mmol/L", visit.blood))
        made.append(result(visit, "1751-7", visit.albumin, "g/L", visit.blood))
    return made


def _measurements(visit: Visit) -> list[Json]:
    made = [result(visit, "8302-2", visit.height, "cm", visit.today - timedelta(days=400))]
    if visit.weight:
        day, value = visit.weight
        made.append(result(visit, "29463-7", value, "kg", day))
    return made


def _taken(visit: Visit) -> list[Json]:
    names = ["calcium carbonate", "cholecalciferol"] if visit.supplements else []
    names += ["ibuprofen"] if visit.nsaid else []
    return [
        about(
            visit,
            "MedicationRequest",
            name.replace(" ", "-"),
            status="active",
            intent="order",
            authoredOn=_WRITTEN,
        )
        | {"medicationCodeableConcept": {"text": name}}
        for name in names
    ]


def _given(visit: Visit) -> list[Json]:
    given: list[tuple[str, date]] = [(visit.drug, day) for day in visit.doses]
    given += [("cisplatin", visit.cisplatin)] if visit.cisplatin else []
    return [
        about(visit, "MedicationAdministration", f"{drug}-{day}", status="completed", effectiveDateTime=str(day))
        | {"medicationCodeableConcept": {"coding": [{"system": RXNORM, "code": _DRUGS[drug]}]}}
        for drug, day in given
    ]


def _procedures(visit: Visit) -> list[Json]:
    if visit.exam is None:
        return []
    code = {"coding": [{"system": SNOMED, "code": "34043003"}]}
    return [about(visit, "Procedure", "exam", status="completed", code=code, performedDateTime=str(visit.exam))]


def result(visit: Visit, code: str, value: float, unit: str, day: date) -> Json:
    """A result by LOINC code."""
    return about(
        visit,
        "Observation",
        f"{code}-{day}",
        status="final",
        code={"coding": [{"system": LOINC, "code": code}]},
        effectiveDateTime=str(day),
        valueQuantity={"value": value, "unit": unit},
    )


def about(whose: Whose, kind: str, name: str, **members: Any) -> Json:
    """A resource of a type, with this id, of the patient of a visit or order."""
    return {"resourceType": kind, "id": name, "subject": {"reference": f"Patient/{whose.name}"}} | members


def bundle(*resources: Json) -> Json:
    """What a search found."""
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": each} for each in resources]}
