"""A story prefetched by the EHR, fetched by the service, or half and half: the same cards, letter by letter."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.fetch.address import FhirServers
from cds_service.fetch.gather import Access, Source, fetch
from cds_service.fetch.transport import session
from cds_service.fixtures import situations
from cds_service.site.settings import Settings
from cds_service.web.app import create_app
from cds_service.web.discovery import discovery
from fhir_server.server import FhirServer
from fhir_server.told import Json, Told, told

# Every kind of data a rule reads decides at least one of these.
NAMES = (
    "zoledronic-acid-dose-above-row",
    "denosumab-calcium-low",
    "dental-exam-booked",
    "dental-exam-ordered-on-record",
    "dental-exam-none-found",
    "creatinine-rise-before-second-dose",
    "acute-kidney-injury",
    "denosumab-while-zoledronic-acid-active",
    "tooth-extraction-on-zoledronic-acid",
    "order-select-co-ordered-nsaid",
    "chinese-names-as-text",
    "medication-under-a-prefetch-key-of-its-own",
    "zoledronic-acid-everything-in-order",
)
# Where each key's data lie on the server.
PLACES = {
    "patient": "Patient/",
    "conditions": "Condition?",
    "laboratory": "Observation?",
    "measurements": "Observation?",
    "medicationRequests": "MedicationRequest?",
    "medicationStatements": "MedicationStatement?",
    "medicationAdministrations": "MedicationAdministration?",
    "procedures": "Procedure?",
    "serviceRequests": "ServiceRequest?",
    "appointments": "Appointment?",
}
# The server speaks R4. The situations about prefetch tell of data that a prefetch lacks and a server has.
ALL = [
    s.name
    for s in situations()
    if s.story.dialect != "R5" and not s.name.startswith("prefetch-") and not s.name.endswith("-not-obtained")
]
NOTHING: Json = {"resourceType": "Bundle", "type": "searchset", "total": 0}
FAILED: Json = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}

Ask = Callable[[Told, Json], tuple[int, Json]]


@pytest.fixture(scope="module")
def ask(edition: Edition) -> Ask:
    """Call the service at the time of the story: status and body."""
    at: list[Any] = []
    settings = Settings(fetch_seconds=30)  # equality is the point here; a busy machine must not decide it
    client = create_app(settings, edition, lambda: at[-1]).test_client()

    def call(story: Told, body: Json) -> tuple[int, Json]:
        at.append(story.at)
        response = client.post(f"/cds-services/{story.service}", json=body, headers={"Accept-Language": story.language})
        return response.status_code, response.get_json()

    return call


@pytest.fixture(params=NAMES)
def story(request: pytest.FixtureRequest) -> Told:
    return told(request.param)


def only(body: Json, keys: list[str]) -> Json:
    """The prefetch of a body, these keys of it."""
    return {key: body["prefetch"][key] for key in keys}


def without_prefetch(body: Json) -> Json:
    return {member: value for member, value in body.items() if member != "prefetch"}


@pytest.mark.parametrize("name", ALL)
def test_every_story_is_the_same_without_prefetch(
    fhir_server: FhirServer, ask: Ask, edition: Edition, name: str
) -> None:
    story = told(name)
    body = story.from_server(fhir_server)

    with fhir_server.holding(story.resources):
        status, response = ask(story, without_prefetch(body))
    expected = story.response
    # What discovery leaves out is not looked at with a prefetch, and a card says so; who fetches looks.
    if unsent := edition.beside(story.service) - body.get("prefetch", {}).keys():
        _, expected = ask(story, body | {"prefetch": body["prefetch"] | dict.fromkeys(unsent, NOTHING)})

    assert status == story.status
    assert response == expected or status != 200  # why a call fails is told in other words


def test_who_fetches_makes_no_difference(fhir_server: FhirServer, ask: Ask, story: Told) -> None:
    full = story.from_server(fhir_server)
    told_by = {
        "EHR": full,
        "EHR and service": full | {"prefetch": only(full, story.keys[::2])},
        "service and EHR": full | {"prefetch": only(full, story.keys[1::2])},
    }

    with fhir_server.holding(story.resources):
        answers = {who: ask(story, body) for who, body in told_by.items()}

    assert answers == dict.fromkeys(told_by, (200, story.response))


def test_prefetch_as_a_server_really_gives_it(fhir_server: FhirServer, ask: Ask, edition: Edition, story: Told) -> None:
    offered = discovery(edition)["services"]
    templates = next(s["prefetch"] for s in offered if (s["id"], s["hook"]) == (story.service, story.body["hook"]))

    with fhir_server.holding(story.resources):
        found = {
            key: fhir_server.get(template.replace("{{context.patientId}}", story.patient_id))
            for key, template in templates.items()
        }
        answer = ask(story, story.from_server(fhir_server, prefetch=found))

    assert answer == (200, story.response)
    # An outcome in a searchset would mean that the server does not know a parameter of ours.
    assert not [e for b in found.values() for e in b.get("entry", []) if e["search"]["mode"] == "outcome"]


@pytest.mark.parametrize("missing", [["procedures"], ["laboratory", "medicationRequests"], ["patient", "conditions"]])
def test_only_what_is_missing_is_asked_for(fhir_server: FhirServer, ask: Ask, missing: list[str]) -> None:
    story = told("zoledronic-acid-dose-above-row")
    given = [key for key in story.keys if key not in missing]
    body = story.from_server(fhir_server)

    with fhir_server.holding(story.resources), fhir_server.watched() as asked:
        answer = ask(story, body | {"prefetch": only(body, given)})

    assert answer == (200, story.response)
    assert len(asked) == len(missing)
    assert all(any(a.startswith(f"GET {PLACES[key]}") for a in asked) for key in missing)


@pytest.mark.parametrize("name", ["zoledronic-acid-dose-above-row", "nothing-in-scope", "nothing-ordered"])
def test_nothing_is_asked_when_nothing_is_missing_or_needed(fhir_server: FhirServer, ask: Ask, name: str) -> None:
    story = told(name)
    body = story.from_server(fhir_server)

    with fhir_server.watched() as asked:
        status, response = ask(story, body if story.response["cards"] else without_prefetch(body))

    assert (status, response, asked) == (200, story.response, [])


def test_what_failed_in_prefetch_is_fetched(fhir_server: FhirServer, ask: Ask) -> None:
    story = told("zoledronic-acid-dose-above-row")
    body = story.from_server(fhir_server)
    failed = {"laboratory": FAILED, "conditions": FAILED}

    with fhir_server.holding(story.resources):
        answer = ask(story, body | {"prefetch": body["prefetch"] | failed})

    assert answer == (200, story.response)


def many_of(story: Told, kind: str, number: int) -> list[Json]:
    """``number`` more resources of a kind, about something no rule minds."""
    model = next(r for r in story.resources if r["resourceType"] == kind)
    code = {"code": {"text": "Myopia"}} if kind == "Condition" else {"medicationCodeableConcept": {"text": "Lactulose"}}
    return [model | code | {"id": f"other-{n}"} for n in range(number)]


def test_a_record_of_many_pages_is_read_to_its_end(fhir_server: FhirServer, ask: Ask) -> None:
    story = told("denosumab-while-zoledronic-acid-active")
    others = [*many_of(story, "Condition", 45), *many_of(story, "MedicationRequest", 25)]

    # The others first: what decides is on the last page.
    with fhir_server.holding([*others, *story.resources]), fhir_server.watched() as asked:
        answer = ask(story, without_prefetch(story.from_server(fhir_server)))

    assert answer == (200, story.response)
    assert sorted(a.split("_offset=")[1] for a in asked if "_offset=" in a) == ["20", "20", "40"]


def test_the_first_page_in_prefetch_is_not_the_whole_record(fhir_server: FhirServer, ask: Ask) -> None:
    story = told("denosumab-while-zoledronic-acid-active")

    with fhir_server.holding([*many_of(story, "Condition", 45), *story.resources]):
        first = fhir_server.get(f"Condition?patient={story.patient_id}")
        body = story.from_server(fhir_server)
        answer = ask(story, body | {"prefetch": body["prefetch"] | {"conditions": first}})

    assert len(first["entry"]) == 20
    assert answer == (200, story.response)


def test_a_token_the_server_refuses_is_told_key_by_key(fhir_server: FhirServer, ask: Ask) -> None:
    story = told("zoledronic-acid-dose-above-row")
    body = without_prefetch(story.from_server(fhir_server, token="not-the-token"))

    with fhir_server.holding(story.resources):
        status, answer = ask(story, body)

    assert status == 200
    (card,) = answer["cards"]
    assert card["source"]["topic"]["code"] == "not-evaluated"
    for key in ("patient", "diagnoses", "laboratory"):
        assert key in card["summary"]
    assert "not-the-token" not in str(answer)


def test_a_search_too_long_for_a_url_is_posted(fhir_server: FhirServer) -> None:
    story = told("zoledronic-acid-dose-above-row")
    codes = ",".join([*(f"{n}-0" for n in range(10000, 10300)), "29463-7"])
    template = f"Observation?patient={{{{context.patientId}}}}&code={codes}&_sort=-date&_count=200"
    servers = FhirServers(development=True)

    with session(servers) as opened, fhir_server.holding(story.resources), fhir_server.watched() as asked:
        source = Source(fhir_server.base, Access(fhir_server.token), servers, opened, time.monotonic() + 30)
        found = fetch({"weights": template}, {"patientId": story.patient_id}, source)["weights"]

    assert asked == ["POST Observation/_search"]
    assert found.complete
    assert b'"29463-7"' in found.pages[0]
