"""``GET /cds-services``: every service once per hook, with the prefetch its active rules need."""

from __future__ import annotations

import re
from typing import Any

from cds_service.content import Content

# The version of the CDS Hooks specification implemented (3.0 advertises it in discovery).
CDS_HOOKS_VERSION = "2.0.1"
LOINC = "http://loinc.org"
_CODES = re.compile(r"\{codes:([\w,-]+)\}")


def prefetch(content: Content, service_id: str) -> dict[str, str]:
    """Prefetch templates of a service; ``{codes:...}`` is filled from the code lists."""

    def fill(match: re.Match[str]) -> str:
        concepts = match.group(1).split(",")
        return ",".join(code for concept in concepts for code in content.terminology.codes(concept, LOINC))

    templates = content.services.prefetch
    return {key: _CODES.sub(fill, templates[key]) for key in content.needs_of(service_id)}


def discovery(content: Content) -> dict[str, Any]:
    """The discovery document."""
    return {
        "services": [
            {
                "hook": hook,
                "id": service.id,
                "title": service.title,
                "description": service.description,
                "usageRequirements": service.usage_requirements,
                "version": CDS_HOOKS_VERSION,
                "prefetch": prefetch(content, service.id),
            }
            for service in content.services.services
            for hook in service.hooks
        ]
    }
