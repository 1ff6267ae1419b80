"""The served OpenAPI document against the service: made-up calls never break it, and answers are as described."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from cds_service import fixtures
from cds_service.call.context import OrderSaid
from cds_service.call.envelope import _Typed
from cds_service.call.feedback import _Event
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store.memory import Memory
from cds_service.web.app import create_app
from cds_service.web.door import OPEN
from cds_service.web.openapi import openapi
from cds_service.web.openapi_feedback import FEEDBACK
from cds_service.web.openapi_request import schema_name
from tests.build import NOW, SERVICE, Json

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
bounded = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))

HOOKS = ("order-select", "order-sign", "patient-view", "encounter-start")


@pytest.fixture(scope="module")
def document(edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    """The document as the application serves it, bound to the application."""
    own = Settings(database_url=f"sqlite:///{tmp_path_factory.mktemp('memory') / 'cds.sqlite3'}")
    memory = Memory.open(own, edition.site.suppression)
    yield schemathesis.openapi.from_wsgi("/openapi.json", create_app(own, edition, lambda: NOW, memory))
    memory.close(5)


def test_the_document_describes_every_path(document: schemathesis.BaseSchema) -> None:
    # The workbench is pages for people; its data are theirs too, and no part of the service.
    routes = {rule.rule for rule in document.app.url_map.iter_rules() if not rule.rule.startswith("/workbench/")}
    ids = {"<service_id>": "bone-modifying-agents", "<hook>": "order-sign", "<topic>": "{topic}"}
    served = {functools.reduce(lambda path, name: path.replace(name, ids[name]), ids, route) for route in routes}
    assert served - set(document.raw_schema["paths"]) == set()


def operations(document: schemathesis.BaseSchema) -> list[tuple[str, Json]]:
    paths = document.raw_schema["paths"]
    return [(path, operation) for path in paths for operation in paths[path].values()]


def test_every_operation_has_a_name_of_its_own(document: schemathesis.BaseSchema) -> None:
    """Generators of clients name functions by it."""
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names)) > 10
    assert [name for name in names if not name.isidentifier()] == []


def test_no_schema_has_the_name_of_a_class_that_generators_make(document: schemathesis.BaseSchema) -> None:
    schemas = document.raw_schema["components"]["schemas"]
    assert {"Response", "Client", "File", "Unset"}.isdisjoint({*schemas, *(s.get("title") for s in schemas.values())})


def test_what_needs_no_token_is_what_the_door_leaves_open(document: schemathesis.BaseSchema) -> None:
    unlocked = {path.split("/")[1] for path, operation in operations(document) if operation.get("security") == []}
    assert unlocked == OPEN


def test_an_open_door_is_described_as_one(edition: Edition) -> None:
    assert {} in openapi(edition, feedback=True, open_door=True)["security"]
    assert {} not in openapi(edition, feedback=True, open_door=False)["security"]


def validator(document: schemathesis.BaseSchema, name: str) -> jsonschema_rs.Validator:
    """What judges JSON by a schema of the document."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document.raw_schema["components"]}
    return jsonschema_rs.Draft202012Validator(schema)


def test_every_situation_is_as_described(document: schemathesis.BaseSchema) -> None:
    """Also the examples: they are some of these."""
    judges = {hook: validator(document, schema_name(hook)) for hook in HOOKS}
    cards = validator(document, "CardsResponse")
    for situation in fixtures.situations():
        if situation.story.status == 200:
            body = json.loads(situation.request)
            judges[body["hook"]].validate(body)
            cards.validate(situation.response)


@pytest.mark.parametrize("hook", HOOKS[:2])
def test_every_hook_of_a_service_has_an_example(document: schemathesis.BaseSchema, hook: str) -> None:
    examples = document.raw_schema["components"]["examples"]
    shown = document.raw_schema["paths"][SERVICE]["post"]["requestBody"]["content"]["application/json"]["examples"]
    example = examples[shown[hook]["$ref"].rpartition("/")[2]]
    assert example["value"]["hook"] == hook


