"""The chapter of imaging of the skeleton: which study, of bone or not, and what its report says of bone metastases.

A code (conclusion, interpretation) outweighs a text that reads nothing; against a text that reads the opposite it is
equivocal. What a text reads: ``report_text``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from cds_service.base.kinds import RequestText
from cds_service.facts.activities import Activities, ActivityReader, How
from cds_service.facts.cord_reports import CordReader, Named
from cds_service.facts.explained import Fact, reference
from cds_service.facts.narrative import NarrativeReader
from cds_service.facts.observations import NO_RESULT
from cds_service.facts.report_text import READINGS, STUDIES, Reading, ReportText, one
from cds_service.facts.sites import Place
from cds_service.facts.skeleton import given_site
from cds_service.facts.told import ago
from cds_service.facts.window import within
from cds_service.fhir.examined import DiagnosticReport
from cds_service.fhir.structs import CodeableConcept, Observation, many
from cds_service.fhir.undecoded import concept, concepts
from cds_service.fhir.when import day_stated
from cds_service.knowledge.model import File
from cds_service.knowledge.terminology import Terminology
from cds_service.record.read import Record

KEYS = ("reports", "observations", "procedures", "serviceRequests")
REPORT_KEYS = ("reports", "observations")
REPORTED = frozenset({"final", "amended", "corrected", "appended", "modified", "preliminary", "partial"})
EARLY = frozenset({"preliminary", "partial"})
CLOSER = frozenset({"mri", "mri-bone", "mri-whole-body", "pet-mri", "pet-ct", "ct-bone", "ct"})


@dataclass(frozen=True, slots=True)
class Study:
    """One examination. ``reading`` is None where it is no report; ``names_bone``: its report names a bone."""

    kind: str  # one of STUDIES
    how: How
    when: date | None
    place: Place
    ref: RequestText
    text: RequestText
    reading: Reading | None = None
    words: RequestText | None = None
    preliminary: bool = False
    names_bone: bool = False
    spine: bool = False  # its report names the spine or the marrow
    cord: Named | None = None  # its report says (positive) or doubts (equivocal) that the cord is compressed
    cord_words: RequestText | None = None

    @property
    def of_bone(self) -> Literal["yes", "no", "unknown"]:
        if self.kind in ("bone-scan", "naf-pet", "mri-bone", "ct-bone") or self.names_bone:
            return "yes"
        return self.place.of_bone


@dataclass(frozen=True)
class Imaging:
    """All studies of the skeleton or that may be of it."""

    all: tuple[Study, ...]
    activities: Activities

    @property
    def today(self) -> date:
        return self.activities.today

    def arranged(self, days: int, *kinds: str) -> Study | None:
        """The latest of these done in the last days, ordered or booked, unless it is of another part of the body."""
        found = (s for s in self.all if s.kind in kinds and s.of_bone != "no" and self.activities.is_arranged(s, days))
        return max(found, key=lambda s: (s.when or date.max, s.ref), default=None)

    def newest_scan(self, days: int) -> Study | None:
        """The newest bone scan done in the last days; of one day a report that can be read."""
        done = (s for s in self.all if s.kind == "bone-scan" and s.how == "done" and within(s.when, self.today, days))
        return max(done, key=lambda s: (s.when, s.reading not in (None, "not-read"), s.ref), default=None)

    def of_cord(self, days: int) -> Study | None:
        """The newest report of the last days that names a compressed cord."""
        found = (s for s in self.all if s.cord and within(s.when, self.today, days))
        return max(found, key=lambda s: (s.when or date.min, s.ref), default=None)

    def last(self, kind: str) -> Study | None:
        """The latest report of a kind, whenever it was."""
        done = (s for s in self.all if s.kind == kind and s.reading and s.when)
        return max(done, key=lambda s: (s.when or date.min, s.ref), default=None)

    def last_done(self, kind: str) -> Study | None:
        """The latest one of a kind that was done, with or without a report; of one day the one that can be read."""
        done = (s for s in self.all if s.kind == kind and s.how == "done" and s.when)
        return max(done, key=lambda s: (s.when or date.min, s.reading not in (None, "not-read"), s.ref), default=None)

    def worked_up(self, since: date) -> Study | None:
        """A closer look at the bone done since a day, ordered or booked: the latest examination, else a biopsy."""
        found = [
            s for s in self._closer()
            if (s.how != "done" if s.when is None else s.when >= since)
            and (s.how == "done" or self.activities.is_awaited(s))
        ]  # fmt: skip
        if found:
            return max(found, key=_latest)
        biopsy = self.activities.bone_biopsy(since)
        if biopsy is None:
            return None
        return Study("bone-biopsy", biopsy.how, biopsy.when, biopsy.place, biopsy.ref, biopsy.text)

    def closer_look_before(self, day: date) -> Study | None:
        """The latest closer look done before a day."""
        return max(
            (s for s in self._closer() if s.how == "done" and s.when and s.when < day), key=_latest, default=None
        )

    def _closer(self) -> Iterator[Study]:
        """MRI and PET/CT that is not of another part of the body, CT that is of bone."""
        for study in self.all:
            if study.kind in CLOSER and study.of_bone != "no" and (study.kind != "ct" or study.of_bone == "yes"):
                yield study


def _latest(study: Study) -> tuple[date, str]:
    return study.when or date.max, study.ref


class ImagingReader:
    """Reads studies and what their reports say. Made once: its patterns are of hundreds of words."""

    def __init__(self, terminology: Terminology, narratives: NarrativeReader) -> None:
        self._terminology, self._narratives = terminology, narratives
        self._cords = CordReader(terminology)
        self._texts = ReportText(terminology, narratives)

    def read(self, record: Record, activities: Activities, reader: ActivityReader) -> Imaging:
        """The studies among activities, in reports and in results named like a study. ``reader``: of this record."""
        found = [
            Study(kind, a.how, a.when, a.place, a.ref, a.text) for a in activities.all for kind in _kinds(a.what)
        ]  # fmt: skip
        for report in record.all(DiagnosticReport):
            if report.status not in NO_RESULT and report.code:
                kinds = _kinds(reader.what(report.code))
                found += [self._report(kind, report.code, report) for kind in kinds]
        for code, observations in record.coded.items():
            # What a code means is asked once.
            if (told := concept(code)) and (kinds := _kinds(reader.what(told))):
                reported = (it for it in observations if it.status not in NO_RESULT)
                found += [self._result(kind, told, it) for it in reported for kind in kinds]
        return Imaging(tuple(found), activities)

    def _report(self, kind: str, code: CodeableConcept, report: DiagnosticReport) -> Study:
        codes = [*many(report.conclusion_code), *many(report.coded_diagnosis)]
        ref = f"DiagnosticReport/{report.id or '?'}"
        return self._read(kind, code, day_stated(report), ref, codes, report.conclusion, report.status)

    def _result(self, kind: str, code: CodeableConcept, it: Observation) -> Study:
        codes = concepts(it.interpretation) + ([it.value_codeable_concept] if it.value_codeable_concept else [])
        text = it.value_string or (it.value_codeable_concept.codeable.text if it.value_codeable_concept else None)
        ref = f"Observation/{it.id or '?'}"
        return self._read(kind, code, day_stated(it), ref, codes, text, it.status)

    def _read(
        self, kind: str, code: CodeableConcept, when: date | None, ref: str, codes: Sequence[CodeableConcept],
        text: str | None, status: str | None,
    ) -> Study:  # fmt: skip
        """A report whose status says neither that it counts nor that it does not: it was done, and is not read."""
        if status not in REPORTED:
            codes, text = (), None
        told = self._texts.read(text, kind)
        cord, cord_words = self._cords.read(codes, text)
        return Study(
            kind=kind,
            how="done",
            when=when,
            place=self._narratives.sites.of((code,)),
            ref=RequestText(ref),
            text=RequestText(code.said()),
            reading=_both(self._coded(codes), told.reading),
            words=told.words,
            preliminary=status in EARLY,
            names_bone=self._narratives.names_a_bone(text),
            spine=told.spine,
            cord=cord,
            cord_words=cord_words,
        )

    def _coded(self, codes: Iterable[CodeableConcept]) -> Reading:
        told: set[Reading] = set()
        for each in codes:
            codings = [(c.system, c.code, c.display) for c in each.codings()]
            found = self._terminology.match("finding", codings, None)
            told |= {READINGS[m.concept] for m in found if m.concept in READINGS}
            diagnosed = self._terminology.match("condition", codings, None)
            told |= {"positive"} if any(m.concept == "bone-metastasis" for m in diagnosed) else set()
        return one(told)


def _both(by_code: Reading, by_text: Reading) -> Reading:
    if by_code == "not-read":
        return by_text
    return "equivocal" if {by_code, by_text} == {"positive", "negative"} else by_code


def _kinds(what: Iterable[str]) -> list[str]:
    """The studies among these concepts, the closest named one only: "PET-CT" is no CT, "whole body MRI" no MRI."""
    return [kind for kind in STUDIES if kind in set(what)][:1]


def explained(imaging: Imaging) -> Iterator[Fact]:
    """What was reported; the rest stands among the activities."""
    for study in imaging.all:
        if study.reading:
            yield Fact("study", {"study": study}, when=study.when, ref=reference(study.ref))


class StudyGiven(File, frozen=True):
    """A study; with a ``reading`` it is a report."""

    kind: str = "bone-scan"
    how: How = "done"
    days_ago: int | None = None
    reading: Reading | None = None
    site: str | None = None
    elsewhere: bool = False
    names_bone: bool = False
    preliminary: bool = False
    cord: Named | None = None


class ImagingGiven(File, frozen=True):
    """What a case may say of imaging."""

    studies: list[StudyGiven] = []

    def told(self, activities: Activities) -> Imaging:
        studies = (
            Study(
                s.kind, s.how, ago(s.days_ago), Place(given_site(s.site, None, ()), s.elsewhere),
                RequestText(f"DiagnosticReport/study-{n}"), RequestText(s.kind), s.reading,
                RequestText(s.reading) if s.reading else None, s.preliminary, s.names_bone,
                s.site == "spine", s.cord, RequestText("cord") if s.cord else None,
            )
            for n, s in enumerate(self.studies)
        )  # fmt: skip
        return Imaging(tuple(studies), activities)
