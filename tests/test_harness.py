"""What harness authors get: situations as data, .http files, recorded cards, and the pytest plugin."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from cds_service import fixtures
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.tools.pytest_plugin import card_of
from cds_service.web.app import create_app, local_now
from tests.commands import run

ROOT = Path(__file__).parents[1]
PLUGIN = "cds_service.tools.pytest_plugin"


def lines_of(*arguments: str) -> list[dict[str, Any]]:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


# The commands


@pytest.mark.usefixtures("quiet")
def test_fixtures_are_chosen_by_topic_dialect_and_language() -> None:
    every = lines_of("fixtures", "--json")
    assert [each["name"] for each in every] == fixtures.names()
    for option, value, fits in (
        ("--topic", "denosumab-dose", lambda e: "denosumab-dose" in e["topics"]),
        ("--dialect", "epic", lambda e: e["dialect"] == "epic"),
        ("--language", "zh-CN", lambda e: e["language"] == "zh-CN"),
        ("--language", "zh", lambda e: e["language"] == "zh-CN"),
    ):
        found = lines_of("fixtures", option, value, "--json")
        assert found == [each for each in every if fits(each)] != []


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("command", [("fixtures",), ("record",), ("export", "http", "there")])
def test_a_kind_that_there_is_not_is_no_success(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A harness whose option is misspelt would test nothing, and pass."""
    monkeypatch.chdir(tmp_path)
    result = run(*command, "--dialect", "epik")
    assert result.exit_code != 0
    assert "epic" in result.output
    assert list(tmp_path.iterdir()) == [tmp_path / "cds.sqlite3"] or not list(tmp_path.iterdir())


@pytest.mark.usefixtures("quiet")
def test_a_described_situation_has_the_hook_of_its_request() -> None:
    for each in lines_of("fixtures", "--dialect", "R4", "--json"):
        if each["status"] == 200:
            assert each["hook"] == json.loads(fixtures.load(each["name"]).request)["hook"]


@pytest.mark.usefixtures("quiet")
def test_record_is_what_each_situation_gets() -> None:
    recorded = {each["name"]: each for each in lines_of("record", "--with-requests")}
    assert list(recorded) == fixtures.names()
    for name, line in recorded.items():
        situation = fixtures.load(name)
        assert line["status"] == situation.story.status
        assert line["request"] == json.loads(situation.request)
        if line["status"] == 200:
            assert {"cards": line["cards"]} == situation.response
        else:
            assert line["outcome"] == situation.response


@pytest.mark.usefixtures("quiet")
def test_record_is_short_unless_requests_are_asked_for() -> None:
    assert "request" not in lines_of("record", "--dialect", "R5")[0]


