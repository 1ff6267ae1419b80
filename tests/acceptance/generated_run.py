"""``make acceptance``: a client generated from ``/openapi.json`` (openapi-python-client) calls the server it came from.

The document is judged by openapi-spec-validator first. Both tools run in an environment of their own
(``requirements-generated.lock``); the first argument is its Python.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.request import urlopen

from cds_service import fixtures
from tests.acceptance.run import SITUATIONS, serving, told

HERE = Path(__file__).parent
# The generator's own linting of what it wrote is none of ours.
CONFIG = "post_hooks: []\nproject_name_override: generated\npackage_name_override: generated\n"


def generate(python: str, document: Path, into: Path) -> None:
    """Judge the document and write the client. Raises ``CalledProcessError``; a warning is an error."""
    subprocess.run([python, "-m", "openapi_spec_validator", str(document)], check=True)
    (into / "config.yaml").write_text(CONFIG, encoding="utf-8")
    asked = ["generate", "--path", str(document), "--config", str(into / "config.yaml"), "--meta", "none"]
    asked += ["--output-path", str(into / "generated"), "--fail-on-warning"]
    subprocess.run([python, "-m", "openapi_python_client", *asked], check=True)


def main(python: str) -> int:
    situations = {n: told(n) | {"service": fixtures.load(n).story.service} for n in SITUATIONS}
    with tempfile.TemporaryDirectory() as folder, serving() as discovery:
        base = discovery.removesuffix("/cds-services")
        document = Path(folder) / "openapi.json"
        with urlopen(f"{base}/openapi.json", timeout=30) as answer:
            document.write_bytes(answer.read())
        generate(python, document, Path(folder))
        asked = [python, str(HERE / "generated_client.py"), folder, base]
        return subprocess.run(asked, input=json.dumps(situations), text=True, check=False, timeout=300).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
