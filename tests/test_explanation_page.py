"""The link of a card, and the page of a rule that it leads to: from outside, for anybody, without any patient."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from flask.testing import FlaskClient

from cds_service import fixtures
from cds_service.answer import Answer
from cds_service.base.kinds import LANGUAGES, LanguageTag
from cds_service.deliver.profiles import Offered, transform
from cds_service.edition import Edition
from cds_service.render.explain.model import RulePage
from cds_service.site.model import Client
from cds_service.site.settings import Settings
from cds_service.tools.asking import answer_body
from cds_service.web.app import create_app
from tests.build import NOW
from tests.trust.tokens import client as entry
from tests.trust.tokens import jwk, key, key_file, ward

PUBLIC = "https://cds.hospital.example/base"
SITUATION = fixtures.load("zoledronic-acid-dose-above-row")
TOPIC = "/explanation/bisphosphonate-renal-dose"


@pytest.fixture(scope="module")
def public() -> Edition:
    """All content at a site with a public address."""
    return Edition.load(Settings(public_url=PUBLIC))


@pytest.fixture(scope="module")
def client(edition: Edition) -> FlaskClient:
    return create_app(Settings(), edition, lambda: NOW).test_client()


def asked(edition: Edition) -> Answer:
    return answer_body(edition, SITUATION.story.service, SITUATION.request, SITUATION.at)


def cards(found: Answer) -> list[dict[str, Any]]:
    held: list[dict[str, Any]] = json.loads(msgspec.json.encode(found.response))["cards"]
    return held


# The link


def test_without_a_public_address_no_card_has_a_link(edition: Edition) -> None:
    assert cards(asked(edition))
    assert all("links" not in card for card in cards(asked(edition)))


@pytest.mark.parametrize("tag", LANGUAGES)
def test_with_one_every_card_leads_to_the_page_of_its_rule(public: Edition, tag: LanguageTag) -> None:
    server = create_app(Settings(public_url=PUBLIC), public, lambda: NOW).test_client()
    for situation in fixtures.situations():
        if situation.story.status != 200:
            continue
        found = answer_body(public, situation.story.service, situation.request, situation.at, tag)
        for card in cards(found):
            (link,) = card["links"]
            assert link["type"] == "absolute"
            assert 0 < len(link["label"]) < 80
            url = urlsplit(link["url"])
            assert f"{url.scheme}://{url.netloc}" == "https://cds.hospital.example"
            assert parse_qs(url.query) == {"lang": [tag]}
            assert url.path == f"/base/explanation/{card['source']['topic']['code']}"
            led = server.get(f"{url.path.removeprefix('/base')}?{url.query}")
            assert (led.status_code, led.headers["Content-Language"]) == (200, tag)


def test_a_link_changes_nothing_else_of_a_card(edition: Edition, public: Edition) -> None:
    """It leads to the rule and not to the patient's numbers, so how these were found stays on the card."""
    without, linked = cards(asked(edition)), cards(asked(public))
    for card in linked:
        del card["links"]
    assert linked == without
    assert "Cockcroft-Gault: age 60" in linked[0]["detail"]


def test_the_link_holds_nothing_of_the_patient(public: Edition) -> None:
    request = json.loads(SITUATION.request)
    for card in cards(asked(public)):
        (link,) = card["links"]
        assert request["context"]["patientId"] not in link["url"]
        assert request["hookInstance"] not in link["url"]
        assert card["uuid"] not in link["url"]


@pytest.mark.parametrize(("prefixes", "kept"), [([f"{PUBLIC}/explanation/"], True), (["https://doi.org/"], False)])
def test_a_client_that_takes_registered_links_only_gets_no_empty_list(
    public: Edition, prefixes: list[str], kept: bool
) -> None:
    oracle = Client(name="oracle", profile="oracle", links=prefixes)
    whole = msgspec.to_builtins(asked(public).response, builtin_types=(msgspec.Raw,))
    for card in transform(whole, oracle, "en", Offered.of(public.knowledge, public.site))["cards"]:
        assert ("links" in card) is kept


# The page


def test_a_browser_gets_a_page(client: FlaskClient) -> None:
    answer = client.get(TOPIC, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "zh"})
    assert answer.content_type == "text/html; charset=utf-8"
    assert answer.headers["Content-Language"] == "zh-CN"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert '<html lang="zh-CN">' in answer.text
    assert "唑来膦酸" in answer.text