def test_the_members_described_are_those_that_are_read(document: schemathesis.BaseSchema) -> None:
    for hook in ("order-select", "order-sign"):
        described = document.raw_schema["components"]["schemas"][schema_name(hook)]
        assert set(described["properties"]) == set(_Typed.__struct_encode_fields__)
        assert set(described["properties"]["context"]["properties"]) == set(OrderSaid.__struct_encode_fields__)
    event = FEEDBACK["properties"]["feedback"]["items"]
    assert set(event["properties"]) <= set(_Event.__struct_encode_fields__)


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_a_call_needs_what_is_required_and_nothing_else(document: schemathesis.BaseSchema, hook: str) -> None:
    described = document.raw_schema["components"]["schemas"][schema_name(hook)]
    whole: Json = {
        "hook": hook,
        "hookInstance": "8d0f3b1e-7f60-4d5a-9c3e-0b6c5a1d2e3f",
        "fhirServer": "http://127.0.0.1:9/fhir",
        "fhirAuthorization": {"access_token": "made-up"},
        "context": {
            "userId": "Practitioner/1",
            "patientId": "p",
            "encounterId": "e",
            "draftOrders": {"resourceType": "Bundle", "entry": []},
            "selections": [],
        },
        "prefetch": {},
        "extension": {},
    }
    client = document.app.test_client()
    for path, schema in ((), described), (("context",), described["properties"]["context"]):
        for member in schema["properties"]:
            body = copy.deepcopy(whole)
            del functools.reduce(lambda node, name: node[name], path, body)[member]
            expected = 400 if member in schema["required"] else 200
            assert client.post(SERVICE, json=body).status_code == expected, member


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/cds-services"),
        ("POST", SERVICE),
        ("POST", f"{SERVICE}/feedback"),
        ("GET", "/explanation/{topic}"),
        ("GET", "/hooks/order-select/cds-services"),
        ("POST", f"/hooks/order-select{SERVICE}"),
        ("GET", "/fhir/CodeSystem/card-topic"),
        ("GET", "/openapi.json"),
        ("GET", "/health"),
        ("GET", "/livez"),
        ("GET", "/readyz"),
    ],
)
def test_made_up_calls_are_answered_as_the_document_says(
    document: schemathesis.BaseSchema, method: str, path: str
) -> None:
    @settings(bounded, max_examples=100)
    @given(document[path][method].as_strategy())
    def call(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    call()


# Made-up calls rarely get past the hook's name: real ones with a few members broken go all the way.

REQUESTS = [json.loads(situation.request) for situation in fixtures.situations() if situation.story.status == 200]
GONE = object()
ODD = st.sampled_from([
    *(GONE, None, True, 0, -1, 0.5, 1e308, 10**30, "", " ", "4 mg", "q4w", "NaN", "2026-02-30", "9999-12-31"),
    *("0001-01-01T00:00:00Z", "2026-02-20T08:00:00+14:00", "#", "Patient/x", "\u0000", "\ud83d\ude00", "x" * 300),
    *([], {}, [None], [[]], {"resourceType": "Bundle"}, {"value": "1e999", "unit": "mg"}, {"coding": {"code": "x"}}),
])  # fmt: skip


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every member of a JSON value: its parent and its key."""
    for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield node, key
        yield from places(node[key])


def broken(body: Any, changes: list[tuple[int, Any]]) -> Any:
    """A copy of a request with some of its members replaced or gone."""
    body = copy.deepcopy(body)
    for number, value in changes:
        found = [(parent, key) for parent, key in places(body) if parent is not body]
        parent, key = found[number % len(found)]
        if value is GONE:
            del parent[key]
        else:
            parent[key] = copy.deepcopy(value)
    return body


@settings(bounded, max_examples=400)
@given(
    st.sampled_from(REQUESTS),
    st.lists(st.tuples(st.integers(0, 10_000), ODD), min_size=1, max_size=4),
    st.sampled_from(["en", "zh-CN"]),
)
def test_real_calls_with_broken_members_never_break_the_service(
    document: schemathesis.BaseSchema, body: Any, changes: list[tuple[int, Any]], language: str
) -> None:
    case = document[SERVICE]["POST"].Case(
        body=broken(body, changes), media_type="application/json", headers={"Accept-Language": language}
    )
    case.call_and_validate(checks=CHECKS)
