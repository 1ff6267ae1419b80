"""All reviewed content and what was compiled from it, loaded once at start and read-only afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cds_service.data import content_root
from cds_service.facts.gather import Reader
from cds_service.guideline.dosing import Dosing
from cds_service.guideline.load import Guideline, OverrideReasons, load_guideline
from cds_service.guideline.model import Recommendation
from cds_service.guideline.services import Orderable, Service, Services
from cds_service.guideline.yamlfile import ContentError, load_as
from cds_service.render.texts import LANGUAGES, Language, SharedText, TopicText, compile_language
from cds_service.rulebook import Rule, load_rules
from cds_service.settings import Settings
from cds_service.terminology import Terminology


@dataclass(frozen=True)
class Content:
    """The guideline, the rules tied to it, the languages, and the reader of facts."""

    guideline: Guideline
    services: Services
    recommendations: Mapping[str, Recommendation]  # the active ones, in page order
    rules: Mapping[str, Rule]
    orderables: Mapping[str, Orderable]
    dosing: Dosing
    languages: Mapping[str, Language]
    terminology: Terminology
    reader: Reader

    @property
    def topic_system(self) -> str:
        return self.services.topic_system

    @property
    def override_reasons(self) -> OverrideReasons:
        return self.guideline.override_reasons

    def service(self, service_id: str) -> Service | None:
        return next((s for s in self.services.services if s.id == service_id), None)

    def recommendations_of(self, service: str) -> Iterator[tuple[Recommendation, Rule]]:
        """The active recommendations of a service with their rules, in page order."""
        for topic, recommendation in self.recommendations.items():
            if recommendation.service == service and topic in self.rules:
                yield recommendation, self.rules[topic]

    def needs_of(self, service: str) -> tuple[str, ...]:
        """The prefetch keys the active recommendations of a service can use."""
        used = {
            need
            for recommendation, _ in self.recommendations_of(service)
            for need in (*recommendation.needs.required, *recommendation.needs.optional)
        }
        return tuple(key for key in self.services.prefetch if key in used)
