"""Real sockets: servers that stall, reset, drip, die or lie. Each call ends in time and leaves no thread behind."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from bad_server import Behaviour, Server, answer, bundle, dies_after, drips, in_turn, resets, says, serving, stalls

from cds_service.fetch import connect
from cds_service.fetch.address import FhirServers
from cds_service.fetch.client import Limits
from cds_service.fetch.deadline import remaining
from cds_service.fetch.gather import Access, Source, fetch
from cds_service.fetch.transport import session
from cds_service.record.fetched import Fetched

DEADLINE = 0.5
GRACE = 0.3
TEMPLATE = "Condition?patient={{context.patientId}}"
GOOD = answer(bundle("a"))


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    yield
    assert [t.name for t in threading.enumerate() if t.name.startswith("fetch")] == []


def ask(base: str, servers: FhirServers | None = None, seconds: float = DEADLINE, **more: Any) -> Fetched:
    """One need, asked within ``seconds``; the time it takes is part of every test."""
    servers = servers or FhirServers(development=True)
    limits = more.pop("limits", Limits())
    with session(servers, **more) as made:
        before = time.monotonic()
        source = Source(base, Access("token-1"), servers, made, before + seconds, limits)
        got = fetch({"conditions": TEMPLATE}, {"patientId": "p-1"}, source)["conditions"]
        assert time.monotonic() - before < seconds + GRACE
    return got


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n"


@pytest.mark.parametrize(
    "behave",
    [
        stalls,
        drips(b"HTTP/1.1 200 OK\r\nX-Slow: "),
        drips(b"HTTP/1.1 200 OK\r\nX-A: b\r\nX-Slow: y"),
        drips(HEAD + b"Content-Length: 100000\r\n\r\n{"),
        drips(HEAD + b"\r\n{"),
        drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
        dies_after(b""),
    ],
    ids=["stall", "header", "second-header", "body", "body-to-the-end", "chunk-size", "closes"],
)
def test_a_slow_or_silent_server_costs_no_more_than_the_deadline(behave: Behaviour) -> None:
    with serving(behave) as server:
        got = ask(server.base)
        assert (got.pages, got.complete) == ((), False)
        assert got.cause in ("timeout", "connection")


def test_a_redirect_with_an_endless_body_is_not_read() -> None:
    with serving(drips(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 100000\r\n\r\n")) as server:
        before = time.monotonic()
        assert ask(server.base, seconds=3).cause == "redirect"
        assert time.monotonic() - before < 1


def test_a_request_has_its_own_limit_within_the_call() -> None:
    with serving(stalls) as server:
        before = time.monotonic()
        assert ask(server.base, seconds=3, limits=Limits(seconds_per_request=0.2)).cause == "timeout"
        assert time.monotonic() - before < 1


def test_many_stalled_needs_share_one_deadline() -> None:
    servers = FhirServers(development=True)
    with serving(stalls) as server, session(servers) as made:
        before = time.monotonic()
        source = Source(server.base, Access(), servers, made, before + DEADLINE, Limits(parallel=2))
        got = fetch(dict.fromkeys(map(str, range(8)), TEMPLATE), {"patientId": "p-1"}, source)
        assert time.monotonic() - before < DEADLINE + GRACE
        assert {f.cause for f in got.values()} == {"timeout"}
        assert server.connections <= 2


def test_needs_are_asked_for_at_the_same_time() -> None:
    def slow(sock: socket.socket, request: str) -> None:
        time.sleep(0.2)
        sock.sendall(GOOD)

    servers = FhirServers(development=True)
    with serving(slow) as server, session(servers) as made:
        before = time.monotonic()
        source = Source(server.base, Access(), servers, made, before + 2, Limits(parallel=8))
        got = fetch(dict.fromkeys(map(str, range(8)), TEMPLATE), {"patientId": "p-1"}, source)
        assert all(f.complete for f in got.values())
        assert time.monotonic() - before < 0.8


def test_a_reset_is_tried_again() -> None:
    with serving(in_turn(resets, says(GOOD))) as server:
        assert ask(server.base).complete
        assert server.connections == 2


def test_resets_without_end_are_tried_three_times() -> None:
    with serving(resets) as server:
        assert ask(server.base).cause == "connection"
        assert len(server.requests) == 3


def test_a_server_that_dies_within_a_page_leaves_the_pages_before() -> None:
    with serving(stalls) as server:
        first = bundle("a", next_link=f"{server.base}?2")
        server.behave = in_turn(says(answer(first)), dies_after(answer(bundle("b"))[:-20]))
        assert ask(server.base) == Fetched((first,), complete=False, cause="connection")


def test_nobody_listening_is_told_at_once() -> None:
    with serving(stalls) as server:
        base = server.base
    assert ask(base).cause == "connection"


def test_garbage_instead_of_http_is_told() -> None:
    with serving(dies_after(b"SSH-2.0-OpenSSH_9.6\r\n")) as server:
        assert ask(server.base).cause == "connection"


def test_one_connection_serves_page_after_page_and_call_after_call() -> None:
    with serving(says(b"")) as server:
        server.behave = says(answer(bundle("a", next_link=f"{server.base}?2")), GOOD)
        servers = FhirServers(development=True)
        with session(servers) as made:
            for _ in range(2):
                source = Source(server.base, Access(), servers, made, time.monotonic() + 2)
                assert fetch({"c": TEMPLATE}, {"patientId": "p-1"}, source)["c"].complete
        assert (len(server.requests), server.connections) == (3, 1)


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent"])
def test_another_host_hears_nothing_by_redirect(status: str) -> None:
    with serving(says(GOOD)) as evil, serving(says(b"")) as server:
        server.behave = says(answer(b"", status, more=f"Location: {evil.base}/Condition\r\n"))
        assert ask(server.base).cause == "redirect"
        assert (evil.connections, evil.requests) == (0, [])


def test_another_host_hears_nothing_by_next_link() -> None:
    with serving(says(GOOD)) as evil, serving(says(b"")) as server:
        server.behave = says(answer(bundle("a", next_link=f"{evil.base}/Condition?patient=p-1")))
        assert ask(server.base).cause == "foreign-link"
        assert (evil.connections, evil.requests) == (0, [])


def test_cookies_proxies_and_netrc_of_the_environment_play_no_part(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with serving(says(GOOD)) as proxy, serving(says(b"")) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("no_proxy", "")
        server.behave = says(answer(bundle("a", next_link=f"{server.base}?2"), more="Set-Cookie: a=b\r\n"), GOOD)
        assert ask(server.base).complete
        assert proxy.connections == 0
        assert [r.count("Bearer token-1") for r in server.requests] == [1, 1]
        assert not any("cookie" in r.lower() for r in server.requests)


def test_no_log_line_has_the_patient_or_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for behave in (says(GOOD), resets, dies_after(answer(b"")[:30]), says(HEAD + b"broken header\r\n\r\n")):
        with serving(behave) as server:
            ask(server.base)
    assert "p-1" not in caplog.text
    assert "token-1" not in caplog.text


def resolves(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Make names resolve to each of the answers in turn; the names asked are returned."""
    asked: list[str] = []

    def look_up(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(connect.socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["93.184.216.34", "127.0.0.1"]]
)
def test_a_listed_name_that_resolves_inwards_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    resolves(monkeypatch, addresses)
    with serving(says(GOOD)) as server:
        base = f"https://ehr.example:{server.port}/fhir"
        assert ask(base, FhirServers((base,))).cause == "refused-address"
        assert server.connections == 0


