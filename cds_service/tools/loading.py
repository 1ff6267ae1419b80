"""Settings and edition for a command; what stops a start is told like any mistake at a terminal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from cds_service.base.complaints import StartFault
from cds_service.site.settings import Settings

if TYPE_CHECKING:
    from cds_service.edition import Edition


def settings() -> Settings:
    """Of the environment. Raises ``ClickException``."""
    try:
        return Settings.from_env(os.environ)
    except StartFault as error:
        raise click.ClickException(str(error)) from None


def edition(of: Settings) -> Edition:
    """All content, as these settings have it. Raises ``ClickException``."""
    from cds_service.edition import Edition  # noqa: PLC0415  # a third of a second, which --version does not take

    try:
        return Edition.load(of)
    except StartFault as error:
        raise click.ClickException(str(error)) from None
