"""What a load balancer asks, and what stands on every answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store.memory import Memory
from cds_service.web import probes
from cds_service.web.app import create_app
from cds_service.web.probes import Pulse
from tests.build import NOW, SERVICE


@pytest.fixture
def memory(edition: Edition, tmp_path: Path) -> Iterator[Memory]:
    made = Memory.open(Settings(database_url=f"sqlite:///{tmp_path / 'cds.sqlite3'}"), edition.site.suppression)
    yield made
    made.close(5)


@pytest.fixture
def client(edition: Edition, memory: Memory) -> FlaskClient:
    return create_app(
        Settings(cors_origins=frozenset({"https://ehr.example"})), edition, lambda: NOW, memory
    ).test_client()


def refused(client: FlaskClient) -> str:
    """Why it is not ready."""
    answer = client.get("/readyz")
    assert answer.status_code == 503
    outcome = answer.get_json()
    assert (outcome["resourceType"], outcome["issue"][0]["code"]) == ("OperationOutcome", "transient")
    text: str = outcome["issue"][0]["details"]["text"]
    return text


def test_a_server_lives_and_is_ready(client: FlaskClient) -> None:
    for path, status in (("/livez", "alive"), ("/readyz", "ready")):
        answer = client.get(path)
        assert (answer.status_code, answer.get_json()) == (200, {"status": status})


def test_a_server_that_is_leaving_lives_and_is_not_ready(client: FlaskClient) -> None:
    client.application.extensions["leaving"] = lambda: True
    assert "server" in refused(client)
    assert client.get("/livez").status_code == 200


def test_a_server_whose_database_is_gone_lives_and_is_not_ready(
    client: FlaskClient, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "_FRESH_SECONDS", 0.0)
    assert client.get("/readyz").status_code == 200
    assert memory.database.url.database
    file = Path(memory.database.url.database)
    away = file.rename(file.with_suffix(".away"))
    assert "database" in refused(client)
    assert client.get("/livez").status_code == 200
    away.rename(file)
    assert client.get("/readyz").status_code == 200


def test_a_server_without_memory_is_ready(edition: Edition) -> None:
    assert create_app(Settings(), edition, lambda: NOW).test_client().get("/readyz").status_code == 200


def test_a_database_that_hangs_is_asked_once_and_waited_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "_WAIT_SECONDS", 0.1)
    monkeypatch.setattr(probes, "_FRESH_SECONDS", 0.0)
    asked, comes_back = [], threading.Event()

    def hang() -> None:
        asked.append(1)
        comes_back.wait(20)

    pulse = Pulse(hang)
    began = time.monotonic()
    assert [pulse.fault() for _ in range(5)] == ["database: it does not answer in time."] * 5
    assert time.monotonic() - began < 5
    assert len(asked) == 1
    comes_back.set()
    assert pulse._answered.wait(20)
    assert pulse.fault() is None


def test_many_questions_are_one_to_the_database() -> None:
    asked = []

    def refuse() -> None:
        asked.append(1)
        raise OperationalError("SELECT", {}, Exception())

    pulse = Pulse(refuse)
    assert {pulse.fault() for _ in range(100)} == {"database: it cannot be read."}
    assert len(asked) <= 3


def test_no_thread_runs_when_workers_are_forked(edition: Edition, memory: Memory) -> None:
    """A lock some thread holds at that moment would be held for ever in the worker."""
    before = threading.active_count()
    app = create_app(Settings(), edition, lambda: NOW, memory)
    app.extensions["warm"]()
    assert threading.active_count() == before
    app.extensions["begin"]()
    assert threading.active_count() == before + 1, "the worker's writer"


# On every answer


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/cds-services", 200),
        ("HEAD", "/cds-services", 200),
        ("GET", "/health", 200),
        ("GET", "/livez", 200),
        ("HEAD", "/readyz", 200),
        ("GET", "/openapi.json", 200),
        ("OPTIONS", SERVICE, 200),
        ("GET", "/nowhere", 404),
        ("POST", "/cds-services/nobody", 415),
        ("PUT", SERVICE, 405),
        ("GET", SERVICE, 405),
        ("BREW", SERVICE, 405),
        ("POST", SERVICE, 415),
    ],
)
def test_no_answer_is_stored_or_guessed_at(client: FlaskClient, method: str, path: str, status: int) -> None:
    headers = {"Origin": "https://ehr.example", "Access-Control-Request-Method": "POST"}
    answer = client.open(path, method=method, headers=headers)
    assert answer.status_code == status
    assert answer.headers.getlist("Cache-Control") == ["no-store"]
    assert answer.headers.getlist("X-Content-Type-Options") == ["nosniff"]
    assert answer.headers["Access-Control-Allow-Origin"] == "https://ehr.example"


def test_no_answer_is_stored_though_what_makes_it_fails(client: FlaskClient) -> None:
    def fail(_: object) -> None:
        raise LookupError("unforeseen")

    client.application.after_request_funcs[None].insert(0, fail)
    answer = client.get("/health")
    assert answer.status_code == 500
    assert answer.headers.getlist("Cache-Control") == ["no-store"]
