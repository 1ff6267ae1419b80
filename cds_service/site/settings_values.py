"""How the text of an environment variable becomes the value of a setting; what cannot, is a ``SettingsError``."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from cds_service.base.complaints import SettingsError
from cds_service.base.kinds import LANGUAGE_NAMES, language_tag
from cds_service.site.address import fault_of

_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
# HMAC-SHA-256 takes any key; one as long as its output cannot be guessed (RFC 2104 section 3).
_SHORTEST_KEY = 32


def host(name: str, value: str) -> str:
    """One host name or address to listen on. Whether it is one of this machine, only listening tells."""
    if any(c.isspace() for c in value):
        raise SettingsError(name, "contains white space", "Give one host name or address")
    if "/" in value:
        raise SettingsError(name, "a URL or path, not a host", "Give the host alone, like 127.0.0.1; PORT has the port")
    if value == "*":
        raise SettingsError(name, "'*' is no address", "Write 0.0.0.0 to listen on every address of this machine")
    bare = value[1:].removesuffix("]") if value.startswith("[") else value
    if value != bare or value.count(":") == 1:
        raise SettingsError(name, f"{value!r} is not a host alone", "Write no brackets; the port is a setting: PORT")
    return value


def file(name: str, value: str) -> Path:
    path = Path(value)
    if not path.is_file():
        raise SettingsError(name, f"there is no file {value}", "Give the path of a site file, or unset it")
    return path


def path(name: str, value: str) -> Path:
    """The path of a file that may still have to be written."""
    found = Path(value)
    if found.is_dir():
        raise SettingsError(name, f"{value} is a folder", "Give the path of a file")
    return found


def folder(name: str, value: str) -> Path:
    """A folder that is there."""
    found = Path(value)
    if not found.is_dir():
        raise SettingsError(name, f"there is no folder {value}", "Give the path of a folder, or unset it")
    return found


def number(low: int, high: int) -> Callable[[str, str], int]:
    def read(name: str, value: str) -> int:
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            raise SettingsError(name, f"{value!r} is not a whole number from {low} to {high}", "Give one, digits only")
        return int(value)

    return read


def switch(name: str, value: str) -> bool:
    return one_of("on", "off")(name, value) == "on"


def one_of(*allowed: str) -> Callable[[str, str], str]:
    def read(name: str, value: str) -> str:
        if value not in allowed:
            raise SettingsError(name, f"{value!r} is not understood", f"Use one of: {', '.join(allowed)}")
        return value

    return read


def language(name: str, value: str) -> str:
    if (tag := language_tag(value)) is None:
        raise SettingsError(name, f"{value!r} is not understood", f"Use one of: {', '.join(LANGUAGE_NAMES)}")
    return tag


def version(name: str, value: str) -> str | None:
    chosen = one_of("auto", "R4", "R4B", "R5")(name, value)
    return None if chosen == "auto" else chosen


def _members(value: str) -> frozenset[str]:
    return frozenset(part for part in (p.strip() for p in value.split(",")) if part)


def origins(name: str, value: str) -> frozenset[str]:
    for origin in _members(value):
        if "*" in origin:
            raise SettingsError(name, "a wildcard would let any web page ask", "List each origin: https://ehr.example")
        _check_origin(name, origin)
    return _members(value)


def _check_origin(name: str, origin: str) -> None:
    """An origin is compared letter by letter with what a browser sends: lower case, no path, no final slash."""
    if not _ORIGIN.fullmatch(origin):
        remedy = "Write scheme and host only, in lower case: https://ehr.example:8443"
        raise SettingsError(name, f"{origin!r} is not an origin", remedy)


def address(name: str, value: str) -> str:
    """A base URL: https, or http to this machine; without a final slash."""
    if fault := fault_of(value):
        raise SettingsError(name, fault, "Write scheme and host: https://cds.hospital.example")
    return value.rstrip("/")


def networks(name: str, value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        found = tuple(ip_network(part) for part in sorted(_members(value)))
    except ValueError:
        raise SettingsError(name, "not a list of addresses", "Write them so: 10.1.2.3, 10.1.4.0/24") from None
    if any(network.prefixlen == 0 for network in found):
        raise SettingsError(name, "the whole world could name a certificate", "List the proxies: 10.1.2.3")
    return found


def authorities(name: str, value: str) -> Path:
    """A PEM file of certificate authorities."""
    try:
        ssl.create_default_context().load_verify_locations(cafile=value)
    except OSError as error:  # SSLError is one
        why = error.strerror or "no certificates in PEM"
        raise SettingsError(name, f"{value} cannot be used ({why})", "Give a PEM file of certificates") from None
    return Path(value)


def header(name: str, value: str) -> str:
    if not _HEADER.fullmatch(value):
        raise SettingsError(name, "not the name of a header", "Write it so: X-SSL-Client-S-DN")
    return value


def secret(name: str, value: str) -> bytes:
    if len(value) < _SHORTEST_KEY:
        remedy = "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        raise SettingsError(name, f"shorter than {_SHORTEST_KEY} characters", remedy)
    return value.encode()


def plain(name: str, value: str) -> str:
    """Text that is checked where it is used."""
    return value
