"""``cds-service config``: what is in force, and where each value comes from."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict

import click

from cds_service.base.clock import local_now
from cds_service.base.complaints import Faults, SettingsError
from cds_service.base.folders import content_root
from cds_service.base.yamlfile import load_as
from cds_service.knowledge.knowledge import Knowledge, load_knowledge
from cds_service.site.load import clients_of
from cds_service.site.model import Site
from cds_service.site.settings import Settings
from cds_service.tools.inforce import Line, of_clients, of_clock, of_settings, of_site


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON: an array of name, value, origin.")
def config(*, as_json: bool) -> None:
    """Print every setting in force and where it comes from (default, environment, file, site file); secrets hidden.

    What is not understood is told on standard error, and ends with 1.
    """
    faults = Faults()
    settings = Settings.read(os.environ, faults)
    lines = list(_lines(settings, os.environ, faults))
    if as_json:
        click.echo(json.dumps([asdict(line) for line in lines], ensure_ascii=False, indent=2))
    else:
        name, value = (max(len(getattr(line, key)) for line in lines) for key in ("name", "value"))
        for line in lines:
            click.echo(f"{line.name:<{name}}  {line.value:<{min(value, 40)}}  {line.origin}")
    for fault in faults.found:
        click.echo(f"Error: {fault}", err=True)
    sys.exit(1 if faults.found else 0)


def _lines(settings: Settings, environ: Mapping[str, str], faults: Faults) -> Iterator[Line]:
    failed = [fault.name for fault in faults.found if isinstance(fault, SettingsError)]
    yield from of_settings(settings, environ, failed)
    yield of_clock(local_now(), environ)
    if path := settings.site_file:
        with faults.noted():
            yield from of_site(path, load_as(path, Site), _shipped(load_knowledge(content_root(), faults)))
    if settings.clients:
        with faults.noted():
            yield from of_clients(clients_of(None, settings.clients), "CDS_CLIENTS")


def _shipped(knowledge: Knowledge) -> dict[tuple[str, ...], str]:
    """Numbers a site may set, as they ship."""
    found = {
        ("parameters", topic, name): f"{parameter.value} {parameter.unit}"
        for topic, it in knowledge.guideline.recommendations.items()
        for name, parameter in it.parameters.items()
    }
    windows = knowledge.measurements.windows
    return found | {("windows", name): f"{window.value} {window.unit}" for name, window in windows.items()}