def test_a_private_base_may_not_lead_to_metadata_or_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    base = "https://ehr.example/fhir"
    for address in ("169.254.169.254", "127.0.0.1"):
        resolves(monkeypatch, [address])
        assert ask(base, FhirServers((base,), private=frozenset({base}))).cause == "refused-address"


def test_the_address_judged_is_the_address_connected_to(
    monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, tls: ssl.SSLContext, tmp_path: Path
) -> None:
    # The first answer is good, every later one leads elsewhere: a second look-up would be refused or go astray.
    asked = resolves(monkeypatch, ["127.0.0.1"], ["169.254.169.254"])
    with serving(says(GOOD), tls=tls) as server:
        base = f"https://ehr.example:{server.port}/fhir"
        assert ask(base, FhirServers((base,), development=True), authorities=_file(authority, tmp_path)).complete
        assert asked == ["ehr.example"]
        assert f"Host: ehr.example:{server.port}" in server.requests[0]


def test_the_second_address_is_tried_when_the_first_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves(monkeypatch, ["127.0.0.2", "127.0.0.1"])
    with serving(says(GOOD)) as server:
        assert ask(f"http://localhost:{server.port}/fhir").complete


def test_a_resolver_that_hangs_holds_no_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    release, asked = threading.Event(), list[str]()

    def hang(host: str, *_: Any, **__: Any) -> None:
        asked.append(host)
        release.wait(10)
        raise socket.gaierror

    monkeypatch.setattr(connect.socket, "getaddrinfo", hang)
    servers = FhirServers(development=True)
    with session(servers) as made:
        before = time.monotonic()
        source = Source("http://localhost:1/fhir", Access(), servers, made, before + DEADLINE)
        got = fetch(dict.fromkeys("abcd", TEMPLATE), {"patientId": "p-1"}, source)
        assert time.monotonic() - before < DEADLINE + GRACE
    assert {f.cause for f in got.values()} == {"timeout"}
    assert asked == ["localhost"]  # one thread hangs, not four
    release.set()


@pytest.mark.parametrize("error", [socket.gaierror("unknown"), UnicodeError("label too long")])
def test_an_unknown_name_is_a_failed_connection(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(connect.socket, "getaddrinfo", fail)
    assert ask("http://localhost:1/fhir").cause == "connection"


def test_a_name_without_addresses_is_a_failed_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves(monkeypatch, [])
    assert ask("http://localhost:1/fhir").cause == "connection"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("ehr.example", "127.0.0.1").configure_cert(context)
    return context


def _file(authority: trustme.CA, folder: Path) -> str:
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    return str(folder / "authority.pem")


def test_tls_is_verified_and_obeys_the_deadline(authority: trustme.CA, tls: ssl.SSLContext, tmp_path: Path) -> None:
    trusted = _file(authority, tmp_path)
    with serving(says(GOOD), tls=tls) as server:
        assert ask(server.base, authorities=trusted).complete
        server.behave = drips(HEAD + b"Content-Length: 100000\r\n\r\n{")
        assert ask(server.base, authorities=trusted).cause == "timeout"
        server.requests.clear()
        # An authority we do not know, and a name the certificate is not for.
        assert ask(server.base).cause == "certificate"
        assert ask(f"https://localhost:{server.port}/fhir", authorities=trusted).cause == "certificate"
        assert server.requests == []


def test_a_handshake_that_stalls_ends_at_the_deadline() -> None:
    with serving(stalls) as server:
        assert ask(f"https://127.0.0.1:{server.port}/fhir").cause == "timeout"


def test_without_a_deadline_nothing_is_read() -> None:
    with pytest.raises(TimeoutError):
        remaining()


def test_the_double_is_a_server() -> None:
    """The doubles above prove nothing unless a plain client is served by them."""
    with serving(says(GOOD)) as server, socket.create_connection(("127.0.0.1", server.port)) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 200 OK")
        assert isinstance(server, Server)
