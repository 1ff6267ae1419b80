"""The keys of an issuer: which key of a set is used, when a set is read again, and what stays when that fails."""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.fetch.failure import Failed
from cds_service.trust.keys import MAX_AGE_SECONDS, MOST_KEYS, RETRY_SECONDS, Keys, KeysFromFile, KeysFromUrl
from cds_service.trust.refusal import Refusal
from tests.build import Json
from tests.trust.tokens import MARK, jwk, jwk_set, key, private_jwk

EC, EC2, RSA = key("P-384"), key("P-384", "second"), key("RSA")


def refusal(find: Callable[[], object]) -> tuple[str, int]:
    with pytest.raises(Refusal) as caught:
        find()
    return caught.value.reason, caught.value.status


def unknown(find: Callable[[], object]) -> bool:
    return refusal(find) == ("key-unknown", 401)


def eventually(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


# Which key


def test_the_key_is_the_one_of_the_id_and_the_algorithm() -> None:
    keys = Keys(jwk_set(jwk(EC, "a"), jwk(RSA, "a"), jwk(EC2, "b")))
    assert keys.find("a", "ES384").key.public_numbers() == EC.public_key().public_numbers()
    assert keys.find("a", "RS384").key.public_numbers() == RSA.public_key().public_numbers()
    assert keys.find("b", "ES384").key.public_numbers() == EC2.public_key().public_numbers()


@pytest.mark.parametrize("kid", ["", "c", "A", "a ", " a", "a\x00", "../a", "*", "a' OR '1'='1", "%61", "/etc/passwd"])
def test_no_other_id_finds_a_key(kid: str) -> None:
    assert unknown(lambda: Keys(jwk_set(jwk(EC, "a"))).find(kid, "ES384"))


def test_one_id_for_two_keys_of_a_kind_is_ambiguous() -> None:
    keys = Keys(jwk_set(jwk(EC, "a"), jwk(EC2, "a"), jwk(RSA, "a")))
    assert refusal(lambda: keys.find("a", "ES384")) == ("key-ambiguous", 401)
    assert keys.find("a", "RS384")


def test_a_key_without_id_is_nobodys() -> None:
    keys = Keys(jwk_set(jwk(EC, None), jwk(EC2, "b")))
    for kid in ("", "None", "null"):
        assert unknown(lambda kid=kid: keys.find(kid, "ES384"))


@pytest.mark.parametrize(
    "useless",
    [
        private_jwk(EC, "a"),
        private_jwk(RSA, "a"),
        private_jwk(key("Ed25519"), "a"),
        jwk(EC, "a", use="enc"),
        jwk(EC, "a", use=None),
        jwk(EC, "a", use=["sig"]),
        {"kty": "oct", "k": "AAAA", "kid": "a"},
        {"kty": "oct", "k": "AAAA", "kid": "a", "alg": "ES384"},
        {"kty": "RSA", "kid": "a", "d": None} | jwk(RSA, "a", d=""),
        {"kid": "a"},
    ],
)
def test_a_key_that_proves_nothing_is_not_used(useless: Json) -> None:
    keys = Keys(jwk_set(useless, jwk(EC2, "b")))
    for alg in ("ES384", "RS384", "EdDSA"):
        assert unknown(lambda alg=alg: keys.find("a", alg))
    with pytest.raises(ValueError, match="no public signature key"):
        Keys(jwk_set(useless))


@pytest.mark.parametrize("kty", [["EC"], {"EC": 1}, 1, None, True, "ec", ""], ids=str)
def test_a_key_of_a_strange_type_spoils_no_other(kty: object) -> None:
    keys = Keys(jwk_set(jwk(EC, "a", kty=kty), jwk(EC2, "b")))
    assert unknown(lambda: keys.find("a", "ES384"))
    assert keys.find("b", "ES384")


def test_a_point_that_is_not_on_the_curve_is_no_key() -> None:
    off = jwk(EC, "a", y=jwk(EC2)["y"])
    assert unknown(lambda: Keys(jwk_set(off)).find("a", "ES384"))


ODD = st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.lists(st.integers(), max_size=2)


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from([EC, RSA, key("Ed25519")]),
    changes=st.dictionaries(
        st.sampled_from(["crv", "x", "y", "n", "e", "alg", "use", "kid", "key_ops"]), ODD, min_size=1, max_size=3
    ),
    alg=st.sampled_from(["ES384", "RS384", "ES256", "EdDSA"]),
)
def test_a_broken_key_is_refused_and_never_a_fault(kind: object, changes: Json, alg: str) -> None:
    keys = Keys(jwk_set(jwk(kind, "a") | changes, jwk(EC2, "b")))
    with contextlib.suppress(Refusal):
        keys.find("a", alg)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": null}',
        b'{"keys": []}',
        b'{"keys": [1]}',
        b'{"keys": [null]}',
        b"\xff",
        b"[" * 100_000,
        b'{"keys": [' + b'{"a": ' * 50_000,
        b"<html>",
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_no_set_of_keys_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"JWK Set|no public"):
        Keys(body)


