"""``make acceptance``: the server behind nginx as ``deploy/nginx.conf.example`` says, certificates and tokens and all.

nginx (Debian: ``apt-get install nginx-light``) is started from that very file, on a free loopback port, everything it
writes in a temporary folder. Behind it is the server in profile production; a second nginx leads to a listener that
repeats what it was sent. One line per check; the exit code is 1 when one has failed.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import trustme
import yaml

from cds_service import fixtures
from cds_service.base.clock import local_now
from cds_service.trust.tokens import LONGEST
from tests.servers import Server, running
from tests.trust.tokens import jwk, key, key_file, token

EXAMPLE = Path(__file__).parents[2] / "deploy" / "nginx.conf.example"
CALL = "/cds-services/bone-modifying-agents"
FEEDBACK = f"{CALL}/feedback"
HEADER = "X-SSL-Client-S-DN"
LIMIT = 5 * 1024 * 1024
SLOW = 50
LARGE, LARGE_BYTES = "/large", 6_000_000
START_SECONDS = 20
Headers = Sequence[tuple[str, str]]

# Subjects: as the certificate is made (organisation, unit, common name, in this order), and as nginx writes them.
WARD = "CN=ward.example,OU=Oncology,O=Hospital"
LISTED = {
    WARD: ("Hospital", "Oncology", "ward.example"),
    "CN=both.example,OU=Pharmacy,O=Hospital": ("Hospital", "Pharmacy", "both.example"),
    r"CN=ward.example,OU=\E8\82\BF\E7\98\A4\E7\A7\91,O=Hospital\, Ltd.": ("Hospital, Ltd.", "肿瘤科", "ward.example"),
}
_, BOTH, CHINESE = LISTED
EHR_ISSUER, BOTH_ISSUER = "https://ehr.example/oauth2", "https://both.example/oauth2"


# Checks


@dataclass
class Checks:
    """Their results, printed as they come."""

    passed: int = 0
    failed: int = 0

    def check(self, title: str, seen: object, *expected: object) -> None:
        """``seen`` must be one of ``expected``."""
        good = seen in expected
        self.passed, self.failed = self.passed + good, self.failed + (not good)
        print(f"{'ok     ' if good else 'FAILED '} {title}: {seen}", flush=True)
        if not good:
            print(f"        expected: {' or '.join(map(str, expected))}", flush=True)


# Callers


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def cards(self) -> list[Any]:
        found: list[Any] = self.json.get("cards", []) if self.status == 200 else []
        return found

    @property
    def short(self) -> str:
        """The status, and whether it is nginx's own answer, or none."""
        if not self.status:
            return self.body.decode()
        return f"{self.status} by nginx" if b"<center>nginx" in self.body else str(self.status)


@dataclass
class Caller:
    """Calls an nginx (or, without ``tls``, a server); ``answers`` keeps every answer."""

    port: int
    tls: ssl.SSLContext | None = None
    answers: list[Answer] = field(default_factory=list)

    def connect(self, seconds: float = 20) -> http.client.HTTPConnection:
        if self.tls is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        return http.client.HTTPSConnection("localhost", self.port, timeout=seconds, context=self.tls)

    def ask(
        self, path: str, body: bytes | Iterator[bytes] | None = None, headers: Headers = (), pause: float = 0
    ) -> Answer:
        """The answer to a GET, or a POST where there is a body (in chunks where it is an iterator).

        ``pause``: seconds between its headers and its body. No answer at all has the status 0.
        """
        with contextlib.closing(self.connect()) as connection:
            try:
                self._send(connection, path, body, headers)
                response = connection.getresponse()
                time.sleep(pause)
                answer = Answer(response.status, response.headers, response.read())
            except (OSError, http.client.HTTPException) as error:
                answer = Answer(0, http.client.HTTPMessage(), repr(error).encode())
        self.answers.append(answer)
        return answer

    @staticmethod
    def _send(
        connection: http.client.HTTPConnection, path: str, body: bytes | Iterator[bytes] | None, headers: Headers
    ) -> None:
        connection.putrequest("GET" if body is None else "POST", path)
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Type", "application/json")
        if isinstance(body, bytes):
            connection.putheader("Content-Length", str(len(body)))
        elif body is not None:
            connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders(body, encode_chunked=not isinstance(body, bytes))


def bearer(shown: str) -> tuple[str, str]:
    return "Authorization", f"Bearer {shown}"


