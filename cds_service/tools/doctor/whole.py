"""The whole examination: content, seal, site, clients, database, address, clock, reach."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import date, datetime

from cds_service.base.complaints import Faults, StartFault, StartRefused
from cds_service.base.folders import content_root
from cds_service.edition import Edition
from cds_service.knowledge.seal import Standing, standing
from cds_service.site.check import Known
from cds_service.site.load import clients_of
from cds_service.site.model import Client
from cds_service.site.settings import Settings
from cds_service.tools.doctor import machine
from cds_service.tools.doctor.reach import reach
from cds_service.tools.doctor.remark import Remark, note, ok, wrong
from cds_service.tools.doctor.site import examine
from cds_service.web.start import note_door

# The guideline of the content was published then: no clock that is right says less.
_GUIDELINE = date(2024, 1, 1)


def examination(
    settings: Settings, faults: Faults, now: datetime, environ: Mapping[str, str], *, offline: bool
) -> Iterator[Remark]:
    """Everything that is to be said. ``faults``: those of the settings. ``offline``: no server is asked."""
    names = {str(getattr(fault, "name", "")).removesuffix("_FILE") for fault in faults.found}
    yield from _told(faults.found)
    if not faults.found:
        yield ok(f"settings: {settings.profile}; `cds-service config` prints all")
    try:
        # As it ships: a wrong site file is told below, with what in it has no effect.
        edition = Edition.load(dataclasses.replace(settings, profile="development", site_file=None, clients=None))
    except StartFault as fault:
        yield from _told([fault])
        return
    yield ok(f"content: {len(edition.recommendations)} topics, {edition.version}")
    yield from _seal(settings)
    site = list(_site(settings, edition, now, missing="CDS_SITE_FILE" not in names))
    yield from site
    clients = list[Client]()
    if names.isdisjoint({"CDS_SITE_FILE", "CDS_CLIENTS"}):
        yield from _clients(settings, " ".join(remark.text for remark in site))
        clients = _readable(settings)
    if "CDS_DATABASE_URL" not in names:
        yield from machine.database(settings, now)
    if names.isdisjoint({"HOST", "PORT"}):
        yield from machine.port(settings)
    yield from machine.clock(now, edition.seal.seal.at if edition.seal.seal else _GUIDELINE, environ)
    if not offline:
        yield from reach(settings, clients, environ)


def _told(found: list[StartFault]) -> Iterator[Remark]:
    for fault in found:
        yield from (wrong(str(each)) for each in (fault.faults if isinstance(fault, StartRefused) else (fault,)))


def _seal(settings: Settings) -> Iterator[Remark]:
    try:
        found: Standing = standing(content_root(), settings.seal_file)
    except StartFault as fault:
        yield wrong(str(fault))
        return
    if found.holds:
        yield ok(f"seal: {found}")
    elif settings.profile == "production":
        yield wrong(f"seal: {found}. Once it has been reviewed: cds-service seal --by NAME")
    else:
        yield note(f"seal: {found}; production would not start")


def _site(settings: Settings, edition: Edition, now: datetime, *, missing: bool) -> Iterator[Remark]:
    path = settings.site_file
    if path is None:
        if missing:
            yield note("site file: none (CDS_SITE_FILE, or --site FILE): the content runs as it ships")
        return
    known = Known.of(edition.knowledge, content_root(), Faults())
    try:
        remarks = list(examine(path, known, edition.terminology, now.date()))
    except StartFault as fault:
        yield from _told([fault])
        return
    yield from remarks
    if not any(remark.level == "wrong" for remark in remarks):
        yield ok(f"site file: {path}: usable")


def _clients(settings: Settings, told: str) -> Iterator[Remark]:
    """``told``: what was said of the site file, with its lines."""
    faults = Faults()
    with faults.noted():
        clients_of(None, settings.clients)
    note_door(settings, faults)
    yield from _told([fault for fault in faults.found if getattr(fault, "what", str(fault)) not in told])
    clients = _readable(settings)
    if faults.found:
        return
    keyed = sum(bool(client.keys or client.certificate_subjects) for client in clients)
    if keyed:
        yield ok(f"clients: {keyed} of {len(clients)} authenticate")
    else:
        yield note("clients: none authenticates: whoever reaches this port is answered (development)")


def _readable(settings: Settings) -> list[Client]:
    try:
        return clients_of(settings.site_file, settings.clients)
    except StartFault:
        return []
