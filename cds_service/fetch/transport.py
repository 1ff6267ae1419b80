"""The ``requests`` session of a worker process: pooled connections that can only do what fetching needs.

No redirects, cookies, proxies, netrc or other settings of the environment; TLS 1.2 or newer, verified against the
host's name; connections only where ``connect`` allows; nothing of urllib3's log, which writes URLs.
"""

from __future__ import annotations

import logging
import socket
import ssl
from pathlib import Path
from typing import Any

import certifi
import requests
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from cds_service.fetch.address import FhirServers
from cds_service.fetch.connect import Connect, DeadlineTlsSocket, connector

_CHATTY = ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry", "urllib3.response")


def session(servers: FhirServers, connections: int = 32, authorities: Path | None = None) -> requests.Session:
    """A session for all threads of one process; make it after the fork.

    ``connections`` is how many are kept open per host; ``authorities`` a PEM file of certificate authorities to trust
    beside the public ones (a hospital's own).
    """
    for name in _CHATTY:
        logging.getLogger(name).addFilter(_nothing)
    made = _Session()
    made.trust_env = False
    made.cookies = _NoCookies()
    adapter = _Adapter(connector(servers), _tls(authorities), connections)
    made.mount("https://", adapter)
    made.mount("http://", adapter)
    return made


def _nothing(_: logging.LogRecord) -> bool:
    """A filter that lets no record pass: they hold URLs, and URLs hold the patient's id."""
    return False


def _tls(authorities: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and host name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cafile=certifi.where())
    if authorities:
        context.load_verify_locations(cafile=authorities)
    context.sslsocket_class = DeadlineTlsSocket
    return context


class _NoCookies(RequestsCookieJar):
    """A jar that stays empty: one patient's call leaves nothing for the next."""

    def set_cookie(self, *args: Any, **kwargs: Any) -> None:
        """Keep nothing."""


class _Session(requests.Session):
    """A session that sees no redirect: even unfollowed, requests would read the whole body of one."""

    def get_redirect_target(self, *_: Any, **__: Any) -> None:
        return None


class _Adapter(HTTPAdapter):
    """An adapter whose connections are made by ``connect``."""

    def __init__(self, connect: Connect, tls: ssl.SSLContext, connections: int) -> None:
        self._connect = connect
        self._tls = tls
        super().__init__(pool_connections=32, pool_maxsize=connections)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._tls, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._connect)

    def cert_verify(self, conn: Any, *_: Any, **__: Any) -> None:
        """The context holds the authorities already; reading them anew for every connection takes longer than TLS."""
        conn.cert_reqs = "CERT_REQUIRED"


def _pools(connect: Connect) -> dict[str, type[HTTPConnectionPool]]:
    """urllib3 makes connections of the class its pool names; these know how to connect."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return connect(self._dns_host, self.port)

    class Tls(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return connect(self._dns_host, self.port)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": PlainPool, "https": TlsPool}
