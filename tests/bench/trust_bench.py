"""What trust and memory add to a call: authenticated and recorded against the plain call, and where the difference goes.

Tokens are made before the clock runs. Both servers answer in turns on one connection each, so that whatever else the
machine does hits both. Once with SQLite, once with PostgreSQL.
"""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import jwt
from bodies import order
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from cds_service.deliver.issue import Issued
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store.audit import CallRecord, _insert
from cds_service.store.memory import Memory
from cds_service.trust.gate import Asked
from cds_service.web.door import gate_of

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.databases import postgresql_database, postgresql_server  # needs the path above

SERVICE = "/cds-services/bone-modifying-agents"
PUBLIC = "http://127.0.0.1:9"
CALLS = 400
KEYS = {
    "ES384": (ec.generate_private_key(ec.SECP384R1()), ECAlgorithm.to_jwk),
    "RS384": (rsa.generate_private_key(65537, 2048), RSAAlgorithm.to_jwk),
}


def site(folder: Path) -> Path:
    """A site file whose one client signs with either key."""
    keys = [json.loads(to_jwk(key.public_key())) | {"kid": name} for name, (key, to_jwk) in KEYS.items()]
    (folder / "keys.json").write_text(json.dumps({"keys": keys}))
    file = folder / "site.yaml"
    file.write_text("clients:\n  - {name: ehr, issuer: https://ehr.example, keys: {jwks_file: keys.json}}\n")
    return file


def token(algorithm: str) -> str:
    now = int(time.time())
    claims = {"iss": "https://ehr.example", "aud": PUBLIC + SERVICE, "iat": now, "exp": now + 900}
    return jwt.encode(claims | {"jti": str(uuid.uuid4())}, KEYS[algorithm][0], algorithm, {"kid": algorithm})


def call(connection: http.client.HTTPConnection, payload: bytes, authorization: str) -> float:
    headers = {"Content-Type": "application/json"} | ({"Authorization": authorization} if authorization else {})
    start = time.perf_counter()
    connection.request("POST", SERVICE, payload, headers)
    response = connection.getresponse()
    data = response.read()
    spent = time.perf_counter() - start
    if response.status != 200:
        raise SystemExit(f"status {response.status}: {data[:300]!r}")
    return spent * 1000


def compare(server: Callable[..., object]) -> None:
    """``server`` starts a process (``bench.server``)."""
    print("\nauthenticated and recorded against plain, 200 resources, ms")
    print(f"{'database':12} {'token':6} {'trusted p50':>12} {'p99':>7} {'plain p50':>10} {'p99':>7}  p50 ratio")
    with tempfile.TemporaryDirectory(prefix="b") as text:
        folder = Path(text)
        settings = {"CDS_SITE_FILE": str(site(folder)), "CDS_PUBLIC_URL": PUBLIC}
        with postgresql_server(folder / "d") as postgresql, postgresql_database(postgresql) as url:
            for name, database in (("SQLite", f"sqlite:///{folder / 'cds.sqlite3'}"), ("PostgreSQL", url)):
                more = settings | {"CDS_DATABASE_URL": database}
                plain_script = str(Path(__file__).parent / "plain.py")
                with server("-m", "cds_service", "serve", **more) as trusted, server(plain_script) as plain:
                    for algorithm in KEYS:
                        _row(name, algorithm, trusted, plain)
                _split(
                    name, Settings(site_file=Path(settings["CDS_SITE_FILE"]), public_url=PUBLIC, database_url=database)
                )


def _row(name: str, algorithm: str, trusted: int, plain: int) -> None:
    a, b = (http.client.HTTPConnection("127.0.0.1", port) for port in (trusted, plain))
    payload = order(200, datetime.now().astimezone())
    tokens = [f"Bearer {token(algorithm)}" for _ in range(CALLS + 20)]
    for each in tokens[:20]:
        call(a, payload, each), call(b, payload, "")
    pairs = [(call(a, payload, each), call(b, payload, "")) for each in tokens[20:]]
    one, two = (sorted(pair[i] for pair in pairs) for i in (0, 1))
    a50, b50 = statistics.median(one), statistics.median(two)
    a99, b99 = one[int(len(one) * 0.99)], two[int(len(two) * 0.99)]
    print(f"{name:12} {algorithm:6} {a50:12.2f} {a99:7.2f} {b50:10.2f} {b99:7.2f} {a50 / b50:9.2f} x")


def _split(name: str, settings: Settings) -> None:
    """In process, without HTTP, median of many."""
    edition = Edition.load(settings)
    memory = Memory.open(settings, edition.site.suppression)
    gate = gate_of(settings, edition, memory)
    assert gate is not None
    try:
        tokens = {algorithm: [f"Bearer {token(algorithm)}" for _ in range(200)] for algorithm in KEYS}
        gate._first_use = lambda *_: True  # the token alone
        parts = {
            f"JWT {algorithm}": _median(lambda each: gate.admit(Asked(SERVICE, "call", each, None, None)), made)
            for algorithm, made in tokens.items()
        }
        parts["replay check"] = _median(
            lambda each: memory.used.first_use("https://ehr.example", each, 2**33),
            [str(uuid.uuid4()) for _ in range(200)],
        )
        records = [_record() for _ in range(500)]
        parts["audit: queueing"] = _median(memory.audit.record, records)
        memory.audit.close(10)
        start = time.perf_counter()
        with memory.database.engine.begin() as connection:
            _insert(connection, records)
        parts["audit: writing, beside the answer, per call"] = (time.perf_counter() - start) / len(records)
    finally:
        memory.close(10)
    for part, seconds in parts.items():
        print(f"    {name}: {part}: {seconds * 1000:.3f} ms")


def _median(run: Callable[..., object], given: list[object]) -> float:
    times = []
    for each in given:
        start = time.perf_counter()
        run(each)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _record() -> CallRecord:
    cards = tuple(Issued(uuid.uuid4(), "denosumab-dose", "warning", "shown") for _ in range(3))
    now = datetime.now(UTC)
    return CallRecord(now, "https://ehr.example", "", "order-sign", "s", "R4", "generic", 5.0, 200, "cards", "k", cards)
