"""The claims: each missing, wrong, of another type, too early, too late, and who may speak for whom."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cds_service.edition import Edition
from tests.build import SERVICE, Json
from tests.trust.tokens import (
    DISCOVERY,
    ENDPOINTS,
    FEEDBACK,
    ISSUER,
    MARK,
    PUBLIC,
    Ward,
    claims,
    client,
    compact,
    header,
    jwk,
    key,
    key_file,
    token,
    ward,
    with_key,
)

OURS = key("P-384")
OTHER = key("P-384", "other")
OTHER_ISSUER = f"https://other.{MARK}.example"
HOURS = 3600


@pytest.fixture(scope="module")
def door(edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    """A client with the default limits, and another with a key of its own."""
    folder = tmp_path_factory.mktemp("claims")
    other = client(name="other", issuer=OTHER_ISSUER, keys=key_file(folder, jwk(OTHER, f"{MARK}-2"), name="2.json"))
    with ward(edition, folder, client(keys=key_file(folder, jwk(OURS))), other) as made:
        yield made


@pytest.fixture(scope="module")
def patient_door(edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    """A client with the widest leeway, so that a busy machine changes nothing."""
    folder = tmp_path_factory.mktemp("patient")
    wide = client(keys=key_file(folder, jwk(OURS)), leeway_seconds=60, lifetime_seconds=3600)
    with ward(edition, folder, wide) as made:
        yield made


# Missing, and of another type


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("name", ["iss", "aud", "exp", "iat", "jti"])
def test_every_required_claim_must_be_there(door: Ward, path: str, name: str) -> None:
    changes: dict[str, Any] = {name: ...}
    assert door.refusal(token(path, **changes), path) == "claim"


def test_optional_claims_may_be_absent_and_strange_ones_there(door: Ward) -> None:
    assert door.lets_in(token(sub=..., nbf=..., tenant=...))
    assert door.lets_in(token(admin=True, roles=[{"a": 1}], scope=None))


WRONG: list[Json] = [
    {"iss": None},
    {"iss": ""},
    {"iss": 1},
    {"iss": [ISSUER]},
    {"iss": {"iss": ISSUER}},
    {"iss": ISSUER + "x" * 600},
    {"aud": None},
    {"aud": 1},
    {"aud": {PUBLIC + DISCOVERY: True}},
    {"aud": [[PUBLIC + DISCOVERY]]},
    {"aud": [PUBLIC + DISCOVERY, None]},
    {"aud": [PUBLIC + DISCOVERY, 1]},
    {"exp": None},
    {"exp": "4102444800"},
    {"exp": True},
    {"exp": [4102444800]},
    {"exp": {"$numberLong": "4102444800"}},
    {"exp": ""},
    {"iat": None},
    {"iat": "1"},
    {"iat": True},
    {"iat": []},
    {"nbf": "1"},
    {"nbf": False},
    {"nbf": {}},
    {"jti": None},
    {"jti": ""},
    {"jti": 1},
    {"jti": True},
    {"jti": ["a"]},
    {"jti": "x" * 600},
    {"sub": 1},
    {"sub": ["user"]},
    {"tenant": 1},
    {"tenant": ["a"]},
    {"tenant": "a\x00"},
    {"tenant": "a\nb"},
    {"tenant": "x" * 300},
]


@pytest.mark.parametrize("changes", WRONG, ids=lambda changes: json.dumps(changes)[:40])
def test_a_claim_of_another_type_is_refused(door: Ward, changes: Json) -> None:
    assert door.refusal(token(**changes)) == "claim"


@pytest.mark.parametrize("name", ["nbf", "sub"])
def test_a_claim_that_may_be_absent_may_not_be_null(door: Ward, name: str) -> None:
    changes: dict[str, Any] = {name: None}
    assert door.refusal(token(**changes)) == "malformed"


NUMBERS = ["1e999", "-1e999", "NaN", "Infinity", "-Infinity", "0x7fffffff", "1" + "0" * 5000]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:10])
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
def test_what_is_no_number_of_json_is_refused(door: Ward, name: str, number: str) -> None:
    body = json.dumps(claims(**{name: 0})).replace(f'"{name}": 0', f'"{name}": {number}')
    assert number in body
    assert door.refusal(compact(header(), body.encode(), with_key("ES384", OURS))) in ("claim", "malformed")


HUGE = 10**400
LATER = 4102444800


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": HUGE}, "lifetime"),
        ({"exp": HUGE, "iat": 1.5}, "lifetime"),
        ({"exp": 1.5e308}, "lifetime"),
        ({"exp": 1.5e308, "iat": -1.5e308}, "lifetime"),
        ({"exp": LATER, "iat": -HUGE}, "lifetime"),
        ({"exp": LATER + 0.5, "iat": -HUGE}, "lifetime"),
        ({"exp": -HUGE}, "expired"),
        ({"exp": -1.5e308}, "expired"),
        ({"exp": 0}, "expired"),
        ({"iat": HUGE}, "not-yet"),
        ({"nbf": HUGE}, "not-yet"),
        ({"nbf": 1.5e308}, "not-yet"),
    ],
    ids=lambda it: str(it).replace(str(HUGE), "huge"),
)
def test_numbers_beyond_all_clocks_are_refused(door: Ward, changes: Json, reason: str) -> None:
    assert door.refusal(token(**changes)) in (reason, "claim", "malformed")


def test_claims_that_are_no_object_are_refused(door: Ward) -> None:
    for body in (b"", b"null", b"[]", b"1", b'"x"', b"{", b"\xff", b"[" * 3000, b'{"iss":' * 500):
        assert door.refusal(compact(header(), body, with_key("ES384", OURS))) in ("claim", "malformed")


def test_a_lone_surrogate_is_refused(door: Ward) -> None:
    for name in ("jti", "iss", "sub", "tenant", "aud"):
        changes: dict[str, Any] = {name: "\ud800x"}
        assert door.refusal(token(**changes)) in ("claim", "malformed")


# Issuer, audience, subject


@pytest.mark.parametrize(
    "issuer",
    [
        "https://attacker.example",
        ISSUER + "/",
        ISSUER.lower(),
        ISSUER.upper(),
        f" {ISSUER}",
        ISSUER.replace("https", "http"),
        f"{ISSUER}\x00",
        "*",
        "ward",
    ],
)
def test_an_issuer_that_is_not_registered_to_the_letter_is_unknown(door: Ward, issuer: str) -> None:
    assert door.refusal(token(iss=issuer)) == "unknown-issuer"


def test_the_issuer_of_another_client_needs_that_clients_key(door: Ward) -> None:
    assert door.refusal(token(iss=OTHER_ISSUER)) == "key-unknown"
    assert door.refusal(token(iss=OTHER_ISSUER, head={"kid": f"{MARK}-2"})) == "signature"
    assert door.lets_in(token(iss=OTHER_ISSUER, of=OTHER, head={"kid": f"{MARK}-2"}))


@pytest.mark.parametrize(
    "audience",
    [
        "",
        PUBLIC,
        f"{PUBLIC}/",
        f"{PUBLIC}{DISCOVERY}/",
        f"{PUBLIC}{SERVICE}",
        DISCOVERY,
        f"https://cds.example{DISCOVERY}",
        f"http://CDS.example{DISCOVERY}",
        f"http://cds.example:80{DISCOVERY}",
        f"{PUBLIC}{DISCOVERY}?a=b",
        f"{PUBLIC}{DISCOVERY} ",
        f"http://attacker.example{DISCOVERY}",
        f"http://attacker.example/?{PUBLIC}{DISCOVERY}",
        f"{PUBLIC}.attacker.example{DISCOVERY}",
        "http://localhost/cds-services",
    ],
)
def test_a_token_for_another_address_is_refused(door: Ward, audience: str) -> None:
    assert door.refusal(token(aud=audience)) == ("audience" if audience else "claim")


@pytest.mark.parametrize(
    ("made_for", "shown_at"), [(one, other) for one in ENDPOINTS for other in ENDPOINTS if one != other]
)
def test_a_token_for_one_endpoint_opens_no_other(door: Ward, made_for: str, shown_at: str) -> None:
    assert door.refusal(token(made_for), shown_at) == "audience"


def test_the_host_header_does_not_choose_the_audience(door: Ward) -> None:
    shown = token(aud=f"http://attacker.example{DISCOVERY}")
    for name in ("Host", "X-Forwarded-Host", "Forwarded"):
        value = "host=attacker.example" if name == "Forwarded" else "attacker.example"
        assert door.refusal(shown, headers={name: value, "X-Forwarded-Proto": "http"}) == "audience"


def test_ours_among_several_audiences_is_enough(door: Ward) -> None:
    ours = PUBLIC + DISCOVERY
    assert door.lets_in(token(aud=[ours]))
    assert door.lets_in(token(aud=["https://other.example", ours]))
    assert door.refusal(token(aud=["https://other.example", PUBLIC + SERVICE])) == "audience"
    assert door.refusal(token(aud=[])) == "claim"
    assert door.refusal(token(aud=["", ours + "/"])) == "audience"


def test_further_audiences_are_of_one_client_and_for_all_its_endpoints(edition: Edition, tmp_path: Path) -> None:
    agreed = f"urn:{MARK}:cds"
    first = client(keys=key_file(tmp_path, jwk(OURS)), audiences=[agreed])
    second = client(name="other", issuer=OTHER_ISSUER, keys=key_file(tmp_path, jwk(OTHER), name="2.json"))
    with ward(edition, tmp_path, first, second) as made:
        for path in ENDPOINTS:
            assert made.lets_in(token(path, aud=agreed), path)
            assert made.lets_in(token(path), path)
            assert made.refusal(token(path, aud=agreed, iss=OTHER_ISSUER, of=OTHER), path) == "audience"


def test_the_audience_is_below_the_path_of_the_public_address(edition: Edition, tmp_path: Path) -> None:
    settings = {"public_url": "https://hospital.example/cds/"}
    with ward(edition, tmp_path, client(keys=key_file(tmp_path, jwk(OURS))), **settings) as made:
        assert made.lets_in(token(aud=f"https://hospital.example/cds{DISCOVERY}"))
        assert made.refusal(token(aud=f"https://hospital.example{DISCOVERY}")) == "audience"


def test_where_subjects_are_listed_others_are_refused(edition: Edition, tmp_path: Path) -> None:
    listed = client(keys=key_file(tmp_path, jwk(OURS)), subjects=["main", "spare"])
    with ward(edition, tmp_path, listed) as made:
        assert made.lets_in(token(sub="spare"))
        for subject in ("Main", "", "main ", f"{MARK}", ...):
            assert made.refusal(token(sub=subject)) == "subject"


# Tenants


def test_tenants_of_one_issuer_are_clients_with_keys_of_their_own(edition: Edition, tmp_path: Path) -> None:
    first = client(tenants=["a", "a2"], keys=key_file(tmp_path, jwk(OURS)))
    second = client(name="other", tenants=["b"], keys=key_file(tmp_path, jwk(OTHER), name="2.json"))
    with ward(edition, tmp_path, first, second) as made:
        assert made.lets_in(token(tenant="a"))
        assert made.lets_in(token(tenant="a2"))
        assert made.lets_in(token(tenant="b", of=OTHER))
        assert made.refusal(token(tenant="b")) == "signature"
        assert made.refusal(token(tenant="a", of=OTHER)) == "signature"
        for tenant in ("c", "A", "", "a,b", ..., None):
            assert made.refusal(token(tenant=tenant)) == "unknown-issuer"


# Time


def test_within_the_default_leeway_clocks_may_differ(door: Ward) -> None:
    now = time.time()
    assert door.lets_in(token(iat=now + 2, exp=now + 300))
    assert door.lets_in(token(nbf=now + 2))
    assert door.lets_in(token(iat=now - 60, exp=now - 1))
    assert door.lets_in(token(iat=now + 0.5, nbf=now + 0.5, exp=now + 300.25))


def test_beyond_the_default_leeway_they_may_not(door: Ward) -> None:
    now = time.time()
    assert door.refusal(token(iat=now + 30, exp=now + 300)) == "not-yet"
    assert door.refusal(token(nbf=now + 30)) == "not-yet"
    assert door.refusal(token(iat=now - 60, exp=now - 7)) == "expired"


def test_the_leeway_is_the_clients(patient_door: Ward) -> None:
    now = time.time()
    assert patient_door.lets_in(token(iat=now + 45, exp=now + 300))
    assert patient_door.lets_in(token(nbf=now + 45))
    assert patient_door.lets_in(token(iat=now - 100, exp=now - 30))
    assert patient_door.refusal(token(iat=now + 120, exp=now + 300)) == "not-yet"
    assert patient_door.refusal(token(nbf=now + 120)) == "not-yet"
    assert patient_door.refusal(token(iat=now - 100, exp=now - 65)) == "expired"


def test_a_token_lives_no_longer_than_the_client_may_say(door: Ward, patient_door: Ward) -> None:
    now = int(time.time())
    assert door.lets_in(token(iat=now, exp=now + 900))
    assert door.refusal(token(iat=now, exp=now + 901)) == "lifetime"
    assert door.refusal(token(iat=now, exp=now + 900.5)) == "lifetime"
    assert door.refusal(token(iat=now - 2 * HOURS, exp=now + 300)) == "lifetime"
    assert door.refusal(token(iat=0)) == "lifetime"
    assert patient_door.lets_in(token(iat=now, exp=now + 3600))
    assert patient_door.refusal(token(iat=now, exp=now + 3601)) == "lifetime"


def test_a_token_that_ends_before_it_begins_is_refused(patient_door: Ward) -> None:
    now = int(time.time())
    assert patient_door.refusal(token(iat=now + 20, exp=now + 10)) == "lifetime"
    assert patient_door.refusal(token(iat=now, exp=now)) == "lifetime"
    assert patient_door.lets_in(token(iat=now, exp=now + 1))


def test_nbf_narrows_the_life_and_never_widens_it(door: Ward) -> None:
    now = int(time.time())
    assert door.refusal(token(nbf=now - 60, iat=now - 300, exp=now - 60)) == "expired"
    assert door.refusal(token(nbf=now - 60, iat=now - 7200, exp=now + 300)) == "lifetime"


@pytest.mark.parametrize("path", [SERVICE, FEEDBACK])
def test_an_expired_token_opens_neither_call_nor_feedback(door: Ward, path: str) -> None:
    now = int(time.time())
    assert door.refusal(token(path, iat=now - 300, exp=now - 60), path) == "expired"
