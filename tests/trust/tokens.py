"""Keys of every kind, JWK Sets, tokens with any header and claims, and the service that tokens are shown to.

Everything a token says holds ``MARK``, so that it is seen wherever it comes out.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import logging
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from flask.testing import FlaskClient
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from werkzeug.test import TestResponse

from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store.memory import Memory
from cds_service.web.app import create_app
from tests import build
from tests.build import NOW, SERVICE, Json
from tests.site.made import site

MARK = "Zzyzx"
PUBLIC = "http://cds.example"
DISCOVERY = "/cds-services"
FEEDBACK = f"{SERVICE}/feedback"
ISSUER = f"https://{MARK}.example/oauth2"
KID = f"{MARK}-1"
Key = Any  # a private key of the cryptography library
Sign = Callable[[bytes], bytes]

_MAKERS: Mapping[str, Callable[[], Key]] = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "RSA-1024": lambda: rsa.generate_private_key(65537, 1024),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}
KEY_OF = {"ES384": "P-384", "RS384": "RSA", "ES256": "P-256", "RS256": "RSA", "PS384": "RSA", "EdDSA": "Ed25519"}


# Keys


def key(kind: str = "P-384", whose: str = "ehr") -> Key:
    """A private key, the same one for the same words."""
    return _made(kind, whose)


@cache
def _made(kind: str, _whose: str) -> Key:
    return _MAKERS[kind]()


def jwk(of: Key, kid: str | None = KID, **more: Any) -> Json:
    """The public key as a JWK; ``more`` replaces or adds members."""
    return _jwk(of.public_key()) | ({} if kid is None else {"kid": kid}) | more


def private_jwk(of: Key, kid: str = KID) -> Json:
    return _jwk(of) | {"kid": kid}


def _jwk(of: Key) -> Json:
    if isinstance(of, (ec.EllipticCurvePrivateKey, ec.EllipticCurvePublicKey)):
        written: Any = ECAlgorithm.to_jwk(of)
    elif isinstance(of, (rsa.RSAPrivateKey, rsa.RSAPublicKey)):
        written = RSAAlgorithm.to_jwk(of)
    else:
        written = OKPAlgorithm.to_jwk(of)
    made: Json = json.loads(written)
    return {member: value for member, value in made.items() if member != "key_ops"}


def pem(of: Key) -> bytes:
    """The public key as anybody can have it."""
    made: bytes = of.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return made


def jwk_set(*keys: Json) -> bytes:
    return json.dumps({"keys": keys}).encode()


# Tokens


def claims(path: str = DISCOVERY, **changes: Any) -> Json:
    """Good claims for a call of ``path``; ``changes`` replace or add, ``...`` leaves a claim out."""
    now = int(time.time())
    good = {
        "iss": ISSUER,
        "aud": PUBLIC + path,
        "exp": now + 300,
        "iat": now,
        "jti": f"{MARK}-{uuid.uuid4()}",
        "sub": f"{MARK}-user",
    }
    return {name: value for name, value in (good | changes).items() if value is not ...}


def header(alg: str = "ES384", **changes: Any) -> Json:
    good = {"alg": alg, "kid": KID, "typ": "JWT"}
    return {name: value for name, value in (good | changes).items() if value is not ...}


def with_key(alg: str, of: Key) -> Sign:
    """How this algorithm signs with this key, whether or not they belong together for us."""
    algorithm = jwt.get_algorithm_by_name(alg)
    return lambda signed: algorithm.sign(signed, of)


def coded(part: Json | bytes) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(head: Json | bytes, body: Json | bytes, sign: Sign) -> str:
    """A token of these parts; ``bytes`` are taken as they are."""
    signed = f"{coded(head)}.{coded(body)}"
    return f"{signed}.{coded(sign(signed.encode()))}"


def token(path: str = DISCOVERY, alg: str = "ES384", of: Key = None, head: Json | None = None, **changes: Any) -> str:
    """A good token for a call of ``path``, but for its changed claims and the changes of its header in ``head``."""
    signer = with_key(alg, of or key(KEY_OF[alg]))
    return compact(header(alg, **(head or {})), claims(path, **changes), signer)


# The service


def client(**members: Any) -> Json:
    """A client entry; its keys are given by ``keys``."""
    return {"name": "ward", "issuer": ISSUER} | members


_REFUSED = re.compile(r"refused (\d+) reason=(\S+) client=(\S+) endpoint=(\S+)")
_TEXTS = {
    401: ("login", "The caller is not authenticated."),
    403: ("forbidden", "The caller may not do this."),
    503: ("transient", "Whether the caller may come in cannot be said now. Try again."),
}


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{self.format(record)} {record.args!r}")


@dataclasses.dataclass
class Ward:
    """The running application, what it remembers, and every line it logs."""

    app: Flask
    memory: Memory
    lines: list[str]

    @property
    def http(self) -> FlaskClient:
        return self.app.test_client()

    def ask(self, shown: str | None, path: str = DISCOVERY, body: Json | None = None, **more: Any) -> TestResponse:
        """The answer to a GET, or a POST where there is something to send; ``shown``: the token."""
        headers = dict(more.pop("headers", {}))
        if shown is not None:
            headers["Authorization"] = f"Bearer {shown}"
        if body is None and path in BODIES:
            body = BODIES[path]
        if body is None:
            return self.http.get(path, headers=headers, **more)
        return self.http.post(path, json=body, headers=headers, **more)

    def lets_in(self, shown: str | None, path: str = DISCOVERY, **more: Any) -> bool:
        """Whether the answer is 200; any other must be a proper refusal."""
        response = self.ask(shown, path, **more)
        if response.status_code != 200:
            assert response.status_code in _TEXTS, response.get_data(as_text=True)
        return response.status_code == 200

    def refusal(self, shown: str | None, path: str = DISCOVERY, status: int = 401, **more: Any) -> str:
        """The reason in the log. The answer must be the one that every refusal of this status has, to the byte, and
        no text of the token may be anywhere."""
        before = len(self.lines)
        response = self.ask(shown, path, **more)
        said = [found for line in self.lines[before:] if (found := _REFUSED.search(line))]
        assert (response.status_code, response.get_data()) == (status, refused_body(status))
        assert response.headers.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)
        assert len(said) == 1
        assert said[0][1] == str(status)
        assert not [line for line in self.lines if MARK in line]
        assert MARK not in str(response.headers)
        return said[0][2]


def refused_body(status: int) -> bytes:
    code, text = _TEXTS[status]
    issue = {"severity": "error", "code": code, "details": {"text": text}}
    return json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}, separators=(",", ":")).encode()


CALL_BODY = build.request(build.zoledronic())
FEEDBACK_BODY = {
    "feedback": [
        {
            "card": "5b2c2b9e-1f3a-4f6e-9a51-d10e4e5d7d11",
            "outcome": "overridden",
            "outcomeTimestamp": "2026-03-02T09:00:00Z",
        }
    ]
}
BODIES: Mapping[str, Json] = {SERVICE: CALL_BODY, FEEDBACK: FEEDBACK_BODY}
ENDPOINTS = (DISCOVERY, SERVICE, FEEDBACK)


@contextlib.contextmanager
def ward(edition: Edition, database: str | Path, *clients: Json, **settings: Any) -> Iterator[Ward]:
    """The service with these clients; ``database``: a URL, or the folder of a SQLite file."""
    url = database if isinstance(database, str) else f"sqlite:///{database / 'cds.sqlite3'}"
    made = Settings(**{"public_url": PUBLIC, "database_url": url} | settings)
    edition = dataclasses.replace(edition, site=site(clients=list(clients)))
    records, root = _Records(), logging.getLogger()
    level = root.level
    root.addHandler(records)
    root.setLevel(logging.DEBUG)
    try:
        memory = Memory.open(made, edition.site.suppression)
        try:
            yield Ward(create_app(made, edition, lambda: NOW, memory), memory, records.lines)
        finally:
            memory.close(2)
    finally:
        root.removeHandler(records)
        root.setLevel(level)


def key_file(folder: Path, *keys: Json, name: str = "keys.json") -> Json:
    """A JWK Set in a file, and the ``keys`` entry that names it."""
    path = folder / name
    path.write_bytes(jwk_set(*keys))
    return {"jwks_file": str(path)}
