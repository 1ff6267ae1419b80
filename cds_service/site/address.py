"""Addresses as a site file states them: an origin with a path prefix, nothing that could be read in two ways."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PLAIN = re.compile(r"[A-Za-z0-9:/._~\-\[\]]+")


def fault_of(url: str) -> str | None:
    """Why a URL cannot be a base address or a link prefix; None when it can."""
    if not _PLAIN.fullmatch(url) or "/.." in url:
        return "only letters, digits and - . _ ~ : / [ ] are allowed, and no .."
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "not a URL"
    if not host:
        return "no host name"
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK):
        return "neither https nor http to this machine"
    return None


def inside(url: str, prefix: str) -> bool:
    """Whether a URL has the prefix's origin and lies at or below its path."""
    try:
        one, other = urlsplit(url), urlsplit(prefix)
        same = _origin(one) == _origin(other)
    except ValueError:
        return False
    below = other.path.rstrip("/")
    plain = ".." not in one.path and "%" not in one.path and "\\" not in url
    return same and plain and (one.path.rstrip("/") == below or one.path.startswith(f"{below}/"))


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None, str]:
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    user = parts.netloc.rpartition("@")[0]
    return parts.scheme, parts.hostname, port, user
