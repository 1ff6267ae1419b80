"""Examples for the OpenAPI document: shipped situations, as they stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cds_service import fixtures
from cds_service.edition import Edition

Json = dict[str, Any]
_LARGEST = 24 * 1024  # bytes of a request that somebody reads
_DIALECTS = frozenset({"R4", "R4B", "R5"})


def examples(edition: Edition) -> Json:
    """For every service on a hook a request and its answer, named ``<service>.<hook>.request`` and ``….response``."""
    wanted = {(s.id, hook) for s in edition.knowledge.services.services for hook in s.hooks}
    made: Json = {}
    for situation in _plain():
        request = json.loads(situation.request)
        key = (situation.story.service, request.get("hook"))
        if key in wanted:
            wanted.discard(key)
            name, summary = f"{key[0]}.{key[1]}", situation.story.title
            made[f"{name}.request"] = {"summary": summary, "value": request}
            made[f"{name}.response"] = {"summary": summary, "value": situation.response}
        if not wanted:
            break
    return made


def _plain() -> Iterator[fixtures.Situation]:
    """Situations that bring a card, in English, of plain FHIR."""
    for situation in fixtures.situations():
        story = situation.story
        plain = story.status == 200 and story.valid and story.language == "en" and story.dialect in _DIALECTS
        if plain and situation.response["cards"] and len(situation.request) < _LARGEST:
            yield situation
