"""Forged tokens: other algorithms, other keys, changed parts, keys of the token's own. None comes in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.edition import Edition
from tests.build import Json
from tests.trust.tokens import (
    DISCOVERY,
    ENDPOINTS,
    FEEDBACK,
    KEY_OF,
    KID,
    MARK,
    PUBLIC,
    Ward,
    claims,
    client,
    coded,
    compact,
    header,
    jwk,
    jwk_set,
    key,
    key_file,
    pem,
    token,
    ward,
    with_key,
)

EC, RSA = key("P-384"), key("RSA")
STRANGER = key("P-384", "stranger")


@pytest.fixture(scope="module")
def door(edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    """A client with one key of each of the two standard algorithms, and no choice of others."""
    folder = tmp_path_factory.mktemp("forged")
    keys = key_file(folder, jwk(EC), jwk(RSA, f"{MARK}-rsa"))
    with ward(edition, folder, client(keys=keys)) as made:
        yield made


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(("alg", "kid"), [("ES384", KID), ("RS384", f"{MARK}-rsa")])
def test_a_good_token_comes_in_at_every_endpoint_with_both_standard_algorithms(
    door: Ward, path: str, alg: str, kid: str
) -> None:
    assert door.lets_in(token(path, alg, head={"kid": kid}), path)


@pytest.mark.parametrize("alg", KEY_OF)
def test_every_algorithm_can_be_chosen(edition: Edition, tmp_path: Path, alg: str) -> None:
    keys = key_file(tmp_path, jwk(key(KEY_OF[alg])))
    with ward(edition, tmp_path, client(keys=keys, algorithms=[alg])) as made:
        assert made.lets_in(token(alg=alg))


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS384", "EdDSA"])
def test_an_algorithm_that_was_not_chosen_is_refused_even_with_a_listed_key(
    edition: Edition, tmp_path: Path, alg: str
) -> None:
    keys = key_file(tmp_path, jwk(key(KEY_OF[alg])))
    with ward(edition, tmp_path, client(keys=keys)) as made:
        assert made.refusal(token(alg=alg)) == "algorithm"


# None, and HMAC with what everybody knows


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("signature", [b"", b"x" * 96])
def test_none_is_no_algorithm(door: Ward, alg: str, signature: bytes) -> None:
    assert door.refusal(compact(header(alg), claims(), lambda _: signature)) == "algorithm"


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize(
    "secret",
    [
        pem(EC),
        pem(RSA),
        pem(RSA).strip(),
        json.dumps(jwk(EC)).encode(),
        json.dumps(jwk(EC), separators=(",", ":")).encode(),
        jwk_set(jwk(EC), jwk(RSA, f"{MARK}-rsa")),
        b"",
    ],
    ids=["pem", "rsa pem", "stripped pem", "jwk", "compact jwk", "set", "empty"],
)
def test_a_public_key_is_no_hmac_secret(door: Ward, path: str, digest: str, secret: bytes) -> None:
    def sign(signed: bytes) -> bytes:
        return hmac.new(secret, signed, digest).digest()

    alg = f"HS{digest.removeprefix('sha')}"
    assert door.refusal(compact(header(alg), claims(path), sign), path) == "algorithm"


@pytest.mark.parametrize(
    "alg", ["es384", "Es384", "rs384", "ES384 ", " ES384", "ES384\x00", "ES-384", "RSA-OAEP", "dir"]
)
def test_an_algorithm_is_named_letter_by_letter(door: Ward, alg: str) -> None:
    assert door.refusal(compact(header(alg), claims(), with_key("ES384", EC))) == "algorithm"


# The key of another family


FAMILIES = [
    ("RS256", "RSA", "PS384"),
    ("PS384", "RSA", "RS256"),
    ("ES256", "P-384", "ES384"),
    ("ES384", "P-256", "ES256"),
    ("EdDSA", "P-384", "ES384"),
    ("RS384", "P-384", "ES384"),
    ("ES384", "P-521", "ES512"),
]


@pytest.mark.parametrize(("says", "kind", "signs"), FAMILIES)
def test_a_signature_of_one_algorithm_under_the_name_of_another_is_refused(
    edition: Edition, tmp_path: Path, says: str, kind: str, signs: str
) -> None:
    of = key(kind)
    keys = key_file(tmp_path, jwk(of), jwk(key("P-384", "other"), "other"))
    with ward(edition, tmp_path, client(keys=keys, algorithms=list(KEY_OF))) as made:
        shown = compact(header(says), claims(), with_key(signs, of))
        expected = "signature" if says in ("RS256", "PS384") else "key-unknown"
        assert made.refusal(shown) == expected


def test_a_key_that_its_set_reserves_for_one_algorithm_serves_no_other(edition: Edition, tmp_path: Path) -> None:
    keys = key_file(tmp_path, jwk(RSA, alg="RS256"))
    with ward(edition, tmp_path, client(keys=keys, algorithms=["RS256", "PS384"])) as made:
        assert made.refusal(token(alg="PS384")) == "key-unknown"
        assert made.lets_in(token(alg="RS256"))


def test_an_rsa_key_of_1024_bits_is_too_weak(edition: Edition, tmp_path: Path) -> None:
    weak = key("RSA-1024")
    with ward(edition, tmp_path, client(keys=key_file(tmp_path, jwk(weak)))) as made:
        assert made.refusal(token(alg="RS384", of=weak)) == "key-unknown"


def test_another_key_of_the_same_kind_is_refused(door: Ward) -> None:
    for path in ENDPOINTS:
        assert door.refusal(token(path, of=STRANGER), path) == "signature"


# Keys that the token brings along


def _certificate_like(of: object) -> str:
    return base64.b64encode(pem(of)).decode()


BROUGHT: list[Json] = [
    {"jwk": jwk(STRANGER)},
    {"jwk": jwk(STRANGER), "kid": "brought"},
    {"jwk": jwk(STRANGER), "kid": ...},
    {"x5c": [_certificate_like(STRANGER)]},
    {"x5u": "https://attacker.example/cert.pem"},
    {"x5t": "AAAA", "x5t#S256": hashlib.sha256(pem(STRANGER)).hexdigest()},
    {"jku": "https://attacker.example/keys", "kid": "brought"},
]


@pytest.mark.parametrize("head", BROUGHT, ids=["-".join(head) for head in BROUGHT])
def test_a_token_does_not_bring_its_own_key(door: Ward, head: Json) -> None:
    reason = door.refusal(token(of=STRANGER, head=head))
    assert reason == {None: "signature", "brought": "key-unknown", ...: "kid"}[head.get("kid")]


# Changed on the way


def _flipped(text: str, at: int) -> str:
    other = "A" if text[at] != "A" else "B"
    return text[:at] + other + text[at + 1 :]


@pytest.mark.parametrize("at", [0, 1, 40, 63, 64, 90, 127])
def test_a_changed_signature_is_refused(door: Ward, at: int) -> None:
    head, body, signature = token().split(".")
    assert len(signature) == 128
    assert door.refusal(f"{head}.{body}.{_flipped(signature, at)}") == "signature"


@pytest.mark.parametrize(
    "change",
    [
        lambda signature: b"",
        lambda signature: signature[:-1],
        lambda signature: signature + b"\x00",
        lambda signature: bytes(96),
        lambda signature: signature[48:] + signature[:48],
        lambda signature: b"\x00" * 48 + signature[48:],
    ],
    ids=["none", "cut", "longer", "zeros", "halves swapped", "r is zero"],
)
def test_a_signature_of_another_shape_is_refused(door: Ward, change: Callable[[bytes], bytes]) -> None:
    sign = with_key("ES384", EC)
    assert door.refusal(compact(header(), claims(), lambda signed: change(sign(signed)))) == "signature"


@pytest.mark.parametrize(
    "change",
    [{"sub": "somebody"}, {"exp": 4102444800}, {"jti": "other"}, {"aud": f"{PUBLIC}{FEEDBACK}"}, {"admin": True}],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_payload_is_refused(door: Ward, change: Json) -> None:
    good = claims()
    head, _, signature = compact(header(), good, with_key("ES384", EC)).split(".")
    assert door.refusal(f"{head}.{coded(good | change)}.{signature}") == "signature"


@pytest.mark.parametrize(
    "change", [{"extra": 1}, {"typ": ...}, {"kid": KID, "typ": "jwt"}], ids=["more", "less", "typ"]
)
def test_a_changed_header_is_refused(door: Ward, change: Json) -> None:
    _, body, signature = token().split(".")
    assert door.refusal(f"{coded(header(**change))}.{body}.{signature}") == "signature"


def test_parts_of_two_good_tokens_make_no_good_token(door: Ward) -> None:
    one, other = token(), token(FEEDBACK)
    (head, body, _), (_, _, signature) = one.split("."), other.split(".")
    assert door.refusal(f"{head}.{body}.{signature}") == "signature"


# Extensions and types


@pytest.mark.parametrize(
    "head",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": False},
        {"crit": []},
        {"crit": None},
        {"crit": "b64"},
        {"b64": False},
        {"b64": True},
        {"b64": None},
        {"crit": ["http://openbanking.example/iat"]},
    ],
    ids=json.dumps,
)
def test_extensions_that_are_not_understood_are_refused(door: Ward, head: Json) -> None:
    assert door.refusal(token(head=head)) == "critical-header"


@pytest.mark.parametrize("typ", ["at+jwt", "application/jwt", "dpop+jwt", "secevent+jwt", "JOSE", "", " JWT", "ID"])
def test_a_token_of_another_type_is_refused(door: Ward, typ: str) -> None:
    assert door.refusal(token(head={"typ": typ})) == "type"


@pytest.mark.parametrize("typ", ["JWT", "jwt", "Jwt", ...])
def test_the_type_is_jwt_in_any_case_or_absent(door: Ward, typ: str) -> None:
    assert door.lets_in(token(head={"typ": typ}))


def test_an_encrypted_token_is_none(door: Ward) -> None:
    assert door.refusal(f"{coded({'alg': 'dir', 'enc': 'A256GCM'})}..AAAA.AAAA.AAAA") == "malformed"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"null",
        b"[]",
        b'"ES384"',
        b"{",
        b"\xff\xfe",
        b"[" * 3000,
        b'{"a":' * 1000,
        b'{"kid": "k"}',
        b'{"alg": null, "kid": "k"}',
        b'{"alg": ["ES384"], "kid": "k"}',
        b'{"alg": "ES384", "kid": 1}',
        b'{"alg": "ES384", "kid": "k", "typ": 1}',
        b'{"alg": "ES384", "kid": "k", "jku": ["https://ehr.example/keys"]}',
        b'{"alg": "ES384", "kid": "k", "a": NaN}',
    ],
)
def test_a_header_that_is_none_is_malformed(door: Ward, head: bytes) -> None:
    assert door.refusal(compact(head, claims(), with_key("ES384", EC))) == "malformed"


def test_of_a_member_that_stands_twice_in_the_header_no_reading_lets_a_forger_in(door: Ward) -> None:
    for members in (b'"alg":"none","alg":"ES384"', b'"alg":"ES384","alg":"none"'):
        head = b'{%s,"kid":"%s"}' % (members, KID.encode())
        assert door.refusal(compact(head, claims(), lambda _: b"")) in ("algorithm", "signature")
        assert door.refusal(compact(head, claims(), with_key("ES384", STRANGER))) in ("algorithm", "signature")


# How it is sent


def _authorization(door: Ward, value: str, path: str = DISCOVERY) -> str:
    return door.refusal(None, path, headers={"Authorization": value})


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEARER"])
def test_the_scheme_is_written_in_any_case(door: Ward, scheme: str) -> None:
    response = door.http.get(DISCOVERY, headers={"Authorization": f"{scheme} {token()}"})
    assert response.status_code == 200


@pytest.mark.parametrize("path", [*ENDPOINTS, "/openapi.json", "/nowhere", "/cds-services/nothing"])
def test_without_authorization_nobody_comes_anywhere(door: Ward, path: str) -> None:
    assert door.refusal(None, path) == "missing"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "scheme"),
        (" ", "scheme"),
        ("Basic {basic}", "scheme"),
        ("Digest username={mark}", "scheme"),
        ("DPoP {token}", "scheme"),
        ("Bearer:{token}", "scheme"),
        ("Bearer\t{token}", "scheme"),
        ("{token}", "scheme"),
        ("Bearer", "malformed"),
        ("Bearer ", "malformed"),
        ("Bearer    ", "malformed"),
        ("Bearer {mark}", "malformed"),
        ("Bearer a.b", "malformed"),
        ("Bearer ..", "malformed"),
        ("Bearer ...", "malformed"),
        ("Bearer {token}.", "malformed"),
        ("Bearer {token}.e30", "malformed"),
        ("Bearer {token} {token}", "malformed"),
        ("Bearer {token},{token}", "malformed"),
        ("Bearer {token}, Bearer {token}", "malformed"),
        ("Bearer Bearer {token}", "malformed"),
        ("Bearer \u00e9.\u00e9.\u00e9", "malformed"),
    ],
)
def test_what_is_not_one_bearer_token_is_refused(door: Ward, value: str, reason: str) -> None:
    basic = base64.b64encode(f"{MARK}:{MARK}".encode()).decode()
    assert _authorization(door, value.format(token=token(), mark=MARK, basic=basic)) == reason


def test_a_token_elsewhere_than_in_the_header_does_not_count(door: Ward) -> None:
    shown = token()
    assert door.refusal(None, DISCOVERY, query_string={"access_token": shown}) == "missing"
    assert door.refusal(None, FEEDBACK, body={"access_token": token(FEEDBACK)}) == "missing"
    assert door.refusal(None, DISCOVERY, headers={"Cookie": f"access_token={shown}"}) == "missing"
    assert door.refusal(None, DISCOVERY, headers={"Proxy-Authorization": f"Bearer {shown}"}) == "missing"
    assert door.refusal(None, DISCOVERY, headers={"X-Authorization": f"Bearer {shown}"}) == "missing"
    assert door.lets_in(shown), "it was not used up"


def test_a_token_in_a_form_does_not_count(door: Ward) -> None:
    answer = door.http.post(FEEDBACK, data={"access_token": token(FEEDBACK)})
    assert answer.status_code == 401


def test_an_oversized_token_is_refused_whatever_it_says(door: Ward) -> None:
    assert door.refusal(token(filler="x" * 8200)) == "oversized"
    assert door.refusal("x" * 500_000) == "oversized"
    assert door.refusal("." * 8193) == "oversized"
    assert door.lets_in(token(filler="x" * 5000)), "generous claims are no attack"


# Anything


@settings(max_examples=150, deadline=None)
@given(value=st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\r\n")))
def test_no_text_as_authorization_comes_in_or_makes_it_fail(door: Ward, value: str) -> None:
    answer = door.http.get(DISCOVERY, environ_overrides={"HTTP_AUTHORIZATION": value})
    assert answer.status_code == 401
    answer = door.http.get(DISCOVERY, environ_overrides={"HTTP_AUTHORIZATION": f"Bearer {value}"})
    assert answer.status_code == 401


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
HEADER_MEMBERS = st.sampled_from(["alg", "kid", "typ", "jku", "crit", "b64", "jwk", "x5c", "cty"])
CLAIMS = st.sampled_from(["iss", "aud", "exp", "iat", "nbf", "jti", "sub", "tenant"])


@settings(max_examples=150, deadline=None)
@given(head=st.dictionaries(HEADER_MEMBERS, ANY_JSON, max_size=3), body=st.dictionaries(CLAIMS, ANY_JSON, max_size=3))
def test_no_header_and_claims_with_a_strangers_signature_come_in_or_make_it_fail(
    door: Ward, head: Json, body: Json
) -> None:
    shown = compact(header() | head, claims() | body, with_key("ES384", STRANGER))
    assert door.ask(shown).status_code == 401


@settings(max_examples=200, deadline=None)
@given(body=st.dictionaries(CLAIMS, ANY_JSON, min_size=1, max_size=3))
def test_no_claims_that_the_right_key_signed_make_it_fail(door: Ward, body: Json) -> None:
    answer = door.ask(compact(header(), claims() | body, with_key("ES384", EC)))
    assert answer.status_code in (200, 401)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_no_changed_byte_of_a_good_token_comes_in(door: Ward, data: st.DataObject) -> None:
    good = token()
    at = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=126))
    changed = good[:at] + other + good[at + 1 :]
    if _meaning(changed) != _meaning(good):
        assert door.ask(changed).status_code == 401


def _meaning(shown: str) -> object:
    """What is signed, to the letter, and the bytes of the signature: characters beside base64 say nothing there."""
    signed, _, signature = shown.rpartition(".")
    try:
        return signed, jwt.utils.base64url_decode(signature)
    except ValueError:
        return None
