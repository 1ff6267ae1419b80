"""``GET /cds-services``: every service once per hook, with the prefetch its active rules need."""

from __future__ import annotations

from typing import Any

from cds_service.edition import Edition

# The version of the CDS Hooks specification implemented (3.0 advertises it in discovery).
CDS_HOOKS_VERSION = "2.0.1"


def discovery(edition: Edition) -> dict[str, Any]:
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
                "prefetch": edition.prefetch(service.id),
            }
            for service in edition.knowledge.services.services
            for hook in service.hooks
        ]
    }
