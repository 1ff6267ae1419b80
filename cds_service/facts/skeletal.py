"""The chapters of the page of facts that are about bones, their lesions, and what is done about them."""

from __future__ import annotations

from datetime import datetime

from cds_service.facts import activities as activities_chapter
from cds_service.facts import conferences as conferences_chapter
from cds_service.facts import imaging as imaging_chapter
from cds_service.facts import lesions as lesions_chapter
from cds_service.facts import sizes as sizes_chapter
from cds_service.facts import skeleton as skeleton_chapter
from cds_service.facts import spread as spread_chapter
from cds_service.facts.activities import ActivityReader
from cds_service.facts.bone_texts import counts, told
from cds_service.facts.chapter import chapter
from cds_service.facts.readers import Readers
from cds_service.fhir.structs import Condition
from cds_service.record.read import Record


class SkeletalFacts:
    """A part of ``Facts``."""

    now: datetime
    record: Record
    _readers: Readers

    @chapter(*sizes_chapter.KEYS, analytes=sizes_chapter.ANALYTES, explained=sizes_chapter.explained)
    def sizes(self) -> sizes_chapter.Sizes:
        readers = self._readers
        reader = sizes_chapter.SizeReader(readers.codes, readers.narratives.sites, readers.measurements)
        return reader.read(self.record)

    @chapter(*skeleton_chapter.KEYS, explained=skeleton_chapter.explained)
    def skeleton(self) -> skeleton_chapter.Skeleton:
        readers, conditions = self._readers, self.record.all(Condition)
        return skeleton_chapter.skeleton(conditions, readers.terminology, readers.narratives.sites, self.now.date())

    @chapter(*spread_chapter.KEYS, explained=spread_chapter.explained)
    def spread(self) -> spread_chapter.Spread:
        readers, conditions = self._readers, self.record.all(Condition)
        return spread_chapter.spread(conditions, readers.terminology, readers.narratives, self.now.date())

    @chapter(*activities_chapter.KEYS, explained=activities_chapter.explained, basis=activities_chapter.BASIS)
    def activities(self) -> activities_chapter.Activities:
        stands = self._readers.measurements.days(activities_chapter.WINDOW)
        return activities_chapter.Activities(tuple(self._activity_reader.all()), self.now.date(), stands)

    @chapter(*imaging_chapter.KEYS, explained=imaging_chapter.explained)
    def imaging(self) -> imaging_chapter.Imaging:
        return self._readers.imaging.read(self.record, self.activities, self._activity_reader)

    @chapter(*lesions_chapter.KEYS, explained=lesions_chapter.explained)
    def lesions(self) -> lesions_chapter.Lesions:
        readers = self._readers
        texts = told(self.record, readers.terminology, self.skeleton)
        return lesions_chapter.lesions(texts, counts(self.record, readers.codes), readers.narratives)

    @chapter(*conferences_chapter.KEYS, explained=conferences_chapter.explained)
    def conferences(self) -> conferences_chapter.Conferences:
        return conferences_chapter.conferences(self.record, self.activities, self._activity_reader)

    @property
    def _activity_reader(self) -> ActivityReader:
        return ActivityReader(self._readers.terminology, self._readers.narratives.sites, self.record)