def trusting(authority: trustme.CA, shown: trustme.LeafCert | None = None) -> ssl.SSLContext:
    """A client that believes this authority and shows this certificate."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if shown is not None:
        shown.configure_cert(context)
    return context


def certificate(authority: trustme.CA, subject: str, **more: Any) -> trustme.LeafCert:
    organization, unit, name = LISTED[subject]
    return authority.issue_cert(common_name=name, organization_name=organization, organization_unit_name=unit, **more)


# nginx


def nginx_program() -> str:
    """Debian keeps it in a folder that only root looks into."""
    found = shutil.which("nginx", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))
    if found is None:
        raise SystemExit("make acceptance needs nginx (Debian: apt-get install nginx-light)")
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def replaced(text: str, changes: dict[str, str]) -> str:
    """The text with each of these changed; what is not in it would be tested no longer."""
    for old, new in changes.items():
        if old not in text:
            raise SystemExit(f"{EXAMPLE.name} no longer has: {old}")
        text = text.replace(old, new)
    return text


def configuration(folder: Path, port: int, upstream: int, changes: dict[str, str]) -> str:
    """The example for this machine: its own addresses and folders, and ``changes``."""
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    ours = {
        "user www-data;": "user root;",  # read only where root starts it
        "worker_processes auto;": "worker_processes 2;",
        "/run/nginx.pid": f"{folder}/nginx.pid",
        "/var/log/nginx/": f"{folder}/",
        "/etc/nginx/cds/": f"{folder.parent}/",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "server 127.0.0.1:8000;": f"server 127.0.0.1:{upstream};",
        "http {\n": f"http {{ {temporary}\n",
    }
    return replaced(EXAMPLE.read_text(encoding="utf-8"), ours | changes)


@contextlib.contextmanager
def nginx(folder: Path, port: int, upstream: int, changes: dict[str, str] | None = None) -> Iterator[None]:
    """An nginx of the example, listening. Its certificates lie beside ``folder``, which is made."""
    folder.mkdir()
    (folder / "nginx.conf").write_text(configuration(folder, port, upstream, changes or {}), encoding="utf-8")
    said = folder / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [nginx_program(), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"],
            stdout=out,
            stderr=out,
        )
    try:
        end = time.monotonic() + START_SECONDS
        while not listens(port):
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"nginx did not start:\n{said.read_text(errors='replace')}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


class _Repeat(BaseHTTPRequestHandler):
    """Answers with the headers it was sent; at ``LARGE`` with much."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = bytes(LARGE_BYTES) if self.path == LARGE else json.dumps(self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815  # named by the library

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # named by the library
        pass


class Repeater(ThreadingHTTPServer):
    """Stands where the server would; counts connections."""

    daemon_threads = True
    connections = 0

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)


@contextlib.contextmanager
def repeater() -> Iterator[Repeater]:
    with Repeater(("127.0.0.1", 0), _Repeat) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


# What is checked

_REFUSED = re.compile(r"refused 401 reason=(\S+)")


@dataclass
class Scene:
    """Everything that runs. ``own`` signs for EHRs and for nginx; ``foreign`` signs the same names."""

    folder: Path
    own: trustme.CA
    foreign: trustme.CA
    port: int  # nginx before the server
    repeating: int  # nginx before the repeater
    repeater: Repeater
    server: Server  # believes nginx
    suspicious: Server  # believes another address only
    answers: list[Answer] = field(default_factory=list)

    def caller(self, shown: trustme.LeafCert | None = None, port: int | None = None) -> Caller:
        return Caller(port or self.port, trusting(self.own, shown), self.answers)

    def known(self, subject: str) -> Caller:
        return self.caller(certificate(self.own, subject))

    def token(self, path: str = CALL, whose: str = EHR_ISSUER, **changes: Any) -> str:
        claims = {"iss": whose, "aud": f"https://localhost:{self.port}{path}"} | changes
        return token(path, "RS384", of=key("RSA", whose), **claims)

    def outcome(self, caller: Caller, path: str, sent: bytes, headers: Headers = (), log: Server | None = None) -> str:
        """The status of a call, with the reason in the log where the server has refused it."""
        log = log or self.server
        before = len(_REFUSED.findall(log.log))
        answer = caller.ask(path, sent, headers)
        if answer.status != 401:
            return answer.short
        end = time.monotonic() + START_SECONDS
        while len(reasons := _REFUSED.findall(log.log)) == before:
            if time.monotonic() > end:
                return "401, no reason in the log"
            time.sleep(0.02)
        return f"401 {reasons[-1]}"

    def passed_on(self, caller: Caller, headers: Headers = ()) -> list[tuple[str, str]]:
        """The headers that nginx passes on of a call, by the repeater."""
        answer = caller.ask(CALL, body(), headers)
        return [(name, value) for name, value in answer.json] if answer.status == 200 else [(HEADER, answer.short)]

    def subjects(self, caller: Caller, headers: Headers = ()) -> list[str]:
        """The values of those that look like ours."""
        passed_on = self.passed_on(caller, headers)
        return [value for name, value in passed_on if name.upper().replace("_", "-") == HEADER.upper()]


