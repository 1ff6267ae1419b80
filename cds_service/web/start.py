"""Everything that would stop a start, at once: whoever sets up a hospital corrects a page, not a line per attempt."""

from __future__ import annotations

from collections.abc import Mapping

from cds_service.base.complaints import Faults, SettingsError, StartFault
from cds_service.edition import Edition
from cds_service.site.load import clients_of
from cds_service.site.model import Client
from cds_service.site.settings import Settings
from cds_service.store.memory import Memory
from cds_service.trust.opening import registry_of
from cds_service.web.servers import note_servers


def settings_of(environ: Mapping[str, str]) -> Settings:
    """The settings of a server that starts. Raises ``StartFault`` with their faults and all others there are."""
    faults = Faults()
    settings = Settings.read(environ, faults)
    if faults.found:
        note_all(settings, faults)
    faults.stop()
    return settings


def note_all(settings: Settings, faults: Faults) -> None:
    """Note what content, site file, seal, clients and database would stop a start with, whichever comes first.

    A part whose own setting is at fault is left out: what would be said of its default means nothing.
    """
    wrong = {fault.name for fault in faults.found if isinstance(fault, SettingsError)}
    with faults.noted():
        Edition.load(settings)
    if wrong.isdisjoint({"CDS_SITE_FILE", "CDS_CLIENTS", "CDS_CLIENTS_FILE"}):
        note_door(settings, faults)
    if wrong.isdisjoint({"CDS_DATABASE_URL", "CDS_DATABASE_URL_FILE"}):
        with faults.noted():
            Memory.open(settings, None).close(0)


def note_door(settings: Settings, faults: Faults) -> None:
    """Note what is wrong with the clients, as far as the settings decide it."""
    clients: list[Client] = []
    try:
        clients = clients_of(settings.site_file, settings.clients)
    except StartFault:
        return  # told by the edition, with its lines
    registry_of(settings, clients, faults)
    note_servers(settings, clients, faults)
