"""What is missing is read from the caller's FHIR server, and only that: the line with a server behind it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import trustme
from flask.testing import FlaskClient

from cds_service.edition import Edition
from cds_service.fetch.failure import Refused
from cds_service.site.settings import Settings
from cds_service.web.app import create_app
from cds_service.web.servers import fhir_servers
from tests import build
from tests.build import NOW, SERVICE, Json, bundle, encoded, prefetch, request, zoledronic
from tests.site.made import refusing

TOKEN = "made-up-token"
LOW = {"laboratory": bundle(build.clearance(45), build.calcium(2.3))}


class FhirServer:
    """A FHIR server of a test: answers by resource type, notes what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Json] | Callable[[str], tuple[int, Json]]] = {}  # by the query
        self.asked: list[tuple[str, str | None]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path.removeprefix("/fhir/")
                server.asked.append((path, self.headers.get("Authorization")))
                answer = server.answers.get(path, (200, bundle()))
                status, body = answer(unquote(urlsplit(self.path).query)) if callable(answer) else answer
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/fhir+json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self._http.server_port}/fhir"

    def __enter__(self) -> FhirServer:
        Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def holds(self, members: Json) -> None:
        """Serve what these prefetch members hold."""
        kinds = {"conditions": "Condition", "laboratory": "Observation", "procedures": "Procedure"}
        kinds |= {"medicationRequests": "MedicationRequest"}
        self.answers |= {kind: (200, members[key]) for key, kind in kinds.items()}
        self.answers[f"Patient/{build.PATIENT}"] = (200, members["patient"])


@pytest.fixture
def fhir() -> Iterator[FhirServer]:
    with FhirServer() as server:
        yield server


@pytest.fixture(scope="module")
def client(edition: Edition) -> FlaskClient:
    return create_app(Settings(), edition, lambda: NOW).test_client()


@pytest.fixture(scope="module")
def strict(edition: Edition) -> FlaskClient:
    """For a client that would rather have an error than a card where data are missing."""
    return create_app(Settings(), refusing(edition), lambda: NOW).test_client()


def body(fhir: FhirServer, found: Json | None, **authorization: str) -> Json:
    made = request(zoledronic(), fhirServer=fhir.base)
    made["fhirAuthorization"] = {"access_token": TOKEN, "token_type": "Bearer"} | authorization
    if found is None:
        del made["prefetch"]
    else:
        made["prefetch"] = found
    return made


def post(client: FlaskClient, asked: Json) -> Any:
    return client.post(SERVICE, data=encoded(asked), content_type="application/json")


@pytest.mark.parametrize("keys", [(), ("patient",), ("patient", "conditions", "medicationRequests")])
def test_with_full_partial_and_no_prefetch_the_cards_are_equal(
    client: FlaskClient, fhir: FhirServer, keys: tuple[str, ...]
) -> None:
    whole = prefetch(**LOW)
    fhir.holds(whole)
    expected = post(client, request(zoledronic(), prefetch=whole)).get_json()
    assert expected["cards"]
    found = post(client, body(fhir, {key: whole[key] for key in keys} or None))
    assert found.get_json() == expected


def test_only_what_the_rules_need_and_do_not_have_is_asked_for(client: FlaskClient, fhir: FhirServer) -> None:
    whole = prefetch(**LOW)
    fhir.holds(whole)
    del whole["procedures"]
    post(client, body(fhir, whole))
    assert [path for path, _ in fhir.asked] == ["Procedure"]
    assert {token for _, token in fhir.asked} == {f"Bearer {TOKEN}"}


def test_an_order_out_of_scope_asks_nothing(client: FlaskClient, fhir: FhirServer) -> None:
    asked = body(fhir, None)
    asked["context"]["draftOrders"]["entry"] = [{"resource": build.order("83367", 20)}]
    assert post(client, asked).get_json() == {"cards": []}
    assert fhir.asked == []


def test_a_medication_known_only_by_reference_is_read(client: FlaskClient, fhir: FhirServer) -> None:
    whole = prefetch(**LOW)
    fhir.answers["Medication/m1"] = (
        200,
        {"resourceType": "Medication", "id": "m1", "code": {"text": "zoledronic acid 4 mg"}},
    )
    draft = zoledronic(medicationReference={"reference": "Medication/m1"})
    del draft["medicationCodeableConcept"]
    asked = body(fhir, whole)
    asked["context"]["draftOrders"]["entry"] = [{"resource": draft}]
    cards = post(client, asked).get_json()["cards"]
    assert "bisphosphonate-renal-dose" in [c["source"]["topic"]["code"] for c in cards]
    assert [path for path, _ in fhir.asked] == ["Medication/m1"]


@pytest.mark.parametrize(
    ("status", "said"), [(401, "401"), (403, "403"), (404, "404"), (500, "5xx"), (302, "redirect")]
)
def test_what_cannot_be_read_is_a_412_with_its_cause(
    strict: FlaskClient, fhir: FhirServer, status: int, said: str
) -> None:
    fhir.answers["Observation"] = (status, {})
    found = {k: v for k, v in prefetch().items() if k != "laboratory"}
    response = post(strict, body(fhir, found))
    assert response.status_code == 412
    (issue,) = response.get_json()["issue"]
    assert issue["expression"] == ["prefetch.laboratory"]
    assert said in issue["details"]["text"]
    assert TOKEN not in response.get_data(as_text=True)


