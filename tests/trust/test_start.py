"""What stops the start: a registry that is open, ambiguous, or could never let anybody in."""

from __future__ import annotations

import dataclasses
import json
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cds_service.base.complaints import ContentError, SettingsError, StartFault
from cds_service.edition import Edition
from cds_service.site.check import Known, complaints
from cds_service.site.settings import Settings
from cds_service.store.memory import Memory
from cds_service.tools.cli import main
from cds_service.web.app import create_app
from tests.asked import faults_of, site_of
from tests.build import Json
from tests.site.made import known_of, site
from tests.trust.tokens import ISSUER, PUBLIC, client, jwk, jwk_set, key, key_file, private_jwk, token, ward

KEYS = {"jwks_url": "https://ehr.example/keys"}


@pytest.fixture(scope="module")
def known(edition: Edition) -> Known:
    return known_of(edition)


# Production, and what clients need


def test_production_without_clients_does_not_start(edition: Edition) -> None:
    with pytest.raises(SettingsError, match=r"^CDS_SITE_FILE: no client has keys or certificate_subjects"):
        create_app(Settings(profile="production"), edition)


def test_production_without_clients_does_not_start_from_the_command_line(quiet: None, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'cds.sqlite3'}"
    assert CliRunner().invoke(main, ["db", "upgrade"], env={"CDS_DATABASE_URL": url}).exit_code == 0
    signed = {"CDS_SEAL_FILE": str(tmp_path / "seal.yaml")}
    assert CliRunner().invoke(main, ["seal", "--by", "A. Tester"], env=signed).exit_code == 0
    environ = {"CDS_PROFILE": "production", "CDS_DATABASE_URL": url, "PORT": "0", **signed}
    ended = CliRunner().invoke(main, ["serve"], env=environ)
    assert ended.exit_code == 1
    assert "no client has keys or certificate_subjects, and CDS_PROFILE is production" in ended.output


@pytest.mark.parametrize("profile", ["development", "production"])
def test_clients_that_send_tokens_need_the_public_address(edition: Edition, tmp_path: Path, profile: str) -> None:
    entry = client(keys=key_file(tmp_path, jwk(key())))
    with (
        pytest.raises(SettingsError, match=r"^CDS_PUBLIC_URL: not set, and clients send tokens"),
        ward(edition, tmp_path, entry, public_url=None),
    ):
        pass


def test_clients_with_certificates_alone_do_not(edition: Edition, tmp_path: Path) -> None:
    alone = {"name": "alone", "certificate_subjects": ["CN=a"]}
    with ward(edition, tmp_path, alone, public_url=None, proxies=(ip_network("127.0.0.1"),)) as made:
        assert made.refusal(None) == "missing"


def test_clients_with_certificates_need_a_proxy_that_checks_them(edition: Edition, tmp_path: Path) -> None:
    alone = {"name": "alone", "certificate_subjects": ["CN=a"]}
    with pytest.raises(SettingsError, match=r"^CDS_PROXIES: not set"), ward(edition, tmp_path, alone):
        pytest.fail("started")


def test_the_public_address_of_production_is_https() -> None:
    environ = {"CDS_PROFILE": "production", "CDS_DATABASE_URL": "sqlite:///x", "CDS_PUBLIC_URL": "http://127.0.0.1"}
    with pytest.raises(SettingsError, match=r"^CDS_PUBLIC_URL: not https"):
        Settings.from_env(environ)


@pytest.mark.parametrize("keys", [{"jwks_url": "http://127.0.0.1/keys"}, {"jku": ["http://localhost/keys"]}])
def test_production_asks_for_keys_by_https_only(edition: Edition, keys: Json) -> None:
    made = site(clients=[client(keys=keys)])

    with pytest.raises(SettingsError, match=r"a key address of client ward cannot be asked \(not-https\)"):
        create_app(Settings(profile="production", public_url=PUBLIC), dataclasses.replace(edition, site=made))


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b"{",
        jwk_set(),
        jwk_set(private_jwk(key())),
        jwk_set({"kty": "oct", "k": "AAAA"}),
        jwk_set(jwk(key(), use="enc")),
    ],
    ids=["absent", "empty", "cut", "no keys", "private", "shared secret", "for encryption"],
)
def test_a_key_file_of_no_use_stops_the_start(edition: Edition, tmp_path: Path, body: bytes | None) -> None:
    if body is not None:
        (tmp_path / "keys.json").write_bytes(body)
    entry = client(keys={"jwks_file": str(tmp_path / "keys.json")})
    with (
        pytest.raises(SettingsError, match=r"the key file .*keys\.json of client ward cannot be used"),
        ward(edition, tmp_path, entry),
    ):
        pass


# The registry


