"""Fixtures every test may ask for."""

import pytest

from cds_service.content import Content
from cds_service.settings import Settings


@pytest.fixture(scope="session")
def content() -> Content:
    """All reviewed content with the default settings, loaded once."""
    return Content.load(Settings())
