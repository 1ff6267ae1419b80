"""A patient loaded into the workbench from a FHIR server: answered as the hook answers that reads there itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.web.app import create_app
from fhir_server.server import FhirServer
from fhir_server.told import Told, told

STORIES = (
    "zoledronic-acid-dose-above-row",
    "denosumab-calcium-low",
    "tooth-extraction-on-zoledronic-acid",
    "order-select-co-ordered-nsaid",
    "chinese-names-as-text",
    "medication-under-a-prefetch-key-of-its-own",
    "review-positive-scan",
)


@pytest.fixture
def at() -> list[Any]:
    return []


@pytest.fixture
def client(edition: Edition, at: list[Any]) -> FlaskClient:
    return create_app(Settings(fetch_seconds=30), edition, lambda: at[-1]).test_client()


def form(server: FhirServer, story: Told) -> dict[str, str]:
    return {
        "fhir": server.base,
        "patient": story.patient_id,
        "token": server.token,
        "service": story.service,
        "order": story.name,
    }


def said(cards: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(c["indicator"], c["summary"], c["detail"]) for c in cards]


@pytest.mark.parametrize("name", STORIES)
def test_a_loaded_patient_gets_the_cards_of_the_hook(
    fhir_server: FhirServer, client: FlaskClient, at: list[Any], name: str
) -> None:
    story = told(name)
    at.append(story.at)
    asked = {member: value for member, value in story.from_server(fhir_server).items() if member != "prefetch"}

    with fhir_server.holding(story.resources):
        hook = client.post(f"/cds-services/{story.service}", json=asked, headers={"Accept-Language": story.language})
        shown = client.post(f"/workbench/try.json?lang={story.language}", data=form(fhir_server, story)).get_json()

    assert hook.get_json()["cards"]
    assert said(shown["view"]["cards"]) == said(hook.get_json()["cards"])
    assert shown["load"]["loaded"]["missing"] == []


def test_what_was_loaded_stands_on_the_page_as_if_pasted_without_token_or_address(
    fhir_server: FhirServer, client: FlaskClient, at: list[Any]
) -> None:
    story = told(STORIES[0])
    at.append(story.at)

    with fhir_server.holding(story.resources):
        page = client.post("/workbench/try?lang=en", data=form(fhir_server, story)).text
        text = client.post("/workbench/try.json", data=form(fhir_server, story)).get_json()["load"]["loaded"]["text"]

    assert fhir_server.token not in page
    assert fhir_server.token not in text
    assert not {"fhirServer", "fhirAuthorization"} & json.loads(text).keys()
    # The server is gone: what stands on the page answers by itself, and can be moved.
    again = {"text": text, "service": story.service, "k.dose": "3.3"}
    assert client.post("/workbench/try.json", data=again).get_json()["view"]["cards"] == []


def test_more_than_one_page_is_read_and_what_only_the_last_page_has_counts(
    fhir_server: FhirServer, client: FlaskClient, at: list[Any]
) -> None:
    story = told("denosumab-while-zoledronic-acid-active")
    at.append(story.at)
    model = next(r for r in story.resources if r["resourceType"] == "Condition")
    others = [model | {"id": f"other-{n}", "code": {"text": "Myopia"}} for n in range(45)]

    with fhir_server.holding([*others, *story.resources]):
        shown = client.post("/workbench/try.json?lang=en", data=form(fhir_server, story)).get_json()

    assert said(shown["view"]["cards"]) == said(story.response["cards"])
    held = json.loads(shown["load"]["loaded"]["text"])["prefetch"]["conditions"]
    assert len(held["entry"]) > 45
    assert "link" not in held


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"patient": "nobody-here"}, "cause-not-found"),
        ({"patient": "no id"}, "cause-context"),
        ({"token": ""}, "cause-unauthorized"),
        ({"token": "another"}, "cause-unauthorized"),
        ({"token": "two words"}, "load-no-token"),
        ({"fhir": "https://elsewhere.example/fhir"}, "cause-server-not-allowed"),
        ({"fhir": "ftp://127.0.0.1/fhir"}, "load-no-address"),
        ({"fhir": "http://127.0.0.1:9/fhir"}, "cause-connection"),
        ({"order": "review-positive-scan"}, "load-no-order"),
    ],
)
def test_what_cannot_be_loaded_is_told_in_words_and_fills_no_request(
    fhir_server: FhirServer, client: FlaskClient, at: list[Any], change: dict[str, str], word: str
) -> None:
    story = told(STORIES[0])
    at.append(story.at)

    with fhir_server.holding(story.resources):
        shown = client.post("/workbench/try.json", data=form(fhir_server, story) | change).get_json()["load"]

    assert (shown["problem"]["word"], shown["loaded"]) == (word, None)
