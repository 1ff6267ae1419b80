"""The workbench in production: a stranger cannot tell that it is there, a client of the registry has all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from cds_service import fixtures
from cds_service.edition import Edition
from tests.build import NOW
from tests.databases import opened
from tests.trust.tokens import Ward, client, jwk, key, key_file, token, ward

FIRST = "zoledronic-acid-dose-above-row"
SECRET = "Zaphod-Beeblebrox-7741"
PAGES = ("try", f"try?situation={FIRST}", "knowledge", "knowledge/guideline", "compare", "report", "api")


def made(edition: Edition, folder: Path, **settings: Any) -> AbstractContextManager[Ward]:
    with opened(f"sqlite:///{folder / 'cds.sqlite3'}"):
        pass  # production does not make its tables itself
    entry = client(keys=key_file(folder, jwk(key())))
    return ward(edition, folder, entry, profile="production", **settings)


@pytest.fixture(scope="module")
def gated(edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    with made(edition, tmp_path_factory.mktemp("gated"), workbench="on") as it:
        yield it


def addresses(it: Ward) -> list[tuple[str, str]]:
    """Method and path of everything of the workbench."""
    rules = [rule for rule in it.app.url_map.iter_rules() if rule.rule.startswith("/workbench/")]
    return [
        (method, rule.rule.replace("<topic>", "bisphosphonate-renal-dose").replace("<name>", "bench.js"))
        for rule in rules
        for method in sorted({*(rule.methods or ()), "OPTIONS"})
    ]


def bare(answer: Any) -> tuple[int, list[tuple[str, str]], bytes]:
    return answer.status_code, sorted(answer.headers.items()), answer.get_data()


def test_a_stranger_gets_of_every_address_what_there_is_at_no_address(gated: Ward) -> None:
    held = addresses(gated)
    assert len(held) > 40
    for method, path in [*held, ("GET", "/"), ("POST", "/workbench/nowhere")]:
        for shown in ({}, {"Authorization": "Bearer a.b.c"}):
            headers = {"Accept": "text/html", **shown}
            nowhere = gated.http.open("/nowhere", method=method, headers=headers)
            assert nowhere.status_code in (401, 404), method
            assert bare(gated.http.open(path, method=method, headers=headers)) == bare(nowhere), (method, path)


@pytest.mark.parametrize("path", PAGES)
def test_a_client_sees_the_page_with_its_policy(gated: Ward, path: str) -> None:
    where = f"/workbench/{path}"
    answer = gated.ask(token(where.split("?", maxsplit=1)[0]), where)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert "Content-Security-Policy" in answer.headers


def test_a_client_s_browser_is_led_to_it(gated: Ward) -> None:
    answer = gated.ask(token("/"), "/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "workbench/try")


def test_what_a_client_pastes_is_not_logged(gated: Ward) -> None:
    document = json.loads(fixtures.load(FIRST).request_at(NOW))
    document["context"]["patientId"] = SECRET
    whole = json.dumps(document)
    for path in ("try", "try.json", "try/answer", "try/strips", "try/request", "try/save"):
        where = f"/workbench/{path}"
        for text in (whole, whole[:-20], SECRET):
            form = {"text": text, "service": "bone-modifying-agents"}
            headers = {"Authorization": f"Bearer {token(where)}"}
            assert gated.http.post(where, data=form, headers=headers).status_code == 200
            assert gated.http.post(where, data=form).status_code == 401
    assert gated.lines
    assert not [line for line in gated.lines if SECRET in line]


def test_in_production_as_it_comes_there_is_none_for_a_client_either(edition: Edition, tmp_path: Path) -> None:
    with made(edition, tmp_path) as it:
        assert addresses(it) == []
        for path in ("/workbench/try", "/"):
            answer = it.ask(token(path), path, headers={"Accept": "text/html"})
            assert (answer.status_code, answer.mimetype) == (404, "application/json")
