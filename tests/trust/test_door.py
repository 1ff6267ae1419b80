"""The door: asked before anything is read, one answer to all whom it refuses, and what is open says so."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest
from sqlalchemy import create_engine, make_url, select, text

from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store.engine import parse_url
from cds_service.store.tables import call, feedback
from cds_service.web.app import create_app
from tests.build import SERVICE
from tests.trust.tokens import (
    CALL_BODY,
    DISCOVERY,
    ENDPOINTS,
    FEEDBACK,
    ISSUER,
    MARK,
    PUBLIC,
    Ward,
    client,
    jwk,
    key,
    key_file,
    refused_body,
    token,
    ward,
)

OTHER = key("P-384", "other")


@pytest.fixture(scope="module")
def door(edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    folder = tmp_path_factory.mktemp("door")
    with ward(edition, folder, client(keys=key_file(folder, jwk(key()))), max_body_bytes=4096) as made:
        yield made


# Before the body


class _Sealed:
    """A body that must not be touched."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"{name} of the body was looked at")


def sealed() -> dict[str, Any]:
    return {"wsgi.input": _Sealed(), "CONTENT_LENGTH": "100"}


@pytest.mark.parametrize("path", [SERVICE, FEEDBACK, DISCOVERY, "/nowhere"])
@pytest.mark.parametrize("shown", [None, "a.b.c", token(iss="https://attacker.example"), token(of=OTHER)])
def test_the_body_of_a_stranger_is_never_read(door: Ward, path: str, shown: str | None) -> None:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {shown}"} if shown else {})
    answer = door.http.post(path, environ_overrides=sealed(), headers=headers)
    assert (answer.status_code, answer.get_data()) == (401, refused_body(401))


def test_the_body_of_a_client_is(door: Ward) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token(SERVICE)}"}
    answer = door.http.post(SERVICE, environ_overrides=sealed(), headers=headers)
    assert answer.status_code == 500, "the seal above can break"


@pytest.mark.parametrize("path", [SERVICE, FEEDBACK])
def test_who_calls_comes_before_what_is_sent(door: Ward, path: str) -> None:
    for data, kind in ((b"x" * 5000, "application/json"), (b"{", "application/json"), (b"<a/>", "text/xml")):
        assert door.http.post(path, data=data, content_type=kind).status_code == 401
    with_token = {"Authorization": f"Bearer {token(path)}"}
    assert door.http.post(path, data=b"{", content_type="application/json", headers=with_token).status_code == 400


# One answer


def test_every_401_is_the_same_answer_to_the_byte(door: Ward) -> None:
    now = int(time.time())
    used = token()
    assert door.lets_in(used)
    shown = {
        "missing": None,
        "malformed": "a.b.c",
        "oversized": "x" * 9000,
        "algorithm": token(alg="RS256"),
        "kid": token(head={"kid": ...}),
        "key-unknown": token(head={"kid": "other"}),
        "signature": token(of=OTHER),
        "type": token(head={"typ": "at+jwt"}),
        "critical-header": token(head={"crit": ["exp"]}),
        "claim": token(jti=...),
        "unknown-issuer": token(iss="https://attacker.example"),
        "audience": token(aud="https://attacker.example"),
        "expired": token(iat=now - 500, exp=now - 400),
        "not-yet": token(nbf=now + 400),
        "lifetime": token(exp=now + 40000),
        "replay": used,
    }
    answers = {}
    for path in (DISCOVERY, "/nowhere", SERVICE, FEEDBACK):
        for reason, one in shown.items():
            if path == DISCOVERY:
                assert door.refusal(one) == reason
            answer = door.ask(one, path)
            answers[path, reason] = (answer.status, sorted(answer.headers), answer.get_data())
    assert len({str(one) for one in answers.values()}) == 1
    assert "WWW-Authenticate" in str(answers[DISCOVERY, "missing"])


def test_a_challenge_says_bearer_and_nothing_else(door: Ward) -> None:
    answer = door.ask(token(of=OTHER))
    assert answer.headers.getlist("WWW-Authenticate") == ["Bearer"]


