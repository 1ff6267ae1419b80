"""The ``cds-service`` command."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import traceback
from collections import Counter
from datetime import datetime
from pathlib import Path

import click
import msgspec

from cds_service import __version__, fixtures
from cds_service.base.complaints import Faults, StartFault
from cds_service.base.folders import content_root
from cds_service.base.kinds import LANGUAGES, LanguageTag
from cds_service.call.hook import read_hook
from cds_service.call.problems import CallProblem, RuleFailed
from cds_service.caller import Defaults
from cds_service.edition import Edition
from cds_service.knowledge.codelists import accept
from cds_service.report.command import report as report_command
from cds_service.site.check import Known
from cds_service.site.load import load_site
from cds_service.site.model import NO_SITE, Site
from cds_service.site.settings import Settings
from cds_service.store.command import db_group, purge_command
from cds_service.tools.asking import answer_body
from cds_service.tools.diff import diff_command
from cds_service.tools.explaining import explained_answer
from cds_service.tools.leniency import leniencies
from cds_service.tools.seal import seal_command
from cds_service.tools.site_export import site_command
from cds_service.web.app import load_app, local_now
from cds_service.web.outcomes import of_problem


@click.group()
@click.version_option(__version__, prog_name="cds-service")
def main() -> None:
    """CDS Hooks service for lung cancer bone metastasis (synthetic data; not a registered medical device)."""


main.add_command(db_group)
main.add_command(purge_command)
main.add_command(report_command)
main.add_command(seal_command)
main.add_command(diff_command)


def _settings() -> Settings:
    try:
        return Settings.from_env(os.environ)
    except StartFault as error:
        raise click.ClickException(str(error)) from None


def _edition(settings: Settings) -> Edition:
    try:
        return Edition.load(settings)
    except StartFault as error:
        raise click.ClickException(str(error)) from None


@main.command()
def serve() -> None:
    """Start the server (HOST, PORT, WORKERS, THREADS and CDS_* from the environment)."""
    from cds_service.web.serve import serve as run

    settings = _settings().keyed()
    try:
        run(lambda: load_app(settings), settings)
    except StartFault as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.argument("name")
@click.option("--at", "at", help="Move the story to this time (ISO 8601); default: now.")
def fixture(name: str, at: str | None) -> None:
    """Print the request of a shipped situation, its dates moved to today: pipe it into curl."""
    try:
        situation = fixtures.load(name)
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from None
    click.echo(situation.request_at(_time(at)).decode())


@main.command("fixtures")
def list_fixtures() -> None:
    """List the shipped situations."""
    for situation in fixtures.situations():
        click.echo(f"{situation.name}: {situation.story.title}")


def _time(text: str | None) -> datetime:
    if text is None:
        return local_now()
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("not an ISO 8601 time", param_hint="--at") from None
    return time if time.tzinfo else time.astimezone()


@main.command()
@click.argument("file")
@click.option("--at", "at", help="Evaluate at this time (ISO 8601); default: a situation's own time, else now.")
@click.option("--language", type=click.Choice(LANGUAGES), default=None)
@click.option("--service", default=None, help="Service id; default: the situation's, else the only one.")
@click.option("--explain", "explained", is_flag=True, help="Say in words which rule said what on which facts.")
@click.option("--json", "view", flag_value="json", help="With --explain: as JSON.")
@click.option("--html", "view", flag_value="html", help="With --explain: as one HTML page.")
def check(
    file: str, at: str | None, language: LanguageTag | None, service: str | None, explained: bool, view: str | None
) -> None:
    """Answer one request from FILE (a JSON body, or the name of a shipped situation) through the same line as HTTP."""
    if view and not explained:
        raise click.UsageError(f"--{view} says how an explanation is shown: give --explain too")
    settings = _settings()
    edition = _edition(settings)
    path = Path(file)
    if path.is_file():
        body, time = path.read_bytes(), _time(at)
    else:
        try:
            situation = fixtures.load(file)
        except FileNotFoundError as error:
            raise click.ClickException(f"{file} is no file, and {error}") from None
        body, time = situation.request, _time(at) if at else situation.at
        language, service = language or situation.story.language, service or situation.story.service
    defaults = Defaults(settings.default_language, settings.fhir_version)
    try:
        answered = answer_body(edition, service or edition.service_ids[0], body, time, language, defaults)
    except CallProblem as problem:
        status, outcome = of_problem(problem)
        click.echo(json.dumps(outcome, ensure_ascii=False, indent=2))
        click.echo(f"HTTP status would be {status}", err=True)
        if isinstance(problem, RuleFailed):
            # On this terminal only: over HTTP no value of a patient may leave with an exception.
            click.echo(_raised(problem.__cause__), err=True)
        sys.exit(1)
    if explained:
        for line in explained_answer(edition, answered, time, view):
            click.echo(line)
    else:
        click.echo(msgspec.json.format(msgspec.json.encode(answered.response), indent=2).decode())


def _raised(error: BaseException | None) -> str:
    """An exception with the file and the line it was raised at."""
    if error is None:
        return "(no exception)"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error}, at {frame.filename}:{frame.lineno}"


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--fhir-version", type=click.Choice(["R4", "R4B", "R5"]), default="R4")
def validate(file: Path, fhir_version: str) -> None:
    """Say of every resource in FILE what fhir.resources finds and what this service would do with it.

    Of a CDS Hooks request also why it would be refused, and every leniency it needs.
    """
    # Imported here: loading the FHIR models takes longer than any other command.
    from cds_service.tools.validate import validate as judge

    body, edition = file.read_bytes(), _edition(_settings())
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"{file}: not JSON that can be read ({error})") from None
    broken = False
    if isinstance(request, dict) and "hook" in request:
        broken = _refused(body, edition)
    for where, leniency in leniencies(request):
        click.echo(f"{where}: lenient; {leniency}")
    for report in judge(request, fhir_version, edition, local_now()):
        click.echo(f"{report.where} {report.kind}: {'valid' if report.valid else 'invalid'}; reader: {report.reader}")
        for line in report.errors:
            click.echo(f"    {line}")
        broken = broken or not report.valid
    sys.exit(1 if broken else 0)


def _refused(body: bytes, edition: Edition) -> bool:
    """Whether the service refuses this request for its shape; then says why."""
    try:
        read_hook(body, "", tuple({hook for service in edition.knowledge.services.services for hook in service.hooks}))
    except CallProblem as problem:
        (issue,) = of_problem(problem)[1]["issue"]
        click.echo(f"{issue['expression'][0]}: refused; {issue['details']['text']}")
        return True
    return False


@main.command()
@click.option("--check", "only_check", is_flag=True, help="Write nothing; fail when a page is stale.")
def review(only_check: bool) -> None:
    """Write a review page per recommendation (cards/review/) from the running rules. Needs a source checkout."""
    from cds_service.review.pages import stale_pages, write_pages

    edition = _edition(Settings.from_env({}))
    stale = stale_pages(edition)
    if only_check and stale:
        raise click.ClickException(f"stale review pages: {', '.join(stale)}. Run `make review` and commit.")
    if not only_check:
        write_pages(edition)
    click.echo(f"{'checked' if only_check else 'wrote'} review pages" + (f" ({len(stale)} changed)" if stale else ""))


@main.command()
@click.option("--accept", "files", multiple=True, type=click.Path(exists=True, path_type=Path), required=True)
def codelists(files: tuple[Path, ...]) -> None:
    """Record the hash of reviewed code lists: an unreviewed change stops the start."""
    for file in files:
        try:
            accept(file)
        except StartFault as error:
            raise click.ClickException(str(error)) from None
        click.echo(f"accepted {file.name}")


def _site(settings: Settings, edition: Edition) -> Site:
    if settings.site_file is None:
        return NO_SITE
    faults = Faults()
    site = load_site(settings.site_file, Known.of(edition.knowledge, content_root(), faults), faults)
    try:
        faults.stop()
    except StartFault as error:
        raise click.ClickException(str(error)) from None
    return site


@main.command()
@click.option("--site", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def doctor(file: Path | None) -> None:
    """Check a site file (default: CDS_SITE_FILE): what is wrong with it, and what in it has no effect."""
    from cds_service.tools.doctor import examine

    settings = _settings()
    file = file or settings.site_file
    if file is None:
        raise click.ClickException("no site file: give --site FILE, or set CDS_SITE_FILE")
    # As it ships: a wrong site file would stop the edition from loading.
    edition = _edition(dataclasses.replace(settings, site_file=None))
    try:
        remarks = list(
            examine(
                file, Known.of(edition.knowledge, content_root(), Faults()), edition.terminology, local_now().date()
            )
        )
    except StartFault as error:
        raise click.ClickException(str(error)) from None
    for remark in remarks:
        click.echo(f"{'wrong' if remark.wrong else 'note'}: {remark.text}")
    if any(remark.wrong for remark in remarks):
        sys.exit(1)
    click.echo(f"{file}: usable")


@main.command("unmatched")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def list_unmatched(files: tuple[Path, ...]) -> None:
    """List the order texts in request FILES that no code list recognises, most frequent first."""
    from cds_service.deliver.unmatched import texts_of

    edition = _edition(_settings())
    counts: Counter[tuple[str, str]] = Counter()
    failed = False
    for file in files:
        try:
            counts += texts_of(edition, file.read_bytes(), local_now())
        except CallProblem as problem:
            failed = True
            _, outcome = of_problem(problem)
            click.echo(f"{file}: not read: {outcome['issue'][0]['details']['text']}", err=True)
    for (kind, text), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        click.echo(f"{count}\t{kind}\t{text}")
    sys.exit(1 if failed else 0)


@main.command("new-topic")
@click.argument("code")
@click.option("--service", required=True, help="The service that asks it: an id of cards/services.yaml.")
@click.option("--on", "trigger", default="bisphosphonate", help="A drug group, procedure:<concept>, or chart.")
def new_topic(code: str, service: str, trigger: str) -> None:
    """Write the papers of a new topic CODE (YAML, rule, both texts, cases). Needs a source checkout."""
    from cds_service.tools.new_topic import NotWritten, write_papers

    edition = _edition(Settings.from_env({}))
    try:
        papers = write_papers(edition, code, service, trigger, content_root())
    except NotWritten as error:
        raise click.ClickException(str(error)) from None
    for path in papers.written:
        click.echo(f"wrote {path}")
    for line in papers.next_steps:
        click.echo(line)


@main.command("names")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def read_names(file: Path) -> None:
    """Say what each wording of FILE (a line each, or YAML with what is expected) means to this service."""
    from cds_service.tools.names import names

    for line in names(_edition(_settings()).terminology, file):
        click.echo(line)


@main.command("burden")
def measure_burden() -> None:
    """Ask the made-up ward of tools/burden/ward.yaml and write deploy/burden.md: how many cards it gets.

    Needs a source checkout.
    """
    from cds_service.tools.burden.assumptions import assumptions
    from cds_service.tools.burden.page import page, page_file

    page_file().write_text(page(_edition(Settings.from_env({})), assumptions()), encoding="utf-8")
    click.echo(f"wrote {page_file()}")


@main.group()
def export() -> None:
    """Print what others need of the running edition."""


export.add_command(site_command)


@export.command("epic-sheet")
@click.option("--base-url", required=True, help="Where Epic reaches this server: https://cds.example.org")
def epic_sheet(base_url: str) -> None:
    """Print the build sheet (Markdown) that a hospital's Epic analyst types in."""
    from cds_service.tools.epic import sheet

    settings = _settings()
    edition = _edition(settings)
    for line in sheet(edition, _site(settings, edition), base_url):
        click.echo(line)
