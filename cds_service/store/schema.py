"""The schema's revisions: where a database stands, and up and down (Alembic)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from cds_service.store.engine import Database, unhurried

_SCRIPTS = Path(__file__).parent / "migrations"
# Any constant will do: two machines that start together must not migrate together.
_ADVISORY_LOCK = 20240204


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """The revision this version of the service needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def revision(database: Database) -> str | None:
    """The revision the database has; None: no tables yet."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(database: Database) -> None:
    """Bring the schema to ``newest``, in one transaction. Raises ``ValueError`` for one of a newer version."""
    with _migrating(database) as config:
        command.upgrade(config, "head")


def downgrade(database: Database, to: str) -> None:
    """Bring the schema back to an earlier revision (``base``: none). Raises ``ValueError`` for an unknown one."""
    with _migrating(database) as config:
        command.downgrade(config, to)


@contextmanager
def _migrating(database: Database) -> Iterator[Config]:
    """One transaction in which nobody else migrates. An unknown revision is a ``ValueError``."""
    with database.engine.begin() as connection:
        _alone(connection)
        try:
            yield _config(connection)
        except CommandError as error:
            raise ValueError(f"{error}; this version knows {', '.join(known_revisions())}") from None


def known_revisions() -> tuple[str, ...]:
    """All revisions, oldest first."""
    return tuple(reversed([script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]))


def _alone(connection: Connection) -> None:
    """Nobody else migrates until this transaction ends."""
    if connection.dialect.name == "postgresql":
        unhurried(connection)
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
