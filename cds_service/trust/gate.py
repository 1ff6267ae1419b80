"""The gate: who a caller is, from what comes before the body. Every call but the health check passes it.

What a client must show is what its registry entry names: a token where it has ``keys``, a certificate (verified by the
proxy) where it has ``certificate_subjects``, both where it has both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from cds_service.site.model import Client, Right
from cds_service.trust.limits import Allowance, Limiter, within
from cds_service.trust.refusal import Refusal
from cds_service.trust.registry import Registered, Registry
from cds_service.trust.tokens import Token, alive_until, bearer, take_apart, verify

# issuer, jti, expiry -> whether it is the first use. Raises ``Refusal`` (503) when that cannot be said.
FirstUse = Callable[[str, str, int], bool]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls. ``issuer`` is ``certificate:<name>`` without a token, and everything is empty when nobody is asked.

    ``allowance``: what it may still ask; None: no limit.
    """

    issuer: str = ""
    tenant: str = ""
    client: Client | None = None
    allowance: Allowance | None = None


ANYBODY = Identity()


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a request the gate looks at. ``peer``: the address the connection came from; ``path``: as called."""

    path: str
    right: Right
    authorization: str | None
    certificate: str | None
    peer: str | None


class Gate:
    """Lets in who is in the registry.

    ``public_url``: where clients reach this service; with the path of the call it is the expected audience.
    ``proxies``: networks of the proxies that may state the subject of a certificate.
    """

    def __init__(
        self,
        registry: Registry,
        public_url: str,
        proxies: tuple[IPv4Network | IPv6Network, ...],
        first_use: FirstUse,
        limiter: Limiter,
    ) -> None:
        self._registry = registry
        self._public_url = public_url.rstrip("/")
        self._proxies = proxies
        self._first_use = first_use
        self._limiter = limiter

    def admit(self, asked: Asked) -> Identity:
        """Who calls. Raises ``Refusal``: 401 unknown, 403 without the right, 429 too often, 503 cannot be said."""
        certified = self._certified(asked)
        # CDS Hooks clients send a token out of habit: beside a certificate that suffices, a stranger's does no harm.
        if certified is not None and certified.keys is None and not self._names_a_client(asked.authorization):
            identity = Identity(f"certificate:{certified.name}", "", certified, self._within(certified))
        else:
            identity = self._by_token(asked, certified)
        client = identity.client
        assert client is not None
        if identity.allowance:
            identity.allowance.requests.spend(1)
        if asked.right not in client.may:
            raise Refusal("right", 403, client.name)
        return identity

    def _certified(self, asked: Asked) -> Client | None:
        """The client of the certificate that the proxy has verified, if it states one."""
        if not asked.certificate:
            return None
        if not self._from_proxy(asked.peer):
            raise Refusal("certificate-source")
        return self._registry.of_certificate(asked.certificate)

    def _from_proxy(self, peer: str | None) -> bool:
        try:
            address = ip_address(peer or "")
        except ValueError:
            return False
        return any(address in network for network in self._proxies)

    def _names_a_client(self, authorization: str | None) -> bool:
        try:
            self._registry.of_token(take_apart(bearer(authorization)))
        except Refusal:
            return False
        return True

    def _by_token(self, asked: Asked, certified: Client | None) -> Identity:
        token = take_apart(bearer(asked.authorization))
        registered = self._registry.of_token(token)
        try:
            allowance = self._prove(token, registered, asked, certified)
        except Refusal as refusal:
            refusal.client = registered.client.name
            raise
        return Identity(token.claims.iss, token.claims.tenant or "", registered.client, allowance)

    def _within(self, client: Client) -> Allowance | None:
        """What the client may still ask. Raises ``Refusal`` (429) when that is nothing."""
        allowance = self._limiter.of(client)
        if allowance:
            within(allowance.requests, client)
        return allowance

    def _prove(self, token: Token, registered: Registered, asked: Asked, certified: Client | None) -> Allowance | None:
        client = registered.client
        if token.header.alg not in client.algorithms:
            raise Refusal("algorithm")
        if not token.header.kid:
            raise Refusal("kid")
        key = registered.source(token.header.jku).find(token.header.kid, token.header.alg)
        verify(token, key, client, [self._public_url + asked.path, *client.audiences])
        self._same(client, certified)
        # Before the database is asked, or a flood would reach it; nothing is spent yet, or a token that somebody has
        # copied would spend it.
        allowance = self._within(client)
        # Last: only a token that is good in every other way is remembered.
        if not self._first_use(token.claims.iss, token.claims.jti, alive_until(token.claims, client)):
            raise Refusal("replay")
        return allowance

    @staticmethod
    def _same(client: Client, certified: Client | None) -> None:
        if certified is not None and certified is not client:
            raise Refusal("certificate-unknown")
        if client.certificate_subjects and certified is None:
            raise Refusal("certificate-missing")
