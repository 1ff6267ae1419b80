"""HL7's Sandbox (https://github.com/cds-hooks/sandbox) as it calls a service, restated: what its user sees of ours.

Its source, as of 2025: ``src/reducers/cds-services-reducers.js`` (services are kept by ``<discovery URL>/<id>``),
``src/middleware/cds-execution.js`` (a hook calls those kept services whose ``hook`` is this), and
``src/retrieve-data-helpers/service-exchange.js`` (prefetch that cannot be had is left out; only cards of an answer of
status 2xx are shown).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.web.app import create_app
from tests.build import NOW, Json, bundle, calcium, clearance, prefetch, request, zoledronic

ORIGIN = "http://localhost:8080"  # where `npm run dev` of the Sandbox serves it
HOOKS = ("order-select", "order-sign")


@dataclass
class Sandbox:
    """A browser with the Sandbox open. ``data``: what its FHIR server has for each prefetch key."""

    http: FlaskClient
    data: Json
    services: dict[str, Json] = field(default_factory=dict)

    def add(self, url: str) -> None:
        """The discovery URL that its user enters."""
        for service in self._seen(self.http.get(url, headers={"Origin": ORIGIN})).get_json()["services"]:
            self.services[f"{url}/{service['id']}"] = service

    def trigger(self, hook: str) -> list[Json]:
        """The cards shown when its user selects or signs an order, of all services called for that."""
        cards: list[Json] = []
        for url, service in self.services.items():
            if service["hook"] == hook:
                got = {key: self.data[key] for key in service["prefetch"] if key in self.data}
                body = request(zoledronic(), hook=hook, prefetch=got)
                if not got:
                    del body["prefetch"]
                answer = self._seen(self.http.post(url, json=body, headers={"Origin": ORIGIN}))
                cards += answer.get_json()["cards"] if answer.status_code < 300 else []
        return cards

    def _seen(self, answer: Any) -> Any:
        """An answer as far as the browser lets the page see it."""
        assert answer.headers.get("Access-Control-Allow-Origin") == ORIGIN
        return answer


def sandbox(edition: Edition, data: Json) -> Sandbox:
    return Sandbox(create_app(Settings(), edition, lambda: NOW).test_client(), data)


LOW_CALCIUM = prefetch(laboratory=bundle(clearance(90), calcium(1.9)))


def test_of_one_service_on_two_hooks_it_keeps_one(edition: Edition) -> None:
    """Why there are addresses with a hook: with the default one its user never sees what a selected order brings."""
    user = sandbox(edition, LOW_CALCIUM)
    user.add("/cds-services")
    assert [bool(user.trigger(hook)) for hook in HOOKS] == [False, True]


@pytest.mark.parametrize("hook", HOOKS)
def test_with_the_address_of_each_hook_both_fire_once(edition: Edition, hook: str) -> None:
    user = sandbox(edition, LOW_CALCIUM)
    for each in HOOKS:
        user.add(f"/hooks/{each}/cds-services")
    topics = [card["source"]["topic"]["code"] for card in user.trigger(hook)]
    assert "bisphosphonate-hypocalcaemia" in topics
    assert len(topics) == len(set(topics))


@pytest.mark.parametrize("data", [{}, {"patient": LOW_CALCIUM["patient"]}], ids=["nothing", "patient"])
@pytest.mark.parametrize("hook", HOOKS)
def test_its_user_sees_that_an_order_was_not_checked(edition: Edition, hook: str, data: Json) -> None:
    user = sandbox(edition, data)
    user.add(f"/hooks/{hook}/cds-services")
    cards = user.trigger(hook)
    assert [card["source"]["topic"]["code"] for card in cards] == ["not-evaluated"]
    assert cards[0]["summary"].startswith("Not checked: ")
