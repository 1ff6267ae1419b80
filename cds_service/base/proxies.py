"""Proxies that an environment names, for programs that follow them. This service follows none: a proxy would see whose
data is read, and would connect to addresses that are refused here."""

from __future__ import annotations

from collections.abc import Mapping

_NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def proxies_in(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the variables, as they are written; never what they hold (it may have a password)."""
    spelled = (each for name in _NAMES for each in (name, name.lower()))
    return tuple(name for name in spelled if environ.get(name, "").strip())
