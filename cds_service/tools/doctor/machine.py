"""What this machine has to offer: database, port, clock. Looked at only; nothing is made or changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from cds_service.base.complaints import SettingsError
from cds_service.site.settings import Settings
from cds_service.store import schema
from cds_service.store.engine import Database, parse_url
from cds_service.tools.doctor.remark import Remark, note, ok, wrong
from cds_service.web.listening import listen

# More than messages take; tokens are judged by seconds.
_CLOCKS_DIFFER = timedelta(seconds=30)


def database(settings: Settings, now: datetime) -> Iterator[Remark]:
    """Whether it can be read, and has the tables of this version."""
    try:
        opened = Database(parse_url(settings.database_url), connections=1)
    except SettingsError as error:
        yield wrong(str(error))
        return
    production = settings.profile == "production"
    kind = opened.url.get_backend_name()
    try:
        if opened.missing:
            said = "there is no file yet"
            yield (
                wrong(f"database ({kind}): {said}. Run `cds-service db upgrade`")
                if production
                else note(f"database ({kind}): {said}; the server makes it")
            )
            return
        yield from _schema(opened, kind, production=production)
        yield from _its_clock(opened, now)
    except SQLAlchemyError as error:
        # The kind only: a driver's message may repeat the address and who asked.
        why = type(getattr(error, "orig", None) or error).__name__
        remedy = "See that it exists, is reachable, and can be read"
        yield wrong(f"CDS_DATABASE_URL: the database cannot be opened ({why}). {remedy}")
    finally:
        opened.close()


def _schema(opened: Database, kind: str, *, production: bool) -> Iterator[Remark]:
    found, needed = schema.revision(opened), schema.newest()
    if found == needed:
        yield ok(f"database ({kind}): schema {found}")
    elif found is not None and found not in schema.known_revisions():
        yield wrong(f"database ({kind}): schema {found} is of a newer version of this service. Run that version")
    elif production:
        yield wrong(f"database ({kind}): schema {found or '(none)'}, needed {needed}. Run `cds-service db upgrade`")
    else:
        yield note(f"database ({kind}): schema {found or '(none)'}; the server brings it to {needed}")


def _its_clock(opened: Database, now: datetime) -> Iterator[Remark]:
    """Used tokens are forgotten by the clocks of all machines that share a database."""
    if opened.is_sqlite:
        return
    with opened.engine.connect() as connection:
        there: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    if abs(there - now) > _CLOCKS_DIFFER:
        seconds = round((there - now).total_seconds())
        yield wrong(f"clock: the database's differs from this machine's by {seconds} s. Set both by NTP")


def port(settings: Settings) -> Iterator[Remark]:
    """Whether the address can be listened on."""
    shown = f"{settings.host}:{settings.port}"
    try:
        listen(settings.host, settings.port).close()
    except SettingsError as error:
        # A doctor is asked beside a running server too.
        yield note(f"{error}") if error.name == "PORT" else wrong(str(error))
    else:
        yield ok(f"address: {shown} is free")


def clock(now: datetime, released: date, environ: Mapping[str, str]) -> Iterator[Remark]:
    """Whether the present is plausible (not before ``released``), and whose time zone it is."""
    zone = f"{now:%Y-%m-%d %H:%M} {now.tzname()} ({now:%z})"
    if now.date() < released:
        yield wrong(f"clock: {zone} is before the content was made ({released}): every look-back would be wrong")
    elif not environ.get("TZ") and now.utcoffset() == timedelta(0):
        yield note(f"clock: {zone}; dates without a zone are read so: set TZ to the hospital's, if that is another")
    else:
        yield ok(f"clock: {zone}")
