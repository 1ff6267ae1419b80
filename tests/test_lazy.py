"""A cold terminal: what a command imports before it can answer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from cds_service.tools.cli import _ELSEWHERE, main
from cds_service.tools.lazy import LazyGroup

# Each takes longer to import than answering takes.
HEAVY = {"flask", "werkzeug", "sqlalchemy", "alembic", "jinja2", "pydantic", "fhir", "requests", "cds_service.edition"}


def imported(*arguments: str) -> set[str]:
    """The modules in a process that ran ``cds-service ARGUMENTS``."""
    run = (
        "import sys\n"
        "from cds_service.tools.cli import main\n"
        f"try: main({list(arguments)!r})\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def commands(group: click.Group = main, *place: str) -> Iterator[tuple[str, ...]]:
    """Every command and every group of them, as it is typed."""
    yield place
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, *place, name)
        else:
            yield (*place, name)


@pytest.mark.parametrize(
    "arguments",
    [("--version",), ("fixture", "nothing-ordered"), *((*command, "--help") for command in commands())],
    ids=" ".join,
)
def test_what_needs_no_content_waits_for_none(arguments: tuple[str, ...]) -> None:
    assert imported(*arguments) & HEAVY == set()


def test_a_command_that_needs_them_has_them() -> None:
    """The test above can fail."""
    assert {"jinja2", "cds_service.edition"} <= imported("check", "nothing-ordered") & HEAVY


def test_every_command_elsewhere_is_there_under_its_name() -> None:
    context = click.Context(main)
    assert isinstance(main, LazyGroup)
    for name in _ELSEWHERE:
        command = main.get_command(context, name)
        assert command
        assert command.name == name
