"""``cds-service check``."""

from __future__ import annotations

import json
import sys
import traceback
from datetime import datetime
from typing import TYPE_CHECKING

import click

from cds_service.base.kinds import LANGUAGE_NAMES, language_tag
from cds_service.call.problems import CallProblem, RuleFailed
from cds_service.tools import loading
from cds_service.tools.times import time_of

if TYPE_CHECKING:
    from cds_service.answer import Answer
    from cds_service.edition import Edition


@click.command()
@click.argument("what", metavar="FILE|NAME|-")
@click.option("--at", "at", help="Evaluate at this time (ISO 8601); default: a situation's own time, else now.")
@click.option("--language", type=click.Choice(LANGUAGE_NAMES, case_sensitive=False), default=None)
@click.option("--service", default=None, help="Service id; default: the situation's, else the only one.")
@click.option("--explain", "explained", is_flag=True, help="Say in words which rule said what on which facts.")
@click.option("--json", "view", flag_value="json", help="With --explain: as JSON.")
@click.option("--html", "view", flag_value="html", help="With --explain: as one HTML page.")
def check(
    what: str, at: str | None, language: str | None, service: str | None, explained: bool, view: str | None
) -> None:
    """Answer one request through the same line as HTTP: a JSON body in FILE, a shipped situation by its NAME, or
    standard input (-)."""
    from cds_service.caller import Defaults
    from cds_service.tools.asking import answer_body
    from cds_service.tools.dates import all_old
    from cds_service.tools.given import given

    if view and not explained:
        raise click.UsageError(f"--{view} says how an explanation is shown: give --explain too")
    settings, tag, time = loading.settings(), language_tag(language), time_of(at)
    read = given(what, settings.max_body_bytes)
    edition = loading.edition(settings)
    if situation := read.situation:
        tag, service = tag or situation.story.language, service or situation.story.service
        time = time if at else situation.at
    elif at is None and (old := all_old(read.body, time, edition.readers.measurements.windows.values())):
        click.echo(f"note: {old}", err=True)
    defaults = Defaults(settings.default_language, settings.fhir_version)
    try:
        answered = answer_body(edition, service or edition.service_ids[0], read.body, time, tag, defaults)
    except CallProblem as problem:
        _refused(problem, read.body)
    _show(edition, answered, time, view, explained=explained)


def _show(edition: Edition, answered: Answer, time: datetime, view: str | None, *, explained: bool) -> None:
    import msgspec

    from cds_service.tools.explaining import explained_answer

    if explained:
        for line in explained_answer(edition, answered, time, view):
            click.echo(line)
    else:
        click.echo(msgspec.json.format(msgspec.json.encode(answered.response), indent=2).decode())


def _refused(problem: CallProblem, body: bytes) -> None:
    from cds_service.web.outcomes import of_problem

    status, outcome = of_problem(problem)
    click.echo(json.dumps(outcome, ensure_ascii=False, indent=2))
    click.echo(f"HTTP status would be {status}", err=True)
    if other := _something_else(body):
        click.echo(f"note: {other}", err=True)
    if isinstance(problem, RuleFailed):
        # On this terminal only: over HTTP no value of a patient may leave with an exception.
        click.echo(_raised(problem.__cause__), err=True)
    sys.exit(1)


def _something_else(body: bytes) -> str | None:
    """What was given instead of a request, where that can be told."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(read, dict) or "hook" in read:
        return None
    if "resourceType" in read:
        return "this is a FHIR resource, not a CDS Hooks request; cds-service validate reads resources"
    return "this is an answer of a service, not a request" if "cards" in read else None


def _raised(error: BaseException | None) -> str:
    """An exception with the file and the line it was raised at."""
    if error is None:
        return "(no exception)"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error}, at {frame.filename}:{frame.lineno}"
