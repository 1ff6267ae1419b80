"""A CDS Hooks server as a test asks it: discovery, calls, feedback, over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import requests

from cds_service import fixtures

Json = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A situation as it is asked today: ``request`` is the body, ``expected`` the topics of the cards in their order.

    ``language``: what is asked for, beside what the body holds.
    """

    name: str
    story: str
    service: str
    language: str
    request: Json
    expected: tuple[str, ...]

    @classmethod
    def of(cls, situation: fixtures.Situation, request: Json, language: str | None) -> Self:
        story = situation.story
        asked_in = language or story.language
        return cls(situation.name, story.story, story.service, asked_in, request, tuple(story.topics))


@dataclass(frozen=True)
class Server:
    """``base_url``: up to and without ``/cds-services``. ``seconds``: how long an answer may take."""

    base_url: str
    seconds: float = 30
    http: requests.Session = field(default_factory=requests.Session, repr=False)

    def discovery(self) -> list[Json]:
        """The services offered. Raises ``requests.HTTPError``."""
        answer = self.http.get(f"{self.base_url}/cds-services", timeout=self.seconds)
        answer.raise_for_status()
        services: list[Json] = answer.json()["services"]
        return services

    def post(self, path: str, body: Json, language: str | None = None) -> requests.Response:
        """Any answer to a body posted below ``/cds-services/``."""
        headers = {"Accept-Language": language} if language else {}
        return self.http.post(f"{self.base_url}/cds-services/{path}", json=body, headers=headers, timeout=self.seconds)

    def call(self, asked: Asked) -> Json:
        """The response to a situation. Raises ``requests.HTTPError`` for an answer that is no response."""
        answer = self.post(asked.service, asked.request, asked.language)
        answer.raise_for_status()
        response: Json = answer.json()
        return response

    def feedback(self, service: str, *events: Json) -> requests.Response:
        """The answer to what became of cards."""
        return self.post(f"{service}/feedback", {"feedback": list(events)})
