"""The seal: production starts with edition that a named person has signed, to the byte; the version says which."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import cds_service
from cds_service.base.complaints import ContentError, StartFault
from cds_service.base.folders import content_root, fixtures_root
from cds_service.edition import Edition
from cds_service.knowledge.seal import SEAL, fingerprint, seal, signed_files, standing
from cds_service.site.settings import Settings
from cds_service.tools import seal as command
from cds_service.web.app import create_app
from tests.commands import run

PACKAGE = Path(cds_service.__file__).parent
DAY = date(2026, 3, 2)
TOPIC = "recommendations/denosumab-dose.yaml"
SENTENCE = "texts/zh-CN/denosumab-dose.yaml"


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    """A copy of the content, unsigned as it ships."""
    folder = tmp_path / "cards"
    shutil.copytree(content_root(), folder, ignore=shutil.ignore_patterns(SEAL))
    return folder


def changed(file: Path) -> None:
    file.write_text(file.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")


def production(root: Path, file: Path | None = None) -> Edition:
    return Edition.load(Settings(profile="production", seal_file=file), root)


def test_content_that_nobody_signed_does_not_start_in_production_and_starts_in_development(cards: Path) -> None:
    with pytest.raises(ContentError, match=r"nobody has signed it; CDS_PROFILE is production.*cds-service seal --by"):
        production(cards)
    assert not Edition.load(Settings(), cards).seal.holds


def test_signed_content_starts_and_says_who_signed(cards: Path) -> None:
    seal(cards, "Dr. Li Si", DAY)
    assert str(production(cards).seal) == "the content is sealed by Dr. Li Si on 2026-03-02"


@pytest.mark.parametrize("name", [TOPIC, SENTENCE, "dosing.yaml", "decisions/scope.md", "codelists/manifest.yaml"])
def test_a_changed_file_does_not_start_until_it_is_signed_anew(cards: Path, name: str) -> None:
    seal(cards, "Dr. Li Si", DAY)
    changed(cards / name)
    with pytest.raises(ContentError, match=rf"sealed by Dr\. Li Si on 2026-03-02: changed {name}; .*production"):
        production(cards)
    assert seal(cards, "Dr. Wang Wu", DAY).differing == (f"changed {name}",)
    assert production(cards).seal.holds


def test_a_new_and_a_missing_file_are_changes_too(cards: Path) -> None:
    seal(cards, "Dr. Li Si", DAY)
    (cards / "decisions" / "scope.md").rename(cards / "decisions" / "scopes.md")
    assert standing(cards).differing == ("missing decisions/scope.md", "new decisions/scopes.md")


def test_review_pages_are_computed_and_not_signed(cards: Path) -> None:
    seal(cards, "Dr. Li Si", DAY)
    changed(cards / "review" / "denosumab-dose.md")
    assert standing(cards).holds
    assert not [name for name in signed_files(cards) if name.startswith("review/") or name == SEAL]


def test_every_other_file_is_signed() -> None:
    root = content_root()
    everything = {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}
    assert {n for n in everything - signed_files(root).keys() if not n.startswith("review/")} <= {SEAL}


@pytest.mark.parametrize("text", ["", "by: X\n", "by: ' '\nat: 2026-03-02\nfiles: {}\n", "by: X\nat: then\nfiles: {}"])
def test_a_seal_that_says_nothing_is_none(cards: Path, text: str) -> None:
    (cards / SEAL).write_text(text, encoding="utf-8")
    with pytest.raises(StartFault):
        production(cards)


def test_the_log_of_development_says_in_one_line_that_nobody_has_signed(
    edition: Edition, caplog: pytest.LogCaptureFixture
) -> None:
    create_app(Settings(), edition)
    said = [r for r in caplog.records if str(edition.seal) == r.getMessage()]
    assert [r.levelno for r in said] == [logging.INFO if edition.seal.holds else logging.WARNING]


# The command


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, cards: Path, tmp_path: Path) -> Iterator[Path]:
    """The command works on the copy, and writes its seal beside it: the folder of a package may be read-only."""
    file = tmp_path / "signed.yaml"
    monkeypatch.setattr("os.environ", {"CDS_SEAL_FILE": str(file)})
    monkeypatch.setattr(command, "content_root", lambda: cards)
    cards.chmod(0o500)
    yield file
    cards.chmod(0o700)


def test_the_command_signs_where_the_setting_says(cards: Path, elsewhere: Path) -> None:
    assert run("seal", "--check").exit_code == 1
    result = run("seal", "--by", "  Dr.  Li Si ")
    assert (result.exit_code, "nobody has signed it" in result.output) == (0, True), result.output
    assert run("seal", "--check").exit_code == 0
    assert production(cards, elsewhere).seal.seal is not None
    assert "by: Dr. Li Si\n" in elsewhere.read_text(encoding="utf-8")
    changed(cards / SENTENCE)
    result = run("seal", "--check")
    assert (result.exit_code, f"changed {SENTENCE}" in result.output) == (1, True)
    assert f"changed {SENTENCE}\n" in run("seal", "--by", "李四").output
    assert production(cards, elsewhere).seal.holds


@pytest.mark.parametrize("arguments", [(), ("--by", ""), ("--by", "-"), ("--by", "a\x07b"), ("--by", "X Y", "--check")])
def test_nobody_cannot_sign(elsewhere: Path, arguments: tuple[str, ...]) -> None:
    assert run("seal", *arguments).exit_code == 2
    assert not elsewhere.exists()


def test_a_place_that_cannot_be_written_is_said(monkeypatch: pytest.MonkeyPatch, cards: Path, tmp_path: Path) -> None:
    monkeypatch.setattr("os.environ", {"CDS_SEAL_FILE": str(tmp_path / "nowhere" / "seal.yaml")})
    monkeypatch.setattr(command, "content_root", lambda: cards)
    result = run("seal", "--by", "Dr. Li Si")
    assert (result.exit_code, "CDS_SEAL_FILE" in result.output) == (1, True)


# The version that is recorded with every call


def test_the_version_changes_with_content_and_with_the_code_of_the_rules(cards: Path, tmp_path: Path) -> None:
    package = tmp_path / "package"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    seen = {fingerprint(cards, package)}
    assert seen == {fingerprint(cards, package)}
    for file in (
        cards / SENTENCE,
        cards / "codelists" / "systems.yaml",
        package / "rules" / "denosumab_dose.py",
        package / "facts" / "units.py",
        package / "knowledge" / "tables.py",
        package / "evaluate" / "outcome.py",
    ):
        changed(file)
        seen.add(fingerprint(cards, package))
    seen |= {fingerprint(cards, package, ["a", "b"]), fingerprint(cards, package, ["ab"])}
    assert len(seen) == 9
    changed(package / "report" / "page.py")
    assert fingerprint(cards, package) in seen, "what no answer passes through is no other knowledge"
    seal(cards, "Dr. Li Si", DAY)
    assert fingerprint(cards, package) in seen, "signing changes no answer"


def test_no_answer_of_the_fixtures_holds_the_version(edition: Edition) -> None:
    answers = sorted(fixtures_root().rglob("response.json"))
    assert answers
    for file in answers:
        text = file.read_text(encoding="utf-8")
        assert edition.version not in text
        assert "knowledge" not in json.loads(text)
