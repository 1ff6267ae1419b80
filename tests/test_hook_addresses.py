"""``/hooks/{hook}/cds-services``: one hook to an address, for clients that know a service by its URL alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store.memory import Memory
from cds_service.web.app import create_app
from tests.build import NOW, SERVICE, Json, bundle, calcium, clearance, denosumab, prefetch, request, zoledronic
from tests.trust.tokens import CALL_BODY, FEEDBACK_BODY, PUBLIC, client, jwk, key, key_file, token, ward

LOW_CALCIUM = request(denosumab(), prefetch=prefetch(laboratory=bundle(clearance(90), calcium(1.9))))
HOOKS = ("order-select", "order-sign")


@pytest.fixture(scope="module")
def asks(edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> Any:
    own = Settings(database_url=f"sqlite:///{tmp_path_factory.mktemp('memory') / 'cds.sqlite3'}")
    memory = Memory.open(own, edition.site.suppression)
    yield create_app(own, edition, lambda: NOW, memory).test_client()
    memory.close(5)


def at(hook: str, path: str = SERVICE) -> str:
    return f"/hooks/{hook}{path}"


def told(response: Any) -> str:
    text: str = response.get_json()["issue"][0]["details"]["text"]
    return text


@pytest.mark.parametrize("hook", HOOKS)
def test_discovery_of_a_hook_lists_what_all_list_for_it(asks: FlaskClient, hook: str) -> None:
    whole = asks.get("/cds-services").get_json()["services"]
    own = asks.get(at(hook, "/cds-services")).get_json()["services"]
    assert own == [service for service in whole if service["hook"] == hook]
    assert len(own) == len({service["id"] for service in own}) > 0, "no URL stands for two"


def test_every_hook_of_discovery_has_an_address_of_its_own(asks: FlaskClient) -> None:
    for service in asks.get("/cds-services").get_json()["services"]:
        assert asks.get(at(service["hook"], "/cds-services")).status_code == 200


@pytest.mark.parametrize("hook", HOOKS)
def test_the_answer_is_that_of_the_address_without_a_hook(asks: FlaskClient, hook: str) -> None:
    body = request(zoledronic(), hook=hook, prefetch=prefetch(procedures={"resourceType": "Bundle"}))
    cards = [asks.post(path, json=body).get_json()["cards"] for path in (SERVICE, at(hook))]
    assert [c["summary"] for c in cards[0]] == [c["summary"] for c in cards[1]] != []


def test_a_call_of_another_hook_is_told_which_is_taken_here(asks: FlaskClient) -> None:
    answer = asks.post(at("order-select"), json=request(zoledronic(), hook="order-sign"))
    assert answer.status_code == 400
    assert answer.get_json()["issue"][0]["expression"] == ["hook"]
    assert "taken here: order-select" in told(answer)


@pytest.mark.parametrize("path", ["/cds-services", SERVICE, f"{SERVICE}/feedback"])
def test_an_unknown_hook_is_told_which_there_are(asks: FlaskClient, path: str) -> None:
    ask = asks.get if path == "/cds-services" else asks.post
    answer = ask(at("order-sing", path), **({} if path == "/cds-services" else {"json": {}}))
    assert answer.status_code == 404
    for hook in HOOKS:
        assert hook in told(answer)
    assert "order-sing" not in told(answer)


def test_an_unknown_service_is_told_which_are_on_the_hook(asks: FlaskClient) -> None:
    answer = asks.post(at("order-sign", "/cds-services/bones"), json={})
    assert answer.status_code == 404
    assert "bone-modifying-agents" in told(answer)


def test_feedback_of_a_card_is_taken_at_the_address_it_came_from(asks: FlaskClient) -> None:
    card = asks.post(at("order-sign"), json=LOW_CALCIUM).get_json()["cards"][0]["uuid"]
    said: Json = {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-03-02T09:01:00Z"}
    assert asks.post(at("order-sign", f"{SERVICE}/feedback"), json={"feedback": [said]}).status_code == 200


@pytest.mark.parametrize("path", ["/cds-services", SERVICE, f"{SERVICE}/feedback"])
def test_a_token_is_for_the_address_that_is_called(edition: Edition, tmp_path: Path, path: str) -> None:
    bodies = {"/cds-services": None, SERVICE: CALL_BODY, f"{SERVICE}/feedback": FEEDBACK_BODY}
    with ward(edition, tmp_path, client(keys=key_file(tmp_path, jwk(key())))) as made:
        here, there = at("order-sign", path), at("order-select", path)
        assert made.ask(token(aud=PUBLIC + here), here, body=bodies[path]).status_code == 200
        for wrong in (path, there):
            assert made.ask(token(aud=PUBLIC + wrong), here, body=bodies[path]).status_code == 401
