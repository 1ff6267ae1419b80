"""``GET /cds-services``: every service once per hook, with the prefetch its active rules need.

The specification tells services apart by id and hook; some clients, HL7's Sandbox among them, by their URL alone, so
that of one service on two hooks they keep one. ``/hooks/{hook}/cds-services`` is a discovery endpoint of one hook each.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from cds_service.edition import Edition

# The version of the CDS Hooks specification implemented (3.0 advertises it in discovery).
CDS_HOOKS_VERSION = "2.0.1"


class Offered(msgspec.Struct, frozen=True, rename="camel"):
    """One service on one hook. ``prefetch``: FHIR searches by key, with ``{{context.…}}`` to fill in."""

    hook: str
    id: str
    title: str
    description: str
    usage_requirements: str
    version: str
    prefetch: dict[str, str]


class Discovery(msgspec.Struct, frozen=True):
    """The document."""

    services: list[Offered]


def discovery(edition: Edition, hooks: Collection[str] | None = None) -> dict[str, Any]:
    """The discovery document of these hooks; None: of all."""
    services = [
        Offered(
            hook=hook,
            id=service.id,
            title=service.title,
            description=service.description,
            usage_requirements=service.usage_requirements,
            version=CDS_HOOKS_VERSION,
            prefetch=edition.prefetch(service.id),
        )
        for service in edition.knowledge.services.services
        for hook in service.hooks
        if hooks is None or hook in hooks
    ]
    found: dict[str, Any] = msgspec.to_builtins(Discovery(services))
    return found
