"""A real FHIR R4 server (sekmet-fhir) for tests and bench: a process of its own, in an environment of its own.

It knows what the service must cope with: bearer tokens, pages of 20 entries with absolute ``next`` links unless
``_count`` says otherwise, search by GET and by POST, and it refuses to store what is not valid FHIR R4.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import requests

Json = dict[str, Any]

COMMAND = Path(__file__).parents[2] / ".venv-fhir" / "bin" / "sekmet"
# Seconds; a loaded machine may need many times what it usually takes (2).
PATIENCE = 60


@dataclass(frozen=True)
class FhirServer:
    """The running server: ``base`` is its FHIR base URL, ``token`` the one bearer token it accepts."""

    base: str
    token: str
    journal: Path

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def get(self, path: str) -> Json:
        """What a GET of this path below the base answers."""
        response = requests.get(f"{self.base}/{path}", headers=self.headers, timeout=PATIENCE)
        response.raise_for_status()
        body: Json = response.json()
        return body

    @contextmanager
    def holding(self, resources: list[Json]) -> Iterator[None]:
        """The server has these resources, under their own ids, within the block."""
        self._transaction([_entry("PUT", r) | {"resource": r} for r in resources])
        try:
            yield
        finally:
            self._transaction([_entry("DELETE", r) for r in resources])

    @contextmanager
    def watched(self) -> Iterator[list[str]]:
        """The requests others make within the block, as ``METHOD path?query``; filled when it ends."""
        asked: list[str] = []
        start = self._mark()
        yield asked
        rows = self._rows("SELECT method, url FROM traffic WHERE id > ? AND id < ? ORDER BY id", start, self._mark())
        asked += [f"{method} {unquote(url.removeprefix('/fhir/'))}" for method, url in rows]

    def _transaction(self, entries: list[Json]) -> None:
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        response = requests.post(self.base, json=bundle, headers=self.headers, timeout=PATIENCE)
        if response.status_code != 200:
            raise RuntimeError(f"the FHIR server does not take the resources: {response.text}")

    def _mark(self) -> int:
        """Make one request of our own and wait until the server's journal has it: all before it are there too."""
        mark = f"Patient/{secrets.token_hex(16)}"
        requests.get(f"{self.base}/{mark}", headers=self.headers, timeout=PATIENCE)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for (number,) in self._rows("SELECT id FROM traffic WHERE url = ?", f"/fhir/{mark}"):
                return int(number)
            time.sleep(0.02)
        raise RuntimeError("the FHIR server keeps no journal")

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True, timeout=PATIENCE)) as connection:
            return connection.execute(query, values).fetchall()


def _entry(method: str, resource: Json) -> Json:
    return {"request": {"method": method, "url": f"{resource['resourceType']}/{resource['id']}"}}


@contextmanager
def started(folder: Path) -> Iterator[FhirServer]:
    """The server, empty, on a free loopback port; everything it writes is in ``folder``. Ended on leaving."""
    if not COMMAND.exists():
        raise RuntimeError(f"{COMMAND.parent.parent.name} is not there: `make {COMMAND.parent.parent.name}/stamp`")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = FhirServer(f"http://127.0.0.1:{port}/fhir", secrets.token_hex(16), folder / "data" / "sekmet.db")
    settings = {
        "base_url": server.base,
        "host": "127.0.0.1",
        "port": port,
        "data_dir": str(folder / "data"),
        "server_auth": {"types": ["bearer"], "tokens": [server.token]},
        "simulator": {"enabled": False},  # else it answers orders with results of its own
        "validation": {"inbound": "strict"},
    }
    written = folder / "settings.json"
    written.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SEKMET_", "COV"))}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [COMMAND, "serve", "--config", str(written)], cwd=folder, env=environment, stdout=log, stderr=log
        )
        try:
            _await(server, process, folder / "log")
            yield server
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _await(server: FhirServer, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            requests.get(f"{server.base}/metadata", timeout=PATIENCE)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the FHIR server did not start: {log.read_text()}")
