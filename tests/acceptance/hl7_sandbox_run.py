"""``make acceptance``: HL7's Sandbox (https://github.com/cds-hooks/sandbox) in headless Chromium asks this server.

Its copy is not ours to ship: ``SANDBOX_DIR`` names a built one (deploy/docs/sandbox.md); without it the run says so in
a line and ends well. Beside it stands a FHIR server with one made-up patient, and the same server once more as it is
for a program that may not read diagnoses. ``hl7_sandbox.mjs`` does what a user does. ``--stay`` (``make sandbox``)
starts no browser: it prints the address to open, and stays.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import requests
from run import HERE, node, serving
from workbench_run import chromium

from cds_service import fixtures
from cds_service.base.clock import local_now

sys.path.append(str(HERE.parent))
from fhir_server.server import FhirServer, started  # its folder is no package of the product

Json = dict[str, Any]

PATIENT = "opioid-ordered-pain-8-without-bone-drug"
# Of the Sandbox's own list of drugs, which has no bone-modifying drug as oncology gives it.
DRUG = "Morphine Sulfate 15 MG Oral Tablet"
HOOKS = ("patient-view", "order-select", "order-sign")
# The Sandbox asks again at every click and draws the newest answer alone; said once, an info card would be gone.
EVERY_TIME = "seen: off\n"
# A client that shows its doctor errors may ask for this; the Sandbox shows none.
REFUSE = EVERY_TIME + "clients:\n  - {name: Sandbox, profile: sandbox, missing_data: refuse}\n"
DENIED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]}


def resources() -> list[Json]:
    """The record of the patient, dates moved to today, with what the Sandbox cannot do without."""
    asked = json.loads(fixtures.load(PATIENT).request_at(local_now()))
    members = [member for member in asked["prefetch"].values() if member]
    found = [entry["resource"] for member in members for entry in member.get("entry", [])]
    found += [member for member in members if member["resourceType"] != "Bundle"]
    for each in found:
        if each["resourceType"] == "Patient":
            # It draws nothing at all for a patient without a given name.
            each["name"] = [{"given": ["Synthetic"], "family": "Patient"}]
        elif each["resourceType"] == "Condition":
            # Its list of diagnoses shows the text and reads no display.
            each["code"]["text"] = each["code"]["coding"][0]["display"]
    return list({f"{each['resourceType']}/{each['id']}": each for each in found}.values())


class Beside(SimpleHTTPRequestHandler):
    """The pages of the Sandbox; below ``/fhir`` the FHIR server without its token, below ``/denied`` without diagnoses.

    One origin for all: whether a FHIR server lets a page of elsewhere read it is not what is tried here.
    """

    protocol_version = "HTTP/1.1"

    def __init__(self, *args: Any, fhir: FhirServer, **kwargs: Any) -> None:
        self.fhir = fhir
        super().__init__(*args, **kwargs)

    def handle(self) -> None:
        # The browser leaves a page before it has all it asked for.
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        if found := re.fullmatch(r"/(fhir|denied)/(.*)", self.path):
            self._passed_on(found[1], found[2])
        else:
            super().do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def _passed_on(self, door: str, path: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # A read of one diagnosis is denied like the search.
        if door == "denied" and re.match(r"Condition\b", path):
            return self._answered(403, json.dumps(DENIED).encode())
        sent = {"Content-Type": self.headers["Content-Type"]} if body else {}
        answer = requests.request(
            self.command, f"{self.fhir.base}/{path}", data=body, headers=self.fhir.headers | sent, timeout=60
        )
        here = f"http://{self.headers['Host']}/{door}"
        return self._answered(answer.status_code, answer.content.replace(self.fhir.base.encode(), here.encode()))

    def _answered(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def beside(pages: Path) -> Iterator[tuple[str, str]]:
    """The address of the Sandbox and of its FHIR servers, and the patient's id."""
    found = resources()
    (patient,) = (each["id"] for each in found if each["resourceType"] == "Patient")
    with tempfile.TemporaryDirectory() as folder, started(Path(folder)) as fhir, fhir.holding(found):
        handler = partial(Beside, directory=str(pages), fhir=fhir)
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}", patient
            server.shutdown()


def pages() -> Path | None:
    """The pages of the copy; none when none is named."""
    if not (copy := os.environ.get("SANDBOX_DIR")):
        return None
    built = Path(copy) / "build"
    if not (built / "app.bundle.js").is_file():
        raise SystemExit(f"SANDBOX_DIR: {built} holds no app.bundle.js; build it first (deploy/docs/sandbox.md).")
    return built


@contextmanager
def ours(site: str = "") -> Iterator[str]:
    """The server, with this site file; its address."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "site.yaml"
        file.write_text(site, encoding="utf-8")
        with serving(**{"CDS_SITE_FILE": str(file)} if site else {}) as url:
            yield url.removesuffix("/cds-services")


def stay(built: Path) -> int:
    """The Sandbox for a person, with its three addresses of ours already in; until it is interrupted."""
    # Ctrl-C ends the FHIR server too, before it can be emptied.
    with suppress(requests.ConnectionError), ours(EVERY_TIME) as base, beside(built) as (page, patient):
        discovery = ",".join(f"{base}/hooks/{hook}/cds-services" for hook in HOOKS)
        asked = {"fhirServiceUrl": f"{page}/fhir", "patientId": patient, "serviceDiscoveryURL": discovery}
        print(f"Open  {page}/?{urlencode(asked, safe=':/,')}\nCtrl-C ends it.", flush=True)
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)
    return 0


def journeys(built: Path, pictures: Path | None) -> int:
    """What ``hl7_sandbox.mjs`` does, as its exit code."""
    runtime, browser = node(), chromium()
    with ExitStack() as stack:
        page, patient = stack.enter_context(beside(built))
        given = {
            "page": page,
            "patient": patient,
            "drug": DRUG,
            "hooks": HOOKS,
            "service": stack.enter_context(ours(EVERY_TIME)),
            "refusing": stack.enter_context(ours(REFUSE)),
            "shipped": stack.enter_context(ours()),
            "chromium": browser,
            "arguments": ["--no-sandbox"] if os.geteuid() == 0 else [],
            "pictures": str(pictures.resolve()) if pictures else None,
        }
        script = [runtime, str(HERE / "hl7_sandbox.mjs")]
        return subprocess.run(script, input=json.dumps(given), text=True, check=False, timeout=900).returncode


def main() -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("--stay", action="store_true", help="No browser: say what to open, and stay.")
    asked.add_argument("--pictures", type=Path, help="A folder for a picture of each journey's end.")
    said = asked.parse_args()
    if not (built := pages()):
        print("left out: HL7's Sandbox (SANDBOX_DIR names no built copy of it; deploy/docs/sandbox.md)")
        return int(said.stay)
    if said.stay:
        return stay(built)
    if said.pictures:
        said.pictures.mkdir(parents=True, exist_ok=True)
    return journeys(built, said.pictures)


if __name__ == "__main__":
    sys.exit(main())
