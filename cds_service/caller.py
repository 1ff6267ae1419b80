"""Who asks, settled once at the edge: identity, client, language, FHIR version, and what is kept silent for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from cds_service.base.kinds import FhirVersion, LanguageTag, MissingData, language_tag
from cds_service.call.fhir_version import fhir_version
from cds_service.call.hook import HookCall
from cds_service.site.model import Client, Site
from cds_service.trust.gate import ANYBODY, Identity


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where neither the caller nor the site file says otherwise."""

    language: LanguageTag = "en"
    fhir_version: FhirVersion | None = None


DEFAULTS = Defaults()


@dataclass(frozen=True, slots=True)
class Caller:
    """``client``: as authenticated, else by the FHIR server of the call. ``silent``: topics that are evaluated and
    recorded, and give this caller no card today. ``missing_data``: how it is told that an order was not checked."""

    who: Identity = ANYBODY
    client: Client | None = None
    language: LanguageTag = "en"
    fhir_version: FhirVersion = "R4"
    silent: frozenset[str] = frozenset()
    missing_data: MissingData = "card"

    @property
    def profile(self) -> str:
        """The dialect of the client."""
        return self.client.profile if self.client else "generic"


def settle(
    site: Site,
    who: Identity,
    call: HookCall,
    today: date,
    language: LanguageTag | None = None,
    defaults: Defaults = DEFAULTS,
) -> Caller:
    """The caller of a call. ``language``: what was asked for, or None."""
    client = who.client or site.client_at(call.fhir_server)
    own_language = language_tag(client.default_language) if client else None
    own_version = (client.fhir_version if client else None) or defaults.fhir_version
    return Caller(
        who=who,
        client=client,
        language=language or own_language or defaults.language,
        fhir_version=own_version or fhir_version(call),
        silent=site.silent_for(client, today),
        missing_data=client.missing_data if client else "card",
    )
