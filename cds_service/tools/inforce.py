"""What is in force and where each value comes from, as ``cds-service config`` prints it. No secret is in a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from cds_service.base.folders import content_root
from cds_service.base.yamlfile import line_of
from cds_service.knowledge.seal import SEAL
from cds_service.site.environment import SECRETS, text_of
from cds_service.site.model import NO_SITE, Client, Site
from cds_service.site.settings import PRODUCTION_DRAIN_SECONDS, VARIABLES, Settings

HIDDEN = "(hidden)"
_NONE = "(none)"
# What is meant where nothing is set and the code has no value.
_MEANT = {"CDS_FHIR_VERSION": "auto", "CDS_SEAL_FILE": f"{content_root() / SEAL}"}


@dataclass(frozen=True)
class Line:
    """One value: ``origin`` is default, environment, a file of a secret, or a line of the site file."""

    name: str
    value: str
    origin: str


def of_settings(settings: Settings, environ: Mapping[str, str], failed: Iterable[str] = ()) -> Iterator[Line]:
    """Every setting, in the order of the documents. ``failed``: those that are not understood; they have no value."""
    wrong = frozenset(failed)
    for name, (member, _) in VARIABLES.items():
        if name in wrong or f"{name}_FILE" in wrong:
            yield Line(name, "(not understood)", "environment")
            continue
        given = text_of(name, environ)
        origin = f"file {given.file}" if given and given.file else "environment" if given else "default"
        if name == "CDS_DRAIN_SECONDS" and not given and settings.drain_seconds == PRODUCTION_DRAIN_SECONDS:
            origin = "CDS_PROFILE"
        yield Line(name, _shown(name, getattr(settings, member)), origin)


def of_clock(now: datetime, environ: Mapping[str, str]) -> Line:
    """The time zone that dates are read in."""
    return Line("TZ", f"{now.tzname()} ({now:%z})", "environment" if environ.get("TZ") else "this machine")


def _shown(name: str, value: object) -> str:
    if name == "CDS_DATABASE_URL":
        return _without_secrets(str(value))
    if value is None or value in ((), frozenset()):
        return _MEANT.get(name, _NONE)
    if name in SECRETS:
        return HIDDEN
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple | frozenset):
        return ", ".join(sorted(map(str, value)))
    return str(value)


def _without_secrets(url: str) -> str:
    """Of a database URL the kind, host and name: user, password and options may be secret."""
    try:
        parts = urlsplit(url)
        if parts.scheme.startswith("sqlite"):
            return f"{parts.scheme}://{parts.path}"
        host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
    except ValueError:
        return HIDDEN
    user = f"{HIDDEN}@" if "@" in parts.netloc else ""
    return f"{parts.scheme}://{user}{host}{port}{parts.path}" if parts.scheme and "@" not in parts.path else HIDDEN


def of_site(path: Path, site: Site, shipped: Mapping[tuple[str, ...], str]) -> Iterator[Line]:
    """What a site file sets, each with its line. ``shipped``: numbers as they ship, by their place."""
    for where, value in _set(site):
        line = line_of(path, *where)
        name = tuple(map(str, where))
        instead = f" (ships as {shipped[name]})" if name in shipped else ""
        yield Line(".".join(name), f"{value}{instead}", f"site file {path}{f':{line}' if line else ''}")


def of_clients(clients: Iterable[Client], origin: str) -> Iterator[Line]:
    """Clients of ``CDS_CLIENTS``."""
    yield from (Line(f"clients.{client.name}", _client(client), origin) for client in clients)


def _set(site: Site) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for number, client in enumerate(site.clients):
        yield ("clients", number), f"{client.name}: {_client(client)}"
    for topic, numbers in site.parameters.items():
        yield from ((("parameters", topic, name), str(value)) for name, value in numbers.items())
    for kind in ("windows", "topics", "code_systems", "prefetch"):
        yield from (((kind, key), str(value)) for key, value in getattr(site, kind).items())
    for number, silence in enumerate(site.silent):
        yield ("silent", number), f"{silence.topic} until {silence.until}"
    for kind in ("codes", "names", "preference_list"):
        if count := len(getattr(site, kind)):
            yield (kind,), f"{count} entries"
    if site.suppression:
        yield ("suppression",), f"{site.suppression.hours} h"
    if site.seen != NO_SITE.seen:
        once = site.said_once
        warnings = f", warnings {once.warning_days} days" if once and once.warning_days else ""
        yield ("seen",), f"{once.days} days{warnings}" if once else "off"
    if site.feedback != NO_SITE.feedback:
        comments = "kept" if site.feedback.comments else "not kept"
        yield ("feedback",), f"comments {comments}, {len(site.feedback.reasons)} reasons of the site"
    if site.ibandronate != NO_SITE.ibandronate:
        yield ("ibandronate",), site.ibandronate


def _client(client: Client) -> str:
    said = [f"profile {client.profile}"]
    said += [f"issuer {client.issuer}"] if client.issuer else []
    said += ["keys"] if client.keys else []
    said += ["certificates"] if client.certificate_subjects else []
    said += [f"FHIR {', '.join(client.fhir_servers)}"] if client.fhir_servers else []
    said += [f"language {client.default_language}"] if client.default_language else []
    return ", ".join(said)
