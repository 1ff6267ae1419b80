"""The served OpenAPI document against the service: made-up calls never break it, and answers are as described."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from cds_service import fixtures
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store.memory import Memory
from cds_service.web.app import create_app
from tests.build import NOW, SERVICE

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
bounded = settings(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def document(edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    """The document as the application serves it, bound to the application."""
    own = Settings(database_url=f"sqlite:///{tmp_path_factory.mktemp('memory') / 'cds.sqlite3'}")
    memory = Memory.open(own, edition.site.suppression)
    yield schemathesis.openapi.from_wsgi("/openapi.json", create_app(own, edition, lambda: NOW, memory))
    memory.close(5)


def test_the_document_describes_every_path(document: schemathesis.BaseSchema) -> None:
    assert {"/cds-services", SERVICE, f"{SERVICE}/feedback", "/explanation/{topic}", "/livez", "/readyz"} <= set(
        document.raw_schema["paths"]
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/cds-services"),
        ("POST", SERVICE),
        ("POST", f"{SERVICE}/feedback"),
        ("GET", "/explanation/{topic}"),
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
