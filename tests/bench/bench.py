"""``make bench``: this service against a bare Flask application on the same WSGI server, as ratios of one run.

(a) the service, asked about an order of each of its services, an opened chart, and a chart without cancer; (b) Flask that only ``orjson.loads`` the body and returns one static card. Same bodies, one connection,
alternating, so that whatever else the machine does hits both. Prints p50 and p99, their ratio, and where our time goes;
what a call costs that must read everything from a FHIR server (``fetch_bench``); and what authentication and recording
add (``trust_bench``).
"""

from __future__ import annotations

import gc
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import fetch_bench  # all four beside this file
import levers
import msgspec
import trust_bench
from bodies import analgesic, chart, imaging, local, order, other

from cds_service import answer as line
from cds_service.call.hook import read_hook
from cds_service.caller import settle
from cds_service.deliver.issue import issue
from cds_service.edition import Edition
from cds_service.evaluate.judge import judge
from cds_service.evaluate.topic import questions
from cds_service.fetch.obtain import Obtaining
from cds_service.render.response import render
from cds_service.site.settings import Settings
from cds_service.trust.gate import ANYBODY

T = TypeVar("T")


SIZES = (2, 20, 200, 1000)
CALLS = {2: 1500, 20: 1200, 200: 500, 1000: 200}
ENCODE = msgspec.json.Encoder().encode
ORDERS, REVIEW = "/cds-services/bone-modifying-agents", "/cds-services/bone-metastasis-review"
Made = Callable[[int, datetime], bytes]


@contextmanager
def server(*command: str, **more: str):
    """A server on a free loopback port, up when it answers; ended on leaving. ``more``: of its environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"HOST": "127.0.0.1", "PORT": str(port), "WORKERS": "1"} | more
    process = subprocess.Popen(
        [sys.executable, *command], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(1200):  # a minute: the service reads its content first
            try:
                socket.create_connection(("127.0.0.1", port), 0.1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def call(connection: http.client.HTTPConnection, payload: bytes, service: str = ORDERS) -> float:
    """Seconds of one POST, answer read."""
    start = time.perf_counter()
    connection.request("POST", service, payload, {"Content-Type": "application/json"})
    response = connection.getresponse()
    data = response.read()
    spent = time.perf_counter() - start
    if response.status != 200:
        raise SystemExit(f"status {response.status}: {data[:300]!r}")
    return spent


def cards(connection: http.client.HTTPConnection, payload: bytes, service: str) -> int:
    """How many cards the service answers this body with."""
    connection.request("POST", service, payload, {"Content-Type": "application/json"})
    return len(json.loads(connection.getresponse().read())["cards"])


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def compare(ours: int, bare: int, what: str, service: str, made: Made) -> None:
    """Print the ratios for bodies of all sizes of one kind."""
    print(f"\n{what}")
    a, b = (http.client.HTTPConnection("127.0.0.1", port) for port in (ours, bare))
    print("resources   bytes  cards    (a) p50  p99     (b) p50  p99     p50 ratio  p99 ratio")
    medians = {}
    for size in SIZES:
        payload = made(size, datetime.now().astimezone())
        for _ in range(30):
            call(a, payload, service), call(b, payload, service)
        pairs = [(call(a, payload, service), call(b, payload, service)) for _ in range(CALLS[size])]
        one, two = ([pair[i] for pair in pairs] for i in (0, 1))
        a50, b50, a99, b99 = quantile(one, 0.5), quantile(two, 0.5), quantile(one, 0.99), quantile(two, 0.99)
        medians[size] = (a50, b50)
        figures = f"{a50:7.2f} {a99:6.2f} ms  {b50:7.2f} {b99:6.2f} ms"
        print(
            f"{size:9} {len(payload):8} {cards(a, payload, service):5}   {figures}  {a50 / b50:8.2f} x {a99 / b99:8.2f} x"
        )
    growth = [medians[1000][i] / medians[200][i] for i in (0, 1)]
    print(f"growth of p50 from 200 to 1,000 resources: (a) {growth[0]:.2f} x, (b) {growth[1]:.2f} x")


def stages() -> None:
    """Where the time of one call goes, in process, median of many."""
    edition = Edition.load(Settings())
    now = datetime.now().astimezone()
    gc.freeze()
    print("\nstage (ms, median)   " + "".join(f"{size:>10}" for size in SIZES))
    rows: dict[str, list[float]] = {}
    for size in SIZES:
        for name, seconds in _split(edition, order(size, now), now).items():
            rows.setdefault(name, []).append(seconds * 1000)
    for name, values in rows.items():
        print(f"{name:20} " + "".join(f"{value:10.3f}" for value in values))


def _split(edition: Edition, payload: bytes, now: datetime) -> dict[str, float]:
    times: dict[str, list[float]] = {}

    def timed(name: str, make: Callable[..., T], *given: object) -> T:
        start = time.perf_counter()
        made = make(*given)
        times.setdefault(name, []).append(time.perf_counter() - start)
        return made

    service = edition.knowledge.services.services[0]
    for _ in range(100):
        call = timed("request", read_hook, payload, service.id, service.hooks)
        caller = timed("caller", settle, edition.site, ANYBODY, call, now.date())
        obtaining = timed("record", Obtaining, call, edition.prefetch(service.id), now, None)
        subjects = timed("subjects", edition.readers.subjects, call, obtaining.drafts, obtaining.record)
        asked = timed("questions", questions, edition.topics_of(service.id), subjects)
        findings = timed("judge", judge, edition.readers, asked, obtaining.record, subjects, now)
        rendering = line._rendering(edition, caller, call, now)
        response = timed("render", render, findings, obtaining.record.unreadable, (), rendering)
        timed("issue", issue, response, findings, call, caller, None)
        timed("encode", ENCODE, response)
    return {name: statistics.median(values) for name, values in times.items()}


if __name__ == "__main__":
    here = Path(__file__).parent
    # Without memory: so these figures stay comparable with those of earlier versions.
    with server(str(here / "plain.py")) as ours, server(str(here / "bare.py")) as bare:
        compare(ours, bare, "an order", ORDERS, order)
        compare(ours, bare, "an order of an analgesic", "/cds-services/cancer-pain", analgesic)
        compare(ours, bare, "an order of imaging", "/cds-services/bone-imaging", imaging)
        compare(ours, bare, "a request of radiotherapy", "/cds-services/local-therapy", local)
        compare(ours, bare, "an opened chart", REVIEW, chart)
        compare(ours, bare, "a chart that the gate ends", REVIEW, other)
        fetch_bench.compare(ours)
    trust_bench.compare(server)
    stages()
    levers.compare()