@pytest.mark.parametrize(
    ("clients", "said"),
    [
        ([client(keys={})], "not one place of keys"),
        ([client(keys={"jku": []})], "not one place of keys"),
        ([client(keys=KEYS | {"jwks_file": "keys.json"})], "not one place of keys"),
        ([client(keys=KEYS | {"jku": ["https://ehr.example/jku"]})], "not one place of keys"),
        ([client(keys={"jku": ["https://ehr.example/jku"], "jwks_file": "k"})], "not one place of keys"),
        ([{"name": "ward", "keys": KEYS, "fhir_servers": ["https://ehr.example/r4"]}], "has keys and no issuer"),
        ([client(keys={"jwks_url": "http://ehr.example/keys"})], "neither https"),
        ([client(keys={"jwks_url": "file:///etc/passwd"})], "no host name"),
        ([client(keys={"jku": ["https://ehr.example/keys", "ftp://ehr.example/keys"]})], "neither https"),
        ([client(keys={"jku": ["https://user@ehr.example/keys"]})], "only letters"),
        ([client(keys=KEYS, algorithms=[])], "algorithms of ward is empty"),
        ([client(keys=KEYS, may=[])], "may of ward is empty"),
        ([client(keys=KEYS), client(name="b", keys=KEYS)], "a call must lead to one client"),
        ([client(keys=KEYS, tenants=["a"]), client(name="b", keys=KEYS)], "a call must lead to one client"),
        ([client(keys=KEYS), client(name="b", keys=KEYS, tenants=["a"])], "a call must lead to one client"),
        (
            [client(keys=KEYS, tenants=["a", "b"]), client(name="b", keys=KEYS, tenants=["b", "c"])],
            "a call must lead to one client",
        ),
        (
            [{"name": "a", "certificate_subjects": ["CN=x"]}, client(keys=KEYS, certificate_subjects=["CN=x"])],
            "the certificate CN=x",
        ),
        ([client(keys=KEYS), {"name": "open", "issuer": "https://b.example"}], "it could never call"),
        ([client(keys=KEYS), {"name": "everybody else"}], "it could never call"),
        ([{"name": "a", "certificate_subjects": ["CN=x"]}, {"name": "everybody else"}], "it could never call"),
    ],
)
def test_a_registry_with_a_fault_is_refused(known: Known, clients: list[Json], said: str) -> None:
    found = [f"{complaint.what} {complaint.remedy}" for complaint in complaints(site(clients=clients), known)]
    assert [words for words in found if said in words]
    with pytest.raises(StartFault, match=r"^CDS_CLIENTS: ") as refused:
        site_of(None, known, json.dumps(clients))
    told = [fault.what for fault in faults_of(refused.value) if isinstance(fault, SettingsError)]
    assert [words.startswith(what) for words, what in zip(found, told, strict=True)] == [True] * len(found)


def test_a_registry_without_fault_is_taken(known: Known) -> None:
    clients = [
        client(keys=KEYS, tenants=["a"]),
        client(name="b", keys={"jku": ["https://ehr.example/1", "https://ehr.example/2"]}, tenants=["b"]),
        {"name": "c", "certificate_subjects": ["CN=x", "CN=y"]},
    ]
    assert list(complaints(site(clients=clients), known)) == []
    assert site_of(None, known, json.dumps(clients)) == site(clients=clients)


@pytest.mark.parametrize(
    "member",
    [
        {"algorithms": ["HS256"]},
        {"algorithms": ["ES384", "HS384"]},
        {"algorithms": ["none"]},
        {"algorithms": ["es384"]},
        {"algorithms": ["ES512"]},
        {"algorithms": ["RS384", ""]},
        {"leeway_seconds": 4},
        {"leeway_seconds": 61},
        {"leeway_seconds": 5.5},
        {"lifetime_seconds": 29},
        {"lifetime_seconds": 3601},
        {"may": ["everything"]},
        {"keys": {"jwks": "https://ehr.example/keys"}},
        {"keys": "https://ehr.example/keys"},
        {"algorithm": "ES384"},
    ],
    ids=json.dumps,
)
def test_a_value_that_is_not_allowed_is_refused(known: Known, member: Json) -> None:
    with pytest.raises(SettingsError, match=r"^CDS_CLIENTS: cannot be read"):
        site_of(None, known, json.dumps([client(**({"keys": KEYS} | member))]))


@pytest.mark.parametrize(
    "text", ["{", "{}", "null", "[null]", '["ward"]', '[{"issuer": "https://ehr.example"}]', "[" * 9999]
)
def test_what_is_no_list_of_clients_is_refused(known: Known, text: str) -> None:
    with pytest.raises(SettingsError, match=r"^CDS_CLIENTS: cannot be read"):
        site_of(None, known, text)


def test_a_client_of_the_environment_stands_beside_those_of_the_file(known: Known, tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(
        f"clients: [{{name: ward, issuer: {json.dumps(ISSUER)}, keys: {json.dumps(KEYS)}}}]\n"
        "silent: [{topic: denosumab-dose, until: 2099-12-31, clients: [b]}]\n",
        encoding="utf-8",
    )
    more: dict[str, Any] = {"name": "b", "issuer": "https://b.example", "keys": KEYS}
    assert [c.name for c in site_of(file, known, json.dumps([more])).clients] == ["ward", "b"]
    with pytest.raises(SettingsError, match=f"^CDS_CLIENTS: the issuer {ISSUER} is that of the client ward too"):
        site_of(file, known, json.dumps([more | {"issuer": ISSUER}]))
    with pytest.raises(ContentError, match=r"site\.yaml:2: there is no client 'b'"):
        site_of(file, known)


def test_clients_are_read_from_the_environment_and_let_in(tmp_path: Path) -> None:
    settings = Settings.from_env(
        {
            "CDS_CLIENTS": json.dumps([client(keys=key_file(tmp_path, jwk(key())))]),
            "CDS_PUBLIC_URL": "https://cds.hospital.example/",
            "CDS_DATABASE_URL": f"sqlite:///{tmp_path / 'cds.sqlite3'}",
        }
    )
    edition = Edition.load(settings)
    memory = Memory.open(settings, edition.site.suppression)
    try:
        http = create_app(settings, edition, memory=memory).test_client()
        shown = token(aud="https://cds.hospital.example/cds-services")
        assert http.get("/cds-services").status_code == 401
        assert http.get("/cds-services", headers={"Authorization": f"Bearer {shown}"}).status_code == 200
    finally:
        memory.close(1)
    assert ISSUER not in repr(settings)