# Everywhere


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/nowhere"),
        ("GET", f"/{MARK}?{MARK}={MARK}"),
        ("GET", "/openapi.json"),
        ("HEAD", DISCOVERY),
        ("HEAD", "/openapi.json"),
        ("GET", SERVICE),
        ("PUT", SERVICE),
        ("DELETE", FEEDBACK),
        ("PATCH", SERVICE),
        ("TRACE", DISCOVERY),
        ("POST", "/health"),
        ("POST", "/readyz"),
        ("GET", "/readyz/"),
        ("GET", "//livez"),
        ("GET", "/health/"),
        ("GET", "//health"),
        ("GET", "/health/../cds-services"),
        ("GET", "/HEALTH"),
        ("GET", "/health%2f"),
        ("GET", "/cds-services/"),
        ("POST", "/cds-services/nothing"),
        ("POST", "/cds-services/nothing/feedback"),
        ("POST", f"{SERVICE}/"),
        ("POST", "/cds-services//feedback"),
    ],
)
def test_nothing_is_told_to_strangers_anywhere(door: Ward, method: str, path: str) -> None:
    for headers in ({}, {"X-HTTP-Method-Override": "OPTIONS"}, {"Authorization": "Bearer a.b.c"}):
        answer = door.http.open(path, method=method, headers=headers)
        assert answer.status_code == 401, path
        assert answer.get_data() in (refused_body(401), b"")
        assert "Allow" not in answer.headers
        assert "Location" not in answer.headers


def test_a_client_is_told_what_is_not_there(door: Ward) -> None:
    assert door.ask(token("/nowhere"), "/nowhere").status_code == 404
    assert door.ask(token("/openapi.json"), "/openapi.json").status_code == 200
    put = door.http.put(SERVICE, headers={"Authorization": f"Bearer {token(SERVICE)}"})
    assert (put.status_code, put.headers["Allow"]) == (405, "OPTIONS, POST")
    unknown = "/cds-services/nothing"
    assert door.ask(token(unknown), unknown, body=CALL_BODY).status_code == 404
    assert door.ask(token(f"{unknown}/feedback"), f"{unknown}/feedback", body=CALL_BODY).status_code == 404


def test_the_health_checks_need_no_token_and_mind_none(door: Ward) -> None:
    for headers in ({}, {"Authorization": "Bearer a.b.c"}, {"X-SSL-Client-S-DN": "CN=a"}):
        for path, status in (("/health", "ok"), ("/livez", "alive"), ("/readyz", "ready")):
            answer = door.http.get(path, headers=headers)
            assert answer.status_code == 200
            assert answer.get_json()["status"] == status


@pytest.mark.parametrize("path", [*ENDPOINTS, "/health", "/openapi.json"])
def test_a_preflight_needs_no_token_and_does_nothing(door: Ward, path: str) -> None:
    answer = door.http.options(path, environ_overrides=sealed())
    assert answer.status_code == 200
    assert answer.get_data() == b""


def test_a_preflight_of_an_allowed_page_is_answered_and_its_call_still_needs_a_token(
    edition: Edition, tmp_path: Path
) -> None:
    origin = "https://ehr.example"
    entry = client(keys=key_file(tmp_path, jwk(key())))
    with ward(edition, tmp_path, entry, cors_origins=frozenset({origin})) as made:
        asked = {"Origin": origin, "Access-Control-Request-Headers": "authorization"}
        assert made.http.options(SERVICE, headers=asked).headers["Access-Control-Allow-Origin"] == origin
        answer = made.ask(None, SERVICE, headers={"Origin": origin})
        assert answer.status_code == 401
        assert answer.headers["Access-Control-Allow-Origin"] == origin, "the page may see that it was refused"


# Rights


RIGHTS = {DISCOVERY: "discovery", "/openapi.json": "discovery", SERVICE: "call", FEEDBACK: "feedback"}


@pytest.mark.parametrize("may", ["discovery", "call", "feedback"])
def test_a_client_does_what_it_may_and_nothing_else(edition: Edition, tmp_path: Path, may: str) -> None:
    with ward(edition, tmp_path, client(keys=key_file(tmp_path, jwk(key())), may=[may])) as made:
        for path, right in RIGHTS.items():
            if right == may:
                assert made.lets_in(token(path), path)
            else:
                assert made.refusal(token(path), path, status=403) == "right"
                assert made.refusal(token(path, of=OTHER), path) == "signature", "403 is for clients that are known"


def test_what_a_client_may_not_do_is_not_done(edition: Edition, tmp_path: Path) -> None:
    with ward(edition, tmp_path, client(keys=key_file(tmp_path, jwk(key())), may=["discovery"])) as made:
        for path in (SERVICE, FEEDBACK):
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token(path)}"}
            answer = made.http.post(path, environ_overrides=sealed(), headers=headers)
            assert (answer.status_code, answer.get_data()) == (403, refused_body(403))
            assert "WWW-Authenticate" not in answer.headers
        made.memory.audit.close(5)
        with made.memory.database.engine.connect() as connection:
            assert connection.execute(select(call.c.id)).all() == []
            assert connection.execute(select(feedback.c.digest)).all() == []


# The log


