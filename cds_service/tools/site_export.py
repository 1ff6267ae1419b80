"""``cds-service export site``: the workbench as files that open without a server."""

from __future__ import annotations

import os
from pathlib import Path

import click

from cds_service.tools import loading


@click.command("site")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--strips/--no-strips", default=True, help="With where each answer changes (takes minutes).")
def site_command(folder: Path, strips: bool) -> None:
    """Write the workbench into FOLDER as pages that open from disk: situations, knowledge, API, in both languages."""
    from cds_service.web.openapi import openapi
    from cds_service.workbench.export import export_site

    edition = loading.edition(loading.settings())
    try:
        pages = export_site(edition, folder, openapi(edition, feedback=True, open_door=True), strips=strips)
    except OSError as error:
        raise click.ClickException(f"{folder}: {os.strerror(error.errno or 0)}") from None
    click.echo(f"wrote {pages} pages; open {folder / 'index.html'}")
