"""The registry of clients: each issuer with its tenants, and where its keys are read."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cds_service.base.complaints import SettingsError
from cds_service.base.perprocess import PerProcess
from cds_service.fetch.address import FhirServers, parse
from cds_service.fetch.client import FhirClient, Limits
from cds_service.fetch.failure import Refused
from cds_service.fetch.transport import session
from cds_service.site.model import Client
from cds_service.trust.keys import KeysFromFile, KeysFromUrl, KeySource
from cds_service.trust.refusal import Refusal
from cds_service.trust.tokens import Token

# A key server answers in milliseconds; what it gives is a few keys.
_READ_SECONDS = 2.0
_MOST_BYTES = 256 * 1024


class _KeyServer:
    """One URL of keys, read like a FHIR server: no redirects, no other host, no private address unless allowed."""

    def __init__(self, url: str, client: Client, authorities: Path | None, *, development: bool) -> None:
        asked = parse(url)
        self._url = asked.url
        origin = asked.url.removesuffix(asked.path + (f"?{asked.query}" if asked.query is not None else ""))
        private = frozenset({origin}) if client.private else frozenset()
        servers = FhirServers((origin,), development, private)
        self._session = PerProcess(lambda: session(servers, connections=1, authorities=authorities))

    def read(self) -> bytes:
        """The bytes there. Raises ``Failed`` or ``Refused``."""
        deadline = time.monotonic() + _READ_SECONDS
        limits = Limits(seconds_per_request=_READ_SECONDS)
        return FhirClient(self._session.get(), self._url, None, deadline, limits).get(self._url, _MOST_BYTES)


@dataclass(frozen=True)
class Registered:
    """A client that tokens can name, and its keys: by the ``jku`` of the token, or (key "") the one place for all."""

    client: Client
    sources: dict[str, KeySource]

    def source(self, jku: str | None) -> KeySource:
        """Where this token's key is. Raises ``Refusal`` for a ``jku`` that is not listed; it is not fetched."""
        if only := self.sources.get(""):
            return only
        if jku is None and len(self.sources) == 1:
            return next(iter(self.sources.values()))
        found = self.sources.get(jku or "")
        if found is None:
            raise Refusal("jku")
        return found


class Registry:
    """All clients that have keys or certificates."""

    def __init__(
        self, clients: Iterable[Client], folder: Path, authorities: Path | None = None, *, development: bool
    ) -> None:
        """``folder``: where relative paths of key files start. Raises ``SettingsError`` for keys of no use."""
        known = [c for c in clients if c.keys or c.certificate_subjects]
        self._by_token = [
            Registered(c, _sources(c, folder, authorities, development=development))
            for c in known
            if c.keys is not None
        ]
        self._by_certificate = {s: c for c in known for s in c.certificate_subjects}

    def __bool__(self) -> bool:
        return bool(self._by_token or self._by_certificate)

    @property
    def reads_tokens(self) -> bool:
        return bool(self._by_token)

    @property
    def reads_certificates(self) -> bool:
        return bool(self._by_certificate)

    def of_token(self, token: Token) -> Registered:
        """The client that a token, unproven yet, says it is from. Raises ``Refusal``."""
        tenant = token.claims.tenant
        for each in self._by_token:
            tenants = each.client.tenants
            if each.client.issuer == token.claims.iss and (not tenants or tenant in tenants):
                return each
        raise Refusal("unknown-issuer")

    def of_certificate(self, subject: str) -> Client:
        """The client whose certificate this is. Raises ``Refusal``."""
        client = self._by_certificate.get(subject)
        if client is None:
            raise Refusal("certificate-unknown")
        return client


def _sources(client: Client, folder: Path, authorities: Path | None, *, development: bool) -> dict[str, KeySource]:
    assert client.keys is not None
    if client.keys.jwks_file:
        path = folder / client.keys.jwks_file
        try:
            return {"": KeysFromFile(client.name, path)}
        except (OSError, ValueError) as error:
            why = os.strerror(error.errno or 0) if isinstance(error, OSError) else str(error)
            what = f"the key file {path} of client {client.name} cannot be used ({why})"
            raise SettingsError("CDS_SITE_FILE", what, "Give a JWK Set with public signature keys") from None
    urls = {"": client.keys.jwks_url} if client.keys.jwks_url else {url: url for url in client.keys.jku}
    made: dict[str, KeySource] = {}
    for name, url in urls.items():
        try:
            read = partial(_KeyServer.read, _KeyServer(url, client, authorities, development=development))
        except Refused as refused:
            what = f"a key address of client {client.name} cannot be asked ({refused.reason})"
            raise SettingsError("CDS_SITE_FILE", what, "Write an https URL") from None
        made[name] = KeysFromUrl(client.name, read)
    return made
