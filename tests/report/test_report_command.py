"""``cds-service report`` as someone at a terminal uses it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.exceptions import ClickException
from click.testing import CliRunner, Result

from cds_service.edition import Edition
from cds_service.report import command
from cds_service.report.words import texts
from cds_service.store.engine import Database
from tests.databases import opened
from tests.report.made import Store

NOW = datetime(2026, 4, 10, 15, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def once(monkeypatch: pytest.MonkeyPatch, edition: Edition) -> None:
    monkeypatch.setattr(command, "_edition", lambda settings: edition)


def run(url: str, *arguments: str) -> Result:
    environment = {"CDS_DATABASE_URL": url, "CDS_PROFILE": "development"}
    return CliRunner(env=environment).invoke(command.report, list(arguments))


@pytest.fixture
def filled(database: Database, database_url: str) -> str:
    """The URL of a database with two cards shown an hour ago and one a hundred days ago."""
    store, now = Store(database), datetime.now(UTC)
    store.cards(now - timedelta(hours=1), number=2)
    store.cards(now - timedelta(days=100))
    return database_url


def test_the_table_is_the_default_for_the_last_90_days(filled: str) -> None:
    result = run(filled)
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.output.splitlines() if line.startswith(" Dose of denosumab")]
    assert line.split()[3] == "2"


def test_since_and_language_are_heard(filled: str) -> None:
    since = (datetime.now(UTC) - timedelta(days=101)).date().isoformat()
    result = run(filled, "--since", since, "--language", "zh-CN")
    (line,) = [line for line in result.output.splitlines() if line.startswith(" 地舒单抗的剂量")]
    assert line.split()[1] == "3"


def test_issuer_and_tenant_are_heard(filled: str) -> None:
    assert "Nothing recorded" in run(filled, "--issuer", "https://nobody.example").output
    assert "Nothing recorded" in run(filled, "--tenant", "north").output
    assert "Nothing recorded" not in run(filled, "--issuer", "https://ehr.example").output


def test_csv_begins_with_the_mark_excel_needs(filled: str) -> None:
    assert run(filled, "--format", "csv").stdout_bytes.startswith(b"\xef\xbb\xbfsince,until,")


def test_html_goes_to_the_file(filled: str, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    result = run(filled, "--format", "html", "--output", str(target))
    assert (result.exit_code, result.stdout) == (0, "")
    assert str(target) in result.stderr
    assert target.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_file_that_cannot_be_written_is_said(filled: str, tmp_path: Path) -> None:
    result = run(filled, "--output", str(tmp_path / "missing" / "report.txt"))
    assert result.exit_code == 1
    assert "choose another --output" in result.output


def test_reporting_makes_no_database(tmp_path: Path) -> None:
    result = run(f"sqlite:///{tmp_path}/var/cds.sqlite3")
    assert result.exit_code == 1
    assert "Start the server" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_tables_is_said(database_url: str, tmp_path: Path) -> None:
    if database_url.startswith("sqlite"):
        Path(database_url.removeprefix("sqlite:///")).touch()
    result = run(database_url)
    assert result.exit_code == 1
    assert "no tables yet" in result.output


def test_a_database_of_another_version_is_said(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cds_service.store.schema.newest", lambda: "9999")
    assert "needs 9999" in run(filled).output


def test_a_database_that_does_not_answer_is_said_without_its_password() -> None:
    result = run("postgresql://cds:secret-word@127.0.0.1:9/cds")
    assert result.exit_code == 1
    assert "check CDS_DATABASE_URL" in result.output
    assert "secret-word" not in result.output


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "cds.sqlite3").write_text("no database at all, but long enough to be read as one" * 20)
    result = run(f"sqlite:///{tmp_path}/cds.sqlite3")
    assert (result.exit_code, "cannot be read" in result.output) == (1, True)


def test_a_setting_nobody_understands_is_said() -> None:
    assert "CDS_DATABASE_URL" in run("mysql://x/y").output


def dates(since: str | None = None, until: str | None = None) -> tuple[datetime, datetime]:
    return command.dates(since, until, NOW, texts("en"))


def test_the_default_is_90_days_until_now() -> None:
    assert dates() == (NOW - timedelta(days=90), NOW)


def test_both_days_are_included_and_none_to_come() -> None:
    assert dates("2026-03-01", "2026-03-31") == (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    assert dates("2026-03-31", "2026-03-31")[1] - dates("2026-03-31")[0] == timedelta(days=1)
    assert dates(until="2026-04-10")[1] == NOW
    assert dates(until="2027-01-01")[1] == NOW


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "", "31.03.2026", "9999-12-31", "2026-03-01T00:00"])
@pytest.mark.parametrize("option", ["since", "until"])
def test_what_is_no_date_is_refused_with_an_example(option: str, text: str) -> None:
    with pytest.raises(ClickException, match=f"--{option} .*2026-03-31"):
        dates(**{option: text})


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ClickException, match="earlier --since"):
        dates("2026-04-01", "2026-03-31")
    with pytest.raises(ClickException, match="earlier --since"):
        dates("2026-04-11")


def test_the_earliest_date_is_no_overflow() -> None:
    with pytest.raises(ClickException, match="2026-03-31"):
        dates(until="0001-01-01")


def test_english_is_not_the_only_language_of_errors(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'cds.sqlite3'}"):
        assert "不是日期" in run(f"sqlite:///{tmp_path / 'cds.sqlite3'}", "--since", "x", "--language", "zh-CN").output
