"""A group of commands whose modules are imported when one is asked for: ``--version`` waits for none of them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from cds_service.base.near import nearest

_Resolved = tuple[str | None, click.Command | None, list[str]]


class LazyGroup(click.Group):
    """``elsewhere``: name → ``module:attribute`` of a command that is not imported yet."""

    def __init__(self, *args: Any, elsewhere: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.elsewhere = elsewhere or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self.elsewhere})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.elsewhere:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self.elsewhere[cmd_name].partition(":")
        found = getattr(import_module(module), attribute)
        assert isinstance(found, click.Command)
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> _Resolved:
        """As click does; a name that is none is told the nearest."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = nearest(name, self.list_commands(ctx))
            said = f"Near to it: {', '.join(near)}." if near else "See cds-service --help."
            ctx.fail(f"There is no command {name!r}. {said}")
        return super().resolve_command(ctx, args)
