"""Every kind of answer a FHIR server gives, and what is made of it (no sockets: answers made up by ``responses``)."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator

import pytest
import requests
import responses
from bad_server import bundle
from responses import matchers

from cds_service.fetch.address import FhirServers
from cds_service.fetch.client import FhirClient, Limits
from cds_service.fetch.failure import Failed, Refused
from cds_service.fetch.gather import Access, Source, fetch, fetch_references
from cds_service.fetch.search import Request
from cds_service.fetch.transport import session
from cds_service.record.fetched import Fetched

BASE = "https://ehr.example/fhir"
TEMPLATE = "Condition?patient={{context.patientId}}"
URL = f"{BASE}/Condition?patient=p-1"
FHIR = "application/fhir+json"


@pytest.fixture
def ehr() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def source(access: Access | None = None, limits: Limits | None = None, seconds: float = 2.0) -> Source:
    servers = FhirServers((BASE,))
    deadline = time.monotonic() + seconds
    return Source(BASE, access or Access("token-1"), servers, session(servers), deadline, limits or Limits())


def conditions(limits: Limits | None = None, access: Access | None = None, seconds: float = 2.0) -> Fetched:
    return fetch({"conditions": TEMPLATE}, {"patientId": "p-1"}, source(access, limits, seconds))["conditions"]


def ids(fetched: Fetched) -> list[str]:
    return [e["resource"]["id"] for page in fetched.pages for e in json.loads(page)["entry"]]


def test_a_searchset_is_read_with_the_token(ehr: responses.RequestsMock) -> None:
    ehr.get(URL, bundle("a"), content_type=FHIR)
    assert conditions() == Fetched((bundle("a"),), complete=True, cause=None)
    (call,) = ehr.calls
    assert call.request.headers["Authorization"] == "Bearer token-1"
    assert "json" in call.request.headers["Accept"]


def test_without_a_token_none_is_sent(ehr: responses.RequestsMock) -> None:
    ehr.get(URL, bundle(), content_type=FHIR)
    assert conditions(access=Access()).complete
    assert "Authorization" not in ehr.calls[0].request.headers


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (204, "rejected"),
        (301, "redirect"),
        (302, "redirect"),
        (307, "redirect"),
        (400, "rejected"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "not-found"),
        (410, "gone"),
        (429, "too-many-requests"),
        (500, "server-error"),
        (502, "server-error"),
    ],
)
def test_a_status_is_told_once_and_not_asked_again(ehr: responses.RequestsMock, status: int, cause: str) -> None:
    ehr.get(URL, bundle("a"), status=status, content_type=FHIR, headers={"Location": f"{BASE}/elsewhere"})
    assert conditions() == Fetched((), complete=False, cause=cause)
    assert len(ehr.calls) == 1


def test_503_is_asked_again_and_may_get_well(ehr: responses.RequestsMock) -> None:
    ehr.get(URL, status=503)
    ehr.get(URL, bundle("a"), content_type=FHIR)
    assert conditions().complete


def test_503_is_asked_three_times_at_most(ehr: responses.RequestsMock) -> None:
    ehr.get(URL, status=503, headers={"Retry-After": "0"})
    assert conditions().cause == "server-error"
    assert len(ehr.calls) == 3


def test_a_server_that_wants_us_to_wait_beyond_the_deadline_is_not_waited_for(ehr: responses.RequestsMock) -> None:
    ehr.get(URL, status=503, headers={"Retry-After": "30"})
    before = time.monotonic()
    assert conditions().cause == "server-error"
    assert time.monotonic() - before < 0.5
    assert len(ehr.calls) == 1


@pytest.mark.parametrize(
    ("error", "cause", "asked"),
    [
        (requests.ConnectTimeout("http://x/?patient=p-1"), "timeout", 1),
        (requests.ReadTimeout("http://x/?patient=p-1"), "timeout", 1),
        (requests.ConnectionError("refused"), "connection", 1),
        (ConnectionResetError("reset"), "connection", 3),
        (requests.exceptions.ChunkedEncodingError("broken"), "connection", 1),
    ],
)
def test_what_the_network_does(ehr: responses.RequestsMock, error: Exception, cause: str, asked: int) -> None:
    ehr.get(URL, body=error)
    assert conditions().cause == cause
    assert len(ehr.calls) == asked


@pytest.mark.parametrize("kind", ["text/html", "application/xml", "application/fhir+xml", "", "application/jsonx"])
def test_only_json_is_read(ehr: responses.RequestsMock, kind: str) -> None:
    ehr.get(URL, bundle("a"), content_type=kind)
    assert conditions().cause == "not-json"


@pytest.mark.parametrize("kind", ["application/json", "application/json+fhir", "application/fhir+json; charset=UTF-8"])
def test_json_has_several_names(ehr: responses.RequestsMock, kind: str) -> None:
    ehr.get(URL, bundle("a"), content_type=kind)
    assert conditions().complete


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"", "not-json"),
        (b"<html>", "not-json"),
        (b'{"resourceType": "Bundle", "entry": [', "not-json"),
        (b"[]", "unreadable"),
        (b'{"resourceType": "Bundle", "link": "next"}', "unreadable"),
        (b'{"x":' + b"[" * 200_000, "unreadable"),
    ],
)
def test_garbage_is_told_from_data(ehr: responses.RequestsMock, body: bytes, cause: str) -> None:
    ehr.get(URL, body, content_type=FHIR)
    assert conditions() == Fetched((), complete=False, cause=cause)


def test_a_single_resource_is_handed_on_as_it_is(ehr: responses.RequestsMock) -> None:
    outcome = b'{"resourceType": "OperationOutcome"}'
    ehr.get(URL, outcome, content_type=FHIR)
    assert conditions() == Fetched((outcome,), complete=True, cause=None)


def test_pages_are_followed_to_the_end(ehr: responses.RequestsMock) -> None:
    ehr.get(URL, bundle("a", next_link=f"{BASE}?_getpages=2"), content_type=FHIR)
    ehr.get(f"{BASE}?_getpages=2", bundle("b", next_link="Condition?page=3"), content_type=FHIR)
    ehr.get(f"{BASE}/Condition?page=3", bundle("c"), content_type=FHIR)
    fetched = conditions()
    assert (ids(fetched), fetched.complete) == (["a", "b", "c"], True)


def test_one_bare_link_and_entry_stand_for_lists_of_one(ehr: responses.RequestsMock) -> None:
    first = json.dumps({"link": {"relation": "next", "url": f"{BASE}?2"}, "entry": {"resource": {}}})
    ehr.get(URL, first, content_type=FHIR)
    ehr.get(f"{BASE}?2", bundle("b"), content_type=FHIR)
    assert [len(conditions().pages), conditions().complete] == [2, True]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.test/fhir/Condition?patient=p-1",
        "http://ehr.example/fhir/Condition?page=2",
        "//evil.test/fhir",
        "https://ehr.example/other",
        "https://[bad/",
        "file:///etc/passwd",
    ],
)
def test_a_foreign_next_link_is_not_followed(ehr: responses.RequestsMock, link: str) -> None:
    ehr.get(URL, bundle("a", next_link=link), content_type=FHIR)
    assert conditions() == Fetched((bundle("a", next_link=link),), complete=False, cause="foreign-link")
    assert len(ehr.calls) == 1


def test_pages_that_lead_in_a_circle_end(ehr: responses.RequestsMock) -> None:
    ehr.get(URL, bundle("a", next_link=f"{BASE}?2"), content_type=FHIR)
    ehr.get(f"{BASE}?2", bundle("b", next_link=f"{BASE}?2"), content_type=FHIR)
    fetched = conditions()
    assert (ids(fetched), fetched.cause) == (["a", "b"], "page-loop")


def test_endless_new_pages_end_at_the_cap(ehr: responses.RequestsMock) -> None:
    ehr.get(URL, bundle("0", next_link=f"{BASE}?1"), content_type=FHIR)
    for n in range(1, 9):
        ehr.get(f"{BASE}?{n}", bundle(str(n), next_link=f"{BASE}?{n + 1}"), content_type=FHIR)
    fetched = conditions(Limits(pages=3))
    assert (ids(fetched), fetched.cause) == (["0", "1", "2"], "more-pages")
    assert len(ehr.calls) == 3


def test_a_page_that_fails_leaves_those_before_it(ehr: responses.RequestsMock) -> None:
    ehr.get(URL, bundle("a", next_link=f"{BASE}?2"), content_type=FHIR)
    ehr.get(f"{BASE}?2", status=500)
    fetched = conditions()
    assert (ids(fetched), fetched.complete, fetched.cause) == (["a"], False, "server-error")


def test_bytes_and_resources_are_capped_over_all_pages(ehr: responses.RequestsMock) -> None:
    first = bundle("a", "b", next_link=f"{BASE}?2")
    ehr.get(URL, first, content_type=FHIR)
    ehr.get(f"{BASE}?2", bundle("c", "d"), content_type=FHIR)
    assert conditions(Limits(resources=3)) == Fetched((first,), complete=False, cause="too-large")
    assert conditions(Limits(bytes=len(first) + 10)) == Fetched((first,), complete=False, cause="too-large")
    assert conditions(Limits(resources=4, bytes=2 * len(first))).complete


def test_bytes_are_counted_after_decompression(ehr: responses.RequestsMock) -> None:
    bomb = gzip.compress(b" " * 4_000_000)
    ehr.get(URL, bomb, content_type=FHIR, headers={"Content-Encoding": "gzip"})
    assert conditions(Limits(bytes=1_000_000)).cause == "too-large"


def test_a_long_search_is_posted(ehr: responses.RequestsMock) -> None:
    code = ",".join(str(n) for n in range(1000))
    form = matchers.urlencoded_params_matcher({"patient": "p-1", "code": code})
    ehr.post(f"{BASE}/Observation/_search", bundle("a"), content_type=FHIR, match=[form])
    needs = {"laboratory": "Observation?patient={{context.patientId}}&code=" + code}
    assert fetch(needs, {"patientId": "p-1"}, source())["laboratory"].complete


def test_what_the_scope_does_not_give_is_not_asked_for(ehr: responses.RequestsMock) -> None:
    ehr.get(URL, bundle("a"), content_type=FHIR)
    assert conditions(access=Access("t", "patient/Observation.read")) == Fetched((), complete=False, cause="scope")
    assert len(ehr.calls) == 0
    partly = conditions(access=Access("t", "patient/Condition.rs?category=problem-list-item"))
    assert (ids(partly), partly.complete, partly.cause) == (["a"], False, "scope")


def test_a_token_of_another_patient_stops_everything(ehr: responses.RequestsMock) -> None:
    with pytest.raises(Refused, match="token-patient"):
        conditions(access=Access("t", None, "p-2"))
    assert len(ehr.calls) == 0


@pytest.mark.parametrize("token", ["", "a b", "a\r\nX: y", "é"])
def test_what_is_no_token_is_not_sent(ehr: responses.RequestsMock, token: str) -> None:
    with pytest.raises(Refused, match=r"^token$"):
        conditions(access=Access(token))


def test_a_server_that_is_not_listed_is_not_asked(ehr: responses.RequestsMock) -> None:
    asked = source()
    elsewhere = Source("https://evil.test/fhir", asked.access, asked.servers, asked.session, asked.deadline)
    assert fetch({"a": TEMPLATE, "b": TEMPLATE}, {"patientId": "p-1"}, elsewhere) == {
        key: Fetched((), complete=False, cause="server-not-allowed") for key in ("a", "b")
    }
    assert len(ehr.calls) == 0


def test_nothing_needed_is_nothing_asked() -> None:
    assert fetch({}, {"patientId": "p-1"}, source()) == {}


def test_a_context_that_lacks_a_value_fails_that_need_only(ehr: responses.RequestsMock) -> None:
    ehr.get(URL, bundle("a"), content_type=FHIR)
    needs = {"conditions": TEMPLATE, "encounter": "Encounter/{{context.encounterId}}"}
    got = fetch(needs, {"patientId": "p-1"}, source())
    assert [got["conditions"].cause, got["encounter"].cause] == [None, "context"]


def test_after_the_deadline_nothing_is_asked(ehr: responses.RequestsMock) -> None:
    assert conditions(seconds=0).cause == "timeout"
    assert len(ehr.calls) == 0


def test_references_are_read_where_they_lead_inside_the_base(ehr: responses.RequestsMock) -> None:
    medication = b'{"resourceType": "Medication", "id": "1"}'
    ehr.get(f"{BASE}/Medication/1", medication, content_type=FHIR)
    inside = ["Medication/1", f"{BASE}/Medication/1", "Medication/1/_history/3"]
    outside = [
        "https://evil.test/fhir/Medication/1",
        "urn:uuid:1",
        "#1",
        "Patient/1",
        "Medication/..",
        "Medication?x=1",
    ]
    got = fetch_references([*inside, *outside], "Medication", source())
    assert [got[r] for r in inside] == [Fetched((medication,), complete=True, cause=None)] * 3
    assert [got[r].cause for r in outside] == ["foreign-link"] * len(outside)
    assert len(ehr.calls) == 3


def test_nothing_shows_the_token_or_the_patient(ehr: responses.RequestsMock) -> None:
    ehr.get(URL, body=requests.ConnectionError(f"GET {URL} failed"))
    asked = source()
    client = FhirClient(asked.session, BASE, "token-1", asked.deadline, asked.limits)
    with pytest.raises(Failed) as failed:
        client.send(Request("search", "Condition", (("patient", "p-1"),)))
    # What the library raised, with the URL in it, is not even in the chain.
    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None
    assert "token-1" not in f"{asked!r} {client!r} {failed.value!r}"
    with pytest.raises(Refused, match="foreign"):
        client.get("https://evil.test/fhir/Condition")
