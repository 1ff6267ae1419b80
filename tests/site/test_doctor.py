"""The doctor without a site file and with everything: what a start would stumble over, and what callers would."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
import trustme

from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store import schema
from cds_service.store.engine import Database, parse_url
from cds_service.tools.doctor import machine
from tests.commands import run
from tests.fetch.bad_server import answer, says, serving, stalls
from tests.trust.tokens import jwk, jwk_set, key

pytestmark = pytest.mark.usefixtures("quiet")
NOW = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=8), "CST"))
Examined = Callable[..., dict[str, list[str]]]


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Examined:
    """Remarks by level, of an examination in this environment; its exit code says whether something is wrong."""

    def examine(*arguments: str, **environ: str) -> dict[str, list[str]]:
        around = {"CDS_DATABASE_URL": f"sqlite:///{tmp_path / 'cds.sqlite3'}", "PORT": "0", "TZ": "Asia/Shanghai"}
        monkeypatch.setattr("os.environ", around | environ)
        result = run("doctor", *arguments)
        found: dict[str, list[str]] = {"ok": [], "note": [], "wrong": []}
        for line in result.stdout.splitlines()[:-1]:
            level, _, text = line.partition(": ")
            found[level].append(text)
        assert result.exit_code == bool(found["wrong"]), result.output
        return found

    return examine


def test_without_a_site_file_everything_is_examined(examined: Examined, tmp_path: Path) -> None:
    found = examined()
    assert found["wrong"] == []
    said = [text.split(":")[0] for level in ("ok", "note") for text in found[level]]
    assert {each.split(" ")[0] for each in said} == {
        "settings", "content", "address", "clock", "seal", "site", "clients", "database"
    }  # fmt: skip
    assert not (tmp_path / "cds.sqlite3").exists(), "it looks and makes nothing"


def test_every_fault_of_a_production_is_told_at_once(examined: Examined, tmp_path: Path) -> None:
    clients = [
        {"name": "a", "issuer": "https://a.example", "keys": {"jwks_file": "none.json"}},
        {"name": "b", "certificate_subjects": ["CN=b"], "fhir_servers": ["http://localhost:1/fhir"]},
    ]
    found = examined(
        CDS_PROFILE="production",
        CDS_CLIENTS=json.dumps(clients),
        CDS_SEAL_FILE=str(tmp_path / "seal.yaml"),
        CDS_LABEL_RULE="off",
        WORKERS="0",
        HOST="192.0.2.1",
    )
    wrong = " | ".join(found["wrong"])
    for words in (
        "CDS_LABEL_RULE: no such setting",
        "WORKERS: ",
        "seal: the content is not sealed",
        "none.json of client a cannot be used",
        "CDS_PUBLIC_URL: not set",
        "CDS_PROXIES: not set",
        "fhir_servers entry of the site file cannot be asked",
        "database (sqlite): there is no file yet. Run `cds-service db upgrade`",
        "HOST: cannot listen on 192.0.2.1",
    ):
        assert words in wrong, words


def test_a_fault_of_the_site_file_is_told_once_and_with_its_line(examined: Examined, tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(
        "clients:\n  - name: a\n    issuer: https://a.example\n    keys: {jwks_file: none.json}\n", encoding="utf-8"
    )
    found = examined("--site", str(site), CDS_PUBLIC_URL="https://cds.example")
    (fault,) = found["wrong"]
    assert fault.startswith(f"{site}:4: the key file ")


def test_a_site_file_that_is_named_wrongly_is_one_fault(examined: Examined) -> None:
    assert [text.partition(":")[0] for text in examined(CDS_SITE_FILE="/nowhere.yaml")["wrong"]] == ["CDS_SITE_FILE"]


# Database


def test_a_database_is_judged_by_its_schema(database_url: str) -> None:
    def said(profile: str) -> list[str]:
        settings = Settings(database_url=database_url, profile=profile)  # type: ignore[arg-type]
        return [str(remark) for remark in machine.database(settings, datetime.now(UTC))]

    database = Database(parse_url(database_url))
    database.make_file()
    assert [line.partition(":")[0] for line in (*said("development"), *said("production"))] == ["note", "wrong"]
    schema.upgrade(database)
    database.close()
    assert [line.partition(":")[0] for line in (*said("development"), *said("production"))] == ["ok", "ok"]


def test_a_database_that_is_away_is_told_without_its_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    url = f"postgresql://someone:s3cret@127.0.0.1:{port}/cds"
    (remark,) = machine.database(Settings(database_url=url), NOW)
    assert remark.level == "wrong"
    assert "s3cret" not in remark.text
    assert "someone" not in remark.text


def test_a_clock_that_differs_from_the_database_s_is_wrong(postgresql: str) -> None:
    settings = Settings(database_url=postgresql)
    for off, wrong in ((0, False), (3600, True), (-3600, True)):
        now = datetime.now(UTC) + timedelta(seconds=off)
        texts = [r.text for r in machine.database(settings, now) if r.level == "wrong"]
        assert any("clock: the database's differs" in text for text in texts) is wrong


# Clock


@pytest.mark.parametrize(
    ("now", "environ", "level"),
    [
        (NOW, {}, "ok"),
        (NOW.astimezone(UTC), {"TZ": "UTC"}, "ok"),
        (NOW.astimezone(UTC), {}, "note"),
        (datetime(1970, 1, 1, tzinfo=UTC), {}, "wrong"),
    ],
)
def test_a_clock_is_plausible_and_has_a_zone(now: datetime, environ: dict[str, str], level: str) -> None:
    assert [remark.level for remark in machine.clock(now, date(2024, 1, 1), environ)] == [level]


# Reach


def of_server(base: str, **more: object) -> str:
    return json.dumps([{"name": "ward", "fhir_servers": [base], **more}])


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "403 Forbidden", "404 Not Found"])
def test_a_fhir_server_that_answers_anything_is_there(examined: Examined, status: str) -> None:
    with serving(says(answer(b"{}", status))) as server:
        found = examined(CDS_CLIENTS=of_server(server.base))
    assert f"FHIR: {server.base} (ward): answers" in found["ok"]


def test_a_fhir_server_that_does_not_is_told_with_its_reason(examined: Examined) -> None:
    with serving(says(answer(b"<html>", kind="text/html"))) as server:
        found = examined(CDS_CLIENTS=of_server(server.base))
        assert examined("--offline", CDS_CLIENTS=of_server(server.base))["wrong"] == []
    assert "no FHIR JSON" in found["wrong"][0]
    found = examined(CDS_CLIENTS=of_server(server.base), HTTPS_PROXY="http://u:s3cret@proxy:1")
    assert "not obtained (connection)" in found["wrong"][0]
    assert any(text.startswith("HTTPS_PROXY: not used") for text in found["note"])
    assert "s3cret" not in str(found)


def test_a_server_that_stalls_ends_in_time(examined: Examined) -> None:
    with serving(stalls) as server:
        found = examined(CDS_CLIENTS=of_server(server.base), CDS_FETCH_SECONDS="1")
    assert "not obtained (timeout)" in found["wrong"][0]


def test_a_certificate_of_an_unknown_authority_names_the_setting(examined: Examined, tmp_path: Path) -> None:
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    with serving(says(answer(b"{}")), tls=tls) as server:
        assert "CDS_CA_FILE" in examined(CDS_CLIENTS=of_server(server.base))["wrong"][0]
        assert examined(CDS_CLIENTS=of_server(server.base), CDS_CA_FILE=str(trusted))["wrong"] == []


def test_key_servers_are_asked_too(examined: Examined) -> None:
    def asked(body: bytes, status: str = "200 OK") -> dict[str, list[str]]:
        with serving(says(answer(body, status, kind="application/json"))) as server:
            keys = {"jwks_url": f"{server.base}/keys"}
            client = {"name": "ward", "issuer": "https://ward.example", "keys": keys}
            return examined(CDS_CLIENTS=json.dumps([client]), CDS_PUBLIC_URL="https://cds.example")

    good = asked(jwk_set(jwk(key())))
    assert good["wrong"] == []
    assert any(text.startswith("keys: ") and text.endswith("(ward): answers") for text in good["ok"])
    assert "no public signature key" in asked(b'{"keys": []}')["wrong"][0]
    assert "not obtained (not-found)" in asked(b"{}", "404 Not Found")["wrong"][0]


def test_content_that_does_not_load_is_what_is_wrong(
    examined: Examined, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from cds_service.base.complaints import ContentError  # noqa: PLC0415

    def broken(*_: object) -> Edition:
        raise ContentError(tmp_path / "x.yaml", 3, "it is broken", "mend it")

    monkeypatch.setattr(Edition, "load", broken)
    (fault,) = examined()["wrong"]
    assert "x.yaml:3: it is broken" in fault
