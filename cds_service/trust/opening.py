"""The registry a server opens with, and everything that clients who authenticate need of its settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cds_service.base.complaints import Faults, SettingsError
from cds_service.site.model import Client
from cds_service.site.settings import Settings
from cds_service.trust.registry import Registry


def registry_of(settings: Settings, clients: Sequence[Client], faults: Faults) -> Registry | None:
    """The clients that authenticate; None: nobody does, or what is wrong was noted in ``faults``, all of it."""
    folder = settings.site_file.parent if settings.site_file else Path.cwd()
    before = len(faults.found)
    for client in clients:
        with faults.noted():
            _registry([client], folder, settings)
    if not any(client.keys or client.certificate_subjects for client in clients):
        if settings.profile == "production":
            what = "no client has keys or certificate_subjects, and CDS_PROFILE is production"
            faults.add(SettingsError("CDS_SITE_FILE", what, "Name your EHR under clients: (deploy/site.example.yaml)"))
        return None
    if settings.public_url is None and any(client.keys for client in clients):
        what = "not set, and clients send tokens"
        faults.add(SettingsError("CDS_PUBLIC_URL", what, "Write the address they call: https://cds.hospital.example"))
    if not settings.proxies and any(client.certificate_subjects for client in clients):
        what = "not set, and clients show certificates"
        faults.add(SettingsError("CDS_PROXIES", what, "Write the address of the proxy that checks them: 127.0.0.1"))
    return _registry(clients, folder, settings) if len(faults.found) == before else None


def _registry(clients: Sequence[Client], folder: Path, settings: Settings) -> Registry:
    return Registry(clients, folder, settings.ca_file, development=settings.profile == "development")
