"""What stands on Try, taken away as a situation: the product's own form, loaded again with the same answer."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from cds_service import fixtures
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.tools.asking import answer_body
from cds_service.tools.cli import main
from cds_service.web.app import create_app
from tests.build import NOW

FIRST = "zoledronic-acid-dose-above-row"
BONE = "bone-modifying-agents"


@pytest.fixture(scope="module")
def client(edition: Edition) -> FlaskClient:
    return create_app(Settings(), edition, lambda: NOW).test_client()


def taken(client: FlaskClient, folder: Path, lang: str = "en", **form: str) -> fixtures.Situation:
    """The downloaded situation, unpacked and loaded as one of ``fhir_fixtures/``."""
    answer = client.post(f"/workbench/try/save?lang={lang}", data=form)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        (name,) = {file.split("/")[0] for file in archive.namelist()}
        archive.extractall(folder)
    return fixtures.load(name, folder)


def again(edition: Edition, it: fixtures.Situation) -> Any:
    answer = answer_body(edition, it.story.service, it.request, it.at, it.story.language)
    return json.loads(msgspec.json.encode(answer.response))


@pytest.mark.parametrize("lang", ["en", "zh-CN"])
def test_a_situation_with_a_number_moved_is_loaded_again_with_its_answer(
    client: FlaskClient, edition: Edition, tmp_path: Path, lang: str
) -> None:
    it = taken(client, tmp_path, lang, situation=FIRST, **{"k.creatinine": "1.9"})

    assert b"1.9" in it.request
    assert it.story.topics == ["bisphosphonate-renal-dose"]
    assert it.response["cards"][0]["indicator"] == "critical"
    assert again(edition, it) == it.response
    assert (it.story.language, it.at) == (lang, fixtures.load(FIRST).at)
    assert fixtures.names(tmp_path) == [f"{FIRST}-changed"]


@pytest.mark.parametrize("name", [FIRST, "version-r5-zoledronic-acid", "review-positive-scan", "nothing-in-scope"])
def test_a_request_of_one_s_own_is_too(client: FlaskClient, edition: Edition, tmp_path: Path, name: str) -> None:
    shipped = fixtures.load(name)
    form = {"text": shipped.request_at(NOW).decode(), "service": shipped.story.service}

    it = taken(client, tmp_path, **form)

    assert it.story.dialect == ("R5" if "r5" in name else "R4")
    assert it.story.topics == shipped.story.topics
    assert again(edition, it) == it.response


def test_the_command_checks_what_was_saved(quiet: None, client: FlaskClient, tmp_path: Path) -> None:
    it = taken(client, tmp_path, situation=FIRST)
    file = tmp_path / it.name / "request.json"
    done = CliRunner().invoke(main, ["check", str(file), "--at", it.story.at])
    assert done.exit_code == 0, done.output
    assert it.response["cards"][0]["summary"] in done.output


def test_who_saves_is_told_to_take_out_whoever_is_named(client: FlaskClient) -> None:
    page = client.get(f"/workbench/try?situation={FIRST}&lang=en").text
    assert "everything that identifies a person" in page
    with zipfile.ZipFile(
        io.BytesIO(client.post("/workbench/try/save?lang=en", data={"situation": FIRST}).data)
    ) as archive:
        told = archive.read(f"{FIRST}-changed/story.yaml").decode()
    assert told.startswith("# Nothing is removed from the request.")


def test_what_is_refused_is_told_and_not_saved(client: FlaskClient) -> None:
    answer = client.post("/workbench/try/save?lang=en", data={"text": "{", "service": BONE})
    assert answer.content_type.startswith("text/html")
    assert 'class="problem"' in answer.text
    page = client.post("/workbench/try?lang=en", data={"text": "{", "service": BONE})
    assert "try/save" not in page.text
