"""A call without prefetch against a local FHIR server, beside the same requests made bare, all at once.

(a) one call of the service, which reads everything itself; (b) ``requests`` alone: the very requests that the call
makes, as many at a time, answers only received. Warm connections on both sides, alternating.
"""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import requests
from bodies import order  # beside this file

from cds_service.fetch.client import Limits

sys.path.insert(0, str(Path(__file__).parents[1]))
from fhir_server.server import FhirServer, started

Json = dict[str, Any]
SERVICE = "/cds-services/bone-modifying-agents"
SIZES = {20: 200, 200: 100}  # resources on record: calls
AIM = 1.5


def compare(port: int) -> None:
    """Print the ratio for the service that listens on ``port``."""
    print("\nno prefetch: (a) the service reads from a FHIR server, (b) the same requests bare and in parallel")
    print("resources  requests    (a) p50  p99      (b) p50  p99     p50 ratio")
    with tempfile.TemporaryDirectory() as folder, started(Path(folder)) as server:
        for size, calls in SIZES.items():
            whole = json.loads(order(size, datetime.now().astimezone()))
            with server.holding(_resources(whole.pop("prefetch"))):
                print(f"{size:9}  {_measure(port, server, whole, calls)}", flush=True)


def _measure(port: int, server: FhirServer, asking: Json, calls: int) -> str:
    asking |= {"fhirServer": server.base, "fhirAuthorization": {"access_token": server.token, "token_type": "Bearer"}}
    payload = json.dumps(asking).encode()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    with server.watched() as asked:
        _call(connection, payload)
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=Limits().parallel))
    session.headers.update(server.headers)
    urls = [f"{server.base}/{line.removeprefix('GET ')}" for line in asked]
    with ThreadPoolExecutor(Limits().parallel) as pool:

        def ours() -> None:
            _call(connection, payload)

        def bare() -> None:
            list(pool.map(lambda url: session.get(url).content, urls))

        for _ in range(10):
            ours(), bare()
        pairs = [(_seconds(ours), _seconds(bare)) for _ in range(calls)]
    one, two = ([pair[i] * 1000 for pair in pairs] for i in (0, 1))
    ratio = statistics.median(one) / statistics.median(two)
    verdict = "" if ratio <= AIM else f"  above the aim of {AIM} x"
    return f"{len(urls):8}  {_figures(one)}  {_figures(two)}  {ratio:8.2f} x{verdict}"


def _call(connection: http.client.HTTPConnection, payload: bytes) -> None:
    connection.request("POST", SERVICE, payload, {"Content-Type": "application/json"})
    response = connection.getresponse()
    data = response.read()
    if response.status != 200:
        raise SystemExit(f"status {response.status}: {data[:300]!r}")


def _seconds(what: Callable[[], None]) -> float:
    start = time.perf_counter()
    what()
    return time.perf_counter() - start


def _figures(milliseconds: list[float]) -> str:
    ordered = sorted(milliseconds)
    return f"{statistics.median(ordered):8.2f} {ordered[int(len(ordered) * 0.99)]:7.2f} ms"


def _resources(prefetch: Json) -> list[Json]:
    members = [m for m in prefetch.values() if m]
    return [r for m in members for r in ([e["resource"] for e in m["entry"]] if m["resourceType"] == "Bundle" else [m])]