def test_a_set_of_too_many_keys_is_refused() -> None:
    many = [jwk(EC, str(number)) for number in range(MOST_KEYS + 1)]
    with pytest.raises(ValueError, match="over 100 keys"):
        Keys(jwk_set(*many))
    assert Keys(jwk_set(*many[1:])).has("100")


# From a URL, by a clock of our own


class Place:
    """What is read; ``clock`` is moved by hand."""

    def __init__(self, *keys: Json) -> None:
        self.body = jwk_set(*keys)
        self.failing: Exception | None = None
        self.takes = 0.0  # seconds that reading takes
        self.reads = 0
        self.now = 1000.0
        self.source = KeysFromUrl("ward", self._read, lambda: self.now)

    def _read(self) -> bytes:
        self.reads += 1
        time.sleep(self.takes)
        if self.failing is not None:
            raise self.failing
        return self.body

    def publish(self, *keys: Json) -> None:
        self.body = jwk_set(*keys)

    def find(self, kid: str) -> object:
        return self.source.find(kid, "ES384")


def test_a_set_is_read_once_for_many_calls() -> None:
    place = Place(jwk(EC, "1"))
    assert all(place.find("1") for _ in range(50))
    assert place.reads == 1


def test_a_new_key_is_found_when_a_token_names_it() -> None:
    place = Place(jwk(EC, "1"))
    assert place.find("1")
    place.publish(jwk(EC, "1"), jwk(EC2, "2"))
    place.now += RETRY_SECONDS
    assert place.find("2")
    assert place.find("1")
    assert place.reads == 2


def test_unknown_ids_cause_no_more_than_one_read_in_five_seconds() -> None:
    place = Place(jwk(EC, "1"))
    for number in range(200):
        assert unknown(lambda number=number: place.find(f"random-{number}"))
        place.now += 0.1
    # 20 seconds, the first read at their beginning.
    assert place.reads == 4


def test_a_failing_server_is_asked_no_more_often() -> None:
    place = Place(jwk(EC, "1"))
    place.failing = Failed("timeout")
    for _ in range(200):
        assert refusal(lambda: place.find("1")) == ("keys-unavailable", 503)
        place.now += 0.1
    assert place.reads == 4
    place.failing = None
    place.now += RETRY_SECONDS
    assert place.find("1"), "once it is back, so are we"


@pytest.mark.parametrize("failing", [Failed("connection"), Failed("redirect"), Failed("too-large")], ids=str)
def test_the_last_good_keys_are_kept_while_the_server_fails(
    failing: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    place = Place(jwk(EC, "1"))
    assert place.find("1")
    place.failing = failing
    for _ in range(10):
        place.now += MAX_AGE_SECONDS
        assert place.find("1")
    assert unknown(lambda: place.find("2"))
    assert eventually(lambda: "the last good keys are kept" in caplog.text)


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", jwk_set(), b"<html>", jwk_set(jwk(EC, "1", use="enc"))],
    ids=["empty", "no keys", "none", "HTML", "unusable"],
)
def test_a_spoilt_set_leaves_the_last_good_one(body: bytes) -> None:
    place = Place(jwk(EC, "1"))
    assert place.find("1")
    place.body = body
    place.now += RETRY_SECONDS
    assert unknown(lambda: place.find("2"))
    assert place.reads == 2
    assert place.find("1")


def test_a_withdrawn_key_is_refused_soon_after_its_set_has_grown_old() -> None:
    place = Place(jwk(EC, "1"), jwk(EC2, "2"))
    assert place.find("1")
    place.publish(jwk(EC2, "2"))
    place.now += MAX_AGE_SECONDS + 1
    assert place.find("2")
    assert eventually(lambda: not _found(place, "1"))
    assert place.reads == 2
    assert place.find("2")


def _found(place: Place, kid: str) -> bool:
    try:
        place.find(kid)
    except Refusal:
        return False
    return True


def test_a_withdrawn_key_is_not_let_in_once_more_after_a_quiet_night() -> None:
    place = Place(jwk(EC, "1"), jwk(EC2, "2"))
    assert place.find("1")
    place.publish(jwk(EC2, "2"))
    place.takes = 0.1
    place.now += 12 * 3600
    assert unknown(lambda: place.find("1")), "withdrawn long ago, and the server could be asked"


