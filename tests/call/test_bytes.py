"""The bytes of a call: encodings, marks, broken JSON; each fault in its own words, at the place where it is."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store.memory import Memory
from cds_service.web.app import create_app
from tests import build
from tests.build import NOW, SERVICE, Json, bundle, encoded, prefetch, request, zoledronic

LOW = prefetch(laboratory=bundle(build.clearance(45), build.calcium(2.3)))
HERE = "这里"
IN_GB18030 = HERE.encode("gb18030")


@pytest.fixture(scope="module")
def client(edition: Edition) -> FlaskClient:
    return create_app(Settings(), edition, lambda: NOW).test_client()


def post(client: FlaskClient, body: bytes, path: str = SERVICE, **headers: str) -> Any:
    named = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(path, data=body, headers=named)


def said(response: Any, status: int) -> tuple[str, str]:
    """The words of the one issue, and where it points."""
    assert response.status_code == status, response.get_data(as_text=True)
    (issue,) = response.get_json()["issue"]
    return issue["details"]["text"], issue["expression"][0]


def gb18030(body: Json) -> bytes:
    """The body in UTF-8, except where it says HERE: those bytes are GB18030."""
    sent = build.json.dumps(body, ensure_ascii=False).encode()
    assert HERE.encode() in sent
    return sent.replace(HERE.encode(), IN_GB18030)


# What is no JSON in UTF-8


@pytest.mark.parametrize("path", [SERVICE, f"{SERVICE}/feedback"])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b" \n\t", "empty"),
        (b'{\n  "hook": "order-sign",\n  }', "line 3, column 3"),
        ('{"唑来膦酸": 1,}'.encode(), "line 1, column 12"),
        (b'{\n"hook": ', "line 2, column 9"),
        ('{"hook": "order-sign"}'.encode("utf-16"), "UTF-16"),
        ('{"hook": "order-sign"}'.encode("utf-16-le"), "UTF-16"),
        ('{"hook": "order-sign"}'.encode("utf-32-be"), "UTF-32"),
        (b"[1]", "array"),
    ],
)
def test_each_fault_has_its_own_words(edition: Edition, tmp_path: Any, path: str, body: bytes, words: str) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'cds.sqlite3'}")
    memory = Memory.open(settings, edition.site.suppression)
    try:
        client = create_app(settings, edition, lambda: NOW, memory).test_client()
        text, where = said(post(client, body, path), 400)
        assert words in text
        assert where == "$"
    finally:
        memory.close(1)


def test_a_byte_order_mark_is_taken(client: FlaskClient) -> None:
    body = encoded(request(zoledronic(), prefetch=LOW))
    marked = post(client, codecs.BOM_UTF8 + body)
    assert marked.status_code == 200
    assert marked.get_json() == post(client, body).get_json()


@pytest.mark.parametrize(
    ("media", "status"),
    [
        ("application/json; charset=UTF-8", 200),
        ('application/fhir+json; charset="utf-8"', 200),
        ("application/json; charset=us-ascii", 200),
        ("application/json; charset=GB18030", 415),
        ("application/json; charset=utf-16", 415),
        ("application/json; x=" + "y" * 5_000, 415),
    ],
)
def test_another_charset_is_refused_in_words(client: FlaskClient, media: str, status: int) -> None:
    response = post(client, encoded(request(zoledronic())), Content_Type=media)
    assert response.status_code == status
    if status == 415:
        assert said(response, 415)[1] == "Content-Type"
        assert ("UTF-8" in said(response, 415)[0]) == ("charset" in media)


@pytest.mark.parametrize(
    ("coding", "status"), [("identity", 200), ("", 200), ("gzip", 415), ("br", 415), ("x, y", 415)]
)
def test_a_compressed_body_is_refused_in_words(client: FlaskClient, coding: str, status: int) -> None:
    response = post(client, encoded(request(zoledronic())), Content_Encoding=coding)
    assert response.status_code == status
    if status == 415:
        text, where = said(response, 415)
        assert "compressed" in text
        assert where == "Content-Encoding"


@pytest.mark.parametrize("header", ["zh;q=" + "9" * 5_000, ", " * 3_000, "zh," * 3_000])
def test_a_book_of_languages_is_not_read(client: FlaskClient, header: str) -> None:
    assert post(client, encoded(request(zoledronic())), Accept_Language=header).headers["Content-Language"] == "en"


# GB18030 in a member


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"hook": HERE}, "$"),
        ({"fhirServer": HERE}, "$"),
        ({"fhirAuthorization": {"access_token": "t", "scope": HERE}}, "fhirAuthorization"),
        ({"prefetch": {HERE: None}}, "$"),
        ({"context": {"userId": HERE, "patientId": "p", "draftOrders": {}}}, "context"),
    ],
)
def test_in_a_member_of_the_call_it_is_a_400_that_says_so(client: FlaskClient, change: Json, where: str) -> None:
    text, place = said(post(client, gb18030(request(zoledronic()) | change)), 400)
    assert "UTF-8" in text
    assert "GB18030" in text
    assert place == where


def test_in_a_member_that_is_not_read_it_harms_nobody(client: FlaskClient) -> None:
    assert post(client, gb18030(request(zoledronic(), vendor=HERE))).status_code == 200


def test_in_a_draft_it_is_a_400_that_says_so(client: FlaskClient) -> None:
    body = gb18030(request(zoledronic(medicationCodeableConcept={"text": HERE})))
    text, where = said(post(client, body), 400)
    assert "UTF-8" in text
    assert where == "context.draftOrders.entry[0].resource"


def test_one_resource_on_record_is_left_out_and_told(client: FlaskClient) -> None:
    bad = build.BONE_METASTASIS | {"id": "bad", "code": {"text": HERE}}
    found = prefetch(conditions=bundle(build.LUNG_CANCER, bad), laboratory=LOW["laboratory"])
    response = post(client, gb18030(request(zoledronic(), prefetch=found)))
    assert response.status_code == 200
    cards = {card["source"]["topic"]["code"]: card["detail"] for card in response.get_json()["cards"]}
    assert "bisphosphonate-renal-dose" in cards
    assert "Condition" in cards["not-evaluated"]


def test_a_record_that_is_all_so_is_told_by_its_keys(client: FlaskClient) -> None:
    found = prefetch(patient=build.patient(gender=HERE))
    response = post(client, gb18030(request(zoledronic(), prefetch=found)))
    (card,) = response.get_json()["cards"]
    assert card["source"]["topic"]["code"] == "not-evaluated"
    assert "patient" in card["summary"]


@pytest.mark.parametrize("member", ["contained", "extension"])
def test_what_a_resource_holds_inside_is_no_fault_either(client: FlaskClient, member: str) -> None:
    inside: dict[str, Any] = {
        "contained": [{"resourceType": "Medication", "id": "m", "code": {"text": HERE}}],
        "extension": [{"url": "u", "valueString": HERE}],
    }
    held = zoledronic(medicationReference={"reference": "#m"}, status="active") | {member: inside[member]}
    body = request(zoledronic(), prefetch=prefetch(medicationRequests=bundle(held)))
    assert post(client, gb18030(body)).status_code in (200, 412)


# In a draft that gets a button


def buttons(response: Any) -> list[str]:
    assert response.status_code == 200, response.get_data(as_text=True)
    suggestions = [s for card in response.get_json()["cards"] for s in card.get("suggestions", [])]
    return [action["type"] for suggestion in suggestions for action in suggestion["actions"]]


Change = Callable[[bytes], bytes]
_NOTE = "the note"


@pytest.mark.parametrize(
    ("note", "kept"),
    [
        (b'"fine"', True),
        (b'"' + IN_GB18030 + b'"', False),
        (b"1e400", False),
        (b"-1e400", False),
        (b"9" * 5_000, False),
        (b"12345678901234567890", True),
        (b"[" * 300 + b"]" * 300, False),
    ],
    ids=["text", "GB18030", "1e400", "-1e400", "5,000 digits", "20 digits", "deep"],
)
def test_what_cannot_be_given_back_costs_the_button_not_the_call(client: FlaskClient, note: bytes, kept: bool) -> None:
    body = encoded(request(zoledronic(vendorNote=_NOTE), prefetch=LOW)).replace(f'"{_NOTE}"'.encode(), note)
    assert note in body
    assert buttons(post(client, body)) == (["update"] if kept else [])


@pytest.mark.parametrize("identity", ["a_b", "x" * 65, "a b"])
def test_a_draft_of_an_odd_id_gets_no_button_that_names_it(client: FlaskClient, identity: str) -> None:
    response = post(client, encoded(request(zoledronic(id=identity), prefetch=LOW)))
    assert buttons(response) == []
    assert response.get_json()["cards"]
