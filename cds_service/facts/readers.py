"""What chapters are read with: code lists, unit tables, drug facts and dosing words, compiled once."""

from __future__ import annotations

from dataclasses import dataclass

from cds_service.call.hook import HookCall
from cds_service.facts.bma_options import DoseTable
from cds_service.facts.courses import CourseReader
from cds_service.facts.doses import DoseReader
from cds_service.facts.drugs import DrugReader
from cds_service.facts.function import Lengths
from cds_service.facts.imaging import ImagingReader
from cds_service.facts.narrative import NarrativeReader
from cds_service.facts.observations import Names
from cds_service.facts.opioids import Conversion
from cds_service.facts.orders import OrderReader
from cds_service.facts.portions import PortionReader
from cds_service.facts.radiation_extensions import ExtensionReader
from cds_service.facts.remembered import RememberedDrugs
from cds_service.facts.requests import RequestReader
from cds_service.facts.result_codes import ResultCodes
from cds_service.facts.score_text import Written
from cds_service.facts.sites import SiteReader
from cds_service.facts.subjects import Chart, Subject
from cds_service.knowledge.dosing import Dosing
from cds_service.knowledge.drugs import Drugs
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.opioids import Opioids
from cds_service.knowledge.radiotherapy import RadiotherapyWords
from cds_service.knowledge.scores import ScoreWords
from cds_service.knowledge.terminology import Terminology
from cds_service.record.read import Draft, Record


@dataclass(frozen=True)
class Readers:
    """Made of knowledge, with what one site adds to it."""

    terminology: Terminology
    measurements: Measurements
    codes: ResultCodes
    names: Names  # of analytes
    doses: DoseReader
    drugs: RememberedDrugs
    orders: OrderReader
    written: Written
    lengths: Lengths
    conversion: Conversion
    table: DoseTable
    drug_facts: Drugs
    narratives: NarrativeReader
    imaging: ImagingReader
    courses: CourseReader

    @classmethod
    def of(
        cls,
        terminology: Terminology,
        measurements: Measurements,
        drugs: Drugs,
        dosing: Dosing,
        scores: ScoreWords,
        opioids: Opioids,
        table: DoseTable,
        radiotherapy: RadiotherapyWords,
    ) -> Readers:
        """Readers with these code lists, unit tables, drug facts, dosing words, words of scores, opioid factors,
        dose table and words of radiotherapy."""
        doses = DoseReader(dosing)
        narratives = NarrativeReader(terminology, SiteReader(terminology))
        drug_reader = RememberedDrugs(DrugReader(terminology, drugs, doses, PortionReader(dosing, doses)))
        return cls(
            terminology,
            measurements,
            ResultCodes(terminology),
            Names(terminology, measurements.analytes),
            doses,
            drug_reader,
            OrderReader(
                drug_reader, terminology, RequestReader(terminology, narratives.sites, ExtensionReader(radiotherapy))
            ),
            Written(scores),
            Lengths(scores),
            Conversion(opioids),
            table,
            drugs,
            narratives,
            ImagingReader(terminology, narratives),
            CourseReader(radiotherapy),
        )

    def subjects(self, call: HookCall, drafts: tuple[Draft, ...], record: Record) -> tuple[Subject, ...]:
        """What the call asks about: its draft orders, or the chart. Raises as ``OrderReader.read``."""
        if call.kind == "chart":
            return (Chart(),)
        return self.orders.read(drafts, call.selections, record.referred)
