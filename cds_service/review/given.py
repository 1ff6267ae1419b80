"""Cases a clinician can read, as facts: ``given`` mappings of ``cards/cases/*.yaml``.

Each chapter of facts says what a case may say of it, with harmless defaults (a lung-cancer patient with bone
metastasis, normal calcium, everything obtained), so that a case states only what matters to it. An unknown key is an
error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from cds_service.base.kinds import Missing
from cds_service.facts.against import usable
from cds_service.facts.calcium import hypercalcaemic
from cds_service.facts.calcium_given import CalciumGiven
from cds_service.facts.creatinine import CreatininesGiven
from cds_service.facts.diagnoses import DiagnosesGiven
from cds_service.facts.facts import Facts
from cds_service.facts.patient import PatientGiven
from cds_service.facts.procedures import ProceduresGiven
from cds_service.facts.renal import RenalGiven
from cds_service.facts.steadiness import unsteady
from cds_service.facts.subjects import Chart, OrdersGiven, Subject
from cds_service.facts.told import NOW, ago
from cds_service.facts.treatment import TreatmentGiven
from cds_service.knowledge.drugs import Drugs
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import File

P = TypeVar("P", bound=File)
LONG_AGO = 100  # days


class GapsGiven(File, frozen=True):
    """Prefetch keys that were not obtained."""

    not_obtained: list[str] = []


PARTS: tuple[type[File], ...] = (
    OrdersGiven, PatientGiven, DiagnosesGiven, RenalGiven, CreatininesGiven, CalciumGiven, TreatmentGiven,
    ProceduresGiven, GapsGiven,
)  # fmt: skip
VOCABULARY: Mapping[str, type[File]] = {
    field.encode_name: part for part in PARTS for field in msgspec.structs.fields(part)
}


def facts_of(given: Mapping[str, Any], drugs: Drugs, measurements: Measurements) -> tuple[Facts, Subject]:
    """The facts a case describes, and the subject it asks about. Raises ``msgspec.ValidationError`` for a bad key."""
    if unknown := sorted(given.keys() - VOCABULARY.keys()):
        raise msgspec.ValidationError(f"no such key of given: {', '.join(unknown)}")

    def part(kind: type[P]) -> P:
        return msgspec.convert({key: value for key, value in given.items() if VOCABULARY[key] is kind}, kind)

    orders = part(OrdersGiven).told(drugs)
    diagnoses = part(DiagnosesGiven).told(ago(LONG_AGO))
    calcium, creatinine = part(CalciumGiven).told(measurements), part(CreatininesGiven).told()
    procedures = part(ProceduresGiven).told(orders)
    facts = Facts.told(
        NOW,
        orders=orders,
        patient=part(PatientGiven).told(),
        diagnoses=diagnoses,
        creatinine=creatinine,
        unsteady=unsteady(creatinine, diagnoses, NOW.date(), measurements),
        renal=usable(part(RenalGiven).told(), diagnoses, measurements),
        calcium=calcium,
        hypercalcaemic=hypercalcaemic(calcium, diagnoses),
        treatment=part(TreatmentGiven).told(drugs),
        procedures=procedures,
        tests=procedures,
        gaps={need: Missing(need, "not-obtained") for need in part(GapsGiven).not_obtained},
    )
    return facts, orders.all[0] if given.get("order") else Chart()
