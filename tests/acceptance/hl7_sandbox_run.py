"""``make acceptance``: HL7's Sandbox (https://github.com/cds-hooks/sandbox) in headless Chromium asks this server.

Its copy is not ours to ship: ``SANDBOX_DIR`` names a checkout in which ``npm run build`` was run (it writes
``build/``); without one this is skipped. A FHIR server for one made-up patient stands beside it, once whole and once
with diagnoses and results that cannot be had. ``hl7_sandbox.mjs`` does what a user does.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from run import HERE, node, serving
from workbench_run import chromium

from cds_service import fixtures
from cds_service.base.clock import local_now

PATIENT = "opioid-ordered-pain-8-without-bone-drug"
# Of the Sandbox's own list of drugs.
MORPHINE = "Morphine Sulfate 15 MG Oral Tablet"
# Under these the FHIR server is whole, and fails every search of diagnoses and results.
WHOLE, FAILING = "/fhir", "/failing"
# The Sandbox asks again at every change of an order, with another hookInstance: what was said once would be gone.
REPEATING = "seen: off\n"
# A client that shows errors to its doctor would ask for this; the Sandbox does not.
REFUSING = "clients: [{{name: Sandbox, fhir_servers: ['{fhir}'], private: true, missing_data: refuse}}]\n"


def resources() -> dict[str, list[dict[str, Any]]]:
    """What the record of the patient holds, by type; dates moved to today."""
    request = json.loads(fixtures.load(PATIENT).request_at(local_now()))
    found: dict[str, list[dict[str, Any]]] = {}
    for value in request["prefetch"].values():
        for resource in [each["resource"] for each in value.get("entry", [])] or [value]:
            if resource["resourceType"] != "Bundle":
                found.setdefault(resource["resourceType"], []).append(resource)
    # Without these the Sandbox leaves its page white.
    found["Patient"][0] |= {"name": [{"given": ["Made-up"], "family": "Patient"}]}
    return found


class Beside(SimpleHTTPRequestHandler):
    """The pages of the Sandbox, and the two FHIR servers."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *args: Any, held: dict[str, list[dict[str, Any]]], **kwargs: Any) -> None:
        self.held = held
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        if asked := re.fullmatch(rf"({WHOLE}|{FAILING})/(\w+)(/_search|/[\w.-]+)?(\?.*)?", self.path):
            self._fhir(asked[1], asked[2], (asked[3] or "").strip("/"))
        else:
            super().do_GET()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def _fhir(self, server: str, kind: str, one: str) -> None:
        if kind == "metadata":
            return self._answer(200, {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"})
        if server == FAILING and kind in ("Condition", "Observation"):
            return self._answer(500, {"resourceType": "OperationOutcome", "issue": []})
        held = self.held.get(kind, [])
        if one and one != "_search":
            found = next((each for each in held if each["id"] == one), None)
            return self._answer(200 if found else 404, found or {"resourceType": "OperationOutcome", "issue": []})
        entries = [{"resource": each, "search": {"mode": "match"}} for each in held]
        bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(held), "entry": entries}
        return self._answer(200, bundle)

    def _answer(self, status: int, body: Any) -> None:
        sent = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def beside(sandbox: Path) -> Iterator[str]:
    """The address of the Sandbox and its FHIR servers: one origin, as its own browser rules would let it read them."""
    handler = partial(Beside, directory=str(sandbox), held=resources())
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", help="leave a picture of each meeting in this folder")
    asked = parser.parse_args()
    copy = os.environ.get("SANDBOX_DIR")
    if not copy:
        print(
            "skipped: SANDBOX_DIR names no copy of the Sandbox (github.com/cds-hooks/sandbox, built by npm run build)"
        )
        return 0
    built = Path(copy) / "build"
    if not (built / "app.bundle.js").is_file():
        raise SystemExit(f"SANDBOX_DIR: {built} holds no app.bundle.js: run `npm run build` in it first.")
    runtime, browser = node(), chromium()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        page = stack.enter_context(beside(built))

        def service(site: str) -> str:
            file = Path(folder) / f"{len(site)}.yaml"
            file.write_text(site, encoding="utf-8")
            return stack.enter_context(serving(CDS_SITE_FILE=str(file))).removesuffix("/cds-services")

        given = {
            "page": page,
            "whole": page + WHOLE,
            "failing": page + FAILING,
            "patient": resources()["Patient"][0]["id"],
            "drug": MORPHINE,
            "service": service(REPEATING),
            "refusing": service(REFUSING.format(fhir=page + FAILING)),
            "chromium": browser,
            "pictures": asked.pictures,
            "arguments": ["--no-sandbox"] if os.geteuid() == 0 else [],
        }
        script = [runtime, str(HERE / "hl7_sandbox.mjs")]
        return subprocess.run(script, input=json.dumps(given), text=True, check=False, timeout=600).returncode


if __name__ == "__main__":
    sys.exit(main())
