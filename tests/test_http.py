"""The service from outside: every row of the error table, languages, CORS, retries, and what never leaks."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from markdown_it import MarkdownIt

from cds_service.edition import Edition
from cds_service.evaluate.outcome import Advise
from cds_service.render.model import Response as CardResponse
from cds_service.site.settings import Settings
from cds_service.web.app import create_app
from cds_service.web.cors import cross_origin
from tests import build
from tests.asked import ruled_by
from tests.build import NOW, SERVICE, denosumab, encoded, prefetch, request, zoledronic

Post = Callable[..., Any]
BUNDLE = {"resourceType": "Bundle"}
LOW_CALCIUM = prefetch(laboratory=build.bundle(build.clearance(90), build.calcium(1.9)))


@pytest.fixture(scope="module")
def client(edition: Edition) -> FlaskClient:
    return create_app(Settings(), edition, lambda: NOW).test_client()


def post(client: FlaskClient, body: build.Json | bytes, path: str = SERVICE, **headers: str) -> Any:
    data = body if isinstance(body, bytes) else encoded(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(path, data=data, headers={"Content-Type": "application/json"} | named)


def outcome(response: Any, status: int) -> list[dict[str, Any]]:
    """The issues of an OperationOutcome answer."""
    assert response.status_code == status, response.get_data(as_text=True)
    body = response.get_json()
    assert body["resourceType"] == "OperationOutcome"
    assert all(issue["details"]["text"] for issue in body["issue"])
    return body["issue"]


def topics(response: Any) -> list[str]:
    assert response.status_code == 200, response.get_data(as_text=True)
    return [card["source"]["topic"]["code"] for card in response.get_json()["cards"]]


# Discovery


def test_discovery_offers_the_service_once_per_hook(client: FlaskClient) -> None:
    services = client.get("/cds-services").get_json()["services"]
    assert [(s["id"], s["hook"]) for s in services] == [
        ("bone-modifying-agents", "order-select"),
        ("bone-modifying-agents", "order-sign"),
        ("bone-metastasis-review", "patient-view"),
        ("bone-metastasis-review", "encounter-start"),
        ("cancer-pain", "order-select"),
        ("cancer-pain", "order-sign"),
        ("local-therapy", "order-select"),
        ("local-therapy", "order-sign"),
        ("bone-imaging", "order-select"),
        ("bone-imaging", "order-sign"),
    ]
    for service in services:
        assert service["title"]
        assert service["description"]
        assert service["usageRequirements"]
        assert service["version"] == "2.0.1"


def test_prefetch_templates_are_of_the_restricted_kind(client: FlaskClient) -> None:
    templates = client.get("/cds-services").get_json()["services"][0]["prefetch"]
    assert 0 < len(templates) <= 10
    for template in templates.values():
        assert "today(" not in template
        assert "_include" not in template
        assert "." not in template.replace("context.patientId", "").split("?")[0]
        assert "{{context.patientId}}" in template
    assert "2160-0" in templates["measurements"]
    assert "code=" not in templates["laboratory"], "a code filter hides local codes"


# Requests that break the contract


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"hookInstance": "not-a-uuid"}, "hookInstance"),
        ({"hookInstance": 5}, "hookInstance"),
        ({"hook": "patient-view"}, "hook"),
        ({"hook": None}, "hook"),
        ({"context": []}, "context"),
        ({"context": {"userId": "Practitioner/1", "patientId": "pat-1"}}, "context.draftOrders"),
        ({"context": {"userId": "Practitioner/1", "draftOrders": BUNDLE}}, "context.patientId"),
        ({"context": {"userId": "P/1", "patientId": 7, "draftOrders": BUNDLE}}, "context.patientId"),
        ({"context": {"userId": "P/1", "patientId": " ", "draftOrders": BUNDLE}}, "context.patientId"),
        ({"context": {"userId": "P/1", "patientId": "p", "draftOrders": {"resourceType": "X"}}}, "context.draftOrders"),
        ({"prefetch": []}, "prefetch"),
        ({"fhirServer": 5}, "fhirServer"),
    ],
)  # fmt: skip
def test_a_member_of_the_wrong_shape_is_named(client: FlaskClient, change: build.Json, where: str) -> None:
    issues = outcome(post(client, request(zoledronic()) | change), 400)
    assert issues[0]["expression"][0].startswith(where)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'{"hook": NaN}', b"\xff\xfe", b'"text"', b"[" * 5000, b'{"a":' * 3000],
    ids=["empty", "cut", "null", "list", "nan", "utf16", "text", "deep list", "deep object"],
)
def test_what_is_not_a_json_object_is_a_400(client: FlaskClient, body: bytes) -> None:
    assert outcome(post(client, body), 400)[0]["expression"]


def test_a_missing_member_is_named(client: FlaskClient) -> None:
    body = request(zoledronic())
    for member in ("hook", "hookInstance", "context"):
        without = {name: value for name, value in body.items() if name != member}
        assert outcome(post(client, without), 400)[0]["expression"] == [member]


def test_order_select_needs_selections(client: FlaskClient) -> None:
    body = request(zoledronic(), hook="order-select")
    del body["context"]["selections"]
    assert outcome(post(client, body), 400)[0]["expression"] == ["context.selections"]


def test_a_selection_that_names_no_draft_is_told(client: FlaskClient) -> None:
    body = request(zoledronic(), hook="order-select", selections=["MedicationRequest/nowhere"])
    assert outcome(post(client, body), 400)[0]["expression"] == ["context.selections[0]"]


def test_a_selection_of_another_kind_of_order_is_somebody_elses(client: FlaskClient) -> None:
    diet = {"resourceType": "NutritionOrder", "id": "diet"}
    body = request(zoledronic(), diet, hook="order-select", selections=["NutritionOrder/diet"])
    assert topics(post(client, body)) == []


def test_a_draft_of_another_patient_that_concerns_no_topic_is_passed_over_and_counted(client: FlaskClient) -> None:
    def counted() -> int:
        return int(client.get("/health").get_json()["unmatched"]["other-patient"])

    before, expected = counted(), topics(post(client, request(zoledronic(), prefetch=LOW_CALCIUM)))
    amoxicillin = build.order("723", 500, subject={"reference": "Patient/other"})
    assert topics(post(client, request(zoledronic(), amoxicillin, prefetch=LOW_CALCIUM))) == expected != []
    assert topics(post(client, request(amoxicillin))) == []
    assert counted() == before + 2


def test_a_draft_for_another_patient_is_refused(client: FlaskClient) -> None:
    issues = outcome(post(client, request(zoledronic(subject={"reference": "Patient/other"}))), 400)
    assert issues[0]["expression"] == ["context.draftOrders.entry[0].resource.subject"]


def test_a_draft_that_cannot_be_read_is_told_not_skipped(client: FlaskClient) -> None:
    issues = outcome(post(client, request(zoledronic(status=["draft"]))), 400)
    assert issues[0]["expression"] == ["context.draftOrders.entry[0].resource"]


def test_unknown_members_and_odd_ids_are_ignored(client: FlaskClient) -> None:
    body = request(zoledronic(id="__proto__", vendorField={"x": 1}), vendor=1)
    assert post(client, body).status_code == 200


# The other rows


def test_unknown_service_is_404_and_lists_those_there_are(client: FlaskClient) -> None:
    issues = outcome(post(client, request(zoledronic()), path="/cds-services/nothing"), 404)
    assert "bone-modifying-agents" in issues[0]["details"]["text"]


def test_unknown_path_is_404(client: FlaskClient) -> None:
    outcome(client.get("/elsewhere"), 404)


def test_wrong_method_is_405_with_allow(client: FlaskClient) -> None:
    response = client.get(SERVICE)
    outcome(response, 405)
    assert "POST" in response.headers["Allow"]


@pytest.mark.parametrize("media", ["text/plain", "application/xml", ""])
def test_wrong_media_type_is_415(client: FlaskClient, media: str) -> None:
    outcome(client.post(SERVICE, data=encoded(request(zoledronic())), headers={"Content-Type": media}), 415)


@pytest.mark.parametrize("media", ["application/json", "application/fhir+json", "application/json; charset=utf-8"])
def test_both_media_types_are_taken(client: FlaskClient, media: str) -> None:
    assert post(client, request(zoledronic()), Content_Type=media).status_code == 200


def test_a_body_over_the_limit_is_413(edition: Edition) -> None:
    small = create_app(Settings(max_body_bytes=1024), edition, lambda: NOW).test_client()
    outcome(post(small, request(zoledronic())), 413)


def test_a_rule_that_raises_is_a_500_naming_it_and_never_an_empty_answer(
    edition: Edition, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> Advise:
        raise ValueError("secret value 4711")

    topic = "dental-exam-before-bma"
    edition = ruled_by(edition, topic, broken)
    client = create_app(Settings(), edition, lambda: NOW).test_client()
    response = post(client, request(zoledronic()))
    issues = outcome(response, 500)
    assert topic in issues[0]["details"]["text"]
    assert "4711" not in response.get_data(as_text=True)
    assert topic in caplog.text
    assert "4711" not in caplog.text


def test_a_response_that_breaks_its_own_model_is_a_500(edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*_: object) -> Advise:
        return Advise("loud", "none-found", {"last": None})  # type: ignore[arg-type]  # no such indicator

    topic = "dental-exam-before-bma"
    edition = ruled_by(edition, topic, endless)
    outcome(post(create_app(Settings(), edition, lambda: NOW).test_client(), request(zoledronic())), 500)


# Answers


def test_nothing_in_scope_is_answered_at_once_whatever_is_missing(client: FlaskClient) -> None:
    aspirin_free = build.order("83367", 20)  # atorvastatin
    body = request(aspirin_free)
    del body["prefetch"]
    assert post(client, body).get_json() == {"cards": []}


def test_an_order_in_order_gets_no_card(client: FlaskClient) -> None:
    assert topics(post(client, request(zoledronic()))) == []


def test_the_card_is_complete(client: FlaskClient) -> None:
    body = request(zoledronic(), prefetch=prefetch(laboratory=build.bundle(build.clearance(45), build.calcium(2.3))))
    response = post(client, body)
    assert topics(response) == ["bisphosphonate-renal-dose"]
    card = response.get_json()["cards"][0]
    assert card["indicator"] == "warning"
    assert len(card["summary"]) <= 100
    assert "3.3 mg" in card["summary"]
    assert "45.0 mL/min" in card["summary"]
    assert card["source"]["url"] == "https://doi.org/10.7507/1007-4848.202402042"
    assert "§4.1.4.2" in card["detail"]
    assert "measured over 24 h" in card["detail"]
    assert 0 < len(card["overrideReasons"]) <= 6
    assert card["overrideReasons"][-1]["code"] == "recipient-does-not-trust"
    assert card["selectionBehavior"] == "at-most-one"
    (revise,) = card["suggestions"]
    (action,) = revise["actions"]
    assert action["type"] == "update"
    dose = action["resource"]["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]
    assert (dose["value"], dose["code"]) == (3.3, "mg")
    assert action["resource"] | {"dosageInstruction": None} == zoledronic() | {"dosageInstruction": None}


def test_a_retry_gives_the_same_ids_and_another_call_others(client: FlaskClient) -> None:
    body = request(zoledronic(), prefetch=prefetch(procedures=None))
    first, again = (post(client, body).get_json()["cards"] for _ in range(2))
    assert first
    assert first == again
    other = post(client, body | {"hookInstance": "00000000-0000-4000-8000-000000000001"}).get_json()["cards"]
    assert {c["uuid"] for c in first}.isdisjoint({c["uuid"] for c in other})


def test_what_is_said_alike_of_two_drugs_is_one_card(client: FlaskClient) -> None:
    body = request(zoledronic(), denosumab(), prefetch=prefetch(procedures=None))
    cards = post(client, body).get_json()["cards"]
    (dental,) = [c for c in cards if c["source"]["topic"]["code"] == "dental-exam-before-bma"]
    ((held,),) = dental["extension"].values()
    assert (held["topic"], held["uuid"] == dental["uuid"]) == ("dental-exam-before-bma", False)


def test_no_member_is_null_or_empty(client: FlaskClient) -> None:
    def check(node: Any, path: str) -> None:
        assert node is not None, path
        assert node not in ("", [], {}), path
        for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
            check(value, f"{path}.{key}")

    body = request(zoledronic(), denosumab(60), prefetch=prefetch(procedures=None, laboratory=None, appointments=None))
    response = post(client, body).get_json()
    assert len(response["cards"]) >= 4
    check(response["cards"], "cards")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh-TW", "zh-CN"),
        ("en-GB", "en"),
        ("fr, zh;q=0.5", "zh-CN"),
        ("fr", "en"),
        ("zh;q=0", "en"),
        ("", "en"),
    ],
)
def test_language_follows_accept_language(client: FlaskClient, header: str, language: str) -> None:
    response = post(client, request(zoledronic(), prefetch=prefetch(procedures=None)), Accept_Language=header)
    assert response.headers["Content-Language"] == language
    assert ("口腔" in response.get_json()["cards"][0]["summary"]) == (language == "zh-CN")


def test_the_default_language_is_configured(edition: Edition) -> None:
    client = create_app(Settings(default_language="zh-CN"), edition, lambda: NOW).test_client()
    assert post(client, request(zoledronic())).headers["Content-Language"] == "zh-CN"


# CORS


AT_HOME = ["http://localhost:3000", "http://localhost", "https://127.0.0.1:8443", "http://[::1]:8080"]
ELSEWHERE = [
    *("https://sandbox.example.org", "http://localhost.example.org", "http://127.0.0.1.example.org", "null", ""),
    *("http://example.org:localhost", "http://localhost:3000/x", "http://127.0.0.1@example.org", "http://localhost:x"),
]  # fmt: skip


def allowed(client: FlaskClient, origin: str) -> str | None:
    """Which origin a browser is told it may ask from."""
    return client.get("/cds-services", headers={"Origin": origin}).headers.get("Access-Control-Allow-Origin")


@pytest.mark.parametrize("origin", AT_HOME)
def test_cors_lets_pages_of_this_machine_through_in_development(client: FlaskClient, origin: str) -> None:
    assert allowed(client, origin) == origin
    preflight = client.options("/hooks/order-sign" + SERVICE, headers={"Origin": origin})
    assert preflight.headers["Access-Control-Allow-Origin"] == origin


@pytest.mark.parametrize("origin", ELSEWHERE)
def test_cors_lets_no_other_page_through(client: FlaskClient, origin: str) -> None:
    assert allowed(client, origin) is None


@pytest.mark.parametrize("origins", [frozenset(), frozenset({"https://ehr.example"})])
def test_cors_lets_no_page_of_this_machine_through_in_production(origins: frozenset[str]) -> None:
    app = Flask("production")
    app.get("/cds-services")(dict)
    cross_origin(app, Settings(profile="production", cors_origins=origins))
    assert [allowed(app.test_client(), origin) for origin in AT_HOME] == [None] * len(AT_HOME)
    assert [allowed(app.test_client(), origin) for origin in origins] == list(origins)


def test_cors_allows_only_the_configured_origins_and_no_credentials(edition: Edition) -> None:
    origin = "https://sandbox.example.org"
    client = create_app(Settings(cors_origins=frozenset({origin})), edition, lambda: NOW).test_client()
    answer = client.options(SERVICE, headers={"Origin": origin, "Access-Control-Request-Headers": "authorization"})
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert (
        "Access-Control-Allow-Origin" not in client.options(SERVICE, headers={"Origin": "https://evil.example"}).headers
    )


# What never leaks

MARK = "Zzyzx"
# GitHub-flavoured: tables, strikethrough, bare links, and raw HTML let through, as the sandbox does.
GFM = MarkdownIt("gfm-like", {"html": True, "linkify": True})


def test_no_patient_value_name_or_id_in_logs_or_errors(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    marked = request(
        zoledronic(subject={"reference": f"Patient/{MARK}"}, note=[{"text": MARK}]),
        fhirServer=f"https://{MARK}.example.org/fhir",
        fhirAuthorization={"access_token": MARK, "token_type": "Bearer"},
        prefetch=prefetch(patient=build.patient(id=MARK, name=[{"family": MARK}])),
    )
    marked["context"]["patientId"] = MARK
    bodies = [
        encoded(marked),
        encoded(marked | {"prefetch": {}}),
        encoded(marked | {"hook": MARK}),
        encoded(marked | {"hookInstance": MARK}),
        encoded(marked | {"prefetch": {"patient": MARK}}),
        encoded(marked | {"context": {"patientId": [MARK]}}),
        encoded(marked)[:-30],
    ]
    for body in bodies:
        response = post(client, body, path=SERVICE, Authorization=f"Bearer {MARK}")
        if response.status_code != 200:
            assert MARK not in response.get_data(as_text=True)
    client.get(f"/{MARK}?{MARK}={MARK}")
    assert caplog.records
    assert MARK not in caplog.text


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "[click](javascript:alert(1))",
        "![x](https://evil.example/x.png)",
        "https://evil.example/phish www.evil.example a@evil.example",
        "**4 mg** `code` | table | ~~x~~ # head",
        "line one\n\n# heading\n- list",
        "\u202egm 4\u202c \x00\x07",
        "x" * 5000,
    ],
)
def test_text_of_the_request_stays_data(client: FlaskClient, attack: str) -> None:
    drafts = zoledronic(medicationCodeableConcept={"text": f"唑来膦酸 {attack}"})
    body = request(drafts, prefetch=prefetch(laboratory=build.bundle(build.clearance(25))))
    response = post(client, body)
    assert topics(response)
    for card in response.get_json()["cards"]:
        page = GFM.render(card["detail"])
        tags = set(re.findall(r"<(\w+)", page))
        assert tags <= {"p", "strong", "ul", "li"}, tags
        assert "\u202e" not in page
        assert "x" * 200 not in page
        assert attack[:12] not in card["summary"]


def test_the_response_is_what_its_model_says(client: FlaskClient) -> None:
    body = request(zoledronic(), prefetch=prefetch(procedures=None))
    raw = post(client, body).get_data()
    assert msgspec.json.encode(msgspec.json.decode(raw, type=CardResponse)) == raw
    assert json.loads(raw)["cards"][0]["suggestions"]