def test_what_is_not_needed_by_all_topics_is_told_on_the_card(client: FlaskClient, fhir: FhirServer) -> None:
    fhir.answers["Procedure"] = (403, {})
    found = {k: v for k, v in prefetch().items() if k not in ("procedures", "serviceRequests", "appointments")}
    cards = post(client, body(fhir, found)).get_json()["cards"]
    assert [c["source"]["topic"]["code"] for c in cards] == ["not-evaluated"]


# A search of ours that filters by what a server's resources do not say of themselves


def filters(query: str) -> bool:
    return "category=" in query or "code=" in query


def unlabelled(found: Callable[[str], tuple[int, Json]]) -> Callable[[str], tuple[int, Json]]:
    """Results without category and code system: a search that filters finds none of them."""
    return lambda query: (200, bundle()) if filters(query) else found(query)


def without_results(fhir: FhirServer) -> Json:
    return body(fhir, {k: v for k, v in prefetch().items() if k not in ("laboratory", "measurements")})


def topics_of(response: Any) -> list[str]:
    return [card["source"]["topic"]["code"] for card in response.get_json()["cards"]]


def test_what_a_filter_hides_is_found_without_it(client: FlaskClient, fhir: FhirServer) -> None:
    fhir.answers["Observation"] = unlabelled(lambda _: (200, LOW["laboratory"]))
    assert "bisphosphonate-renal-dose" in topics_of(post(client, without_results(fhir)))


def test_a_server_that_takes_no_search_without_a_filter_has_answered(client: FlaskClient, fhir: FhirServer) -> None:
    """Epic's takes none: what it said of the laboratory stands, and there is no creatinine."""
    fhir.answers["Observation"] = unlabelled(lambda _: (400, {"resourceType": "OperationOutcome"}))
    topics = topics_of(post(client, without_results(fhir)))
    assert "renal-function-missing" in topics
    assert "not-evaluated" not in topics


@pytest.mark.parametrize("status", [403, 500])
def test_what_fails_without_its_filter_is_not_none_on_record(
    client: FlaskClient, fhir: FhirServer, status: int
) -> None:
    fhir.answers["Observation"] = unlabelled(lambda _: (status, {}))
    assert topics_of(post(client, without_results(fhir))) == ["not-evaluated"]


@pytest.mark.parametrize("a_page", [200, 1500])
def test_without_its_filter_a_search_is_bounded_and_what_it_did_not_reach_is_not_none(
    client: FlaskClient, fhir: FhirServer, a_page: int
) -> None:
    pulse = build.observation("8867-4", 70, "/min", days_ago=1)
    sent = 0

    def endless(query: str) -> tuple[int, Json]:
        nonlocal sent
        sent += a_page
        page = bundle(*(pulse | {"id": f"p{sent}-{n}"} for n in range(a_page)))
        return 200, page | {"link": [{"relation": "next", "url": f"{fhir.base}/Observation?{query}&page={sent}"}]}

    fhir.answers["Observation"] = unlabelled(endless)
    assert topics_of(post(client, without_results(fhir))) == ["not-evaluated"]
    assert sent <= 2 * 1500, "two needs, each at most a thousand resources, or one page above it"


def test_a_token_for_another_patient_is_refused_before_it_is_used(client: FlaskClient, fhir: FhirServer) -> None:
    draft = zoledronic(medicationReference={"reference": "Medication/m1"})
    del draft["medicationCodeableConcept"]
    asked = body(fhir, None, patient="somebody-else")
    asked["context"]["draftOrders"]["entry"] = [{"resource": draft}]
    response = post(client, asked)
    assert response.status_code == 400
    assert response.get_json()["issue"][0]["expression"] == ["fhirAuthorization.patient"]
    assert fhir.asked == []


def test_what_the_scope_leaves_out_is_not_asked_for(strict: FlaskClient, fhir: FhirServer) -> None:
    found = {k: v for k, v in prefetch().items() if k != "laboratory"}
    response = post(strict, body(fhir, found, scope="patient/Condition.read"))
    assert response.status_code == 412
    assert "scope" in response.get_json()["issue"][0]["details"]["text"]
    assert fhir.asked == []


def test_production_without_a_list_asks_nobody(edition: Edition, fhir: FhirServer) -> None:
    servers = fhir_servers(Settings(profile="production"), edition)(None)
    assert servers is not None
    with pytest.raises(Refused, match="not-https"):
        servers.allowed.base_of(fhir.base)
    with pytest.raises(Refused, match="not-listed"):
        servers.allowed.base_of("https://ehr.example/r4")


def test_a_hospitals_own_authorities_are_trusted_beside_the_public_ones(edition: Edition, tmp_path: Path) -> None:
    own = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(own))
    servers = fhir_servers(Settings(ca_file=own), edition)(None)
    assert servers is not None
    context = servers._session.get().get_adapter("https://ehr.example").poolmanager.connection_pool_kw["ssl_context"]
    assert len(context.get_ca_certs()) > 1
    assert any("trustme" in str(each["subject"]) for each in context.get_ca_certs())
