"""Where keys are asked for: only at listed places, rarely, and nothing is believed that a key server should not say.

Every server here listens on a socket and counts: that nothing was fetched is seen there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cds_service.edition import Edition
from cds_service.store.tables import call
from cds_service.trust import keys as keys_module
from cds_service.trust.keys import RETRY_SECONDS
from tests.build import SERVICE, Json
from tests.fetch.bad_server import Behaviour, answer, dies_after, resets, says, stalls
from tests.trust.key_server import PATH, KeyServer, key_server
from tests.trust.tokens import ENDPOINTS, ISSUER, MARK, client, jwk, jwk_set, key, key_file, token, ward

EC, EC2 = key("P-384"), key("P-384", "second")
OTHER_ISSUER = f"https://other.{MARK}.example"


@pytest.fixture
def ehr() -> Iterator[KeyServer]:
    """The key server of the client."""
    with key_server(jwk(EC)) as server:
        yield server


@pytest.fixture
def attacker() -> Iterator[KeyServer]:
    """A key server with a key under the id that the token names."""
    with key_server(jwk(EC2)) as server:
        yield server


# jku


def test_a_listed_jku_is_fetched_once_and_no_other(edition: Edition, tmp_path: Path, ehr: KeyServer) -> None:
    ehr.publish(jwk(EC2, "2"), path="/two")
    one, two = ehr.url(), ehr.url("/two")
    with ward(edition, tmp_path, client(keys={"jku": [one, two]})) as door:
        for path in ENDPOINTS:
            assert door.lets_in(token(path, head={"jku": one}), path)
        assert ehr.asked == {PATH: 1}
        assert door.lets_in(token(of=EC2, head={"jku": two, "kid": "2"}))
        assert ehr.asked == {PATH: 1, "/two": 1}
        assert door.refusal(token()) == "jku", "two are listed: which one is not guessed"


def test_where_one_jku_is_listed_the_token_need_not_name_it(edition: Edition, tmp_path: Path, ehr: KeyServer) -> None:
    with ward(edition, tmp_path, client(keys={"jku": [ehr.url()]})) as door:
        assert door.lets_in(token())
        assert door.lets_in(token(head={"jku": ehr.url()}))


def test_an_unlisted_jku_is_never_fetched(
    edition: Edition, tmp_path: Path, ehr: KeyServer, attacker: KeyServer
) -> None:
    with ward(edition, tmp_path, client(keys={"jku": [ehr.url()]})) as door:
        for path in ENDPOINTS:
            assert door.refusal(token(path, of=EC2, head={"jku": attacker.url()}), path) == "jku"
            assert door.refusal(token(path, head={"jku": attacker.url()}), path) == "jku"
    assert not attacker.touched
    assert not ehr.touched


@pytest.mark.parametrize(
    "spelling",
    [
        "{listed}/",
        "{listed}?a=b",
        "{listed}?",
        "{listed}#a",
        " {listed}",
        "{listed}/../keys",
        "{listed}%20",
        "http://127.0.0.1:{port}/other",
        "http://127.0.0.1:{port}//{mark}/keys",
        "http://localhost:{port}/{mark}/keys",
        "http://LOCALHOST:{port}/{mark}/keys",
        "http://2130706433:{port}/{mark}/keys",
        "http://[::ffff:127.0.0.1]:{port}/{mark}/keys",
        "HTTP://127.0.0.1:{port}/{mark}/keys",
        "http://user@127.0.0.1:{port}/{mark}/keys",
        "http://127.0.0.1:{port}@attacker.example/{mark}/keys",
        "//127.0.0.1:{port}/{mark}/keys",
        "/{mark}/keys",
        "file:///etc/passwd",
        "data:application/json,{{}}",
        "",
        "keys",
    ],
)
def test_a_jku_is_compared_to_the_letter(edition: Edition, tmp_path: Path, ehr: KeyServer, spelling: str) -> None:
    port = ehr.url().split(":")[2].split("/")[0]
    named = spelling.format(listed=ehr.url(), port=port, mark=MARK)
    with ward(edition, tmp_path, client(keys={"jku": [ehr.url(), ehr.url("/two")]})) as door:
        assert door.refusal(token(head={"jku": named})) == "jku"
    assert not ehr.touched


def test_the_jku_of_one_client_is_not_that_of_another(
    edition: Edition, tmp_path: Path, ehr: KeyServer, attacker: KeyServer
) -> None:
    second = client(name="other", issuer=OTHER_ISSUER, keys={"jku": [attacker.url()]})
    with ward(edition, tmp_path, client(keys={"jku": [ehr.url()]}), second) as door:
        assert door.refusal(token(of=EC2, head={"jku": attacker.url()})) == "jku"
        assert not attacker.touched
        assert door.lets_in(token(of=EC2, iss=OTHER_ISSUER, head={"jku": attacker.url()}))


@pytest.mark.parametrize("place", ["file", "url"])
def test_where_keys_have_one_place_a_jku_changes_nothing(
    edition: Edition, tmp_path: Path, ehr: KeyServer, attacker: KeyServer, place: str
) -> None:
    keys = key_file(tmp_path, jwk(EC)) if place == "file" else {"jwks_url": ehr.url()}
    with ward(edition, tmp_path, client(keys=keys)) as door:
        assert door.refusal(token(of=EC2, head={"jku": attacker.url()})) == "signature"
        assert door.lets_in(token(head={"jku": attacker.url()}))
    assert not attacker.touched


@pytest.mark.parametrize("member", ["x5u", "jwks_uri", "iss"])
def test_no_other_address_in_a_token_is_fetched(
    edition: Edition, tmp_path: Path, ehr: KeyServer, attacker: KeyServer, member: str
) -> None:
    with ward(edition, tmp_path, client(keys={"jwks_url": ehr.url()})) as door:
        door.refusal(token(of=EC2, head={member: attacker.url()}))
        door.refusal(token(of=EC2, **{member: attacker.url()}))
    assert not attacker.touched


def test_what_is_refused_before_its_key_is_needed_asks_nobody(edition: Edition, tmp_path: Path, ehr: KeyServer) -> None:
    with ward(edition, tmp_path, client(keys={"jwks_url": ehr.url()})) as door:
        refused: list[tuple[Json, Json]] = [
            ({"kid": ...}, {}),
            ({"kid": ""}, {}),
            ({"crit": ["exp"]}, {}),
            ({"typ": "at+jwt"}, {}),
            ({}, {"iss": "https://attacker.example"}),
            ({}, {"exp": "soon"}),
            ({}, {"jti": ...}),
        ]
        for head, changes in refused:
            door.refusal(token(head=head, **changes))
        assert door.refusal(token(alg="RS256")) == "algorithm"
        assert door.refusal(None) == "missing"
    assert not ehr.touched


# kid


def test_no_kid_is_refused_even_where_there_is_one_key(edition: Edition, tmp_path: Path) -> None:
    with ward(edition, tmp_path, client(keys=key_file(tmp_path, jwk(EC)))) as door:
        assert door.refusal(token(head={"kid": ...})) == "kid"
        assert door.refusal(token(head={"kid": ""})) == "kid"


@pytest.mark.parametrize(
    "kid",
    [
        "unknown",
        f"{MARK}-1 ",
        f"../{MARK}-1",
        "/etc/passwd",
        "a\x00b",
        "\n",
        "' OR 1=1 --",
        "{0}",
        "%s",
        "鍵",
        "x" * 3000,
    ],
)
def test_an_unknown_kid_is_refused_whatever_its_letters(edition: Edition, tmp_path: Path, kid: str) -> None:
    with ward(edition, tmp_path, client(keys=key_file(tmp_path, jwk(EC)))) as door:
        assert door.refusal(token(head={"kid": kid})) == "key-unknown"


def test_a_kid_may_look_like_a_path_where_the_set_has_it(edition: Edition, tmp_path: Path) -> None:
    kid = f"../../{MARK}/keys?x=1#y"
    with ward(edition, tmp_path, client(keys=key_file(tmp_path, jwk(EC, kid)))) as door:
        assert door.lets_in(token(head={"kid": kid}))


def test_a_kid_of_another_clients_set_is_unknown(edition: Edition, tmp_path: Path) -> None:
    first = client(keys=key_file(tmp_path, jwk(EC)))
    second = client(name="other", issuer=OTHER_ISSUER, keys=key_file(tmp_path, jwk(EC2, "2"), name="2.json"))
    with ward(edition, tmp_path, first, second) as door:
        assert door.refusal(token(of=EC2, head={"kid": "2"})) == "key-unknown"
        assert door.refusal(token(iss=OTHER_ISSUER)) == "key-unknown"


def test_one_kid_in_the_sets_of_two_clients_is_two_keys(edition: Edition, tmp_path: Path) -> None:
    first = client(keys=key_file(tmp_path, jwk(EC)))
    second = client(name="other", issuer=OTHER_ISSUER, keys=key_file(tmp_path, jwk(EC2), name="2.json"))
    with ward(edition, tmp_path, first, second) as door:
        assert door.refusal(token(of=EC2)) == "signature"
        assert door.refusal(token(iss=OTHER_ISSUER)) == "signature"
        assert door.lets_in(token())
        assert door.lets_in(token(iss=OTHER_ISSUER, of=EC2))


def test_a_kid_that_stands_twice_in_a_set_is_refused_for_both_keys(edition: Edition, tmp_path: Path) -> None:
    with ward(edition, tmp_path, client(keys=key_file(tmp_path, jwk(EC), jwk(EC2)))) as door:
        assert door.refusal(token()) == "key-ambiguous"
        assert door.refusal(token(of=EC2)) == "key-ambiguous"


# Rarely


def test_two_hundred_random_kids_are_not_two_hundred_fetches(edition: Edition, tmp_path: Path, ehr: KeyServer) -> None:
    with ward(edition, tmp_path, client(keys={"jwks_url": ehr.url()})) as door, ThreadPoolExecutor(8) as pool:
        began = time.monotonic()

        def attack(number: int) -> int:
            return door.ask(token(head={"kid": f"random-{number}"})).status_code

        assert set(pool.map(attack, range(200))) == {401}
        allowed = 1 + (time.monotonic() - began) // RETRY_SECONDS
        assert 1 <= ehr.asked[PATH] <= allowed
        assert door.lets_in(token()), "the good key is as good as before"


def test_a_server_that_is_busy_is_not_besieged(edition: Edition, tmp_path: Path, ehr: KeyServer) -> None:
    ehr.trouble = says(answer(b"{}", "503 Service Unavailable", "application/json"))
    with ward(edition, tmp_path, client(keys={"jwks_url": ehr.url()})) as door:
        began = time.monotonic()
        assert {door.refusal(token(), status=503) for _ in range(50)} == {"keys-unavailable"}
        tries = 1 + (time.monotonic() - began) // RETRY_SECONDS
        assert ehr.asked[PATH] <= 3 * tries, "a busy server is asked three times in one try"


# When it fails


def test_a_server_that_was_never_reached_is_our_fault_not_the_callers(edition: Edition, tmp_path: Path) -> None:
    with key_server() as gone:
        url = gone.url()
    with ward(edition, tmp_path, client(keys={"jwks_url": url})) as door:
        for path in ENDPOINTS:
            assert door.refusal(token(path), path, status=503) == "keys-unavailable"
        response = door.ask(token())
        assert response.headers["Retry-After"].isdigit()


def test_a_caller_who_could_not_be_known_is_not_recorded_as_one(edition: Edition, tmp_path: Path) -> None:
    with key_server() as gone:
        url = gone.url()
    with ward(edition, tmp_path, client(keys={"jwks_url": url})) as door:
        assert door.refusal(token(SERVICE), SERVICE, status=503) == "keys-unavailable"
        door.memory.audit.close(5)
        with door.memory.database.engine.connect() as connection:
            assert connection.execute(select(func.count()).select_from(call)).scalar_one() == 0


def _elsewhere(url: str) -> Behaviour:
    return says(answer(b"", "302 Found", "application/json", f"Location: {url}\r\n"))


def test_a_redirect_of_the_key_server_is_not_followed(
    edition: Edition, tmp_path: Path, ehr: KeyServer, attacker: KeyServer
) -> None:
    ehr.trouble = _elsewhere(attacker.url())
    with ward(edition, tmp_path, client(keys={"jwks_url": ehr.url()})) as door:
        assert door.refusal(token(of=EC2), status=503) == "keys-unavailable"
    assert ehr.asked == {PATH: 1}
    assert not attacker.touched


GOOD = jwk_set(jwk(EC))


@pytest.mark.parametrize(
    "trouble",
    [
        says(answer(b'{"pad": "%s", %s' % (b"x" * 300_000, GOOD[1:]), kind="application/json")),
        says(answer(GOOD, "500 Oops", "application/json")),
        says(answer(GOOD, "404 Not Found", "application/json")),
        says(answer(GOOD, "201 Created", "application/json")),
        says(answer(GOOD, kind="text/html")),
        says(answer(b"<html>", kind="application/json")),
        says(answer(b"", kind="application/json")),
        says(answer(jwk_set(), kind="application/json")),
        says(b"\x00\xff\r\n\r\n"),
        dies_after(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"),
        resets,
        stalls,
    ],
    ids=["large", "500", "404", "201", "html type", "html", "empty", "no keys", "no http", "cut", "reset", "hangs"],
)
def test_an_answer_of_no_use_gives_no_keys_and_spoils_no_good_ones(
    edition: Edition, tmp_path: Path, ehr: KeyServer, monkeypatch: pytest.MonkeyPatch, trouble: Behaviour
) -> None:
    monkeypatch.setattr(keys_module, "RETRY_SECONDS", 0)
    ehr.trouble = trouble
    with ward(edition, tmp_path, client(keys={"jwks_url": ehr.url()})) as door:
        assert door.refusal(token(), status=503) == "keys-unavailable"
        ehr.trouble = None
        assert door.lets_in(token())
        ehr.trouble = trouble
        if trouble is not stalls:
            assert door.refusal(token(head={"kid": "new"})) == "key-unknown"
        assert door.lets_in(token()), "the last good keys are kept"


def test_a_large_set_below_the_limit_is_taken(edition: Edition, tmp_path: Path, ehr: KeyServer) -> None:
    ehr.trouble = says(answer(b'{"pad": "%s", %s' % (b"x" * 200_000, GOOD[1:]), kind="application/jwk-set+json"))
    with ward(edition, tmp_path, client(keys={"jwks_url": ehr.url()})) as door:
        assert door.lets_in(token())


def test_the_good_keys_outlive_the_server(edition: Edition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "RETRY_SECONDS", 0)
    monkeypatch.setattr(keys_module, "MAX_AGE_SECONDS", 0)
    with ExitStack() as running:
        url = running.enter_context(key_server(jwk(EC))).url()
        with ward(edition, tmp_path, client(keys={"jwks_url": url})) as door:
            assert door.lets_in(token())
            running.close()
            for _ in range(5):
                assert door.lets_in(token())
            assert door.refusal(token(head={"kid": "new"})) == "key-unknown"


# Rotation without restart


def test_a_new_key_is_taken_up_and_the_old_one_let_go(
    edition: Edition, tmp_path: Path, ehr: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "RETRY_SECONDS", 0)
    with ward(edition, tmp_path, client(keys={"jwks_url": ehr.url()})) as door:
        assert door.lets_in(token())
        assert door.refusal(token(of=EC2, head={"kid": "2"})) == "key-unknown"
        ehr.publish(jwk(EC), jwk(EC2, "2"))
        assert door.lets_in(token(of=EC2, head={"kid": "2"}))
        assert door.lets_in(token())
        ehr.publish(jwk(EC2, "2"))
        assert door.refusal(token(head={"kid": "3"})) == "key-unknown"
        assert door.refusal(token()) == "key-unknown"


def test_a_key_file_is_replaced_while_the_service_runs(edition: Edition, tmp_path: Path) -> None:
    with ward(edition, tmp_path, client(keys=key_file(tmp_path, jwk(EC)))) as door:
        assert door.lets_in(token())
        key_file(tmp_path, jwk(EC2, "2"))
        assert door.lets_in(token(of=EC2, head={"kid": "2"}))
        assert door.refusal(token()) == "key-unknown"
        (tmp_path / "keys.json").write_text("{", encoding="utf-8")
        assert door.lets_in(token(of=EC2, head={"kid": "2"}))
        assert ISSUER not in str(door.lines)
