"""Which FHIR servers the calls of a client may be completed from."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cds_service.base.complaints import Faults, SettingsError
from cds_service.base.perprocess import PerProcess
from cds_service.edition import Edition
from cds_service.fetch.address import FhirServers
from cds_service.fetch.failure import Refused
from cds_service.fetch.obtain import Servers, Shared
from cds_service.site.model import Client
from cds_service.site.settings import Settings

# The FHIR servers that the calls of an authenticated client (None: nobody is asked) may be completed from.
ServersOf = Callable[[Client | None], Servers]


def fhir_servers(settings: Settings, edition: Edition) -> ServersOf:
    """By authenticated client its own list; where nobody is asked who they are, the lists of all.

    Without a list, development may ask servers on this machine, production none. Raises ``SettingsError``.
    """
    clients = edition.site.clients
    shared = PerProcess(lambda: Shared(settings.threads))
    own = {client.name: _servers(settings, [client], shared) for client in clients}
    everybody = _servers(settings, clients, shared)

    def servers_of(client: Client | None) -> Servers:
        return everybody if client is None else own[client.name]

    return servers_of


def note_servers(settings: Settings, clients: Iterable[Client], faults: Faults) -> None:
    """Note the clients whose FHIR servers could never be asked."""
    shared = PerProcess(lambda: Shared(settings.threads))
    for client in clients:
        with faults.noted():
            _servers(settings, [client], shared)


def _servers(settings: Settings, clients: Iterable[Client], shared: PerProcess[Shared]) -> Servers:
    listed = [(base, client.private) for client in clients for base in client.fhir_servers]
    bases = tuple(base for base, _ in listed)
    private = frozenset(base for base, is_private in listed if is_private)
    try:
        allowed = FhirServers(bases, settings.profile == "development", private)
    except Refused as refused:
        what = f"a fhir_servers entry of the site file cannot be asked ({refused.reason})"
        raise SettingsError("CDS_SITE_FILE", what, "Write https base URLs, without user, query or fragment") from None
    return Servers(allowed, float(settings.fetch_seconds), authorities=settings.ca_file, shared=shared)
