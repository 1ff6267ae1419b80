"""``cds-service diff``: which cards differ between two versions of the content."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cds_service.base.complaints import StartFault
from cds_service.site.settings import Settings

if TYPE_CHECKING:
    from cds_service.workbench.compare import Answers, Changed, Difference

RUNNING = "running"
_SIGNS = {"same": "{}", "gone": "[-{}-]", "new": "{{+{}+}}"}


@click.command("diff")
@click.argument("old")
@click.argument("new", default=RUNNING)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def diff_command(old: str, new: str, as_json: bool) -> None:
    """Compare the cards of OLD and NEW over all shipped situations.

    Each is a recording (NDJSON), a folder of content like cards/, or "running": the content as it runs here. Ends with
    1 where a card differs.
    """
    import msgspec

    from cds_service.workbench.compare import compared

    found = compared(_answers(old), _answers(new))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        for line in lines(found):
            click.echo(line)
    sys.exit(1 if found.situations else 0)


def _answers(named: str) -> Answers:
    """The answers of a folder, a recording, or the running content. Raises ``ClickException``."""
    from cds_service.edition import Edition
    from cds_service.workbench.compare import NotARecording, answers_of, recorded

    path = Path(named)
    try:
        if named == RUNNING:
            return answers_of(Edition.load(Settings.from_env(os.environ)))
        if path.is_dir():
            return answers_of(Edition.load(Settings.from_env({}), path))
        return recorded(path.read_text(encoding="utf-8"))
    except (StartFault, NotARecording) as error:
        raise click.ClickException(f"{named}: {error}") from None
    except (OSError, UnicodeDecodeError):
        raise click.ClickException(f"{named} is no folder of content and no recording that can be read") from None


def lines(found: Difference) -> Iterator[str]:
    """The difference for a terminal: counts, then every card."""
    yield (
        f"{found.count('new')} new, {found.count('gone')} gone, {found.count('changed')} changed, in"
        f" {len(found.situations)} situations"
    )
    for name, counts in [*found.by_topic.items(), *found.by_indicator.items()]:
        yield f"  {name}: " + ", ".join(f"{n} {change}" for change, n in counts.items())
    if only := [*found.only_old, *found.only_new]:
        yield f"only in one of the two: {', '.join(only)}"
    for situation in found.situations:
        yield ""
        yield f"{situation.name} ({situation.language})"
        for change in situation.changes:
            yield from _card(change)


def _card(it: Changed) -> Iterator[str]:
    yield f"  {it.change} {it.indicator} {it.topic}"
    for part in it.parts:
        text = "".join(_SIGNS[kind].format(words) for kind, words in part.words)
        for line in text.splitlines():
            yield f"    {line}" if line.strip() else ""
