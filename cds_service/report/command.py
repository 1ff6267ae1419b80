"""``cds-service report``."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cds_service.base.complaints import StartFault
from cds_service.base.kinds import LANGUAGE_NAMES, language_tag
from cds_service.site.settings import Settings

if TYPE_CHECKING:
    from cds_service.edition import Edition
    from cds_service.report.figures import Figures, Period
    from cds_service.store.engine import Database

_DAYS = timedelta(days=90)
_WIDTH = 100
_FORMATS = ("table", "csv", "html")


@click.command()
@click.option("--since", help="First day, like 2026-01-31 (UTC); default: 90 days before the end.")
@click.option("--until", help="Last day, included (UTC); default: until now.")
@click.option("--issuer", help="Only calls of this issuer (iss of the token).")
@click.option("--tenant", help="Only calls of this tenant.")
@click.option("--format", "kind", type=click.Choice(_FORMATS), default="table", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file; default: stdout.")
@click.option(
    "--language", type=click.Choice(LANGUAGE_NAMES, case_sensitive=False), help="Default: CDS_DEFAULT_LANGUAGE."
)
def report(
    since: str | None,
    until: str | None,
    issuer: str | None,
    tenant: str | None,
    kind: str,
    output: Path | None,
    language: str | None,
) -> None:
    """How people react to the cards: shown, accepted, overridden and why, by topic. No patient data."""
    from cds_service.report.figures import Period  # noqa: PLC0415  # the other commands need none of these
    from cds_service.report.words import texts  # noqa: PLC0415

    try:
        settings = Settings.from_env(os.environ)
        tag = language_tag(language) or settings.default_language
        say = texts(tag)
        begin, end = dates(since, until, datetime.now(UTC), say)
        edition = _edition(settings)
        made = _figures(settings, edition, Period(begin, end, issuer, tenant), say)
    except StartFault as error:
        raise click.ClickException(str(error)) from None
    _write(_rendered(made, edition, tag, kind, to_terminal=output is None), output, say)


def dates(since: str | None, until: str | None, now: datetime, say: dict[str, str]) -> tuple[datetime, datetime]:
    """The period of two days as given, both included. Raises ``ClickException`` for what is no date or no period."""
    end = now
    if until is not None:
        # Days to come hold no calls, but would move the last seven days.
        end = min(now, _midnight("--until", until, say) + timedelta(days=1))
    begin = end - _DAYS if since is None else _midnight("--since", since, say)
    if begin >= end:
        shown = f"{end:%Y-%m-%d %H:%M}"
        raise click.ClickException(say["bad_period"].format(since=f"{begin:%Y-%m-%d}", until=shown))
    return begin, end


def _midnight(option: str, text: str, say: dict[str, str]) -> datetime:
    try:
        day = date.fromisoformat(text)
        # The first and the last days of the calendar leave no room for a period.
        _ = (day - _DAYS, day + timedelta(days=1))
    except (ValueError, OverflowError):
        raise click.ClickException(say["bad_date"].format(option=option, text=text)) from None
    return datetime.combine(day, time(), UTC)


def _edition(settings: Settings) -> Edition:
    from cds_service.edition import Edition  # noqa: PLC0415

    return Edition.load(settings)


def _figures(settings: Settings, edition: Edition, period: Period, say: dict[str, str]) -> Figures:
    """The figures; the database is looked at first. Raises ``ClickException`` where it cannot be read."""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

    from cds_service.report.reading import figures  # noqa: PLC0415
    from cds_service.store.engine import Database, parse_url  # noqa: PLC0415

    database = Database(parse_url(settings.database_url), connections=1)
    try:
        _usable(database, say)
        return figures(
            database,
            period.since,
            period.until,
            period.issuer,
            period.tenant,
            topics=tuple(edition.recommendations),
            wrong_advice=edition.knowledge.guideline.override_reasons.wrong_advice,
        )
    except SQLAlchemyError as error:
        # The kind only: the message of a driver may repeat the address and who asked.
        why = type(getattr(error, "orig", None) or error).__name__
        raise click.ClickException(say["unreachable"].format(why=why)) from None
    finally:
        database.close()


def _usable(database: Database, say: dict[str, str]) -> None:
    from cds_service.store import schema  # noqa: PLC0415

    if database.missing:
        raise click.ClickException(say["no_file"].format(path=database.url.database))
    found, needed = schema.revision(database), schema.newest()
    if found is None:
        raise click.ClickException(say["no_tables"])
    if found != needed:
        raise click.ClickException(say["other_revision"].format(found=found, needed=needed))


def _rendered(made: Figures, edition: Edition, tag: str, kind: str, *, to_terminal: bool) -> bytes:
    """The report as bytes. Only the format asked for is imported: pygal and rich take their time."""
    from cds_service.report.words import Words  # noqa: PLC0415

    words = Words.read(edition, tag)
    if kind == "csv":
        from cds_service.report import csvfile  # noqa: PLC0415

        return csvfile.render(made, words).encode(csvfile.ENCODING, "replace")
    if kind == "html":
        from cds_service.report import page  # noqa: PLC0415

        return page.render(made, words).encode("utf-8", "replace")
    from cds_service.report import table  # noqa: PLC0415

    colour = to_terminal and sys.stdout.isatty()
    width = shutil.get_terminal_size((_WIDTH, 0)).columns if colour else _WIDTH
    return table.render(made, words, width, colour=colour).encode("utf-8", "replace")


def _write(written: bytes, output: Path | None, say: dict[str, str]) -> None:
    if output is None:
        click.echo(written, nl=False)
        return
    try:
        output.write_bytes(written)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise click.ClickException(say["not_written"].format(path=output, why=why)) from None
    click.echo(say["written"].format(path=output), err=True)