def body(size: int = 0) -> bytes:
    """A call that gets cards, as of today; made ``size`` bytes long by white space."""
    return fixtures.load("zoledronic-acid-dose-above-row").request_at(local_now()).ljust(size)


def feedback(card: str) -> bytes:
    now = datetime.now(UTC).isoformat()
    return json.dumps({"feedback": [{"card": card, "outcome": "overridden", "outcomeTimestamp": now}]}).encode()


def subjects(scene: Scene, checks: Checks) -> None:
    for subject, parts in LISTED.items():
        shown, made = certificate(scene.own, subject), " / ".join(parts)
        checks.check(f"what nginx sends for {made}", scene.subjects(scene.caller(shown, scene.repeating)), [subject])
        checks.check("  openssl -nameopt RFC2253", by_openssl(shown), subject)


def by_openssl(shown: trustme.LeafCert) -> str:
    """As ``deploy/trust.md`` tells to find it out."""
    told = ["openssl", "x509", "-noout", "-subject", "-nameopt", "RFC2253"]
    written = subprocess.run(told, input=shown.cert_chain_pems[0].bytes(), capture_output=True, check=True).stdout
    return written.decode().strip().removeprefix("subject=")


def certificates(scene: Scene, checks: Checks) -> None:
    call = body()
    for subject in (WARD, CHINESE):
        answer = scene.known(subject).ask(CALL, call)
        checks.check(f"certificate of {subject}", answer.short, "200")
        topics = [card["source"]["topic"]["code"] for card in answer.cards]
        checks.check("  its first card", topics[:1], ["bisphosphonate-renal-dose"])
    yesterday = datetime.now(UTC) - timedelta(days=1)
    expired = certificate(scene.own, WARD, not_before=yesterday - timedelta(days=9), not_after=yesterday)
    for who, shown, expected in (
        ("no certificate", None, "401 missing"),
        ("a listed subject by another authority", certificate(scene.foreign, WARD), "400 by nginx"),
        ("a listed subject, expired", expired, "400 by nginx"),
        ("a good certificate that is in no entry", stranger(scene), "401 certificate-unknown"),
    ):
        checks.check(who, scene.outcome(scene.caller(shown), CALL, call), expected)


def stranger(scene: Scene) -> trustme.LeafCert:
    return scene.own.issue_cert(common_name="stranger.example", organization_name="Hospital")


UNDERSCORED = HEADER.replace("-", "_")
FORGED: dict[str, Headers] = {
    "as it is": [(HEADER, WARD)],
    "lower case": [(HEADER.lower(), WARD)],
    "upper case": [(HEADER.upper(), WARD)],
    "underscores": [(UNDERSCORED, WARD)],
    "underscores and dashes": [("X_SSL-Client-S_DN", WARD)],
    "twice": [(HEADER, WARD), (HEADER, WARD)],
    "twice, one empty": [(HEADER, ""), (HEADER, WARD)],
    "twice, one with underscores": [(HEADER, WARD), (UNDERSCORED, WARD)],
    "named in Connection": [(HEADER, WARD), ("Connection", f"close, {HEADER}")],
}


def forged(scene: Scene, checks: Checks) -> None:
    call, repeated, served = body(), scene.caller(port=scene.repeating), scene.caller()
    for how, headers in FORGED.items():
        both_ends = (scene.subjects(repeated, headers), scene.outcome(served, CALL, call, headers))
        checks.check(f"{HEADER} sent by a client, {how}", both_ends, ([], "401 missing"))
    certified = scene.caller(stranger(scene))
    seen = scene.outcome(certified, CALL, call, FORGED["as it is"])
    checks.check("  beside a certificate that is in no entry", seen, "401 certificate-unknown")
    direct = Caller(scene.suspicious.port, None, scene.answers)
    seen = scene.outcome(direct, CALL, call, FORGED["as it is"], scene.suspicious)
    checks.check("  past nginx, from outside CDS_PROXIES", seen, "401 certificate-source")


