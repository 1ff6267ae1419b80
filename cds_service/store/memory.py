"""What the server remembers, opened from the settings: used tokens, calls, feedback, earlier cards."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from sqlalchemy.exc import SQLAlchemyError

from cds_service.base.complaints import SettingsError
from cds_service.site.model import Seen, Suppression
from cds_service.site.settings import Settings
from cds_service.store import schema
from cds_service.store.audit import Audit
from cds_service.store.engine import Database, parse_url
from cds_service.store.reactions import EarlierCards
from cds_service.store.replay import Used

_VARIABLE = "CDS_DATABASE_URL"
# Machines that share the database share no clock: one that is ahead must not forget what another still accepts.
_CLOCKS_DIFFER_SECONDS = 300


@dataclass(frozen=True)
class Memory:
    """One database and what is kept in it. ``earlier`` is None where no earlier card is looked up."""

    database: Database
    used: Used
    audit: Audit
    earlier: EarlierCards | None

    @classmethod
    def open(
        cls,
        settings: Settings,
        suppression: Suppression | None,
        seen: Seen | None = None,
        order_hours: int | None = None,
    ) -> Self:
        """Open the database and see that it has its tables. ``suppression``, ``seen``: what the site says of
        them; ``order_hours``: how long what an order's card said is not repeated; without a hash key no card is
        recognised. Raises ``SettingsError``.

        Development brings the schema up to date by itself; production leaves that to ``cds-service db upgrade``.
        """
        # One connection per answering thread, one for the writer, one to spare.
        database = Database(parse_url(settings.database_url), settings.threads + 2)
        database.make_file()
        try:
            _prepare(database, upgrade=settings.profile == "development")
        except SQLAlchemyError as error:
            what = f"the database cannot be opened ({type(error).__name__})"
            raise SettingsError(_VARIABLE, what, "See that it exists, is reachable, and can be written") from None
        finally:
            # Nothing may be open when workers are forked.
            database.close()
        used = Used(database)
        assert settings.hash_key or not suppression  # Edition.load has seen to it
        earlier = None
        if settings.hash_key and (suppression or seen):
            hours, days = suppression.hours if suppression else None, seen.days if seen else None
            warnings = seen.warning_days if seen else None
            earlier = EarlierCards(
                database, settings.hash_key, hours, days, warning_days=warnings, order_hours=order_hours
            )
        return cls(database, used, Audit(database, settings.audit_queue, _forgetting(used)), earlier)

    def close(self, seconds: float) -> None:
        """Write what waits to be recorded, for at most so long, and close the connections of this process."""
        self.audit.close(seconds)
        self.database.close()


def _prepare(database: Database, *, upgrade: bool) -> None:
    found, wanted = schema.revision(database), schema.newest()
    if found == wanted:
        return
    if found is not None and found not in schema.known_revisions():
        what = f"the database has schema {found}, made by a newer version of this service (this one: {wanted})"
        raise SettingsError(_VARIABLE, what, "Run that version, or go back with its `cds-service db downgrade`")
    if not upgrade:
        what = f"the database has schema {found or '(none)'}, this version needs {wanted}"
        raise SettingsError(_VARIABLE, what, "Run `cds-service db upgrade` once, before the server starts")
    schema.upgrade(database)


def _forgetting(used: Used) -> Callable[[], object]:
    def forget() -> int:
        return used.forget(int(time.time()) - _CLOCKS_DIFFER_SECONDS)

    return forget
