"""The page of facts about one patient at one moment: a chapter is read when it is first asked for.

Whether a chapter was read makes no difference to any other; numbers are exact (``Fraction``), dates are the record's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cds_service.base.kinds import Missing, Need
from cds_service.facts import allergies as allergies_chapter
from cds_service.facts import analgesics as analgesics_chapter
from cds_service.facts import bma_options as options_chapter
from cds_service.facts import bone_modifying as bone_chapter
from cds_service.facts import calcium as calcium_chapter
from cds_service.facts import comfort_care as comfort_chapter
from cds_service.facts import courses as courses_chapter
from cds_service.facts import creatinine as creatinine_chapter
from cds_service.facts import diagnoses as diagnoses_chapter
from cds_service.facts import distress as distress_chapter
from cds_service.facts import events as events_chapter
from cds_service.facts import function as function_chapter
from cds_service.facts import instability as instability_chapter
from cds_service.facts import pain as pain_chapter
from cds_service.facts import patient as patient_chapter
from cds_service.facts import phosphatase as phosphatase_chapter
from cds_service.facts import procedures as procedures_chapter
from cds_service.facts import refusals as refusals_chapter
from cds_service.facts import renal as renal_chapter
from cds_service.facts import renal_tests as renal_tests_chapter
from cds_service.facts import results as results_chapter
from cds_service.facts import scored as scored_chapter
from cds_service.facts import severity as severity_chapter
from cds_service.facts import steadiness as steadiness_chapter
from cds_service.facts import treatment as treatment_chapter
from cds_service.facts.against import usable
from cds_service.facts.answers import answers
from cds_service.facts.chapter import Chapter, chapter
from cds_service.facts.fluids import Fluids
from cds_service.facts.medications import treatments
from cds_service.facts.observations import collect
from cds_service.facts.page import Page
from cds_service.facts.readers import Readers
from cds_service.facts.skeletal import SkeletalFacts
from cds_service.facts.subjects import Order, Orders
from cds_service.fhir.answered import AllergyIntolerance, QuestionnaireResponse
from cds_service.fhir.dates import day_of
from cds_service.fhir.structs import Condition
from cds_service.record.completeness import Completeness
from cds_service.record.read import Record


class Facts(SkeletalFacts, Page):
    """All that rules and texts may ask for. ``now`` is aware; ``orders``: all drafts of the call.

    ``gaps``: prefetch key -> why it is not (wholly) known; empty when everything asked for was answered. ``failed``:
    those of them that were asked for in vain.
    """

    def __init__(self, record: Record, orders: tuple[Order, ...], now: datetime, readers: Readers) -> None:
        self.now, self.orders = now, Orders(orders)
        self.record, self._readers = record, readers
        self.gaps: Mapping[Need, Missing] = {
            key: gap for key, known in record.needs.items() if (gap := _gap(key, known))
        }
        self.failed = frozenset(key for key, known in record.needs.items() if known.failed)

    def _unread(self, need: Need) -> Missing | None:
        return self.treatment.unreadable.get(need) if need in treatment_chapter.KEYS else None

    @chapter(*patient_chapter.KEYS, explained=patient_chapter.explained)
    def patient(self) -> patient_chapter.PatientFacts:
        return patient_chapter.patient(self.record, self.now)

    @chapter(*diagnoses_chapter.KEYS, explained=diagnoses_chapter.explained)
    def diagnoses(self) -> diagnoses_chapter.Diagnoses:
        conditions = self.record.all(Condition)
        return diagnoses_chapter.Diagnoses(
            tuple(diagnoses_chapter.diagnoses(conditions, self._readers.terminology, self.now))
        )

    @chapter(*results_chapter.KEYS)
    def results(self) -> results_chapter.Results:
        readers = self._readers
        fluids = Fluids(readers.terminology, self.record.referred)
        return collect(self.record.coded, readers.names, readers.measurements, self.now, fluids)

    @chapter(
        *creatinine_chapter.KEYS,
        look_back=creatinine_chapter.LOOK_BACK,
        analytes=creatinine_chapter.ANALYTES,
        explained=creatinine_chapter.explained,
        basis=creatinine_chapter.BASIS,
    )
    def creatinine(self) -> creatinine_chapter.Creatinine:
        return creatinine_chapter.creatinine(self.results, self.today, self._readers.measurements)

    @chapter(
        *steadiness_chapter.KEYS,
        look_back=steadiness_chapter.LOOK_BACK,
        analytes=creatinine_chapter.ANALYTES,
        explained=steadiness_chapter.explained,
        basis=steadiness_chapter.BASIS,
    )
    def unsteady(self) -> steadiness_chapter.Unsteady | None:
        return steadiness_chapter.unsteady(self.creatinine, self.diagnoses, self.today, self._readers.measurements)

    @chapter(
        *renal_chapter.KEYS,
        look_back=renal_chapter.LOOK_BACK,
        analytes=renal_chapter.ANALYTES,
        explained=renal_chapter.explained,
        basis=renal_chapter.BASIS,
    )
    def renal(self) -> renal_chapter.Renal:
        measurements = self._readers.measurements
        found = renal_chapter.renal(self.results, self.patient, self.diagnoses, self.today, measurements)
        return usable(found, self.diagnoses, measurements)

    @chapter(
        *severity_chapter.KEYS,
        look_back=severity_chapter.LOOK_BACK,
        analytes=severity_chapter.ANALYTES,
        basis=severity_chapter.BASIS,
    )
    def severe_kidneys(self) -> severity_chapter.Sign | None:
        return severity_chapter.severe_kidneys(self.renal, self.diagnoses, self._readers.measurements)

    @chapter(
        *renal_tests_chapter.KEYS,
        look_back=renal_tests_chapter.LOOK_BACK,
        analytes=renal_tests_chapter.ANALYTES,
        explained=renal_tests_chapter.explained,
    )
    def renal_tests(self) -> renal_tests_chapter.RenalTests:
        return renal_tests_chapter.renal_tests(self.results, self.today, self._readers.measurements)

    @chapter(
        *calcium_chapter.KEYS,
        look_back=calcium_chapter.LOOK_BACK,
        analytes=calcium_chapter.ALL_ANALYTES,
        explained=calcium_chapter.explained,
        basis=calcium_chapter.BASIS,
    )
    def calcium(self) -> calcium_chapter.Calcium:
        return calcium_chapter.calcium(self.results, self.today, self._readers.measurements)

    @chapter(*calcium_chapter.HYPERCALCAEMIA_KEYS, look_back=calcium_chapter.LOOK_BACK)
    def hypercalcaemic(self) -> bool:
        return calcium_chapter.hypercalcaemic(self.calcium, self.diagnoses)

    @chapter(*treatment_chapter.KEYS, explained=treatment_chapter.explained)
    def treatment(self) -> treatment_chapter.Treatment:
        drafts = frozenset(str(o.ref) for o in self.orders if o.ref)
        record = self.record
        found = treatments(record, self._readers.drugs, record.referred, drafts, self.now)
        return treatment_chapter.Treatment(found.uses, self.today, found.unreadable)

    @chapter(*refusals_chapter.KEYS, explained=refusals_chapter.explained)
    def refusals(self) -> refusals_chapter.Refusals:
        readers = self._readers
        return refusals_chapter.refusals(self.record, readers.drugs, readers.terminology, self.today)

    @chapter(*allergies_chapter.KEYS, explained=allergies_chapter.explained)
    def allergies(self) -> allergies_chapter.Allergies:
        records, readers = self.record.all(AllergyIntolerance), self._readers
        return allergies_chapter.allergies(records, readers.terminology, readers.drug_facts)

    @chapter(*options_chapter.KEYS, look_back=options_chapter.LOOK_BACK, explained=options_chapter.explained)
    def bma_options(self) -> options_chapter.Options:
        known = options_chapter.Known(
            self.renal, self.creatinine, self.unsteady is not None, self.calcium, self.diagnoses, self.allergies
        )
        return options_chapter.options(self._readers.table, known)

    @chapter(*bone_chapter.KEYS, explained=bone_chapter.explained, basis=bone_chapter.BASIS)
    def bone_modifying(self) -> bone_chapter.BoneModifying:
        return bone_chapter.BoneModifying(self.treatment, self._readers.measurements.days(bone_chapter.WINDOW))

    @chapter(*analgesics_chapter.KEYS, explained=analgesics_chapter.explained, basis=analgesics_chapter.BASIS)
    def analgesics(self) -> analgesics_chapter.Analgesics:
        stands = self._readers.measurements.days(analgesics_chapter.WINDOW)
        return analgesics_chapter.Analgesics(self.treatment, self.orders, self._readers.conversion, stands)

    @chapter(explained=courses_chapter.explained)
    def courses(self) -> courses_chapter.Courses:
        return self._readers.courses.read(self.orders)

    # The chapters that look at scores say how far back each counts.
    @chapter(*scored_chapter.KEYS, look_back=pain_chapter.LOOK_BACK)
    def scored(self) -> scored_chapter.Scores:
        readers = self._readers
        return scored_chapter.scored(self.record.coded, readers.codes, self.now, readers.measurements.ahead)

    @chapter(
        *pain_chapter.KEYS,
        look_back=pain_chapter.LOOK_BACK,
        explained=pain_chapter.explained,
        basis=pain_chapter.BASIS,
    )
    def pain(self) -> pain_chapter.Pain:
        readers, responses = self._readers, self.record.all(QuestionnaireResponse)
        answered = tuple(answers(responses, readers.terminology, pain_chapter.ASKED))
        return pain_chapter.pain(self.scored, answered, readers.written, self.today, readers.measurements)

    @chapter(*function_chapter.KEYS, look_back=function_chapter.LOOK_BACK, explained=function_chapter.explained)
    def function(self) -> function_chapter.Function:
        readers = self._readers
        return function_chapter.function(
            self.scored, readers.written, readers.lengths, self.today, readers.measurements
        )

    @chapter(*distress_chapter.KEYS, look_back=distress_chapter.LOOK_BACK, explained=distress_chapter.explained)
    def distress(self) -> distress_chapter.Distress:
        responses = self.record.all(QuestionnaireResponse)
        readers = self._readers
        return distress_chapter.distress(self.scored, responses, readers.terminology, readers.written, self.today)

    @chapter(*procedures_chapter.KEYS, explained=procedures_chapter.explained)
    def procedures(self) -> procedures_chapter.Procedures:
        return procedures_chapter.procedures(self.record, self.orders, self._readers.orders, self.today)

    @chapter(*comfort_chapter.KEYS, explained=comfort_chapter.explained, basis=comfort_chapter.BASIS)
    def comfort_care(self) -> comfort_chapter.ComfortCare | None:
        readers, conditions, stays = self._readers, self.record.all(Condition), self._activity_reader.encounters()
        return comfort_chapter.comfort_care(
            conditions, self.activities, stays, readers.terminology, readers.measurements, self.today
        )

    @chapter(*procedures_chapter.TEST_KEYS)
    def tests(self) -> procedures_chapter.Procedures:
        return procedures_chapter.tests(self.record, self.orders, self._readers.orders, self.today)

    @chapter(
        *phosphatase_chapter.KEYS,
        look_back=phosphatase_chapter.LOOK_BACK,
        analytes=(phosphatase_chapter.ANALYTE,),
        explained=phosphatase_chapter.explained,
    )
    def phosphatase(self) -> phosphatase_chapter.Phosphatase:
        return phosphatase_chapter.phosphatase(self.results, self.today, self._readers.measurements)

    @chapter(
        *instability_chapter.KEYS,
        look_back=instability_chapter.LOOK_BACK,
        explained=instability_chapter.explained,
        basis=instability_chapter.BASIS,
    )
    def instability(self) -> instability_chapter.Instability:
        return instability_chapter.instability(self.scored, self.today, self._readers.measurements)

    @chapter(
        *events_chapter.KEYS,
        look_back=events_chapter.LOOK_BACK,
        explained=events_chapter.explained,
        basis=events_chapter.BASIS,
    )
    def events(self) -> events_chapter.Events:
        return events_chapter.events(
            self.skeleton, self.activities, self.diagnoses, self.calcium, self._readers.measurements
        )


CHAPTERS: Mapping[str, Chapter[Any]] = {
    name: it for page in (Facts, SkeletalFacts) for name, it in vars(page).items() if isinstance(it, Chapter)
}


def _gap(key: Need, known: Completeness) -> Missing | None:
    if known.state == "not-obtained":
        return Missing(key, "not-obtained")
    if known.state == "incomplete":
        return Missing(key, "incomplete", when=day_of(known.back_to))
    return None
