"""The command itself."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import click

from cds_service.base.clock import local_now
from cds_service.base.complaints import Faults
from cds_service.site.settings import Settings

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--site", "file", type=_FILE, help="In place of CDS_SITE_FILE.")
@click.option("--offline", is_flag=True, help="Ask no FHIR server and no key server.")
def doctor(file: Path | None, *, offline: bool) -> None:
    """Examine everything a server starts with: settings, content, seal, site file, clients and keys, database, address,
    clock, and whether FHIR and key servers can be reached.

    Changes nothing. Ends with 1 when something is wrong; notes are worth reading.
    """
    from cds_service.tools.doctor.whole import examination

    faults = Faults()
    settings = Settings.read(os.environ, faults)
    if file:
        faults.found = [fault for fault in faults.found if getattr(fault, "name", None) != "CDS_SITE_FILE"]
        settings = dataclasses.replace(settings, site_file=file)
    failed = 0
    for remark in examination(settings, faults, local_now(), os.environ, offline=offline):
        click.echo(str(remark))
        failed += remark.level == "wrong"
    click.echo(f"{failed} wrong" if failed else "nothing is wrong")
    sys.exit(1 if failed else 0)
