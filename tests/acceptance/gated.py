"""Servers of profile production for the journeys of the workbench: as they come, and with the workbench switched on.

Behind the gate stands one client: an EHR that signs tokens. A browser has none of its own; whoever shows these pages (a
portal, a proxy) signs for it, so the journeys are given the key.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.servers import Server, running
from tests.trust.tokens import jwk, key, key_file

ISSUER, KID = "https://portal.example/oauth2", "portal-1"
PUBLIC = "https://cds.hospital.example"


@dataclass(frozen=True)
class Gated:
    """``off``: production as it comes; ``on``: with CDS_WORKBENCH=on. Everything both keep lies in ``folder``."""

    off: Server
    on: Server
    folder: Path

    @property
    def told(self) -> dict[str, Any]:
        """What a journey needs to call them."""
        made = key("RSA", ISSUER).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        where = {name: f"http://127.0.0.1:{server.port}" for name, server in (("off", self.off), ("on", self.on))}
        return where | {"key": made, "kid": KID, "issuer": ISSUER, "public": PUBLIC}

    def keeping(self, text: str) -> list[str]:
        """Where this text was left: the logs, and the files. Ends the servers, so that all is written."""
        for server in (self.off, self.on):
            server.stop()
        said = [f"log of {name}" for name, it in (("off", self.off), ("on", self.on)) if text in it.log]
        files = [it for it in self.folder.rglob("*") if it.is_file() and text.encode() in it.read_bytes()]
        return said + [it.name for it in files]


def _environ(folder: Path) -> dict[str, str]:
    keys = key_file(folder, jwk(key("RSA", ISSUER), KID))
    site = folder / "site.yaml"
    site.write_text(yaml.safe_dump({"clients": [{"name": "portal", "issuer": ISSUER, "keys": keys}]}), encoding="utf-8")
    return {
        "WORKERS": "1",
        "CDS_PROFILE": "production",
        "CDS_SITE_FILE": str(site),
        "CDS_PUBLIC_URL": PUBLIC,
        "CDS_SEAL_FILE": str(folder / "seal.yaml"),
    }


@contextmanager
def gated() -> Iterator[Gated]:
    """Both, listening while this lasts."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    with tempfile.TemporaryDirectory(prefix="gated") as made:
        folder = Path(made)
        shared = _environ(folder)
        signing = [sys.executable, "-m", "cds_service", "seal", "--by", "nobody, for a test"]
        seal = {"CDS_SEAL_FILE": shared["CDS_SEAL_FILE"]}
        subprocess.run(signing, env=inherited | seal, stdout=subprocess.DEVNULL, check=True)
        environs = [shared | {"CDS_DATABASE_URL": f"sqlite:///{folder}/{name}.sqlite3"} for name in ("off", "on")]
        for each in environs:
            upgrade = [sys.executable, "-m", "cds_service", "db", "upgrade"]
            subprocess.run(upgrade, env=inherited | each, stdout=subprocess.DEVNULL, check=True)
        with running(environs[0], environs[1] | {"CDS_WORKBENCH": "on"}) as (off, on):
            yield Gated(off, on, folder)
