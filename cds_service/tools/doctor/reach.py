"""Whether FHIR and key servers can be reached from here, asked as the server itself would ask them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping

from cds_service.base.proxies import proxies_in
from cds_service.fetch.address import FhirServers, parse
from cds_service.fetch.client import FhirClient, Limits
from cds_service.fetch.failure import Cause, Failed, Refused
from cds_service.fetch.transport import session
from cds_service.site.model import Client
from cds_service.site.settings import Settings
from cds_service.tools.doctor.remark import Remark, note, ok, wrong
from cds_service.trust.keys import Keys

# A key server's answer is a few keys, a capability statement some hundred kilobytes.
_MOST_BYTES = 8 * 1024 * 1024
_ANSWERED: frozenset[Cause] = frozenset({"unauthorized", "forbidden", "not-found", "gone", "rejected", "too-large"})
_REMEDIES: Mapping[Cause, str] = {
    "certificate": "its certificate is not of an authority known here, not for this host, or expired: CDS_CA_FILE",
    "refused-address": "its name leads to a private address: private: true in the client's entry, if that is meant",
    "redirect": "it redirects, which is not followed: write the address it leads to",
    "not-json": "what answers is no FHIR JSON: is it the base URL?",
}


def reach(settings: Settings, clients: Iterable[Client], environ: Mapping[str, str]) -> Iterator[Remark]:
    """A remark for every address of the clients. Each is given ``CDS_FETCH_SECONDS``."""
    failed = False
    for client in clients:
        asked = [("FHIR", base, f"{base.rstrip('/')}/metadata") for base in client.fhir_servers]
        if client.keys:
            asked += [("keys", url, url) for url in (*client.keys.jku, *filter(None, [client.keys.jwks_url]))]
        for kind, base, url in asked:
            remark = _ask(kind, f"{kind}: {base} ({client.name})", url, client, settings)
            if remark:
                failed = failed or remark.level == "wrong"
                yield remark
    if failed and (names := proxies_in(environ)):
        yield note(f"{', '.join(names)}: not used; this service asks directly, so this machine must reach them itself")


def _ask(kind: str, what: str, url: str, client: Client, settings: Settings) -> Remark | None:
    try:
        origin = parse(url).origin
        private = frozenset({origin}) if client.private else frozenset[str]()
        servers = FhirServers((origin,), settings.profile == "development", private)
        read = _read(servers, origin, url, settings)
    except Refused:
        return None  # told of the client already: the server would not start
    except Failed as failed:
        # A FHIR server that wants a token, or has no such page, is there; of keys nothing is known then.
        if kind == "FHIR" and failed.cause in _ANSWERED:
            return ok(f"{what}: answers")
        return wrong(f"{what}: {_REMEDIES.get(failed.cause, f'not obtained ({failed.cause})')}")
    try:
        if kind == "keys":
            Keys(read)
    except ValueError as error:
        return wrong(f"{what}: {error}")
    return ok(f"{what}: answers")


def _read(servers: FhirServers, origin: str, url: str, settings: Settings) -> bytes:
    """Raises ``Failed`` or ``Refused``."""
    seconds = float(settings.fetch_seconds)
    with session(servers, connections=1, authorities=settings.ca_file) as opened:
        client = FhirClient(opened, origin, None, time.monotonic() + seconds, Limits(seconds_per_request=seconds))
        return client.get(url, _MOST_BYTES)
