"""The ``cds-service`` command."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cds_service import __version__, fixtures
from cds_service.base.complaints import Faults, StartFault
from cds_service.base.folders import content_root
from cds_service.call.problems import CallProblem
from cds_service.site.settings import Settings
from cds_service.tools import loading
from cds_service.tools.lazy import LazyGroup
from cds_service.tools.times import time_of

if TYPE_CHECKING:
    from cds_service.edition import Edition
    from cds_service.site.model import Site

# What takes long to import waits for the command that needs it: `--version` and `--help` are answered at once.
_ELSEWHERE = {
    "check": "cds_service.tools.commands.check:check",
    "config": "cds_service.tools.commands.config:config",
    "db": "cds_service.store.command:db_group",
    "diff": "cds_service.tools.diff:diff_command",
    "doctor": "cds_service.tools.doctor.command:doctor",
    "fixtures": "cds_service.tools.harness:fixtures_command",
    "purge": "cds_service.store.command:purge_command",
    "record": "cds_service.tools.harness:record_command",
    "report": "cds_service.report.command:report",
    "seal": "cds_service.tools.seal:seal_command",
    "serve": "cds_service.tools.commands.serve:serve",
    "validate": "cds_service.tools.commands.validate:validate",
}
_EXPORTS = {
    "http": "cds_service.tools.harness:export_http",
    "site": "cds_service.tools.site_export:site_command",
}


@click.group(cls=LazyGroup, elsewhere=_ELSEWHERE)
@click.version_option(__version__, prog_name="cds-service")
def main() -> None:
    """CDS Hooks service for lung cancer bone metastasis (synthetic data; not a registered medical device)."""


def _settings() -> Settings:
    return loading.settings()


def _edition(settings: Settings) -> Edition:
    return loading.edition(settings)


@main.command()
@click.argument("name")
@click.option("--at", "at", help="Move the story to this time (ISO 8601); default: now.")
def fixture(name: str, at: str | None) -> None:
    """Print the request of a shipped situation, its dates moved to today: pipe it into curl."""
    try:
        situation = fixtures.load(name)
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from None
    click.echo(situation.request_at(time_of(at)).decode())


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
    from cds_service.knowledge.codelists import accept

    for file in files:
        try:
            accept(file)
        except StartFault as error:
            raise click.ClickException(str(error)) from None
        click.echo(f"accepted {file.name}")


def _site(settings: Settings, edition: Edition) -> Site:
    from cds_service.site.check import Known
    from cds_service.site.load import load_site
    from cds_service.site.model import NO_SITE

    if settings.site_file is None:
        return NO_SITE
    faults = Faults()
    site = load_site(settings.site_file, Known.of(edition.knowledge, content_root(), faults), faults)
    try:
        faults.stop()
    except StartFault as error:
        raise click.ClickException(str(error)) from None
    return site


@main.command("unmatched")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def list_unmatched(files: tuple[Path, ...]) -> None:
    """List the order texts in request FILES that no code list recognises, most frequent first."""
    from cds_service.base.clock import local_now
    from cds_service.deliver.unmatched import texts_of
    from cds_service.web.outcomes import of_problem

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


@main.group(cls=LazyGroup, elsewhere=_EXPORTS)
def export() -> None:
    """Write what others need of the running edition."""


@export.command("epic-sheet")
@click.option("--base-url", required=True, help="Where Epic reaches this server: https://cds.example.org")
def epic_sheet(base_url: str) -> None:
    """Print the build sheet (Markdown) that a hospital's Epic analyst types in."""
    from cds_service.tools.epic import sheet

    settings = _settings()
    edition = _edition(settings)
    for line in sheet(edition, _site(settings, edition), base_url):
        click.echo(line)
