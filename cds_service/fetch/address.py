"""Which addresses may be asked: an allow-list of FHIR base URLs, compared part by part.

``fhirServer``, next links and references come from outside. They are accepted only in one plain spelling, matched as a
whole by a pattern that knows few characters; what is sent is built from the matched parts, never the text itself, so
that no second parser can see another host in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address

from cds_service.fetch.failure import Refused
from cds_service.fetch.reach import Reach

_PORTS = {"http": 80, "https": 443}
LONGEST = 8000  # characters; servers refuse longer request lines
# No user information, fragment, percent sign in the path, backslash, blank or control character can match.
_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:/[a-z0-9._~!$&'()*+,;=:@-]*)*)"
    r"(?:\?(?P<query>[!-\"$-\[\]-~]*))?",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Address:
    """A URL in its parts: scheme and host in lower case, IPv6 without brackets, the port always stated."""

    scheme: str
    host: str
    port: int
    path: str
    query: str | None

    @property
    def url(self) -> str:
        """The one spelling of this address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        query = "" if self.query is None else f"?{self.query}"
        return f"{self.scheme}://{host}{port}{self.path}{query}"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return Address(self.scheme, self.host, self.port, "", None).url

    @property
    def loopback(self) -> bool:
        """Whether the host is this machine by its name or number; a name that merely resolves to it is not."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def below(self, base: Address) -> bool:
        """Same origin, and the path is the base's or continues it after a slash."""
        same_origin = (self.scheme, self.host, self.port) == (base.scheme, base.host, base.port)
        root = base.path.rstrip("/")
        return same_origin and (self.path == root or self.path.startswith(f"{root}/"))


def parse(url: str) -> Address:
    """The parts of an absolute http or https URL. Raises ``Refused`` for any other spelling."""
    match = _URL.fullmatch(url) if len(url) <= LONGEST else None
    if match is None or any(s.split(";")[0] in (".", "..") for s in match["path"].split("/")):
        raise Refused("malformed")
    scheme = match["scheme"].lower()
    port = int(match["port"] or _PORTS[scheme])
    if not 0 < port <= 65535:
        raise Refused("malformed")
    return Address(scheme, _host(match["host"].lower()), port, match["path"], match["query"])


def _host(host: str) -> str:
    if not host.startswith("["):
        if ".." in host:
            raise Refused("malformed")
        return host
    try:
        return IPv6Address(host[1:-1]).compressed
    except ValueError:
        raise Refused("malformed") from None


def inside(url: str, base: str) -> str:
    """``url`` in its one spelling, when it lies inside ``base``. Raises ``Refused`` otherwise."""
    asked = parse(url)
    if not asked.below(parse(base)):
        raise Refused("foreign")
    return asked.url


@dataclass(frozen=True)
class FhirServers:
    """The FHIR servers that may be asked.

    ``bases`` are base URLs: exact origin and path prefix. ``private`` are those of them that live in a private network
    (10.x and its like; never link-local or metadata addresses). In development http is accepted for this machine,
    and with no bases listed any server on this machine may be asked. Otherwise an empty list means: ask nobody.

    Raises ``Refused`` for a base that could never be asked.
    """

    bases: tuple[str, ...] = ()
    development: bool = False
    private: frozenset[str] = frozenset()
    _listed: tuple[Address, ...] = field(init=False, repr=False, compare=False)
    _private_origins: frozenset[tuple[str, int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        listed = tuple(self._base(url) for url in self.bases)
        private = tuple(self._base(url) for url in self.private)
        if not set(private) <= set(listed):
            raise Refused("not-listed")
        object.__setattr__(self, "_listed", listed)
        object.__setattr__(self, "_private_origins", frozenset((b.host, b.port) for b in private))

    def _base(self, url: str) -> Address:
        base = parse(url)
        if base.query is not None:
            raise Refused("malformed")
        if base.scheme != "https" and not (self.development and base.loopback):
            raise Refused("not-https")
        return Address(base.scheme, base.host, base.port, base.path.rstrip("/"), None)

    def base_of(self, url: str) -> str:
        """The base to ask for ``fhirServer``: itself, in its one spelling, without a final slash.

        It may lie deeper than the listed base; what is then followed must lie inside it, not only inside the listed one
        (another tenant of the same host is another server). Raises ``Refused``.
        """
        asked = self._base(url)
        if any(asked.below(base) for base in self._listed):
            return asked.url
        if self.development and not self._listed and asked.loopback:
            return asked.url
        raise Refused("not-listed")

    def reach(self, host: str, port: int) -> Reach:
        """What a connection to this origin may reach."""
        return Reach(loopback=self.development, private=(host, port) in self._private_origins)
