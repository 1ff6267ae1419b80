"""The form that loads a patient: which servers it asks, what it keeps, and what it says of a server that fails."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, get_args

import pytest

from cds_service.base.kinds import LANGUAGES
from cds_service.base.yamlfile import load_as
from cds_service.edition import Edition
from cds_service.fetch.failure import Cause
from cds_service.site.settings import Settings
from cds_service.store.memory import Memory
from cds_service.web.app import create_app
from cds_service.workbench import words
from tests.build import NOW

FIRST = "zoledronic-acid-dose-above-row"
BONE = "bone-modifying-agents"
SECRET, TOKEN = "zaphod-7741", "marvin-paranoid-42"
PATIENT = {"resourceType": "Patient", "id": SECRET, "gender": "female", "birthDate": "1960-01-01"}
EMPTY = {"resourceType": "Bundle", "type": "searchset", "total": 0}


class Server(ThreadingHTTPServer):
    """Answers by kind of resource; what it was asked is in ``asked``."""

    def __init__(self, answers: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.answers, self.asked = answers, list[str]()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/fhir"


class _Answering(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        kind = self.path.removeprefix("/fhir/").split("?")[0].split("/")[0]
        self.server.asked.append(self.path)
        status, body = self.server.answers.get(kind, (200, EMPTY))
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server({"Patient": (200, PATIENT)})
    thread = Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def form(server: Server, **more: str) -> dict[str, str]:
    return {"fhir": server.base, "patient": SECRET, "service": BONE, "order": FIRST, "token": TOKEN} | more


def site(folder: Path, *servers: str) -> Path:
    path = folder / "site.yaml"
    listed = "".join(f"\n      - {each}" for each in servers)
    path.write_text(f"clients:\n  - name: ward\n    fhir_servers:{listed}\n", encoding="utf-8")
    return path


def loading(edition: Edition, server: Server, settings: Settings | None = None, **more: str) -> Any:
    client = create_app(settings or Settings(fetch_seconds=20), edition, lambda: NOW).test_client()
    return client.post("/workbench/try.json?lang=en", data=form(server, **more)).get_json()["load"]


def test_every_cause_has_words() -> None:
    for tag in LANGUAGES:
        told = load_as(words.FOLDER / f"{tag}.yaml", dict[str, str])
        assert {f"cause-{each}" for each in get_args(Cause)} <= set(told)


def test_only_listed_servers_are_asked_and_they_are_offered(tmp_path: Path, server: Server) -> None:
    other = "https://fhir.hospital.example/r4"
    settings = Settings(site_file=site(tmp_path, other), fetch_seconds=20)
    told = Edition.load(settings)

    shown = loading(told, server, settings)
    page = create_app(settings, told, lambda: NOW).test_client().get("/workbench/try").text

    assert shown["problem"]["word"] == "cause-server-not-allowed"
    assert server.asked == []
    assert f'<option value="{other}">' in page


def test_a_listed_server_is_asked_for_all_the_service_can_use(tmp_path: Path, server: Server) -> None:
    settings = Settings(site_file=site(tmp_path, server.base), fetch_seconds=20)
    told = Edition.load(settings)

    shown = loading(told, server, settings, service="bone-metastasis-review")

    assert (shown["problem"], shown["loaded"]["resources"]) == (None, 1)
    kinds = {path.removeprefix("/fhir/").split("?")[0].split("/")[0] for path in server.asked}
    asked_for = {search.split("?")[0].split("/")[0] for search in told.searches("bone-metastasis-review").values()}
    assert kinds == asked_for
    # One search stands for others of the same service: they are not read twice.
    assert set(json.loads(shown["loaded"]["text"])["prefetch"]) == set(
        told.searches("bone-metastasis-review").keys() - told.stand_ins("bone-metastasis-review").keys()
    )


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ((403, EMPTY), "forbidden"),
        ((500, EMPTY), "server-error"),
        ((200, b"no JSON"), "not-json"),
        ((200, b"[]"), "unreadable"),
        ((200, b'{"resourceType": "Bundle", "entry": [{"resource": {"x": "\xff"}}]}'), "unreadable"),
    ],
)
def test_what_one_search_does_not_give_is_named_and_the_rest_is_answered(
    edition: Edition, server: Server, answer: tuple[int, Any], cause: str
) -> None:
    server.answers["Condition"] = answer

    shown = loading(edition, server)

    assert {"key": "conditions", "cause": cause} in shown["loaded"]["missing"]
    assert set(json.loads(shown["loaded"]["text"])["prefetch"]) >= {"patient", "laboratory"}
    assert "conditions" not in json.loads(shown["loaded"]["text"])["prefetch"]


def test_what_is_nested_without_end_is_no_failure_of_ours(edition: Edition, server: Server) -> None:
    deep = b"[" * 3000 + b"]" * 3000
    server.answers["Condition"] = (200, b'{"resourceType": "Bundle", "entry": [{"resource": {"x": ' + deep + b"}}]}")

    shown = loading(edition, server)

    told = [each["key"] for each in (shown["loaded"] or {"missing": []})["missing"]]
    assert shown["problem"] or "conditions" in told


def test_a_page_that_is_not_followed_stays_incomplete(edition: Edition, server: Server) -> None:
    elsewhere = [{"relation": "next", "url": "https://elsewhere.example/fhir?page=2"}]
    entry = [{"resource": {"resourceType": "Condition", "id": "a", "subject": {"reference": f"Patient/{SECRET}"}}}]
    server.answers["Condition"] = (200, EMPTY | {"link": elsewhere, "entry": entry})

    shown = loading(edition, server)

    assert {"key": "conditions", "cause": "foreign-link"} in shown["loaded"]["missing"]
    assert json.loads(shown["loaded"]["text"])["prefetch"]["conditions"]["link"] == elsewhere


@pytest.mark.parametrize("text", ["x" * 30_000, '"' * 7_000])
def test_more_than_a_form_may_send_is_refused_in_words(edition: Edition, server: Server, text: str) -> None:
    entry = [{"resource": {"resourceType": "Condition", "id": "a", "note": [{"text": text}]}}]
    server.answers["Condition"] = (200, EMPTY | {"entry": entry})

    shown = loading(edition, server, Settings(fetch_seconds=20, max_body_bytes=20_000))

    assert (shown["problem"]["word"], shown["loaded"]) == ("cause-too-large", None)


def test_nothing_of_it_is_logged_stored_or_put_into_an_address(
    edition: Edition, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'cds.sqlite3'}", fetch_seconds=20)
    memory = Memory.open(settings, None)
    client = create_app(settings, edition, lambda: NOW, memory).test_client()

    with caplog.at_level(logging.DEBUG):
        for change in ({}, {"token": "wrong token"}, {"patient": f"{SECRET} {SECRET}"}, {"fhir": f"http://{SECRET}/"}):
            page = client.post("/workbench/try", data=form(server, **change))
            assert page.status_code == 200
            assert TOKEN not in page.text
            addresses = [piece.split('"')[0] for piece in page.text.replace("action=", "href=").split('href="')[1:]]
            assert not [each for each in addresses if SECRET in each]
            # The workbench is no call: its address alone could have been seen, and is in no log either.
            assert server.base not in caplog.text
    memory.close(5)

    assert SECRET not in caplog.text
    assert TOKEN not in caplog.text
    assert not [p for p in tmp_path.iterdir() if SECRET.encode() in p.read_bytes() or TOKEN.encode() in p.read_bytes()]


def test_a_query_loads_nobody(edition: Edition, server: Server) -> None:
    client = create_app(Settings(fetch_seconds=20), edition, lambda: NOW).test_client()
    answer = client.get("/workbench/try.json", query_string=form(server))
    assert answer.get_json()["load"]["loaded"] is None
    assert server.asked == []
