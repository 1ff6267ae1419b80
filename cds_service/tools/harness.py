"""Commands for whoever builds a harness: which situations there are, as files for an HTTP client, with their cards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cds_service.base.kinds import LANGUAGE_NAMES, language_tag

if TYPE_CHECKING:
    from cds_service.fixtures import Situation

F = TypeVar("F", bound=Callable[..., Any])


def chosen(command: F) -> F:
    """The options that choose situations."""
    for option in (
        click.option(
            "--language",
            type=click.Choice(LANGUAGE_NAMES, case_sensitive=False),
            default=None,
            help="Asked in this language.",
        ),
        click.option("--dialect", default=None, help="As this client writes FHIR: R4, R5, epic, sandbox …"),
        click.option("--topic", default=None, help="With a card of this topic."),
    ):
        command = option(command)
    return command


def _matching(topic: str | None, dialect: str | None, language: str | None) -> list[Situation]:
    """The situations of a kind; none of it is somebody's slip, and told as one."""
    from cds_service import fixtures

    if found := list(fixtures.matching(topic, dialect, language_tag(language))):
        return found
    every = [situation.story for situation in fixtures.situations()]
    dialects, topics = {story.dialect for story in every}, {topic for story in every for topic in story.topics}
    known = f"Dialects: {', '.join(sorted(dialects))}. Topics: {', '.join(sorted(topics))}."
    raise click.ClickException(f"there is no situation of this kind. {known}")


@click.command("fixtures")
@chosen
@click.option("--json", "as_json", is_flag=True, help="A JSON object on each line.")
def fixtures_command(topic: str | None, dialect: str | None, language: str | None, as_json: bool) -> None:
    """List the shipped situations."""
    import json

    from cds_service.tools.situations import described

    for situation in _matching(topic, dialect, language):
        if as_json:
            click.echo(json.dumps(described(situation), ensure_ascii=False))
        else:
            click.echo(f"{situation.name}: {situation.story.title}")


@click.command("record")
@chosen
@click.option("--with-requests", is_flag=True, help="Write the body that was asked too.")
def record_command(topic: str | None, dialect: str | None, language: str | None, with_requests: bool) -> None:
    """Print what this version answers to the shipped situations: NDJSON, a situation and its cards on each line.

    Each is asked at its own time, so two versions differ only where their answers do.
    """
    from cds_service.tools import loading
    from cds_service.tools.situations import recorded

    edition = loading.edition(loading.settings())
    click.echo(f"knowledge {edition.version}", err=True)
    for situation in _matching(topic, dialect, language):
        click.echo(recorded(edition, situation, with_request=with_requests))


@click.command("http")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@chosen
@click.option("--base-url", default="http://127.0.0.1:8000", show_default=True, help="The server that is asked.")
def export_http(folder: Path, topic: str | None, dialect: str | None, language: str | None, base_url: str) -> None:
    """Write an .http file of each shipped situation into DIR (for VS Code, JetBrains …), dates moved to today."""
    from cds_service.base.clock import local_now
    from cds_service.tools.situations import http_file

    found, now = _matching(topic, dialect, language), local_now()
    folder.mkdir(parents=True, exist_ok=True)
    for situation in found:
        (folder / f"{situation.name}.http").write_text(http_file(situation, base_url, now), encoding="utf-8")
    click.echo(f"wrote {len(found)} files to {folder}")
