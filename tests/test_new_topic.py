"""The contributor's path: the papers of a topic load, and do what their cases say, before a word of them is written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cds_service.base.folders import content_root
from cds_service.edition import Edition
from cds_service.tools.new_topic import NotWritten, write_papers
from tests.commands import run

ROOT = content_root().parent
SERVICE = "bone-modifying-agents"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working copy of what a topic is made of."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("cds_service", "cards"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "fhir_fixtures").mkdir()
    return folder


def cds(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(checkout)}
    command = [sys.executable, "-m", "cds_service", *arguments]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


_ASK = """
from cds_service.base.folders import content_root
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.review.cases import ask, load_cases
edition = Edition.load(Settings())
for file in load_cases(content_root() / "cases"):
    if file.topic in {"my-drug-topic", "my-procedure-topic", "my-chart-topic"}:
        assert file.topic in [t.code for t in edition.topics_of("bone-modifying-agents")]
        for case in file.cases:
            assert ask(edition, file.topic, case.given).said == case.expect, case
        print(file.topic)
"""


def test_the_papers_of_every_kind_of_topic_load_and_their_cases_hold(checkout: Path) -> None:
    for code, on in [("my-drug-topic", "rankl-inhibitor"), ("my-procedure-topic", "procedure:dental-examination")]:
        made = cds(checkout, "new-topic", code, "--service", SERVICE, "--on", on)
        assert made.returncode == 0, made.stderr
        assert f"rules/{code.replace('-', '_')}.py" in made.stdout
    assert cds(checkout, "new-topic", "my-chart-topic", "--service", SERVICE, "--on", "chart").returncode == 0
    asked = subprocess.run(
        [sys.executable, "-c", _ASK],
        cwd=checkout,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.stdout.split() == ["my-chart-topic", "my-drug-topic", "my-procedure-topic"], asked.stderr
    again = cds(checkout, "new-topic", "my-drug-topic", "--service", SERVICE)
    assert again.returncode == 1
    assert "there is a topic my-drug-topic already" in again.stderr


@pytest.mark.parametrize(
    ("code", "service", "trigger", "said"),
    [
        ("My Topic", SERVICE, "bisphosphonate", "no topic code"),
        ("infusion-time", SERVICE, "bisphosphonate", "already"),
        ("new-one", "no-service", "bisphosphonate", SERVICE),
        ("new-one", SERVICE, "antibiotic", "rankl-inhibitor"),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is(
    edition: Edition, tmp_path: Path, code: str, service: str, trigger: str, said: str
) -> None:
    with pytest.raises(NotWritten, match=said):
        write_papers(edition, code, service, trigger, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("quiet")
def test_a_rule_that_raises_is_shown_with_its_place_on_the_terminal_only(
    edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("the value 4711")

    rule = edition.topics["dental-exam-before-bma"].rule
    monkeypatch.setattr(type(rule), "function", property(lambda _: broken))
    result = run("check", "zoledronic-acid-dose-above-row")
    assert result.exit_code == 1
    assert "4711" not in result.stdout
    assert "ValueError: the value 4711, at" in result.stderr
    assert "test_new_topic.py:" in result.stderr
