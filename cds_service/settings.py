"""Settings of the server, read once from the environment; a setting nobody understands stops the start."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

Profile = Literal["development", "production"]
LanguageTag = Literal["en", "zh-CN"]
FhirVersion = Literal["R4", "R4B", "R5"]

_PREFIX = "CDS_"
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?")
_TOPIC = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MEBIBYTE = 1024 * 1024


class SettingsError(ValueError):
    """A setting cannot be used. ``name`` is the variable, ``what`` is wrong with it, ``remedy`` says what to write."""

    def __init__(self, name: str, what: str, remedy: str) -> None:
        super().__init__(f"{name}: {what}. {remedy}")
        self.name = name
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How this server runs. Each member is read from one environment variable.

    ============================= ======================= ===========================================================
    variable                      default                 meaning
    ============================= ======================= ===========================================================
    ``HOST``                      127.0.0.1               address to listen on
    ``PORT``                      8000                    TCP port, 0 to 65535 (0: any free one, printed at start)
    ``WORKERS``                   2                       processes, 1 to 64: one per core
    ``THREADS``                   4                       threads per process that run the application, 1 to 64
    ``CDS_PROFILE``               development             ``production`` refuses conveniences not set on purpose
    ``CDS_ALLOW_UNAUTHENTICATED`` off                     production starts only with ``on``: this version does not
                                                          yet check who calls
    ``CDS_MAX_BODY_BYTES``        5242880                 largest request body, bytes; a request of 1,000 resources
                                                          is about 1.1 MB, so the default leaves a factor of four
    ``CDS_CORS_ORIGINS``          (none)                  origins that may call from a browser, comma-separated
    ``CDS_DEFAULT_LANGUAGE``      en                      ``en`` or ``zh-CN``, for callers that name no language
    ``CDS_FHIR_VERSION``          auto                    ``R4``, ``R4B``, ``R5``; ``auto`` decides from the request
    ``CDS_SNOMED_AFFILIATE``      on                      ``off`` where the site has no SNOMED CT licence
    ``CDS_LABEL_RULES``           on                      ``off`` silences topics that do not rest on the guideline
    ``CDS_TOPICS_OFF``            (none)                  topic codes to silence, comma-separated
    ``CDS_SITE_FILE``             (none)                  path of the site file (deploy/site.example.yaml)
    ``CDS_FETCH_SECONDS``         2                       what reading from a caller's FHIR server may take in all
    ============================= ======================= ===========================================================
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    threads: int = 4
    profile: Profile = "development"
    allow_unauthenticated: bool = False
    max_body_bytes: int = 5 * _MEBIBYTE
    cors_origins: frozenset[str] = frozenset()
    default_language: LanguageTag = "en"
    fhir_version: FhirVersion | None = None
    snomed_affiliate: bool = True
    label_rules: bool = True
    topics_off: frozenset[str] = frozenset()
    site_file: Path | None = None
    fetch_seconds: int = 2

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings. Raises ``SettingsError`` for a value or a ``CDS_`` name that is not understood."""
        _refuse_unknown(environ)
        given = {
            member: read(name, environ[name].strip())
            for name, (member, read) in _VARIABLES.items()
            if environ.get(name, "").strip()
        }
        settings = cls(**given)
        if settings.profile == "production" and not settings.allow_unauthenticated:
            raise SettingsError(
                "CDS_ALLOW_UNAUTHENTICATED",
                "this version does not check who calls, and CDS_PROFILE is production",
                "Set it to on if the network in front of the server lets only your EHR in",
            )
        return settings


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    for name in sorted(environ):
        if name.startswith(_PREFIX) and name not in _VARIABLES:
            near = difflib.get_close_matches(name, _VARIABLES, n=1)
            known = ", ".join(n for n in _VARIABLES if n.startswith(_PREFIX))
            remedy = f"Did you mean {near[0]}?" if near else f"Unset it; the names are {known}"
            raise SettingsError(name, "no such setting", remedy)


def _text(name: str, value: str) -> str:
    if any(c.isspace() for c in value):
        raise SettingsError(name, "contains white space", "Give one host name or address")
    return value


def _file(name: str, value: str) -> Path:
    path = Path(value)
    if not path.is_file():
        raise SettingsError(name, f"there is no file {value}", "Give the path of a site file, or unset it")
    return path


def _number(low: int, high: int) -> Callable[[str, str], int]:
    def read(name: str, value: str) -> int:
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            raise SettingsError(name, f"{value!r} is not a whole number from {low} to {high}", "Give one, digits only")
        return int(value)

    return read


def _switch(name: str, value: str) -> bool:
    return _one_of("on", "off")(name, value) == "on"


def _one_of(*allowed: str) -> Callable[[str, str], str]:
    def read(name: str, value: str) -> str:
        if value not in allowed:
            raise SettingsError(name, f"{value!r} is not understood", f"Use one of: {', '.join(allowed)}")
        return value

    return read


def _version(name: str, value: str) -> str | None:
    chosen = _one_of("auto", "R4", "R4B", "R5")(name, value)
    return None if chosen == "auto" else chosen


def _members(value: str) -> frozenset[str]:
    return frozenset(part for part in (p.strip() for p in value.split(",")) if part)


def _origins(name: str, value: str) -> frozenset[str]:
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


def _topics(name: str, value: str) -> frozenset[str]:
    for topic in _members(value):
        if not _TOPIC.fullmatch(topic):
            raise SettingsError(name, f"{topic!r} is not a topic code", "See the file names in cards/recommendations")
    return _members(value)


_VARIABLES: Mapping[str, tuple[str, Callable[[str, str], Any]]] = {
    "HOST": ("host", _text),
    "PORT": ("port", _number(0, 65535)),
    "WORKERS": ("workers", _number(1, 64)),
    "THREADS": ("threads", _number(1, 64)),
    "CDS_PROFILE": ("profile", _one_of("development", "production")),
    "CDS_ALLOW_UNAUTHENTICATED": ("allow_unauthenticated", _switch),
    "CDS_MAX_BODY_BYTES": ("max_body_bytes", _number(1024, 64 * _MEBIBYTE)),
    "CDS_CORS_ORIGINS": ("cors_origins", _origins),
    "CDS_DEFAULT_LANGUAGE": ("default_language", _one_of("en", "zh-CN")),
    "CDS_FHIR_VERSION": ("fhir_version", _version),
    "CDS_SNOMED_AFFILIATE": ("snomed_affiliate", _switch),
    "CDS_LABEL_RULES": ("label_rules", _switch),
    "CDS_TOPICS_OFF": ("topics_off", _topics),
    "CDS_SITE_FILE": ("site_file", _file),
    "CDS_FETCH_SECONDS": ("fetch_seconds", _number(1, 30)),
}
