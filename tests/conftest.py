"""Fixtures every test may ask for."""

import pytest

from cds_service import cli
from cds_service.content import Content
from cds_service.settings import Settings


@pytest.fixture(scope="session")
def content() -> Content:
    """All reviewed content with the default settings, loaded once."""
    return Content.load(Settings())


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch, content: Content) -> None:
    """For commands: content is loaded once, and no setting of this machine counts."""
    monkeypatch.setattr(cli, "_content", lambda settings: content)
    monkeypatch.setattr("os.environ", {})
