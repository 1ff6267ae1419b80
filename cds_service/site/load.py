"""Reads the site file and applies it: pure functions from what ships and what the site says to what runs."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import msgspec

from cds_service.base.complaints import ContentError, Faults, SettingsError
from cds_service.base.yamlfile import line_of, load_as
from cds_service.knowledge.codelists import Row
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import Parameter, Recommendation, Table
from cds_service.knowledge.opioids import Opioids, quotient
from cds_service.site.check import Known, complaints
from cds_service.site.complaint import Complaint
from cds_service.site.model import NO_SITE, Client, LocalCode, LocalName, Site

IBANDRONATE = "ibandronate"
_CLIENTS = "CDS_CLIENTS"


def load_site(path: Path | None, known: Known, faults: Faults, more: str | None = None) -> Site:
    """The site file with the clients of ``CDS_CLIENTS`` (``more``: a JSON array of entries like those of the file),
    checked against the content. Every mistake is noted in ``faults``; a file that is no site file counts as none."""
    file, clients = NO_SITE, list[Client]()
    with faults.noted():
        file = load_as(path, Site) if path else NO_SITE
    with faults.noted():
        clients = _clients(more or "[]")
    site = msgspec.structs.replace(file, clients=[*file.clients, *clients])
    for complaint in complaints(site, known):
        if path is None or _of_the_environment(complaint, file):
            faults.add(SettingsError(_CLIENTS, complaint.what, complaint.remedy))
        else:
            faults.add(ContentError(path, line_of(path, *complaint.where), complaint.what, complaint.remedy))
    return site


def clients_of(path: Path | None, more: str | None = None) -> list[Client]:
    """The clients of both, not checked against anything. Raises ``StartFault`` where one of them cannot be read."""
    return [*(load_as(path, Site) if path else NO_SITE).clients, *_clients(more or "[]")]


def _clients(text: str) -> list[Client]:
    try:
        return msgspec.json.decode(text, type=list[Client])
    except msgspec.MsgspecError as error:
        remedy = "Write a JSON array of clients, as under clients: in deploy/site.example.yaml"
        raise SettingsError(_CLIENTS, f"cannot be read ({error})", remedy) from None


def _of_the_environment(complaint: Complaint, file: Site) -> bool:
    kind, number, *_ = (*complaint.where, 0, 0)
    return kind == "clients" and isinstance(number, int) and number >= len(file.clients)


def apply(recommendations: Mapping[str, Recommendation], site: Site) -> dict[str, Recommendation]:
    """The recommendations with the site's numbers, without the topics it switched off.

    With ``ibandronate: label`` the dose tables lose its row: no dose is named for it and none offers it instead.
    Silent topics stay: they are evaluated. The site must have passed ``complaints``.
    """
    return {topic: _applied(it, site) for topic, it in recommendations.items() if topic not in site.off}


def apply_windows(measurements: Measurements, site: Site) -> Measurements:
    """The measurements with the site's look-back windows."""
    shipped = measurements.windows
    changed = {name: _set(shipped[name], value) for name, value in site.windows.items()}
    return msgspec.structs.replace(measurements, windows=shipped | changed)


def apply_opioids(opioids: Opioids, site: Site, *, published: bool) -> Opioids:
    """The table that converts opioids here: the site's own, else the shipped one where ``published`` numbers are on."""
    if own := site.opioid_factors:
        return opioids.of_site(own.table, own.source, {name: quotient(text) for name, text in own.factors.items()})
    return opioids if published else opioids.switched_off()


def far_factors(opioids: Opioids, site: Site) -> tuple[str, ...]:
    """The ingredients whose factor of the site is less than half of the shipped one, or more than twice it."""
    own = site.opioid_factors
    return tuple(opioids.far({name: quotient(text) for name, text in own.factors.items()})) if own else ()


def rows(site: Site) -> tuple[Row, ...]:
    """The site's codes and names as rows of the code lists: recognised, never emitted."""
    return (*map(_code, site.codes), *map(_name, site.names))


def _applied(it: Recommendation, site: Site) -> Recommendation:
    if own := site.parameters.get(it.topic):
        changed = {name: _set(it.parameters[name], value) for name, value in own.items()}
        it = msgspec.structs.replace(it, parameters=it.parameters | changed)
    if site.ibandronate == "label" and it.tables:
        it = msgspec.structs.replace(it, tables={name: _without(table) for name, table in it.tables.items()})
    return it


def _set(parameter: Parameter, value: Decimal) -> Parameter:
    return msgspec.structs.replace(parameter, value=value)


def _without(table: Table) -> Table:
    kept = {drug: bands for drug, bands in table.rows.items() if drug != IBANDRONATE}
    gaps = {drug: gap for drug, gap in table.no_row.items() if drug != IBANDRONATE}
    return msgspec.structs.replace(table, rows=kept, no_row=gaps)


def _code(it: LocalCode) -> Row:
    return _row(it, it.system, it.code)


def _name(it: LocalName) -> Row:
    return _row(it, f"text:{it.lang}", it.text)


def _row(it: LocalCode | LocalName, system: str, code: str) -> Row:
    """``S``: one source, the site; only verified codes (``V``) are ever emitted."""
    return Row(
        concept=it.concept,
        domain=it.domain,
        system=system,
        code=code,
        display=code,
        match="exact",
        status="S",
        product=it.product,
        flags=frozenset(),
        ingredient=None,
        strength=None,
    )
