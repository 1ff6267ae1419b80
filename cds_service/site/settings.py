"""Settings of the server, read once from the environment; a setting nobody understands stops the start."""

from __future__ import annotations

import dataclasses
import difflib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Literal, Self

from cds_service.base.complaints import Faults, SettingsError
from cds_service.base.kinds import FhirVersion, LanguageTag
from cds_service.site import settings_values as values
from cds_service.site.environment import file_variables, set_in, text_of

Profile = Literal["development", "production"]

_PREFIX = "CDS_"
_MEBIBYTE = 1024 * 1024
_KEY_BYTES = 32
# Two questions of a load balancer that asks every other second.
PRODUCTION_DRAIN_SECONDS = 5


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How this server runs. Each member is read from one environment variable.

    ============================= ======================= ===========================================================
    variable                      default                 meaning
    ============================= ======================= ===========================================================
    ``HOST``                      127.0.0.1               address to listen on
    ``PORT``                      8000                    TCP port, 0 to 65535 (0: any free one, printed at start)
    ``WORKERS``                   2                       processes, 1 to 64: one per core
    ``THREADS``                   4                       threads per process that run the application, 1 to 64
    ``CDS_DRAIN_SECONDS``         0; production: 5        from SIGTERM until no connection is accepted, 0 to 60: what a
                                                          load balancer needs to notice that ``/readyz`` says 503
    ``CDS_PROFILE``               development             ``production`` starts only with clients that authenticate and
                                                          with ``CDS_DATABASE_URL``
    ``CDS_PUBLIC_URL``            (none)                  where clients reach this server: what tokens must be made for,
                                                          and where the links of cards lead
    ``CDS_CLIENTS``               (none)                  clients as JSON, beside those of the site file
    ``CDS_PROXIES``               (none)                  addresses of the proxies that may name a certificate
    ``CDS_CERTIFICATE_HEADER``    X-SSL-Client-S-DN       the header in which they do
    ``CDS_CA_FILE``               (none)                  PEM file of authorities trusted beside the public ones
    ``CDS_DATABASE_URL``          sqlite:///var/cds.sqlite3  SQLite or PostgreSQL; holds no patient data
    ``CDS_AUDIT_QUEUE``           10000                   calls that may wait to be recorded, per worker
    ``CDS_HASH_KEY``              (none)                  secret of 32 characters or more: by it earlier cards are
                                                          recognised; development makes one at every start
    ``CDS_MAX_BODY_BYTES``        5242880                 largest request body, bytes; a request of 1,000 resources
                                                          is about 1.1 MB, so the default leaves a factor of four
    ``CDS_CORS_ORIGINS``          (none)                  origins that may call from a browser, comma-separated
    ``CDS_DEFAULT_LANGUAGE``      en                      ``en`` or ``zh``, for callers that name no language
    ``CDS_FHIR_VERSION``          auto                    ``R4``, ``R4B``, ``R5``; ``auto`` decides from the request
    ``CDS_SNOMED_AFFILIATE``      on                      ``off`` where the site has no SNOMED CT licence
    ``CDS_LABEL_RULES``           on                      ``off`` silences topics that do not rest on the guideline
    ``CDS_SITE_FILE``             (none)                  path of the site file (deploy/site.example.yaml)
    ``CDS_SEAL_FILE``             cards/seal.yaml         who has signed the content (``cds-service seal``); production
                                                          starts with signed content only
    ``CDS_FETCH_SECONDS``         2                       what reading from a caller's FHIR server may take in all
    ``CDS_WORKBENCH``             development             the pages under /workbench: ``on``, ``off``, or
                                                          ``development``: on in that profile and off in production
    ``CDS_COMPARE_DIR``           (none)                  folder of folders like ``cards/`` that the workbench may
                                                          compare the running content with
    ============================= ======================= ===========================================================
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    threads: int = 4
    drain_seconds: int = 0
    profile: Profile = "development"
    public_url: str | None = None
    clients: str | None = field(default=None, repr=False)
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    certificate_header: str = "X-SSL-Client-S-DN"
    ca_file: Path | None = None
    database_url: str = field(default="sqlite:///var/cds.sqlite3", repr=False)  # may hold a password
    audit_queue: int = 10_000
    hash_key: bytes | None = field(default=None, repr=False)
    max_body_bytes: int = 5 * _MEBIBYTE
    cors_origins: frozenset[str] = frozenset()
    default_language: LanguageTag = "en"
    fhir_version: FhirVersion | None = None
    snomed_affiliate: bool = True
    label_rules: bool = True
    site_file: Path | None = None
    seal_file: Path | None = None
    fetch_seconds: int = 2
    workbench: Literal["development", "on", "off"] = "development"
    compare_dir: Path | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings. Raises ``StartFault`` with every value and ``CDS_`` name that is not understood."""
        faults = Faults()
        settings = cls.read(environ, faults)
        faults.stop()
        return settings

    @classmethod
    def read(cls, environ: Mapping[str, str], faults: Faults) -> Self:
        """The settings; what is not understood is noted in ``faults`` and left at its default."""
        _refuse_unknown(environ, faults)
        given: dict[str, Any] = {}
        for name, (member, read) in VARIABLES.items():
            with faults.noted():
                if text := text_of(name, environ):
                    given[member] = read(name, text.value)
        if given.get("profile") == "production":
            given.setdefault("drain_seconds", PRODUCTION_DRAIN_SECONDS)
        settings = cls(**given)
        if settings.profile == "production":
            _ready_for_production(settings, environ, faults)
        return settings

    def keyed(self) -> Self:
        """For a server that starts: in development one without a hash key makes its own, for as long as it runs."""
        if self.hash_key is not None or self.profile == "production":
            return self
        return dataclasses.replace(self, hash_key=secrets.token_bytes(_KEY_BYTES))


# What was a setting once, and what to write instead.
_GONE = {
    "CDS_TOPICS_OFF": "Write it in the site file: topics: {the-topic: off}",
    "CDS_ALLOW_UNAUTHENTICATED": "Name the clients in the site file, with keys or certificate_subjects",
}


def _ready_for_production(settings: Settings, environ: Mapping[str, str], faults: Faults) -> None:
    """What production needs and a default cannot know. That clients authenticate is seen when the content is loaded."""
    if not set_in(["CDS_DATABASE_URL"], environ):
        what = "not set, and CDS_PROFILE is production"
        faults.add(SettingsError("CDS_DATABASE_URL", what, "Choose where calls and feedback are kept"))
    if settings.public_url and not settings.public_url.startswith("https://"):
        what = "not https, and CDS_PROFILE is production"
        faults.add(SettingsError("CDS_PUBLIC_URL", what, "Put TLS in front of it"))


def _refuse_unknown(environ: Mapping[str, str], faults: Faults) -> None:
    names = [*VARIABLES, *file_variables()]
    for name in sorted(environ):
        if name in _GONE:
            faults.add(SettingsError(name, "no longer a setting", _GONE[name]))
        elif name.startswith(_PREFIX) and name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            known = ", ".join(n for n in VARIABLES if n.startswith(_PREFIX))
            remedy = f"Did you mean {near[0]}?" if near else f"Unset it; the names are {known}"
            faults.add(SettingsError(name, "no such setting", remedy))


VARIABLES: Mapping[str, tuple[str, Callable[[str, str], Any]]] = {
    "HOST": ("host", values.host),
    "PORT": ("port", values.number(0, 65535)),
    "WORKERS": ("workers", values.number(1, 64)),
    "THREADS": ("threads", values.number(1, 64)),
    "CDS_DRAIN_SECONDS": ("drain_seconds", values.number(0, 60)),
    "CDS_PROFILE": ("profile", values.one_of("development", "production")),
    "CDS_PUBLIC_URL": ("public_url", values.address),
    "CDS_CLIENTS": ("clients", values.plain),
    "CDS_PROXIES": ("proxies", values.networks),
    "CDS_CERTIFICATE_HEADER": ("certificate_header", values.header),
    "CDS_CA_FILE": ("ca_file", values.authorities),
    "CDS_DATABASE_URL": ("database_url", values.plain),
    "CDS_AUDIT_QUEUE": ("audit_queue", values.number(1, 1_000_000)),
    "CDS_HASH_KEY": ("hash_key", values.secret),
    "CDS_MAX_BODY_BYTES": ("max_body_bytes", values.number(1024, 64 * _MEBIBYTE)),
    "CDS_CORS_ORIGINS": ("cors_origins", values.origins),
    "CDS_DEFAULT_LANGUAGE": ("default_language", values.language),
    "CDS_FHIR_VERSION": ("fhir_version", values.version),
    "CDS_SNOMED_AFFILIATE": ("snomed_affiliate", values.switch),
    "CDS_LABEL_RULES": ("label_rules", values.switch),
    "CDS_SITE_FILE": ("site_file", values.file),
    "CDS_SEAL_FILE": ("seal_file", values.path),
    "CDS_FETCH_SECONDS": ("fetch_seconds", values.number(1, 30)),
    "CDS_WORKBENCH": ("workbench", values.one_of("development", "on", "off")),
    "CDS_COMPARE_DIR": ("compare_dir", values.folder),
}
