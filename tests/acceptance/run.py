"""``make acceptance``: an independent client (Medplum's ``@medplum/core``) talks to this server over HTTP.

Starts the server on a free loopback port, hands its address and a few shipped situations, their dates moved to today,
to ``client.mjs``, and ends with the client's exit code. ``npm ci`` in this folder has installed the packages before.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from cds_service import fixtures
from cds_service.base.clock import local_now

HERE = Path(__file__).parent
# What @medplum/core asks for (engines in its package.json).
NODE_AT_LEAST = (22, 18)
# A dose, a missing examination, a critical result, nothing to say, nothing of ours, little, several drafts, R5.
SITUATIONS = (
    "zoledronic-acid-dose-above-row",
    "dental-exam-none-found",
    "denosumab-calcium-low",
    "denosumab-everything-in-order",
    "nothing-in-scope",
    "medplum-no-fhir-server",
    "order-select-two-selected",
    "version-r5-zoledronic-acid",
)


def node() -> str:
    """The Node.js of the npm packages, else the one of this machine when it is new enough."""
    # Not from .bin: older npm does not link there when install scripts are off.
    shipped = next((HERE / "node_modules").glob("node-*/bin/node"), None)
    found = str(shipped) if shipped else shutil.which("node")
    if found is None:
        raise SystemExit("No Node.js here: npm has a build for Linux only; install Node.js 22.18 or newer.")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if tuple(int(part) for part in version.removeprefix("v").split(".")[:2]) < NODE_AT_LEAST:
        raise SystemExit(f"{found} is {version}; @medplum/core needs Node.js 22.18 or newer.")
    return found


@contextmanager
def serving(**settings: str) -> Iterator[str]:
    """The server as shipped, without settings of the caller's environment; yields the address of discovery."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    folder = tempfile.TemporaryDirectory()
    database = f"sqlite:///{folder.name}/cds.sqlite3"
    process = subprocess.Popen(
        [sys.executable, "-m", "cds_service", "serve"],
        env=environment | {"HOST": "127.0.0.1", "PORT": "0", "WORKERS": "1", "CDS_DATABASE_URL": database} | settings,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = ""
    try:
        while not (listening := re.search(r"listening on (http://\S+)", said)):
            line = process.stderr.readline()
            if not line:
                raise SystemExit(f"The server did not start:\n{said}")
            said += line
        # A line per request follows: a full pipe would stop the server.
        Thread(target=process.stderr.read, daemon=True).start()
        yield f"{listening[1]}/cds-services"
    finally:
        process.terminate()
        process.wait(timeout=30)
        folder.cleanup()


def told(name: str) -> dict[str, Any]:
    """The request of a situation as of today, and the cards its story expects (indicator and topic, in order)."""
    situation = fixtures.load(name)
    cards = [f"{card['indicator']} {card['source']['topic']['code']}" for card in situation.response["cards"]]
    return {"request": json.loads(situation.request_at(local_now())), "cards": cards}


def main() -> int:
    runtime = node()
    situations = json.dumps({name: told(name) for name in SITUATIONS})
    with serving() as url:
        return subprocess.run(
            [runtime, str(HERE / "client.mjs"), url], input=situations, text=True, check=False, timeout=300
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
