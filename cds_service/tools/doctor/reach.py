"""Whether FHIR and key servers can be reached from here, asked as the server itself would ask them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from cds_service.base.proxies import proxies_in
from cds_service.fetch.address import FhirServers, parse
from cds_service.fetch.client import FhirClient, Limits
from cds_service.fetch.failure import Cause, Failed, Refused
from cds_service.fetch.transport import session
from cds_service.site.model import Client
from cds_service.site.settings import Settings
from cds_service.tools.doctor.remark import Remark, note, ok, wrong

# A key server's answer is a few keys, a capability statement some hundred kilobytes.
_MOST_BYTES = 8 * 1024 * 1024
# A server that wants a token, or has no such page, is there.
_ANSWERED: frozenset[Cause] = frozenset({"unauthorized", "forbidden", "not-found", "gone", "rejected", "too-large"})
_REMEDIES: Mapping[Cause, str] = {
    "certificate": "its certificate is not of an authority known here, not for this host, or expired: CDS_CA_FILE",
    "refused-address": "its name leads to a private address: private: true in the client's entry, if that is meant",
    "redirect": "it redirects, which is not followed: write the address it leads to",
    "not-json": "what answers is no FHIR JSON: is it the base URL?",
}


def reach(settings: Settings, clients: Iterable[Client], environ: Mapping[str, str]) -> Iterator[Remark]:
    """A remark for every address of the clients. Each is given ``CDS_FETCH_SECONDS``."""
    development = settings.profile == "development"
    failed = False
    for client in clients:
        asked = [("FHIR", base, f"{base.rstrip('/')}/metadata") for base in client.fhir_servers]
        if client.keys:
            asked += [("keys", url, url) for url in (*client.keys.jku, *filter(None, [client.keys.jwks_url]))]
        for kind, base, url in asked:
            remark = _ask(f"{kind}: {base} ({client.name})", url, client, settings, development=development)
            if remark:
                failed = failed or remark.level == "wrong"
                yield remark
    if failed and (names := proxies_in(environ)):
        yield note(f"{', '.join(names)}: not used; this service asks directly, so this machine must reach them itself")


def _ask(what: str, url: str, client: Client, settings: Settings, *, development: bool) -> Remark | None:
    try:
        origin = parse(url).origin
        private = frozenset({origin}) if client.private else frozenset[str]()
        servers = FhirServers((origin,), development, private)
        cause = _cause(servers, origin, url, settings.ca_file, float(settings.fetch_seconds))
    except Refused:
        return None  # told of the client already: the server would not start
    if cause is None or cause in _ANSWERED:
        return ok(f"{what}: answers")
    return wrong(f"{what}: {_REMEDIES.get(cause, f'not reached ({cause})')}")


def _cause(servers: FhirServers, origin: str, url: str, authorities: Path | None, seconds: float) -> Cause | None:
    with session(servers, connections=1, authorities=authorities) as opened:
        client = FhirClient(opened, origin, None, time.monotonic() + seconds, Limits(seconds_per_request=seconds))
        try:
            client.get(url, _MOST_BYTES)
        except Failed as failed:
            return failed.cause
    return None
