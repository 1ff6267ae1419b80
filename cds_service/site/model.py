"""The site file (``CDS_SITE_FILE``): what it may say. ``deploy/site.example.yaml`` explains every key."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from cds_service.codelists import Domain
from cds_service.guideline.model import File, Parameter
from cds_service.settings import FhirVersion, LanguageTag

ClientProfile = Literal["generic", "epic", "oracle", "sandbox"]
Switch = Literal["on", "silent", "off"]


class Client(File, frozen=True):
    """One EHR. Without ``issuer`` and ``fhir_servers`` it stands for every caller that no other client fits.

    ``private``: its FHIR servers may have addresses of a private network. ``links`` and ``popup_topics`` are Oracle's:
    the registered link prefixes, and the topics whose cards may be critical.
    """

    name: str
    issuer: str | None = None
    fhir_servers: list[str] = []
    private: bool = False
    profile: ClientProfile = "generic"
    fhir_version: FhirVersion | None = None
    default_language: LanguageTag | None = None
    links: list[str] = []
    popup_topics: list[str] = []


class LocalCode(File, frozen=True):
    """A code of the site that means a concept of ``cards/codelists``; ``product`` is a product word of that list."""

    system: str
    code: str
    concept: str
    domain: Domain
    product: str | None = None


class LocalName(File, frozen=True):
    """A name, in uncoded text, of a concept of ``cards/codelists``."""

    text: str
    lang: Literal["zh", "en"]
    concept: str
    domain: Domain
    product: str | None = None


class Preference(File, frozen=True):
    """One record of Epic's preference list. ``dose``: what it orders, in the unit of the orderable."""

    system: str
    code: str
    display: str
    dose: Decimal | None = None


class Site(File, frozen=True):
    """The whole file. Every key may be left out."""

    clients: list[Client] = []
    code_systems: dict[str, str] = {}  # the site's address or OID -> a key of systems.yaml
    codes: list[LocalCode] = []
    names: list[LocalName] = []
    parameters: dict[str, dict[str, Decimal]] = {}  # topic -> parameter -> value
    windows: dict[Literal["renal", "weight", "calcium"], Decimal] = {}  # days
    topics: dict[str, Switch] = {}
    ibandronate: Literal["guideline", "label"] = "guideline"
    acetaminophen_daily_maximum_g: Decimal | None = None
    default_language: LanguageTag | None = None
    prefetch: dict[str, str] = {}  # key of services.yaml -> the search that this site's FHIR server can answer
    preference_list: dict[str, list[Preference]] = {}  # orderable -> records, the first that fits is taken

    @property
    def off(self) -> frozenset[str]:
        """Topics that are not evaluated."""
        return frozenset(topic for topic, switch in self.topics.items() if switch == "off")

    @property
    def silent(self) -> frozenset[str]:
        """Topics that are evaluated and counted, and give no card."""
        return frozenset(topic for topic, switch in self.topics.items() if switch == "silent")

    @property
    def fhir_servers(self) -> tuple[str, ...]:
        """The base URLs of all clients."""
        return tuple(base for client in self.clients for base in client.fhir_servers)

    @property
    def private_servers(self) -> frozenset[str]:
        """The base URLs that may lie on a private network."""
        return frozenset(base for client in self.clients if client.private for base in client.fhir_servers)

    def client_of(self, issuer: str | None, fhir_server: str | None) -> Client | None:
        """The client that calls: by issuer, else by its FHIR server, else the one that stands for all others."""
        base = fhir_server.rstrip("/") if fhir_server else None
        for client in self.clients:
            if issuer is not None and client.issuer == issuer:
                return client
        for client in self.clients:
            if base is not None and base in {server.rstrip("/") for server in client.fhir_servers}:
                return client
        return next((c for c in self.clients if c.issuer is None and not c.fhir_servers), None)


class Options(File, frozen=True):
    """``cards/site.yaml``: defaults and bounds of what a site may set beside the parameters of the topics."""

    acetaminophen_daily_maximum_g: Parameter


NO_SITE: Site = msgspec.convert({}, Site)
