"""A server of one's own, for as long as somebody needs it: a process on a free port of this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

_LISTENING = re.compile(r"listening on (http://\S+)")
_STOP_SECONDS = 30
# Every test is to see every card, also of a situation that another test has asked before.
_SITE = 'seen: "off"\n'


class NotStarted(Exception):
    """The server ended before it listened; the message is what it said."""


@contextmanager
def served() -> Iterator[str]:
    """The address of a server in development, one worker, a database that is thrown away; nothing is said only once.

    Raises ``NotStarted``.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    with tempfile.TemporaryDirectory(prefix="cds-service-") as folder:
        site = Path(folder) / "site.yaml"
        site.write_text(_SITE, encoding="utf-8")
        own = {
            "HOST": "127.0.0.1",
            "PORT": "0",
            "WORKERS": "1",
            "CDS_SITE_FILE": str(site),
            "CDS_DATABASE_URL": f"sqlite:///{Path(folder) / 'cds.sqlite3'}",
        }
        asked = [sys.executable, "-m", "cds_service", "serve"]
        with subprocess.Popen(asked, env=inherited | own, stderr=subprocess.PIPE, encoding="utf-8") as process:  # noqa: S603  # ours
            try:
                yield _listening(process)
            finally:
                process.terminate()
                try:
                    process.wait(_STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()


def _listening(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if found := _LISTENING.search(line):
            # A line per request follows: a full pipe would stop the server.
            Thread(target=process.stderr.read, daemon=True).start()
            return found[1]
    raise NotStarted(said)
