"""pytest fixtures for whoever tests a client or a server of CDS Hooks; pytest loads them where this is installed.

``cds_server``: this service on a free port, or the server of ``--cds-base-url``. ``cds_situation``: shipped situations,
dates moved to today. ``assert_card``: the card of a topic. All of it is imported when a test asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cds_service.base.kinds import LanguageTag
    from cds_service.tools.asked_server import Asked, Server

Json = dict[str, Any]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("cds-service", "CDS Hooks")
    what = "address of a CDS Hooks server, up to /cds-services; default: one is started"
    group.addoption("--cds-base-url", default=None, metavar="URL", help=what)


@pytest.fixture(scope="session")
def cds_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server that is asked: that of ``--cds-base-url``, else one of its own for this session."""
    from cds_service.tools.asked_server import Server
    from cds_service.tools.served import served

    url: str | None = request.config.getoption("--cds-base-url")
    if url:
        yield Server(url.rstrip("/").removesuffix("/cds-services"))
        return
    with served() as own:
        yield Server(own)


@pytest.fixture(scope="session")
def cds_situation() -> Callable[..., Asked]:
    """``cds_situation(name=None, topic=None, dialect=None, language=None)``: the first shipped situation of that kind.

    A situation told in the language is taken before others; asked in it are all. ``zh`` is ``zh-CN``.
    """
    from cds_service import fixtures
    from cds_service.base.clock import local_now
    from cds_service.base.kinds import LANGUAGE_NAMES, language_tag
    from cds_service.tools.asked_server import Asked

    def choose(
        name: str | None = None,
        *,
        topic: str | None = None,
        dialect: str | None = None,
        language: str | None = None,
    ) -> Asked:
        tag = language_tag(language)
        if language is not None and tag is None:
            pytest.fail(f"no language {language!r}; there are: {', '.join(LANGUAGE_NAMES)}", pytrace=False)
        found = fixtures.load(name) if name else _first(topic, dialect, tag)
        return Asked.of(found, json.loads(found.request_at(local_now())), tag)

    return choose


def _first(topic: str | None, dialect: str | None, language: LanguageTag | None) -> Any:
    from cds_service import fixtures

    fitting = [s for s in fixtures.matching(topic, dialect) if s.story.status == 200]
    if not fitting:
        there = list(fixtures.situations())
        topics = sorted({t for s in there for t in s.story.topics})
        dialects = sorted({s.story.dialect for s in there})
        said = f"no situation of topic {topic!r} in dialect {dialect!r}"
        pytest.fail(f"{said}. Topics: {', '.join(topics)}. Dialects: {', '.join(dialects)}.", pytrace=False)
    return next((s for s in fitting if s.story.language == language), fitting[0])


def card_of(response: Json, topic: str, *, indicator: str | None = None, says: str | None = None) -> Json:
    """The card of a topic in a response.

    Fails the test when there is none, when it is of another urgency than ``indicator``, or when neither its summary nor
    its detail holds ``says``.
    """
    __tracebackhide__ = True
    cards = {card.get("source", {}).get("topic", {}).get("code"): card for card in response.get("cards", [])}
    if topic not in cards:
        pytest.fail(f"no card of topic {topic!r}; there are: {', '.join(map(str, cards)) or 'none'}")
    card: Json = cards[topic]
    if indicator is not None and card["indicator"] != indicator:
        pytest.fail(f"the card of {topic!r} is {card['indicator']}, not {indicator}: {card['summary']}")
    if says is not None and says not in f"{card['summary']}\n{card.get('detail', '')}":
        pytest.fail(f"the card of {topic!r} does not say {says!r}: {card['summary']}")
    return card


@pytest.fixture
def assert_card() -> Callable[..., Json]:
    """``assert_card(response, topic, indicator=None, says=None)``: see ``card_of``."""
    return card_of