def test_a_known_key_does_not_wait_for_an_unknown_one() -> None:
    entered, released = threading.Event(), threading.Event()
    place = Place(jwk(EC, "1"))
    assert place.find("1")

    def slow() -> bytes:
        entered.set()
        released.wait(20)
        return jwk_set(jwk(EC, "1"))

    place.source._read = slow
    place.now += RETRY_SECONDS
    stranger = threading.Thread(target=lambda: _found(place, "random"))
    stranger.start()
    assert entered.wait(10)
    assert place.find("1")
    assert stranger.is_alive()
    released.set()
    stranger.join(20)


def test_a_known_key_does_not_wait_for_a_server_that_is_away() -> None:
    place = Place(jwk(EC, "1"))
    assert place.find("1")
    place.now += 12 * 3600
    place.failing = Failed("timeout")
    assert place.find("1"), "the first call waits, and the last good keys hold"
    place.now += RETRY_SECONDS
    released = threading.Event()
    place.source._read = lambda: _after(released)
    assert place.find("1")
    released.set()


def _after(released: threading.Event) -> bytes:
    released.wait(20)
    raise Failed("timeout")


def test_strangers_with_invented_keys_do_not_hold_a_thread_each_while_the_server_is_slow() -> None:
    entered, released = threading.Event(), threading.Event()
    place = Place(jwk(EC, "1"))
    assert place.find("1")

    def slow() -> bytes:
        entered.set()
        return _after(released)

    place.source._read = slow
    place.now += RETRY_SECONDS
    first = threading.Thread(target=lambda: _found(place, "random-1"))
    first.start()
    assert entered.wait(10)
    assert not _found(place, "random-2"), "answered while the first one still waits"
    assert first.is_alive()
    released.set()
    first.join(20)


def test_many_that_ask_at_once_read_once() -> None:
    place = Place(jwk(EC, "1"))
    together = threading.Barrier(16)
    found: list[bool] = []

    def ask() -> None:
        together.wait()
        found.append(_found(place, "1"))

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 16
    assert place.reads == 1


def test_what_is_said_of_a_failing_server_names_neither_address_nor_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    place = Place(jwk(EC, MARK))
    assert place.find(MARK)
    place.body = f'{{"keys": ["{MARK}"]}}'.encode()
    place.now += RETRY_SECONDS
    assert unknown(lambda: place.find(f"{MARK}-2"))
    assert "ward" in caplog.text
    assert MARK not in caplog.text


# From a file


def replaced(path: Path, body: bytes) -> None:
    """By renaming, as careful people do."""
    new = path.with_suffix(".new")
    new.write_bytes(body)
    new.replace(path)


def written(path: Path, body: bytes) -> None:
    """In place, as everybody else does."""
    path.write_bytes(body)


@pytest.mark.parametrize("put", [replaced, written])
def test_a_changed_file_changes_the_keys(tmp_path: Path, put: Callable[[Path, bytes], None]) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(jwk_set(jwk(EC, "1")))
    source = KeysFromFile("ward", path)
    assert source.find("1", "ES384")
    put(path, jwk_set(jwk(EC, "1"), jwk(EC2, "2")))
    assert source.find("1", "ES384")
    assert source.find("2", "ES384")
    put(path, jwk_set(jwk(EC2, "2")))
    assert unknown(lambda: source.find("1", "ES384"))


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"keys": []}', jwk_set(private_jwk(EC, "1"))], ids=lambda b: repr(b[:14])
)
def test_a_broken_file_leaves_the_last_good_keys_and_is_complained_of_once(
    tmp_path: Path, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(jwk_set(jwk(EC, "1")))
    source = KeysFromFile("ward", path)
    replaced(path, body)
    assert all(source.find("1", "ES384") for _ in range(5))
    assert caplog.text.count("the last good keys are kept") == 1
    replaced(path, jwk_set(jwk(EC2, "2")))
    assert source.find("2", "ES384")


def test_a_file_that_could_not_be_read_once_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(jwk_set(jwk(EC, "1")))
    source = KeysFromFile("ward", file)
    file.write_bytes(jwk_set(jwk(EC2, "second")))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", _too_many_files)
        assert source.find("1", "ES384")
    assert source.find("second", "ES384")


def _too_many_files(_: Path) -> bytes:
    raise OSError(24, "Too many open files")


def test_a_file_that_is_gone_leaves_the_last_good_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(jwk_set(jwk(EC, "1")))
    source = KeysFromFile("ward", path)
    path.unlink()
    assert source.find("1", "ES384")
    path.write_bytes(jwk_set(jwk(EC2, "2")))
    assert source.find("2", "ES384")


def test_a_strange_type_in_a_file_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(jwk_set(jwk(EC, "1")))
    source = KeysFromFile("ward", path)
    replaced(path, json.dumps({"keys": [{"kty": [], "kid": "1"}]}).encode())
    assert source.find("1", "ES384")