# What somebody may change in the example without opening the door.
VARIANTS: dict[str, dict[str, str]] = {
    "ssl_verify_client optional_no_ca": {"ssl_verify_client optional;": "ssl_verify_client optional_no_ca;"},
    "without the two lines of certificates": {
        "    ssl_client_certificate ": "    # ssl_client_certificate ",
        "    ssl_verify_client ": "    # ssl_verify_client ",
    },
    "underscores_in_headers on": {"server_tokens off;": "server_tokens off; underscores_in_headers on;"},
}


def variants(scene: Scene, checks: Checks) -> None:
    call, foreign = body(), certificate(scene.foreign, WARD)
    for number, (name, changes) in enumerate(VARIANTS.items()):
        port = free_port()
        with nginx(scene.folder / f"variant-{number}", port, scene.server.port, changes):
            seen = {scene.outcome(scene.caller(port=port), CALL, call, headers) for headers in FORGED.values()}
            checks.check(f"{name}: the same headers", seen, {"401 missing"})
            seen_foreign = scene.outcome(scene.caller(foreign, port), CALL, call)
            # 400 where nginx still checks, 401 where it does not.
            checks.check("  a listed subject by another authority", seen_foreign, "400 by nginx", "401 missing")


def tokens(scene: Scene, checks: Checks) -> None:
    caller, call, shown = scene.caller(), body(), bearer(scene.token())
    first = caller.ask(CALL, call, [shown])
    checks.check("a token", first.short, "200")
    checks.check("  again", scene.outcome(caller, CALL, call, [shown]), "401 replay")
    plain = bearer(scene.token(aud=f"http://localhost:{scene.port}{CALL}"))
    checks.check("  for http", scene.outcome(caller, CALL, call, [plain]), "401 audience")
    longest = longest_token(scene)
    checks.check(f"  of {len(longest)} characters", scene.outcome(caller, CALL, call, [bearer(longest)]), "200")
    sent = feedback(first.cards[0]["uuid"] if first.cards else "none")
    checks.check("feedback", scene.outcome(caller, FEEDBACK, sent, [bearer(scene.token(FEEDBACK))]), "200")
    checks.check(
        "  with the token of a call", scene.outcome(caller, FEEDBACK, sent, [bearer(scene.token())]), "401 audience"
    )
    discovery = bearer(scene.token("/cds-services"))
    checks.check("discovery", caller.ask("/cds-services", None, [discovery]).short, "200")