def test_nothing_that_a_good_token_says_is_in_the_log(edition: Edition, tmp_path: Path) -> None:
    with ward(edition, tmp_path, client(keys=key_file(tmp_path, jwk(key())), tenants=[MARK])) as made:
        for path in ENDPOINTS:
            shown = token(path, tenant=MARK, name=MARK, sub=MARK)
            assert made.lets_in(shown, path)
            assert made.refusal(shown, path) == "replay"
        made.memory.audit.close(5)
        assert len(made.lines) >= 6
        assert MARK not in str(made.lines)
        with made.memory.database.engine.connect() as connection:
            assert connection.execute(select(call.c.issuer, call.c.tenant, call.c.status)).all() == [
                (ISSUER, MARK, 200)
            ]


def test_the_log_names_client_and_endpoint_of_a_refusal(door: Ward) -> None:
    before = len(door.lines)
    door.refusal(token(FEEDBACK, of=OTHER), FEEDBACK)
    door.refusal(token("/nowhere", iss="https://attacker.example"), "/nowhere")
    said = [line.split("refused ")[1].split(" (")[0] for line in door.lines[before:] if "refused" in line]
    assert said == [
        "401 reason=signature client=ward endpoint=feedback",
        "401 reason=unknown-issuer client=- endpoint=unknown",
    ]


# The database is gone


@contextmanager
def _without(made: Ward) -> Iterator[None]:
    """While the database of this service cannot be reached."""
    url = made.memory.database.url
    made.memory.database.close()
    if url.get_backend_name() == "sqlite":
        path = Path(str(url.database))
        away = path.with_suffix(".away")
        path.rename(away)
        path.mkdir()
        yield
        made.memory.database.close()
        shutil.rmtree(path)
        away.rename(path)
        return
    admin = create_engine(parse_url(make_url(url).set(database="postgres").render_as_string(hide_password=False)))
    try:
        for allowed in (False, True):
            with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS {allowed}'))
                ended = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
                connection.execute(ended, {"name": url.database})
            if not allowed:
                yield
    finally:
        admin.dispose()


def test_while_the_database_is_gone_nobody_comes_in_and_nobody_is_called_a_stranger(
    edition: Edition, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cds_service.web.door._PAUSE_SECONDS", 0.0)
    with ward(edition, database_url, client(keys=key_file(tmp_path, jwk(key())))) as made:
        shown = {path: token(path) for path in ENDPOINTS}
        with _without(made):
            for path in (DISCOVERY, FEEDBACK, SERVICE):
                assert made.refusal(shown[path], path, status=503) == "store-unavailable"
            assert made.ask(shown[DISCOVERY]).headers["Retry-After"].isdigit()
            assert made.refusal(token(of=OTHER)) == "signature", "who is no client hears nothing of our troubles"
            assert made.http.get("/health").status_code == 200
        for path in ENDPOINTS:
            assert made.lets_in(shown[path], path), "the same token, sent again"


# The open development profile


OPEN = ("CDS-Development", "open; callers are not authenticated")


def test_the_open_profile_says_so_on_every_answer_and_in_the_log(
    edition: Edition, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(Settings(), edition)
    assert "profile development: callers are not authenticated" in caplog.text
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", DISCOVERY, {}),
        ("GET", "/openapi.json", {}),
        ("GET", "/health", {}),
        ("GET", "/nowhere", {}),
        ("GET", SERVICE, {}),
        ("OPTIONS", SERVICE, {}),
        ("POST", SERVICE, {"json": CALL_BODY}),
        ("POST", SERVICE, {"data": b"{", "content_type": "application/json"}),
        ("POST", SERVICE, {"data": b"{", "content_type": "text/xml"}),
        ("POST", SERVICE, {"environ_overrides": sealed(), "content_type": "application/json"}),
        ("POST", "/cds-services/nothing", {"json": CALL_BODY}),
    ]
    statuses = set()
    for method, path, more in asked:
        answer = app.test_client().open(path, method=method, **more)
        statuses.add(answer.status_code)
        assert answer.headers.get(OPEN[0]) == OPEN[1], (method, path)
    assert {200, 400, 404, 405, 415, 500} <= statuses


def test_a_guarded_service_does_not_say_that_it_is_open(edition: Edition, tmp_path: Path) -> None:
    with ward(edition, tmp_path, client(keys=key_file(tmp_path, jwk(key())))) as made:
        assert OPEN[0] not in made.ask(token()).headers
        assert OPEN[0] not in made.ask(None).headers
        assert OPEN[0] not in made.http.get("/health").headers
        assert not [line for line in made.lines if "not authenticated" in line]


def test_clients_with_keys_close_the_development_profile_too(door: Ward) -> None:
    assert door.refusal(None) == "missing"
    assert door.refusal(token(aud=f"{PUBLIC}/elsewhere")) == "audience"
