"""``cds-service validate``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from cds_service.base.clock import local_now
from cds_service.call.problems import CallProblem
from cds_service.tools import loading

if TYPE_CHECKING:
    from cds_service.edition import Edition

_VERSIONS = ("R4", "R4B", "R5")


@click.command()
@click.argument("what", metavar="FILE|NAME|-")
@click.option("--fhir-version", type=click.Choice(_VERSIONS), help="Default: a situation's own, else R4.")
def validate(what: str, fhir_version: str | None) -> None:
    """Say of every resource in FILE (or of a shipped situation, or of standard input: -) what fhir.resources finds and
    what this service would do with it.

    Of a CDS Hooks request also why it would be refused, and every leniency it needs.
    """
    from cds_service.tools.given import given
    from cds_service.tools.leniency import leniencies
    from cds_service.tools.validate import validate as judge

    settings = loading.settings()
    read = given(what, settings.max_body_bytes)
    situation = read.situation
    own = situation.story.dialect if situation and situation.story.dialect in _VERSIONS else "R4"
    try:
        request = json.loads(read.body)
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"{what}: not JSON that can be read ({error})") from None
    edition = loading.edition(settings)
    broken = isinstance(request, dict) and "hook" in request and _refused(read.body, edition)
    for where, leniency in leniencies(request):
        click.echo(f"{where}: lenient; {leniency}")
    time = situation.at if situation else local_now()
    for report in judge(request, fhir_version or own, edition, time):
        click.echo(f"{report.where} {report.kind}: {'valid' if report.valid else 'invalid'}; reader: {report.reader}")
        for line in report.errors:
            click.echo(f"    {line}")
        broken = broken or not report.valid
    sys.exit(1 if broken else 0)


def _refused(body: bytes, edition: Edition) -> bool:
    """Whether the service refuses this request for its shape; then says why."""
    from cds_service.call.hook import read_hook
    from cds_service.web.outcomes import of_problem

    try:
        read_hook(body, "", tuple({hook for service in edition.knowledge.services.services for hook in service.hooks}))
    except CallProblem as problem:
        (issue,) = of_problem(problem)[1]["issue"]
        click.echo(f"{issue['expression'][0]}: refused; {issue['details']['text']}")
        return True
    return False
