"""The page of facts about one patient at one moment: a chapter is read when it is first asked for.

Whether a chapter was read makes no difference to any other; numbers are exact (``Fraction``), dates are the record's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Self

from cds_service.base.kinds import Elapsed, Missing, Need
from cds_service.facts import calcium as calcium_chapter
from cds_service.facts import creatinine as creatinine_chapter
from cds_service.facts import diagnoses as diagnoses_chapter
from cds_service.facts import patient as patient_chapter
from cds_service.facts import procedures as procedures_chapter
from cds_service.facts import renal as renal_chapter
from cds_service.facts import results as results_chapter
from cds_service.facts import steadiness as steadiness_chapter
from cds_service.facts import treatment as treatment_chapter
from cds_service.facts.against import usable
from cds_service.facts.chapter import Chapter, chapter
from cds_service.facts.fluids import Fluids
from cds_service.facts.medications import treatments
from cds_service.facts.observations import collect
from cds_service.facts.readers import Readers
from cds_service.facts.subjects import Order, Orders
from cds_service.facts.window import within
from cds_service.fhir.dates import day_of
from cds_service.fhir.structs import Condition
from cds_service.record.completeness import Completeness
from cds_service.record.read import Record


class Facts:
    """All that rules and texts may ask for. ``now`` is aware; ``orders``: all drafts of the call.

    ``gaps``: prefetch key -> why it is not (wholly) known; empty when everything asked for was answered.
    """

    def __init__(self, record: Record, orders: tuple[Order, ...], now: datetime, readers: Readers) -> None:
        self.now, self.orders = now, Orders(orders)
        self._record, self._readers = record, readers
        self.gaps: Mapping[Need, Missing] = {
            key: gap for key, known in record.needs.items() if (gap := _gap(key, known))
        }

    @classmethod
    def told(cls, now: datetime, **members: Any) -> Self:
        """Facts that nobody read: of a case, or of a test. A chapter that is not told is an ``AttributeError``."""
        facts = cls.__new__(cls)
        vars(facts).update({"now": now, "orders": Orders(), "gaps": {}} | members)
        return facts

    def but(self, **members: Any) -> Self:
        """The same facts, some told otherwise."""
        facts = type(self).__new__(type(self))
        vars(facts).update(vars(self) | members)
        return facts

    @property
    def today(self) -> date:
        return self.now.date()

    def within(self, day: date | None, days: int) -> bool:
        """Whether a day lies in the look-back window; both ends count, the future does not."""
        return within(day, self.today, days)

    def days_since(self, day: date) -> Elapsed:
        """Days between a day and today."""
        return Elapsed((self.today - day).days)

    def months_since(self, day: date) -> Elapsed:
        """Whole calendar months between a day and today."""
        months = (self.today.year - day.year) * 12 + self.today.month - day.month
        return Elapsed(months - (1 if self.today.day < day.day else 0))

    def lacking(self, *needs: Need) -> tuple[Missing, ...]:
        """Which of these needs were not obtained, are incomplete, or hold drugs that nobody can read."""
        return tuple(found for need in needs if (found := self.gaps.get(need) or self._unread(need)))

    def _unread(self, need: Need) -> Missing | None:
        return self.treatment.unreadable.get(need) if need in treatment_chapter.KEYS else None

    @chapter(*patient_chapter.KEYS, explained=patient_chapter.explained)
    def patient(self) -> patient_chapter.PatientFacts:
        return patient_chapter.patient(self._record, self.now)

    @chapter(*diagnoses_chapter.KEYS, explained=diagnoses_chapter.explained)
    def diagnoses(self) -> diagnoses_chapter.Diagnoses:
        conditions = self._record.all(Condition)
        return diagnoses_chapter.Diagnoses(
            tuple(diagnoses_chapter.diagnoses(conditions, self._readers.terminology, self.now))
        )

    @chapter(*results_chapter.KEYS)
    def results(self) -> results_chapter.Results:
        readers = self._readers
        fluids = Fluids(readers.terminology, self._record.referred)
        return collect(self._record.coded, readers.names, readers.measurements, self.now, fluids)

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
        record = self._record
        found = treatments(record, self._readers.drugs, record.referred, drafts, self.now)
        return treatment_chapter.Treatment(found.uses, self.today, found.unreadable)

    @chapter(*procedures_chapter.KEYS, explained=procedures_chapter.explained)
    def procedures(self) -> procedures_chapter.Procedures:
        return procedures_chapter.procedures(self._record, self.orders, self._readers.orders, self.today)

    @chapter(*procedures_chapter.TEST_KEYS)
    def tests(self) -> procedures_chapter.Procedures:
        return procedures_chapter.tests(self._record, self.orders, self._readers.orders, self.today)


CHAPTERS: Mapping[str, Chapter[Any]] = {name: it for name, it in vars(Facts).items() if isinstance(it, Chapter)}


def _gap(key: Need, known: Completeness) -> Missing | None:
    if known.state == "not-obtained":
        return Missing(key, "not-obtained")
    if known.state == "incomplete":
        return Missing(key, "incomplete", when=day_of(known.back_to))
    return None
