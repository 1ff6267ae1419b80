"""Mistakes people make in their first five minutes, each as they make it, and the words that help them on."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from cds_service import fixtures
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.tools.commands.serve import command, greeting, ignored, reached
from cds_service.web.app import create_app
from tests.commands import run, run_on

SITUATION = fixtures.SHOWN
ENDPOINT = f"/cds-services/{fixtures.load(SITUATION).story.service}"

pytestmark = pytest.mark.usefixtures("quiet")


@dataclass(frozen=True)
class Mistake:
    """``typed`` after ``cds-service``, with this around it. ``said``: words of the answer, which no trace is among."""

    typed: str
    said: tuple[str, ...]
    around: dict[str, str] = field(default_factory=dict)
    given: bytes = b""


TYPED = {
    "a situation misspelt": Mistake(
        "check zoledronic-acid-dose-abov-row", ("Near to it: zoledronic-acid-dose-above-row, ",)
    ),
    "half its name": Mistake("fixture dose-above-row", (f"Near to it: {SITUATION}",)),
    "a file that is not there": Mistake("check requests/my-order.json", ("neither a file nor a shipped situation",)),
    "a situation for validate": Mistake("validate denosumab-overdu", ("Near to it: denosumab-overdue",)),
    "a folder": Mistake("check /", ("/ is a folder", "give a file in it")),
    "nothing piped": Mistake("check -", ("standard input is empty", f"cds-service fixture {SITUATION} |")),
    "a resource instead of a request": Mistake(
        "check -", ("a FHIR resource, not a CDS Hooks request",), given=b'{"resourceType": "Patient", "id": "p"}'
    ),
    "the answer instead of the request": Mistake("check -", ("an answer of a service",), given=b'{"cards": []}'),
    "a command misspelt": Mistake("chek x", ("There is no command 'chek'", "check")),
    "a language there is not": Mistake(f"check {SITUATION} --language de", ("'de' is not one of", "'zh'")),
    "a view without an explanation": Mistake(f"check {SITUATION} --json", ("give --explain too",)),
    "a day as people say it": Mistake(f"check {SITUATION} --at tomorrow", ("not an ISO 8601 time, like 2026-",)),
    "a setting misspelt": Mistake("serve", ("Did you mean CDS_SITE_FILE?",), {"CDS_SITEFILE": "x"}),
    "a port in the host": Mistake("serve", ("HOST: ", "the port is a setting: PORT"), {"HOST": "localhost:8000"}),
    "a host of another machine": Mistake(
        "serve", ("HOST: cannot listen on 192.0.2.1", "0.0.0.0 for all"), {"HOST": "192.0.2.1", "PORT": "0"}
    ),
    "a host nobody knows": Mistake("serve", ("HOST: nowhere.invalid is no address here",), {"HOST": "nowhere.invalid"}),
    "a host longer than names": Mistake("serve", ("HOST: ", "no address here"), {"HOST": "a" * 70}),
    "a secret twice": Mistake(
        "serve", ("CDS_HASH_KEY: set, and CDS_HASH_KEY_FILE too",), {"CDS_HASH_KEY": "x" * 32, "CDS_HASH_KEY_FILE": "y"}
    ),
    "production as it came": Mistake(
        "serve",
        ("CDS_DATABASE_URL: not set", "the content is not sealed", "CDS_SITE_FILE: no client has keys"),
        {"CDS_PROFILE": "production", "CDS_DATABASE_URL": "", "CDS_SEAL_FILE": "/nowhere/seal.yaml"},
    ),
}


@pytest.mark.parametrize("mistake", TYPED.values(), ids=TYPED)
def test_a_mistake_at_the_terminal_is_told_in_words_that_help(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mistake: Mistake
) -> None:
    environ = {"CDS_DATABASE_URL": f"sqlite:///{tmp_path / 'x.sqlite3'}"} | mistake.around
    monkeypatch.setattr("os.environ", environ)
    result = run_on(mistake.given, *mistake.typed.split())
    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit)
    said = " ".join(result.output.split())
    for words in mistake.said:
        assert words in said
    assert len(result.stderr.splitlines()) < 12, "nobody reads a page of names"


def test_a_port_that_is_taken_is_blamed_on_the_port(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        monkeypatch.setattr("os.environ", {"PORT": port, "CDS_DATABASE_URL": f"sqlite:///{tmp_path / 'x.sqlite3'}"})
        assert re.search(rf"PORT: cannot listen on 127.0.0.1:{port} .*perhaps this server already", run("serve").stderr)


# Over HTTP


@pytest.fixture(scope="module")
def client(edition: Edition) -> FlaskClient:
    return create_app(Settings(), edition).test_client()


ASKED = {
    "a slash at the end of discovery": ("GET", "/cds-services/", 404, "ends with a slash: leave it out"),
    "a slash at the end of a service": ("POST", f"{ENDPOINT}/", 404, "ends with a slash: leave it out"),
    "the root": ("GET", "/", 404, "GET /cds-services lists the services"),
    "the endpoint in a browser": ("GET", ENDPOINT, 405, "POST /cds-services/{id}"),
    "a call to discovery": ("POST", "/cds-services", 405, "POST /cds-services/{id}"),
    "a service that is not there": ("POST", "/cds-services/bone", 404, "Services here: bone-modifying-agents"),
    "a body without its type": ("POST", ENDPOINT, 415, "application/json"),
}


@pytest.mark.parametrize(("method", "path", "status", "words"), ASKED.values(), ids=ASKED)
def test_a_mistake_over_http_is_told_in_words_that_help(
    client: FlaskClient, method: str, path: str, status: int, words: str
) -> None:
    kind = None if status == 415 else "application/json"
    answer = client.open(path, method=method, data=b"{}" if method == "POST" else None, content_type=kind)
    assert answer.status_code == status
    assert words in answer.get_json()["issue"][0]["details"]["text"]


def test_head_is_answered_as_get_without_a_body(client: FlaskClient) -> None:
    """What monitors ask."""
    for path in ("/cds-services", "/livez", "/openapi.json"):
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.data) == (200, b"")
        assert head.content_length == get.content_length
    refused = client.head(ENDPOINT)
    assert refused.status_code == 405
    assert "POST" in refused.headers["Allow"]


@pytest.mark.parametrize("wanted", ["zh", "zh-CN", "zh-Hans-CN", "ZH", "de, zh;q=0.5"])
def test_chinese_in_a_header_is_chinese_however_it_is_written(client: FlaskClient, wanted: str) -> None:
    situation = fixtures.load(SITUATION)
    answer = client.post(
        ENDPOINT, data=situation.request, content_type="application/json", headers={"Accept-Language": wanted}
    )
    assert answer.headers["Content-Language"] == "zh-CN"


# What a start says


def test_the_greeting_has_an_address_and_a_call_to_paste() -> None:
    said = "\n".join(greeting("http://127.0.0.1:8123", {}, workbench=True))
    assert "http://127.0.0.1:8123/cds-services " in said
    assert "The page: http://127.0.0.1:8123/\n" in said
    # The words of the call are those of the README.
    pasted = " ".join(said.replace("\\\n", " ").split())
    assert f"{command()} fixture {SITUATION} | curl -s http://127.0.0.1:8123{ENDPOINT} -H " in pasted
    assert "--data-binary @-" in pasted


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"])
def test_a_proxy_of_the_environment_is_not_used_and_said_so_without_its_password(name: str) -> None:
    environ = {name: "http://user:s3cret@proxy.example:3128"}
    (line,) = ignored(environ)
    assert line.startswith(f"{name}: not used")
    said = "\n".join(greeting("http://127.0.0.1:8000", environ, workbench=False))
    assert "curl -s --noproxy '*' http://127.0.0.1:8000/" in said
    assert "s3cret" not in line + said
    assert not list(ignored({name: " "}))


def test_nobody_is_told_to_call_every_address() -> None:
    assert reached("http://0.0.0.0:8000") == "http://127.0.0.1:8000"
    assert reached("http://[::]:8000") == "http://[::1]:8000"
    assert reached("http://10.0.0.1:8000") == "http://10.0.0.1:8000"
