"""What a FHIR server answers that is no UTF-8, and how many Medications one call reads: through the whole line."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from bad_server import Behaviour, answer, serving
from flask.testing import FlaskClient

from cds_service.edition import Edition
from cds_service.fetch.obtain import MOST_MEDICATIONS
from cds_service.site.settings import Settings
from cds_service.web.app import create_app
from tests import build
from tests.build import NOW, SERVICE, Json, bundle, encoded, prefetch, request, zoledronic

HERE = "这里"


@pytest.fixture(scope="module")
def client(edition: Edition) -> FlaskClient:
    return create_app(Settings(), edition, lambda: NOW).test_client()


def post(client: FlaskClient, body: Json) -> Any:
    return client.post(SERVICE, data=encoded(body), content_type="application/json")


def holding(**bodies: Json) -> Behaviour:
    """Serves these by the first word of their path; where they say HERE, in GB18030."""

    def behave(sock: socket.socket, request: str) -> None:
        path = urlsplit(request.split(maxsplit=2)[1]).path
        kind = path.removeprefix("/fhir/").partition("/")[0]
        body = json.dumps(bodies.get(kind, bundle()), ensure_ascii=False).encode()
        sock.sendall(answer(body.replace(HERE.encode(), HERE.encode("gb18030"))))

    return behave


def lacking(key: str, base: str, **found: Any) -> Json:
    kept = {k: v for k, v in prefetch(**found).items() if k != key}
    return request(zoledronic(), fhirServer=base, prefetch=kept)


def test_a_resource_of_a_page_that_is_not_utf8_is_left_out_and_told(client: FlaskClient) -> None:
    low = bundle(build.clearance(45), build.calcium(2.3))
    bad = build.BONE_METASTASIS | {"id": "bad", "code": {"text": HERE}}
    with serving(holding(Condition=bundle(build.LUNG_CANCER, bad))) as server:
        response = post(client, lacking("conditions", server.base, laboratory=low))
    assert response.status_code == 200
    cards = {card["source"]["topic"]["code"]: card["detail"] for card in response.get_json()["cards"]}
    assert "bisphosphonate-renal-dose" in cards
    assert "Condition" in cards["not-evaluated"]


def test_a_page_whose_links_are_not_utf8_is_no_json(client: FlaskClient) -> None:
    page = bundle(build.LUNG_CANCER) | {"link": [{"relation": HERE, "url": "x"}]}
    with serving(holding(Condition=page)) as server:
        response = post(client, lacking("conditions", server.base))
    (card,) = response.get_json()["cards"]
    assert "diagnoses" in card["summary"]


@pytest.mark.parametrize("number", [MOST_MEDICATIONS, MOST_MEDICATIONS + 1])
def test_so_many_medications_are_read_in_one_call(client: FlaskClient, number: int) -> None:
    taken = [
        {
            "resourceType": "MedicationRequest",
            "id": f"r{n}",
            "status": "active",
            "intent": "order",
            "medicationReference": {"reference": f"Medication/m{n}"},
            "subject": {"reference": f"Patient/{build.PATIENT}"},
        }
        for n in range(number)
    ]
    medication = {"resourceType": "Medication", "code": {"text": "atorvastatin"}}
    with serving(holding(Medication=medication)) as server:
        body = request(zoledronic(), fhirServer=server.base, prefetch=prefetch(medicationRequests=bundle(*taken)))
        response = post(client, body)
        asked = len(server.requests)
    assert (response.status_code, asked) == ((200, number) if number <= MOST_MEDICATIONS else (413, 0))
    if number > MOST_MEDICATIONS:
        assert str(MOST_MEDICATIONS) in response.get_json()["issue"][0]["details"]["text"]


def test_another_kind_of_token_is_not_sent_as_a_bearer_token(client: FlaskClient) -> None:
    sent = {}
    for kind in ("Bearer", "MAC"):
        with serving(holding(Condition=bundle(build.LUNG_CANCER))) as server:
            body = lacking("conditions", server.base)
            post(client, body | {"fhirAuthorization": {"access_token": "made-up-token", "token_type": kind}})
            sent[kind] = "made-up-token" in "".join(server.requests)
    assert sent == {"Bearer": True, "MAC": False}