@pytest.mark.usefixtures("quiet")
def test_an_http_file_sent_as_it_says_gets_what_it_says(edition: Edition, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    result = run("export", "http", str(folder), "--topic", "denosumab-dose")
    assert result.exit_code == 0, result.output
    client = create_app(Settings(), edition, local_now).test_client()
    files = sorted(folder.glob("*.http"))
    assert [f.stem for f in files] == [s.name for s in fixtures.matching("denosumab-dose")]
    for file in files:
        head, _, body = file.read_text(encoding="utf-8").partition("\n\n")
        comments = [line for line in head.splitlines() if line.startswith("#")]
        asked, *headers = [line for line in head.splitlines() if not line.startswith("#")]
        method, address = asked.split()
        assert method == "POST"
        path = address.removeprefix("http://127.0.0.1:8000")
        answer = client.post(path, data=body, headers=dict(h.split(": ") for h in headers))
        cards = ", ".join(card["source"]["topic"]["code"] for card in answer.get_json()["cards"])
        assert f"# Expected: HTTP {answer.status_code}, {cards}." in comments


# The plugin


def pytest_run(folder: Path, test: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Somebody else's pytest in somebody else's folder; the plugin is named, for an older installation has none."""
    (folder / "test_cards.py").write_text(test, encoding="utf-8")
    asked = [sys.executable, "-m", "pytest", "-q", "-p", PLUGIN, "--rootdir", str(folder), "-c", os.devnull]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    return subprocess.run(
        [*asked, *arguments, "test_cards.py"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def example() -> str:
    found = re.search(r"```python\n(.*?)```", (ROOT / "deploy" / "clients.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


TWICE = """
import pytest

@pytest.mark.parametrize("time", [1, 2])
def test_an_info_card_is_told_every_time(cds_server, cds_situation, assert_card, time):
    situation = cds_situation(topic="renal-risk-factors")
    assert {card["indicator"] for card in cds_server.call(situation)["cards"]} == {"info"}

@pytest.mark.parametrize("tag", ["zh-CN", "zh", "ZH_Hans"])
def test_in_chinese(cds_server, cds_situation, assert_card, tag):
    situation = cds_situation(topic="denosumab-dose", language=tag)
    assert (situation.language, situation.request) == ("zh-CN", cds_situation(situation.name).request)
    assert_card(cds_server.call(situation), "denosumab-dose", says="地舒单抗")

def test_feedback(cds_server, cds_situation, assert_card):
    situation = cds_situation("denosumab-calcium-low")
    card = assert_card(cds_server.call(situation), "denosumab-hypocalcaemia")
    event = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-03-02T09:00:00Z"}
    assert cds_server.feedback(situation.service, event).status_code == 200
"""


def test_the_example_of_the_documents_runs(tmp_path: Path) -> None:
    done = pytest_run(tmp_path, f"{example()}\n{TWICE}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 passed" in done.stdout


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """Some other CDS Hooks server: it has never anything to say."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"cards": []}')

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/cds-services"
        server.shutdown()


def test_another_server_is_asked_where_one_is_named(tmp_path: Path, elsewhere: str) -> None:
    done = pytest_run(tmp_path, example(), "--cds-base-url", elsewhere, "-k", "told")
    assert done.returncode == 1
    assert "no card of topic 'bisphosphonate-renal-dose'; there are: none" in done.stdout


def test_a_topic_or_language_that_there_is_not_is_told_what_there_is(tmp_path: Path) -> None:
    test = """
def test_topic(cds_situation):
    cds_situation(topic="no-such-topic")

def test_language(cds_situation):
    cds_situation(language="de")
"""
    done = pytest_run(tmp_path, test)
    assert done.returncode == 1
    assert "denosumab-dose" in done.stdout
    assert "there are: en, zh-CN, zh" in done.stdout


CARD = {
    "summary": "Calcium is low",
    "detail": "1.9 mmol/L",
    "indicator": "critical",
    "source": {"topic": {"code": "calcium"}},
}


def test_assert_card_gives_the_card() -> None:
    assert card_of({"cards": [CARD]}, "calcium", indicator="critical", says="1.9") is CARD


@pytest.mark.parametrize(
    ("topic", "more", "said"),
    [
        ("dose", {}, "there are: calcium"),
        ("calcium", {"indicator": "info"}, "is critical, not info"),
        ("calcium", {"says": "2.1"}, "does not say '2.1'"),
    ],
)
def test_assert_card_says_what_is_wrong(topic: str, more: dict[str, str], said: str) -> None:
    with pytest.raises(pytest.fail.Exception, match=said):
        card_of({"cards": [CARD]}, topic, **more)


def test_the_wheel_names_the_plugin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"cds-service": PLUGIN}
    assert hasattr(import_module(PLUGIN), "cds_server")


def test_the_plugin_costs_a_run_that_does_not_use_it_nothing() -> None:
    """pytest loads it in every project of an environment that has this package."""
    code = f"import sys, {PLUGIN}; print(sorted(m for m in sys.modules if m.startswith('cds_service')))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert said.strip() == str(["cds_service", "cds_service.tools", PLUGIN])
