"""Which addresses may be asked: the allow-list, links and references, and the addresses that names resolve to."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from urllib3.util import parse_url

from cds_service.fetch.address import FhirServers, inside, parse
from cds_service.fetch.failure import Refused
from cds_service.fetch.reach import Reach, check

LISTED = "https://ehr.example/fhir"
ALPHABET = st.sampled_from(list("https://ehr.example/fhir:443@evil.test?#%2e\\;.[]\t\n 0ſK。")) | st.characters()


def reason(servers: FhirServers, url: str) -> str:
    with pytest.raises(Refused) as refused:
        servers.base_of(url)
    return refused.value.reason


@pytest.mark.parametrize(
    ("asked", "base"),
    [
        (LISTED, LISTED),
        ("https://ehr.example/fhir/", LISTED),
        ("HTTPS://EHR.Example:443/fhir", LISTED),
        ("https://ehr.example/fhir/tenant-1/R4", "https://ehr.example/fhir/tenant-1/R4"),
    ],
)
def test_a_listed_base_is_found_in_any_plain_spelling(asked: str, base: str) -> None:
    assert FhirServers((LISTED + "/",)).base_of(asked) == base


@pytest.mark.parametrize(
    "url",
    [
        "https://ehr.example/fhirs",
        "https://ehr.example/FHIR",
        "https://ehr.example",
        "https://ehr.example:8443/fhir",
        "https://ehr.example.evil.test/fhir",
        "https://evil.test/https://ehr.example/fhir",
    ],
)
def test_another_origin_or_path_is_not_listed(url: str) -> None:
    assert reason(FhirServers((LISTED,)), url) == "not-listed"


@pytest.mark.parametrize(
    "url",
    [
        "https://ehr.example@evil.test/fhir",
        "https://user:secret@ehr.example/fhir",
        "https://ehr.example/fhir#x",
        "https://ehr.example/fhir?x=1",
        "https://ehr.example/fhir/../admin",
        "https://ehr.example/fhir/..;/admin",
        "https://ehr.example/fhir/%2e%2e/admin",
        "https://ehr.example\\@evil.test/fhir",
        "https://ehr.example/fhir\r\nHost: evil.test",
        "https://ehr.example/fhir\n",
        " https://ehr.example/fhir",
        "https://ehr.example:0/fhir",
        "https://ehr.example:99999/fhir",
        "https://ehr..example/fhir",
        "https://[::1/fhir",
        "https://[1::2::3]/fhir",
        "//ehr.example/fhir",
        "file:///etc/passwd",
        "",
        "https://ehr.example/fhir/" + "a" * 9000,
    ],
)
def test_tricks_are_malformed(url: str) -> None:
    assert reason(FhirServers((LISTED,)), url) == "malformed"


def test_plain_http_is_refused_except_for_this_machine_in_development() -> None:
    assert reason(FhirServers((LISTED,)), "http://ehr.example/fhir") == "not-https"
    assert reason(FhirServers(()), "http://127.0.0.1:8080/fhir") == "not-https"
    with pytest.raises(Refused, match="not-https"):
        FhirServers(("http://ehr.example/fhir",), development=True)
    local = FhirServers(("http://127.0.0.1:8080/fhir",), development=True)
    assert local.base_of("http://127.0.0.1:8080/fhir/") == "http://127.0.0.1:8080/fhir"


def test_an_empty_list_means_nobody_or_this_machine_in_development() -> None:
    assert reason(FhirServers(), LISTED) == "not-listed"
    development = FhirServers(development=True)
    for url in ("http://localhost:8080/fhir", "http://127.0.0.1/fhir", "http://[::1]:8080/fhir"):
        assert development.base_of(url) == url
    assert reason(development, LISTED) == "not-listed"
    # Spellings of 127.0.0.1 that only some parsers understand are names like any other.
    for url in ("https://2130706433/fhir", "https://0x7f.1/fhir", "https://localhost.evil.test/fhir"):
        assert reason(development, url) == "not-listed"
    assert reason(FhirServers((LISTED,), development=True), "http://localhost/fhir") == "not-listed"


def test_a_private_base_must_be_listed() -> None:
    with pytest.raises(Refused, match="not-listed"):
        FhirServers((LISTED,), private=frozenset({"https://other.example/fhir"}))
    servers = FhirServers((LISTED,), private=frozenset({LISTED + "/"}))
    assert servers.reach("ehr.example", 443) == Reach(loopback=False, private=True)
    assert servers.reach("ehr.example", 8443) == Reach()


def test_links_stay_inside_the_very_server_asked() -> None:
    base = "https://ehr.example/fhir/tenant-1"
    assert inside(f"{base}?_getpages=1|2", base) == f"{base}?_getpages=1|2"
    for foreign in ("https://ehr.example/fhir/tenant-2/Condition", "https://evil.test/fhir/tenant-1", f"{base}0"):
        with pytest.raises(Refused, match="foreign"):
            inside(foreign, base)


@given(st.text(ALPHABET, max_size=60) | st.text(ALPHABET, max_size=20).map(lambda tail: LISTED + tail))
@example("https://ehr.example/fhir/@evil.test")
@example("https://ehr.example/fhir/?@evil.test:80/")
def test_nothing_but_the_listed_origin_is_ever_accepted(url: str) -> None:
    try:
        accepted = inside(url, LISTED)
    except Refused:
        return
    # As the library that will connect reads it.
    seen = parse_url(accepted)
    assert (seen.scheme, seen.host, seen.port or 443, seen.auth) == ("https", "ehr.example", 443, None)
    assert seen.path == "/fhir" or (seen.path or "").startswith("/fhir/")
    assert parse(accepted).url == accepted


PUBLIC = ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822", "2002:5db8:d822::1", "::ffff:93.184.216.34"]
PRIVATE = ["10.1.2.3", "172.31.0.1", "192.168.1.1", "fd12::1", "::ffff:10.1.2.3", "64:ff9b::a01:203"]
LOOPBACK = ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"]
NEVER = [
    "0.0.0.0",
    "::",
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "fe80::1%eth0",
    "fec0::1",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
    "240.0.0.1",
    "192.0.2.1",
    "2001:db8::1",
]


def may(address: str, reach: Reach) -> bool:
    try:
        check(address, reach)
    except Refused:
        return False
    return True


@pytest.mark.parametrize(
    ("reach", "allowed"),
    [
        (Reach(), PUBLIC),
        (Reach(private=True), PUBLIC + PRIVATE),
        (Reach(loopback=True), PUBLIC + LOOPBACK),
        (Reach(loopback=True, private=True), PUBLIC + PRIVATE + LOOPBACK),
    ],
)
def test_only_public_addresses_are_reached_unless_said_otherwise(reach: Reach, allowed: list[str]) -> None:
    assert [a for a in PUBLIC + PRIVATE + LOOPBACK + NEVER if may(a, reach)] == allowed
