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
from cds_service.facts.activities import WINDOW as STANDS
from cds_service.facts.activities import ActivitiesGiven
from cds_service.facts.against import usable
from cds_service.facts.allergies import AllergiesGiven
from cds_service.facts.analgesics import Analgesics
from cds_service.facts.bma_options import DoseTable, Known, options
from cds_service.facts.bone_modifying import WINDOW, BoneModifying
from cds_service.facts.calcium import hypercalcaemic
from cds_service.facts.calcium_given import CalciumGiven
from cds_service.facts.conferences import CONFERENCE, Conferences
from cds_service.facts.courses import CoursesGiven
from cds_service.facts.creatinine import CreatininesGiven
from cds_service.facts.diagnoses import DiagnosesGiven
from cds_service.facts.distress import DistressGiven
from cds_service.facts.events import events
from cds_service.facts.facts import Facts
from cds_service.facts.function import FunctionGiven
from cds_service.facts.imaging import ImagingGiven
from cds_service.facts.instability import LOOK_BACK as SCORED
from cds_service.facts.instability import InstabilityGiven
from cds_service.facts.lesions import LesionsGiven
from cds_service.facts.opioids import Conversion
from cds_service.facts.pain import PainGiven
from cds_service.facts.patient import PatientGiven
from cds_service.facts.phosphatase import ANALYTE, PhosphataseGiven
from cds_service.facts.procedures import ProceduresGiven
from cds_service.facts.refusals import RefusalsGiven
from cds_service.facts.renal import RenalGiven
from cds_service.facts.renal_tests import RenalTestsGiven
from cds_service.facts.severity import severe_kidneys
from cds_service.facts.sizes import SizesGiven
from cds_service.facts.skeleton import SkeletonGiven
from cds_service.facts.spread import SpreadGiven
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
    ProceduresGiven, PainGiven, DistressGiven, FunctionGiven, RenalTestsGiven, PhosphataseGiven, SkeletonGiven,
    ActivitiesGiven, ImagingGiven, LesionsGiven, InstabilityGiven, SizesGiven, AllergiesGiven, RefusalsGiven,
    CoursesGiven, SpreadGiven, GapsGiven,
)  # fmt: skip
VOCABULARY: Mapping[str, type[File]] = {
    field.encode_name: part for part in PARTS for field in msgspec.structs.fields(part)
}


def facts_of(
    given: Mapping[str, Any], drugs: Drugs, measurements: Measurements, conversion: Conversion, table: DoseTable
) -> tuple[Facts, Subject]:
    """The facts a case describes, and the subject it asks about. Raises ``msgspec.ValidationError`` for a bad key."""
    if unknown := sorted(given.keys() - VOCABULARY.keys()):
        raise msgspec.ValidationError(f"no such key of given: {', '.join(unknown)}")

    def part(kind: type[P]) -> P:
        return msgspec.convert({key: value for key, value in given.items() if VOCABULARY[key] is kind}, kind)

    orders = part(OrdersGiven).told(drugs)
    diagnoses = part(DiagnosesGiven).told(ago(LONG_AGO))
    calcium, creatinine = part(CalciumGiven).told(measurements), part(CreatininesGiven).told()
    procedures = part(ProceduresGiven).told(orders)
    activities = part(ActivitiesGiven).told(NOW.date(), measurements.days(STANDS))
    treatment = part(TreatmentGiven).told(drugs)
    renal, allergies = usable(part(RenalGiven).told(), diagnoses, measurements), part(AllergiesGiven).told()
    moving = unsteady(creatinine, diagnoses, NOW.date(), measurements)
    known = Known(renal, creatinine, moving is not None, calcium, diagnoses, allergies)
    skeleton = part(SkeletonGiven).told(diagnoses.active, ago(LONG_AGO))
    facts = Facts.told(
        NOW,
        orders=orders,
        patient=part(PatientGiven).told(),
        diagnoses=diagnoses,
        creatinine=creatinine,
        unsteady=moving,
        renal=renal,
        severe_kidneys=severe_kidneys(renal, diagnoses, measurements),
        renal_tests=part(RenalTestsGiven).told(measurements),
        calcium=calcium,
        hypercalcaemic=hypercalcaemic(calcium, diagnoses),
        treatment=treatment,
        allergies=allergies,
        refusals=part(RefusalsGiven).told(drugs),
        bma_options=options(table, known),
        bone_modifying=BoneModifying(treatment, measurements.days(WINDOW)),
        spread=part(SpreadGiven).told(),
        courses=part(CoursesGiven).told(orders),
        analgesics=Analgesics(treatment, orders, conversion, measurements.days(STANDS)),
        pain=part(PainGiven).told(measurements),
        distress=part(DistressGiven).told(NOW.date()),
        function=part(FunctionGiven).told(),
        comfort_care=None,
        procedures=procedures,
        tests=procedures,
        phosphatase=part(PhosphataseGiven).told(measurements.days(ANALYTE)),
        skeleton=skeleton,
        events=events(skeleton, activities, diagnoses, calcium, measurements),
        activities=activities,
        sizes=part(SizesGiven).told(),
        instability=part(InstabilityGiven).told(measurements.days(SCORED["observations"])),
        imaging=part(ImagingGiven).told(activities),
        lesions=part(LesionsGiven).told(),
        conferences=Conferences(activities.of(CONFERENCE), activities),
        gaps={need: Missing(need, "not-obtained") for need in part(GapsGiven).not_obtained},
    )
    return facts, orders.all[0] if given.get("order") else Chart()
