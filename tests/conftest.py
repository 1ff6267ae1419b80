"""Fixtures every test may ask for."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store.engine import Database
from cds_service.tools import loading
from tests.databases import BACKENDS, opened, postgresql_database, postgresql_server

# How long an example takes says more of the machine than of the product (timed claims live in `make bench`).
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def edition() -> Edition:
    """All reviewed content with the default settings, loaded once."""
    return Edition.load(Settings())


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch, edition: Edition, tmp_path: Path) -> None:
    """For commands: content is loaded once, and no setting of this machine counts."""
    monkeypatch.setattr(loading, "edition", lambda settings: edition)
    monkeypatch.setattr("os.environ", {"CDS_DATABASE_URL": f"sqlite:///{tmp_path / 'cds.sqlite3'}"})


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a real PostgreSQL server."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder, postgresql_server(Path(folder) / "d") as url:
        yield url


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, once on each backend."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'cds.sqlite3'}"
    else:
        with postgresql_database(request.getfixturevalue("postgresql")) as url:
            yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with its tables, once on each backend."""
    with opened(database_url) as made:
        yield made
