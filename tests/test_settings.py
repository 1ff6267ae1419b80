"""Settings: what the environment may say, and what stops the start."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from cds_service.base.complaints import SettingsError, StartRefused
from cds_service.site.settings import Settings


def test_an_empty_environment_is_a_development_server_on_loopback() -> None:
    settings = Settings.from_env({})
    assert (settings.host, settings.port, settings.profile) == ("127.0.0.1", 8000, "development")
    assert settings.cors_origins == frozenset()
    assert settings.fhir_version is None


def test_names_of_other_programs_are_left_alone_and_blank_means_default() -> None:
    assert Settings.from_env({"PATH": "/bin", "HOSTNAME": "x", "CDS_FHIR_VERSION": " ", "PORT": ""}) == Settings()


def test_every_setting_is_read() -> None:
    assert Settings.from_env(
        {
            "HOST": "0.0.0.0",
            "PORT": "9000",
            "WORKERS": "4",
            "THREADS": "8",
            "CDS_DRAIN_SECONDS": "7",
            "CDS_PROFILE": "production",
            "CDS_PUBLIC_URL": "https://cds.example/base/",
            "CDS_CLIENTS": "[]",
            "CDS_PROXIES": "10.0.1.0/24, 10.0.0.1",
            "CDS_CERTIFICATE_HEADER": "X-Subject",
            "CDS_DATABASE_URL": "postgresql://db/cds",
            "CDS_AUDIT_QUEUE": "5",
            "CDS_HASH_KEY": "k" * 32,
            "CDS_MAX_BODY_BYTES": "2000000",
            "CDS_CORS_ORIGINS": "https://ehr.example, http://localhost:3000",
            "CDS_DEFAULT_LANGUAGE": "zh-CN",
            "CDS_FHIR_VERSION": "R5",
            "CDS_SNOMED_AFFILIATE": "off",
            "CDS_LABEL_RULES": "off",
        }
    ) == Settings(
        host="0.0.0.0",
        port=9000,
        workers=4,
        threads=8,
        drain_seconds=7,
        profile="production",
        public_url="https://cds.example/base",
        clients="[]",
        proxies=(ip_network("10.0.0.1"), ip_network("10.0.1.0/24")),
        certificate_header="X-Subject",
        database_url="postgresql://db/cds",
        audit_queue=5,
        hash_key=b"k" * 32,
        max_body_bytes=2_000_000,
        cors_origins=frozenset({"https://ehr.example", "http://localhost:3000"}),
        default_language="zh-CN",
        fhir_version="R5",
        snomed_affiliate=False,
        label_rules=False,
    )


def test_production_does_not_start_open_by_accident() -> None:
    with pytest.raises(SettingsError, match="CDS_DATABASE_URL: not set"):
        Settings.from_env({"CDS_PROFILE": "production"})
    with pytest.raises(SettingsError, match="CDS_PUBLIC_URL: not https"):
        Settings.from_env(
            {"CDS_PROFILE": "production", "CDS_DATABASE_URL": "sqlite:///x", "CDS_PUBLIC_URL": "http://localhost"}
        )


def test_secrets_do_not_show_in_a_settings_object() -> None:
    shown = repr(Settings.from_env({"CDS_HASH_KEY": "hidden" * 8, "CDS_DATABASE_URL": "postgresql://u:hidden@db/cds"}))
    assert "hidden" not in shown


# Secrets in files


SECRET = "s3cret-" * 8


@pytest.mark.parametrize(
    ("name", "member", "text", "value"),
    [
        ("CDS_HASH_KEY", "hash_key", SECRET, SECRET.encode()),
        ("CDS_DATABASE_URL", "database_url", "postgresql://u:p@db/cds", "postgresql://u:p@db/cds"),
        ("CDS_CLIENTS", "clients", "[]", "[]"),
    ],
)
def test_a_secret_may_stand_in_a_file(tmp_path: Path, name: str, member: str, text: str, value: object) -> None:
    """As ``docker secret`` and Kubernetes mount them, with the line end an editor leaves."""
    file = tmp_path / "secret"
    file.write_text(f"{text}\n", encoding="utf-8")
    assert getattr(Settings.from_env({f"{name}_FILE": str(file)}), member) == value
    # Blank means not set, as everywhere.
    assert getattr(Settings.from_env({f"{name}_FILE": str(file), name: " "}), member) == value


def test_a_secret_in_two_places_is_a_fault_that_shows_neither(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"^CDS_HASH_KEY: set, and CDS_HASH_KEY_FILE too") as caught:
        Settings.from_env({"CDS_HASH_KEY": SECRET, "CDS_HASH_KEY_FILE": str(tmp_path / "secret")})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "why"),
    [(b" \n", "empty"), (b"\xff\xfe", "not UTF-8"), (b"x" * (1024 * 1024 + 1), "larger than"), (None, "no such")],
)
def test_a_file_without_a_secret_is_told_without_its_path(tmp_path: Path, body: bytes | None, why: str) -> None:
    """The path is not repeated: it may be the secret itself, in the wrong variable."""
    file = tmp_path / "s3cret"
    if body is not None:
        file.write_bytes(body)
    with pytest.raises(SettingsError, match=f"^CDS_HASH_KEY_FILE: .*{why}") as caught:
        Settings.from_env({"CDS_HASH_KEY_FILE": str(file)})
    assert "s3cret" not in str(caught.value)


def test_a_folder_or_a_device_is_no_secret(tmp_path: Path) -> None:
    for path in (tmp_path, Path("/dev/zero")):
        with pytest.raises(SettingsError, match=r"^CDS_HASH_KEY_FILE: what it names is no file"):
            Settings.from_env({"CDS_HASH_KEY_FILE": str(path)})


def test_only_secrets_stand_in_files() -> None:
    with pytest.raises(SettingsError, match="CDS_PROFILE_FILE: no such setting"):
        Settings.from_env({"CDS_PROFILE_FILE": "/x"})


def test_every_mistake_is_told_at_once() -> None:
    with pytest.raises(StartRefused) as caught:
        Settings.from_env({"PORT": "x", "CDS_LABEL_RULE": "off", "CDS_PROFILE": "production", "CDS_HASH_KEY": "short"})
    names = [fault.name for fault in caught.value.faults if isinstance(fault, SettingsError)]
    assert names == ["CDS_LABEL_RULE", "PORT", "CDS_HASH_KEY", "CDS_DATABASE_URL"]


@pytest.mark.parametrize("text", ["zh", "zh-CN", "ZH", "zh_Hans"])
def test_chinese_is_a_language_however_it_is_written(text: str) -> None:
    assert Settings.from_env({"CDS_DEFAULT_LANGUAGE": text}).default_language == "zh-CN"


def test_a_misspelt_setting_is_an_error_that_names_the_right_one() -> None:
    with pytest.raises(SettingsError, match=re.escape("Did you mean CDS_LABEL_RULES?")):
        Settings.from_env({"CDS_LABEL_RULE": "off"})


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("CDS_TOPICS_OFF", "site file: topics: {the-topic: off}"),
        ("CDS_ALLOW_UNAUTHENTICATED", "Name the clients in the site file"),
    ],
)
@pytest.mark.parametrize("value", ["denosumab-dose", ""])
def test_a_setting_that_is_gone_stops_the_start_and_says_what_to_write(name: str, instead: str, value: str) -> None:
    """Left in place it would be believed to work: topics thought to be off would fire."""
    with pytest.raises(SettingsError, match=re.escape(instead)) as caught:
        Settings.from_env({name: value})
    assert str(caught.value).startswith(f"{name}: no longer a setting. ")


@pytest.mark.parametrize(
    "origin", ["*", "https://*.example", "null", "ehr.example", "https://EHR.example", "https://a/"]
)
def test_an_origin_that_no_browser_sends_or_that_means_everybody_is_refused(origin: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({"CDS_CORS_ORIGINS": f"https://ehr.example,{origin}"})
    assert caught.value.name == "CDS_CORS_ORIGINS"
    assert "https://ehr.example" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "65536"),
        ("PORT", "http"),
        ("PORT", "٣"),
        ("HOST", "a b"),
        ("WORKERS", "0"),
        ("THREADS", "-1"),
        ("CDS_PROFILE", "prod"),
        ("CDS_PUBLIC_URL", "cds.example"),
        ("CDS_PUBLIC_URL", "http://cds.example"),
        ("CDS_PROXIES", "10.0.0.1/8"),
        ("CDS_PROXIES", "0.0.0.0/0"),
        ("CDS_CA_FILE", "/nowhere/ca.pem"),
        ("CDS_CERTIFICATE_HEADER", "X Subject"),
        ("CDS_AUDIT_QUEUE", "0"),
        ("CDS_HASH_KEY", "short"),
        ("CDS_MAX_BODY_BYTES", "5MB"),
        ("CDS_DEFAULT_LANGUAGE", "de"),
        ("HOST", "http://127.0.0.1"),
        ("HOST", "localhost:8000"),
        ("HOST", "[::1]"),
        ("HOST", "*"),
        ("CDS_FHIR_VERSION", "4.0.1"),
        ("CDS_SNOMED_AFFILIATE", "1"),
        ("CDS_LABEL_RULES", "true"),
    ],
)
def test_a_value_that_is_not_understood_is_refused_by_name_with_a_remedy(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({name: value})
    assert caught.value.name == name
    assert str(caught.value).startswith(f"{name}: ")
    assert caught.value.remedy
