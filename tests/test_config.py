"""``cds-service config``: what is in force, where it comes from, and that no secret is in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cds_service.site.settings import VARIABLES
from tests.commands import run
from tests.site.made import EXAMPLE

SECRET = "s3cret-" * 8


def lines(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], code: int = 0) -> dict[str, tuple[str, str]]:
    """Name -> value and origin."""
    monkeypatch.setattr("os.environ", environ)
    result = run("config", "--json")
    assert result.exit_code == code, result.output
    return {line["name"]: (line["value"], line["origin"]) for line in json.loads(result.stdout)}


def test_each_value_says_where_it_comes_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(SECRET, encoding="utf-8")
    site = tmp_path / "site.yaml"
    site.write_text(
        "windows:\n  renal: 14\ntopics:\n  infusion-time: off\nclients:\n  - name: ward\n    default_language: zh\n",
        encoding="utf-8",
    )
    said = lines(
        monkeypatch,
        {"PORT": "9000", "CDS_HASH_KEY_FILE": str(file), "CDS_SITE_FILE": str(site), "TZ": "Asia/Shanghai"},
    )
    assert said.keys() >= VARIABLES.keys()
    assert said["PORT"] == ("9000", "environment")
    assert said["WORKERS"] == ("2", "default")
    assert said["CDS_HASH_KEY"] == ("(hidden)", f"file {file}")
    assert said["windows.renal"] == ("14 (ships as 28 d)", f"site file {site}:2")
    assert said["topics.infusion-time"] == ("off", f"site file {site}:4")
    assert said["clients.0"] == ("ward: profile generic, language zh", f"site file {site}:6")
    assert said["TZ"][1] == "environment"


def test_what_production_changes_is_not_called_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"CDS_PROFILE": "production", "CDS_DATABASE_URL": "sqlite:////x"}
    assert lines(monkeypatch, environ)["CDS_DRAIN_SECONDS"] == ("5", "CDS_PROFILE")
    assert lines(monkeypatch, environ | {"CDS_DRAIN_SECONDS": "5"})["CDS_DRAIN_SECONDS"] == ("5", "environment")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:s3cret@db:5432/cds?password=s3cret", "postgresql://(hidden)@db:5432/cds"),
        ("postgresql://u:s3@cret@db/cds", "postgresql://(hidden)@db/cds"),
        ("postgresql://u:s3cret/x@db/cds", "(hidden)"),
        ("s3cret", "(hidden)"),
        ("sqlite:////var/cds.sqlite3", "sqlite:////var/cds.sqlite3"),
    ],
)
def test_of_a_database_the_place_is_shown_and_no_secret(monkeypatch: pytest.MonkeyPatch, url: str, shown: str) -> None:
    assert lines(monkeypatch, {"CDS_DATABASE_URL": url})["CDS_DATABASE_URL"] == (shown, "environment")


def test_no_secret_is_printed_whatever_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "os.environ",
        {
            "CDS_HASH_KEY": "s3cret",
            "CDS_DATABASE_URL_FILE": SECRET,
            "CDS_CLIENTS": json.dumps([{"name": "a", "keys": {"jwks_file": "x"}, "s3cret": 1}]),
            "CDS_SITE_FILE": str(EXAMPLE),
            "PORT": "x",
        },
    )
    result = run("config")
    assert result.exit_code == 1
    assert "s3cret" not in result.stdout
    assert [line.split(":")[0] for line in result.stderr.splitlines()].count("Error") >= 4
    for name in ("PORT", "CDS_HASH_KEY", "CDS_DATABASE_URL"):
        assert f"{name} " in result.stdout
        assert "(not understood)" in next(line for line in result.stdout.splitlines() if line.startswith(f"{name} "))


def test_the_whole_example_can_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    said = lines(monkeypatch, {"CDS_SITE_FILE": str(EXAMPLE)})
    assert sum(origin.startswith("site file") for _, origin in said.values()) > 5
