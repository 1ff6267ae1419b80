"""Keys change while the real server is under load, and strangers try to be in the way: no client notices."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cds_service.trust.keys import RETRY_SECONDS
from tests.trust.key_server import PATH, KeyServer, key_server
from tests.trust.tokens import client, jwk, key, token

FIRST, SECOND = key("P-384"), key("P-384", "second")
URL = "https://cds.hospital.example"


@contextmanager
def serving(folder: Path, keys: KeyServer) -> Iterator[tuple[int, Path]]:
    """The real server on two workers: its port, and its log."""
    settings = {
        "PORT": "0",
        "WORKERS": "2",
        "CDS_PUBLIC_URL": URL,
        "CDS_CLIENTS": json.dumps([client(keys={"jwks_url": keys.url()})]),
        "CDS_DATABASE_URL": f"sqlite:///{folder / 'cds.sqlite3'}",
    }
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")} | settings
    log = folder / "log"
    with log.open("w", encoding="utf-8") as said:
        process = subprocess.Popen([sys.executable, "-m", "cds_service", "serve"], env=environ, stderr=said)
    try:
        end = time.monotonic() + 60
        while not (found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", log.read_text(encoding="utf-8"))):
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < end
            time.sleep(0.05)
        yield int(found[1]), log
    finally:
        process.terminate()
        process.wait(timeout=20)


def ask(port: int, shown: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/cds-services", headers={"Authorization": f"Bearer {shown}"})
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def test_no_valid_token_is_refused_while_keys_change_under_load(tmp_path: Path) -> None:
    audience = f"{URL}/cds-services"
    stop = threading.Event()
    statuses: Counter[tuple[str, int]] = Counter()
    signing = ["1"]

    def valid() -> tuple[str, str]:
        kid = signing[0]
        return f"key {kid}", token(aud=audience, of={"1": FIRST, "2": SECOND}[kid], head={"kid": kid})

    numbers = itertools.count()

    def stranger() -> tuple[str, str]:
        return "stranger", token(aud=audience, of=SECOND, head={"kid": f"random-{next(numbers)}"})

    def load(port: int, made: Callable[[], tuple[str, str]]) -> None:
        while not stop.is_set():
            who, shown = made()
            statuses[who, ask(port, shown)] += 1

    with key_server(jwk(FIRST, "1")) as keys, serving(tmp_path, keys) as (port, log):
        began = time.monotonic()
        threads = [threading.Thread(target=load, args=(port, valid)) for _ in range(8)]
        threads.append(threading.Thread(target=load, args=(port, stranger)))
        for thread in threads:
            thread.start()
        try:
            time.sleep(0.5)
            keys.publish(jwk(FIRST, "1"), jwk(SECOND, "2"))
            time.sleep(RETRY_SECONDS + 0.5)
            signing[0] = "2"
            time.sleep(0.5)
            keys.publish(jwk(SECOND, "2"))
            time.sleep(0.5)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        lasted = time.monotonic() - began
        said = log.read_text(encoding="utf-8")

    assert {status for (who, status) in statuses if who != "stranger"} == {200}
    assert {status for (who, status) in statuses if who == "stranger"} == {401}
    assert {who for who, _ in statuses} == {"key 1", "key 2", "stranger"}
    assert keys.asked[PATH] <= 2 * (1 + lasted // RETRY_SECONDS), "two workers, one read in five seconds each"
    assert "ERROR" not in said
    assert "fault" not in said
