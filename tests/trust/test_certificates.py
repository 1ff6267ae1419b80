"""Certificates: the subject that a proxy has verified counts from that proxy only, and only where it is listed."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest

from cds_service.edition import Edition
from tests.trust.tokens import (
    DISCOVERY,
    ENDPOINTS,
    FEEDBACK,
    MARK,
    PUBLIC,
    Ward,
    client,
    jwk,
    key,
    key_file,
    token,
    ward,
)

OTHER = key("P-384", "other")
ALONE, BOTH = f"CN={MARK}-alone,O=Hospital", f"CN={MARK}-both"
BOTH_ISSUER = f"https://both.{MARK}.example"
HEADER = "X-SSL-Client-S-DN"
PROXIES = (ip_network("10.1.0.0/24"), ip_network("127.0.0.1"), ip_network("fd00::/64"))


@pytest.fixture(scope="module")
def door(edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    """Behind a proxy: a client with tokens, one with a certificate, one that must show both."""
    folder = tmp_path_factory.mktemp("certificates")
    clients = (
        client(keys=key_file(folder, jwk(key()))),
        {"name": "alone", "certificate_subjects": [ALONE], "may": ["discovery", "feedback"]},
        {
            "name": "both",
            "issuer": BOTH_ISSUER,
            "keys": key_file(folder, jwk(OTHER), name="2.json"),
            "certificate_subjects": [BOTH],
        },
    )
    with ward(edition, folder, *clients, proxies=PROXIES) as made:
        yield made


def certified(subject: str, peer: str | None = "127.0.0.1", **headers: str) -> dict[str, Any]:
    """What makes a request come from ``peer`` with this subject."""
    return {"headers": {HEADER: subject} | headers, "environ_overrides": {"REMOTE_ADDR": peer}}


def both(path: str = DISCOVERY, **changes: Any) -> str:
    return token(path, of=OTHER, iss=BOTH_ISSUER, **changes)


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.1.0.7", "fd00::7"])
def test_a_listed_subject_from_the_proxy_comes_in_without_a_token(door: Ward, peer: str) -> None:
    assert door.lets_in(None, DISCOVERY, **certified(ALONE, peer))
    assert door.lets_in(None, FEEDBACK, **certified(ALONE, peer))


@pytest.mark.parametrize("peer", ["10.9.9.9", "10.1.1.7", "127.0.0.2", "::1", "fd00:1::7", "", "unix:", "proxy", None])
@pytest.mark.parametrize("path", ENDPOINTS)
def test_the_header_of_a_stranger_counts_for_nothing(door: Ward, path: str, peer: str | None) -> None:
    assert door.refusal(None, path, **certified(ALONE, peer)) == "certificate-source"
    assert door.refusal(token(path), path, **certified(ALONE, peer)) == "certificate-source"
    assert door.refusal(both(path), path, **certified(BOTH, peer)) == "certificate-source"


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP"])
def test_a_stranger_cannot_say_that_it_is_the_proxy(door: Ward, name: str) -> None:
    claim = "for=127.0.0.1" if name == "Forwarded" else "127.0.0.1"
    more = certified(ALONE, "10.9.9.9", **{name: claim, "X-Forwarded-Host": "127.0.0.1"})
    assert door.refusal(None, DISCOVERY, **more) == "certificate-source"


def test_without_configured_proxies_the_header_counts_from_nobody(
    edition: Edition, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("no-proxy")
    with ward(edition, folder, client(keys=key_file(folder, jwk(key())))) as made:
        for peer in ("127.0.0.1", "::1", "10.1.0.7"):
            assert made.refusal(token(), DISCOVERY, **certified(ALONE, peer)) == "certificate-source"
        assert made.lets_in(token(), DISCOVERY)


@pytest.mark.parametrize(
    "subject",
    [
        f"CN={MARK}",
        ALONE.lower(),
        f"{ALONE},",
        f"O=Hospital,CN={MARK}-alone",
        f"{ALONE}, {ALONE}",
        f"{ALONE},CN=attacker",
        f"CN=attacker,{ALONE}",
        "*",
        "(null)",
    ],
)
def test_a_subject_that_is_not_listed_to_the_letter_is_unknown(door: Ward, subject: str) -> None:
    assert door.refusal(None, DISCOVERY, **certified(subject)) == "certificate-unknown"
    assert door.refusal(token(), DISCOVERY, **certified(subject)) == "certificate-unknown"


def test_the_subject_in_any_other_header_does_not_count(door: Ward) -> None:
    for name in ("X-SSL-Client-DN", "X-Client-Cert", "SSL-Client-S-DN", "X-SSL-Client-Verify"):
        assert door.refusal(None, DISCOVERY, headers={name: ALONE}) == "missing"


def test_the_name_of_the_header_is_the_sites(edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> None:
    alone = {"name": "alone", "certificate_subjects": [ALONE]}
    settings: dict[str, Any] = {"certificate_header": "X-Verified", "proxies": PROXIES}
    with ward(edition, tmp_path_factory.mktemp("header"), alone, **settings) as made:
        assert made.lets_in(None, DISCOVERY, headers={"X-Verified": ALONE})
        assert made.refusal(None, DISCOVERY, headers={HEADER: ALONE}) == "missing"


def test_an_empty_header_is_none(door: Ward) -> None:
    assert door.refusal(None, DISCOVERY, **certified("")) == "missing"
    assert door.lets_in(token(), DISCOVERY, **certified(""))


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_client_that_must_show_both_shows_both(door: Ward, path: str) -> None:
    assert door.refusal(both(path), path) == "certificate-missing"
    assert door.refusal(None, path, **certified(BOTH)) == "missing"
    assert door.refusal(both(path), path, **certified(ALONE)) == "certificate-unknown"
    assert door.lets_in(both(path), path, **certified(BOTH))


def test_a_token_that_came_without_its_certificate_is_not_used_up(door: Ward) -> None:
    shown = both(aud=[PUBLIC + DISCOVERY])
    assert door.refusal(shown) == "certificate-missing"
    assert door.lets_in(shown, DISCOVERY, **certified(BOTH))
    assert door.refusal(shown, DISCOVERY, **certified(BOTH)) == "replay"


def test_a_certificate_does_not_carry_the_token_of_another(door: Ward) -> None:
    assert door.refusal(token(), DISCOVERY, **certified(BOTH)) == "certificate-unknown"
    assert door.refusal(token(), DISCOVERY, **certified(ALONE)) == "certificate-unknown"


def test_a_bad_token_is_not_mended_by_a_certificate(door: Ward) -> None:
    assert door.refusal(both(aud="x"), DISCOVERY, **certified(BOTH)) == "audience"
    assert door.refusal("a.b.c", DISCOVERY, **certified(BOTH)) == "malformed"


def test_a_token_of_nobody_beside_a_certificate_that_suffices_does_no_harm(door: Ward) -> None:
    for shown in ("a.b.c", token(iss="https://nobody.example")):
        assert door.lets_in(shown, DISCOVERY, **certified(ALONE))


def test_a_client_known_by_its_certificate_has_its_rights_and_no_more(door: Ward) -> None:
    path = ENDPOINTS[1]
    assert door.refusal(None, path, status=403, **certified(ALONE)) == "right"