def longest_token(scene: Scene) -> str:
    """As long as the server takes them, but for a few characters (base64)."""
    return scene.token(filling="x" * ((LONGEST - len(scene.token(filling=""))) * 3 // 4 - 2))


def both(scene: Scene, checks: Checks) -> None:
    call = body()
    for what, shown, whose, expected in (
        ("needs both, shows a token", None, BOTH_ISSUER, "401 certificate-missing"),
        ("needs both, shows a certificate", BOTH, None, "401 missing"),
        ("needs both, shows another's certificate", WARD, BOTH_ISSUER, "401 certificate-unknown"),
        ("needs both, shows both", BOTH, BOTH_ISSUER, "200"),
        ("needs a token, shows another's certificate too", WARD, EHR_ISSUER, "401 certificate-unknown"),
    ):
        caller = scene.known(shown) if shown else scene.caller()
        headers = [bearer(scene.token(whose=whose))] if whose else []
        checks.check(what, scene.outcome(caller, CALL, call, headers), expected)


def passage(scene: Scene, checks: Checks) -> None:
    """Slow clients, large bodies and answers, headers."""
    ward, repeated, call = scene.known(WARD), scene.caller(port=scene.repeating), body()
    with contextlib.ExitStack() as stack:
        before = scene.repeater.connections
        slow = [stack.enter_context(dripping(c)) for c in [scene.caller(), repeated] * SLOW]
        checks.check(f"a call beside {SLOW} clients whose bodies drip", ward.ask(CALL, call).short, "200")
        for client in slow:
            client.sendall(b" ")
        checks.check("  and another", ward.ask(CALL, call).short, "200")
        repeated.ask(CALL, call)
        # The repeater's own call may have found an open connection.
        checks.check(f"  of {SLOW + 1}, past nginx came", scene.repeater.connections - before, 0, 1)
    large = body(LIMIT)
    checks.check(f"a body of {LIMIT} bytes", ward.ask(CALL, large).short, "200")
    parts = (large[at : at + 8000] for at in range(0, LIMIT, 8000))
    checks.check("  in chunks", ward.ask(CALL, parts).short, "200")
    checks.check("  of 6 MB", ward.ask(CALL, body(6_000_000)).short, "413 by nginx")
    checks.check("an answer of 6 MB, read late", len(repeated.ask(LARGE, pause=0.5).body), LARGE_BYTES)
    for tag in ("en", "zh-CN"):
        asked = ward.ask(CALL, call, [("Accept-Language", tag)])
        checks.check("Content-Language for Accept-Language", asked.headers["Content-Language"], tag)
    headers = [("Accept-Language", "zh-CN"), ("Authorization", "Bearer a.b.c")]
    passed_on = scene.passed_on(repeated, headers)
    checks.check("  it and Authorization arrive as sent", [h for h in passed_on if h in headers], headers)
    checks.check("GET /health without anything", scene.caller().ask("/health").short, "200")


@contextlib.contextmanager
def dripping(caller: Caller) -> Iterator[socket.socket]:
    """A connection that has sent headers and the beginning of a body."""
    with contextlib.closing(caller.connect()) as connection:
        connection.putrequest("POST", CALL)
        connection.putheader("Content-Length", "2000")
        connection.endheaders(b"{")
        assert connection.sock is not None
        yield connection.sock


def after_all(scene: Scene, checks: Checks) -> None:
    named = sum("CDS-Development" in answer.headers for answer in scene.answers)
    checks.check(f"header CDS-Development, in {len(scene.answers)} answers", named, 0)
    logs = "".join(log.read_text(errors="replace") for log in scene.folder.glob("*/error.log"))
    checks.check("bodies and answers that nginx put on disk", logs.count("to a temporary file"), 0)
    said = scene.server.log + scene.suspicious.log
    checks.check("subjects, tokens in the server's log", (said.count("CN="), said.count("eyJ")), (0, 0))


# The run


def site_file(folder: Path) -> Path:
    """A client known by certificate, one by token, one by both."""
    keys = {
        who: key_file(folder, jwk(key("RSA", who)), name=f"{n}.json") for n, who in enumerate((EHR_ISSUER, BOTH_ISSUER))
    }
    clients = [
        {"name": "ward", "certificate_subjects": [WARD, CHINESE]},
        {"name": "ehr", "issuer": EHR_ISSUER, "keys": keys[EHR_ISSUER]},
        {"name": "both", "issuer": BOTH_ISSUER, "keys": keys[BOTH_ISSUER], "certificate_subjects": [BOTH]},
    ]
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump({"clients": clients}), encoding="utf-8")
    return path


@contextlib.contextmanager
def scene() -> Iterator[Scene]:
    nginx_program()  # said before anything is started
    own, foreign = trustme.CA(), trustme.CA()
    port, repeating = free_port(), free_port()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nginx")))
        own.cert_pem.write_to_path(folder / "ehr-ca.pem")
        server_certificate = own.issue_cert("localhost")
        server_certificate.private_key_pem.write_to_path(folder / "server.key")
        server_certificate.cert_chain_pems[0].write_to_path(folder / "server.pem")
        environ = {
            "WORKERS": "1",
            "CDS_PROFILE": "production",
            "CDS_DATABASE_URL": f"sqlite:///{folder}/cds.sqlite3",
            "CDS_SITE_FILE": str(site_file(folder)),
            "CDS_PUBLIC_URL": f"https://localhost:{port}",
            "CDS_PROXIES": "127.0.0.1",
            "CDS_SEAL_FILE": f"{folder}/seal.yaml",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
        upgrade = [sys.executable, "-m", "cds_service", "db", "upgrade"]
        signing = [sys.executable, "-m", "cds_service", "seal", "--by", "nobody, for a test"]
        development = inherited | {"CDS_SEAL_FILE": environ["CDS_SEAL_FILE"]}
        subprocess.run(signing, env=development, stdout=subprocess.DEVNULL, check=True)
        subprocess.run(upgrade, env=inherited | environ, stdout=subprocess.DEVNULL, check=True)
        server, suspicious = stack.enter_context(running(environ, environ | {"CDS_PROXIES": "10.9.9.9"}))
        answering = stack.enter_context(repeater())
        stack.enter_context(nginx(folder / "served", port, server.port))
        stack.enter_context(nginx(folder / "repeated", repeating, answering.server_address[1]))
        yield Scene(folder, own, foreign, port, repeating, answering, server, suspicious)


def main() -> int:
    checks = Checks()
    with scene() as everything:
        for part in (subjects, certificates, forged, variants, tokens, both, passage, after_all):
            part(everything, checks)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
