"""The code system of the topics, as the FHIR resource that harnesses and terminology servers can read."""

from __future__ import annotations

from typing import Any

from cds_service.base.kinds import LANGUAGES
from cds_service.edition import Edition

ID = "card-topic"
# http://hl7.org/fhir/R4/terminologies-systems.html#4.3.14.0.1: a name in another language.
DISPLAY = {"system": "http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra", "code": "preferredForLanguage"}


def topic_system(edition: Edition) -> dict[str, Any]:
    """A CodeSystem (R4 and R5 alike) with every topic this service knows, its name in each language."""
    first, *others = LANGUAGES
    topics = {tag: edition.wordings[tag].language.topics for tag in LANGUAGES}
    return {
        "resourceType": "CodeSystem",
        "id": ID,
        "url": edition.knowledge.services.topic_system,
        "version": edition.version,
        "name": "CardTopic",
        "title": "Topics of the cards of this service",
        "status": "active",
        "experimental": False,
        "caseSensitive": True,
        "content": "complete",
        "count": len(edition.knowledge.guideline.recommendations),
        "concept": [
            {
                "code": code,
                "display": topics[first][code].display,
                "designation": [
                    {"language": tag, "use": DISPLAY, "value": topics[tag][code].display} for tag in others
                ],
            }
            for code in edition.knowledge.guideline.recommendations
        ],
    }
