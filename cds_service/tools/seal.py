"""``cds-service seal``: a named person signs the content of ``cards/``."""

from __future__ import annotations

import os
import sys
from datetime import datetime

import click

from cds_service.base.complaints import StartFault
from cds_service.base.folders import content_root
from cds_service.site.settings import Settings

_LONGEST_NAME = 200


def _name(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    name = " ".join(value.split())
    if not (name.isprintable() and sum(c.isalpha() for c in name) > 1 and len(name) <= _LONGEST_NAME):
        raise click.BadParameter("give the name of the person who signs")
    return name


@click.command("seal")
@click.option("--by", callback=_name, help="Name of the person who has reviewed the content and answers for it.")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; fail unless the content is as it was sealed.")
def seal_command(by: str | None, *, only_check: bool) -> None:
    """Sign the content of cards/ as it is now: production starts with nothing else.

    The seal is written to cards/seal.yaml, or where CDS_SEAL_FILE says.
    """
    from cds_service.edition import Edition
    from cds_service.knowledge.seal import SEAL, seal, standing

    if (by is None) != only_check:
        raise click.UsageError("say who signs (--by NAME), or --check")
    root = content_root()
    try:
        file = Settings.from_env(os.environ).seal_file
        if only_check:
            found = standing(root, file)
            click.echo(f"{found}")
            sys.exit(0 if found.holds else 1)
        assert by is not None
        # Content that does not load is signed by nobody; as it ships, whatever the site sets.
        Edition.load(Settings())
        before = seal(root, by, datetime.now().astimezone().date(), file)
    except StartFault as error:
        raise click.ClickException(str(error)) from None
    for line in before.differing:
        click.echo(line)
    click.echo(f"{file or root / SEAL}: sealed by {by}; before: {before}")
