"""What a command is given to read: a file, ``-`` for standard input, or the name of a shipped situation."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import click

from cds_service import fixtures
from cds_service.base.near import nearest
from cds_service.fixtures import Situation

STDIN = "-"
# Names that are compared in a folder: who has more there is told the nearest of these.
_MOST_NAMES = 10_000


@dataclass(frozen=True)
class Given:
    """The bytes; ``situation`` when they are its request as it is kept."""

    body: bytes
    situation: Situation | None = None


def given(text: str, most: int) -> Given:
    """What ``text`` means, at most ``most`` bytes of it. Raises ``ClickException`` with words that help."""
    if text == STDIN:
        return Given(_standard_input(most))
    path = Path(text)
    try:
        if path.is_file():
            return Given(_bounded(path.read_bytes() if path.stat().st_size <= most else None, text, most))
        if path.is_dir() and not (path / "story.yaml").is_file():
            raise click.ClickException(f"{text} is a folder: give a file in it, or the name of a shipped situation")
    except (OSError, ValueError) as error:
        why = os.strerror(error.errno or 0) if isinstance(error, OSError) else "not a path"
        raise click.ClickException(f"{text} cannot be read ({why})") from None
    # A folder of fhir_fixtures/, as a shell completes it, is its situation.
    name = path.name if path.is_dir() else text
    try:
        situation = fixtures.load(name)
    except FileNotFoundError:
        raise click.ClickException(_not_there(path)) from None
    return Given(situation.request, situation)


def _standard_input(most: int) -> bytes:
    if sys.stdin.isatty():
        click.echo("reading standard input; Ctrl-D ends it", err=True)
    read = sys.stdin.buffer.read(most + 1)
    if not read.strip():
        raise click.ClickException(
            "standard input is empty: pipe a request into it, as in "
            f"cds-service fixture {fixtures.SHOWN} | cds-service check -"
        )
    return _bounded(read if len(read) <= most else None, "standard input", most)


def _bounded(body: bytes | None, what: str, most: int) -> bytes:
    if body is None:
        raise click.ClickException(f"{what} is larger than {most} bytes (CDS_MAX_BODY_BYTES): the server refuses it")
    return body


def _not_there(path: Path) -> str:
    shipped = fixtures.names()
    # What was written may be the path of a file or the name of a situation.
    near = list(dict.fromkeys([*nearest(path.name, _beside(path)), *nearest(path.stem, shipped)]))
    paths = {name: str(path.parent / name) for name in _beside(path)}
    said = f" Near to it: {', '.join(paths.get(name, name) for name in near[:3])}." if near else ""
    return (
        f"{path} is neither a file nor a shipped situation.{said} "
        f"`cds-service fixtures` lists all {len(shipped)} situations."
    )


def _beside(path: Path) -> Iterator[str]:
    """Names of requests in the folder of a path that is not there."""
    try:
        entries = [entry.name for entry in islice(path.parent.iterdir(), _MOST_NAMES)]
    except (OSError, ValueError):
        return
    yield from (name for name in entries if name.endswith((".json", ".JSON")))