def test_a_program_gets_data(client: FlaskClient) -> None:
    answer = client.get(TOPIC, headers={"Accept": "application/json"})
    assert answer.content_type == "application/json"
    page = msgspec.json.decode(answer.data, type=RulePage)
    assert page.rule.topic == "bisphosphonate-renal-dose"
    assert page.language == "en"


def test_the_address_says_the_language_before_the_browser_does(client: FlaskClient) -> None:
    answer = client.get(f"{TOPIC}?lang=zh-CN", headers={"Accept-Language": "en"})
    assert answer.headers["Content-Language"] == "zh-CN"
    assert client.get(f"{TOPIC}?lang=fr").headers["Content-Language"] == "en"


def test_the_server_s_language_is_for_who_names_none(edition: Edition) -> None:
    server = create_app(Settings(default_language="zh-CN"), edition, lambda: NOW).test_client()
    assert server.get(TOPIC).headers["Content-Language"] == "zh-CN"


def test_head_is_get_without_a_body(client: FlaskClient) -> None:
    got, head = client.get(TOPIC), client.head(TOPIC)
    assert (head.status_code, head.data) == (200, b"")
    assert head.content_length == got.content_length == len(got.data)


def test_the_page_is_the_same_whoever_asks_and_made_once(client: FlaskClient) -> None:
    assert client.get(TOPIC).data == client.get(TOPIC).data


@pytest.mark.parametrize(
    ("topic", "near"),
    [
        ("bisphosphonate-renal-dos", "bisphosphonate-renal-dose"),
        ("denosumab", "denosumab-dose"),
        ("x", "Topics here: "),
        ("y" * 5_000, "Topics here: "),
        ("<script>alert(1)</script>", "Topics here: "),
        ("..%2f..%2fetc", "Topics here: "),
        ("%ff%fe", "Topics here: "),
    ],
)
def test_an_unknown_topic_is_told_the_near_ones_and_never_echoed(client: FlaskClient, topic: str, near: str) -> None:
    answer = client.get(f"/explanation/{topic}", headers={"Accept": "text/html"})
    if topic.startswith(("<", "..")):  # a slash in it: no address of ours
        assert answer.status_code == 404
        assert answer.get_json()["resourceType"] == "OperationOutcome"
        return
    assert answer.status_code == 404
    (issue,) = answer.get_json()["issue"]
    assert issue["code"] == "not-found"
    assert near in issue["details"]["text"]
    assert len(topic) < 3 or topic not in issue["details"]["text"].split("Near")[0]


def test_a_topic_that_is_off_at_this_site_has_no_page(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text("topics: {bisphosphonate-renal-dose: off}\n", encoding="utf-8")
    settings = Settings(site_file=site)
    assert create_app(settings, Edition.load(settings), lambda: NOW).test_client().get(TOPIC).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "x" * 5_000},
        {"Accept": ";;;q=,,,/"},
        {"Accept": "application/json;q=0, text/html;q=0"},
        {"Accept-Language": "z" * 5_000},
    ],
)
def test_no_header_breaks_it(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.get(TOPIC, headers=headers).status_code == 200


@pytest.mark.parametrize("query", ["lang=" + "x" * 5_000, "lang=%ff", "&&&=", "lang[]=en", "lang=en&lang=zh-CN"])
def test_no_query_breaks_it(client: FlaskClient, query: str) -> None:
    assert client.get(f"{TOPIC}?{query}").status_code == 200


def test_nothing_is_written_there(client: FlaskClient) -> None:
    answer = client.post(TOPIC, data=b"{}")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_whoever_follows_a_link_needs_no_token(edition: Edition, tmp_path: Path) -> None:
    """The browser of a doctor has none; discovery at the same server asks for one."""
    with ward(edition, tmp_path, entry(keys=key_file(tmp_path, jwk(key())))) as made:
        assert made.http.get("/cds-services").status_code == 401
        assert made.http.get(TOPIC).status_code == 200
        assert made.http.get("/explanation/none").status_code == 404
        assert made.http.post(TOPIC).status_code == 401


def test_the_explanation_costs_an_ordinary_call_nothing(edition: Edition) -> None:
    """No sentence of it is compiled, and no chapter read, for a card."""
    fresh = dataclasses.replace(edition)
    assert cards(asked(fresh))
    assert "_tellers" not in vars(fresh)
