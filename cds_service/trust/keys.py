"""The public keys of an issuer, from the places its registry entry names: never from a place a token names.

A JWK Set (RFC 7517) is kept as last read. From a URL it is read again when it is old, or when a token names a key that
is not in it, but never more often than ``RETRY_SECONDS``: strangers cannot make this service ask without end. From a
file it is read again when the file has changed. What cannot be read leaves the last good keys in place.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec
from jwt import PyJWK, PyJWTError

from cds_service.fetch.failure import Failed, Refused
from cds_service.trust.refusal import Refusal

log = logging.getLogger("cds_service.trust")

# A set this old is read again beside the answering.
REFRESH_SECONDS = 300.0
# No call is answered from an older set, unless its reading fails: a key that its issuer withdrew is refused after this.
MAX_AGE_SECONDS = 600.0
RETRY_SECONDS = 5.0
# How long a caller waits while another one's thread reads: strangers who invent key ids must not hold all threads.
_WAIT_SECONDS = 0.3
# Without keys nobody can come in anyway.
_FIRST_WAIT_SECONDS = 2.0
MOST_KEYS = 100
# Which key an algorithm takes (RFC 7518 section 3.1, RFC 8037): type, and curve where there is one.
_FITS: Mapping[str, tuple[str, str | None]] = {
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "PS384": ("RSA", None),
    "EdDSA": ("OKP", "Ed25519"),
}


class _Set(msgspec.Struct):
    keys: list[dict[str, Any]]


_decoder = msgspec.json.Decoder(_Set)


class Keys:
    """One JWK Set as read."""

    def __init__(self, body: bytes) -> None:
        """From the JSON of a JWK Set. Raises ``ValueError`` when it is none, or holds no key to verify with."""
        try:
            read = _decoder.decode(body).keys
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise ValueError("not a JWK Set") from None
        self._jwks = [key for key in read if _verifies(key)]
        self._made: dict[tuple[str, str], PyJWK] = {}
        if not self._jwks or len(read) > MOST_KEYS:
            raise ValueError(f"no public signature key with a kid, or over {MOST_KEYS} keys")

    def has(self, kid: str) -> bool:
        return any(key.get("kid") == kid for key in self._jwks)

    def find(self, kid: str, algorithm: str) -> PyJWK:
        """The one key of this id for this algorithm. Raises ``Refusal``."""
        if made := self._made.get((kid, algorithm)):
            return made
        fitting = [key for key in self._jwks if key.get("kid") == kid and _fits(key, algorithm)]
        if not fitting:
            raise Refusal("key-unknown")
        if len(fitting) > 1:
            raise Refusal("key-ambiguous")
        try:
            made = self._made[kid, algorithm] = PyJWK(fitting[0], algorithm=algorithm)
        except (PyJWTError, ValueError, TypeError):
            raise Refusal("key-unknown") from None
        return made


def _verifies(key: dict[str, Any]) -> bool:
    """A public key for signatures. A published private key proves nothing; ``oct`` is a shared secret."""
    kinds = [kind for kind, _ in _FITS.values()]  # a list: a kty of a strange type is compared, not hashed
    named = isinstance(key.get("kid"), str)
    return named and key.get("kty") in kinds and key.get("use", "sig") == "sig" and "d" not in key


def _fits(key: dict[str, Any], algorithm: str) -> bool:
    kind, curve = _FITS[algorithm]
    return key["kty"] == kind and (curve is None or key.get("crv") == curve) and key.get("alg", algorithm) == algorithm


class KeySource(Protocol):
    """A place of keys."""

    def find(self, kid: str, algorithm: str) -> PyJWK:
        """The key. Raises ``Refusal``."""


class KeysFromUrl:
    """The JWK Set at a URL. ``read`` gets its bytes, raising ``Failed`` or ``Refused``."""

    def __init__(self, name: str, read: Callable[[], bytes], clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._read, self._clock = name, read, clock
        self._keys: Keys | None = None
        self._read_at = 0.0
        self._tried_at: float | None = None
        self._lock = threading.Lock()

    def find(self, kid: str, algorithm: str) -> PyJWK:
        """The key; looked for again first when it is unknown, or its set too old. Raises ``Refusal``."""
        if self._keys is None:
            self._refresh(wait=_FIRST_WAIT_SECONDS)
        elif not self._keys.has(kid):
            self._refresh(wait=_WAIT_SECONDS)
        elif self._age() > MAX_AGE_SECONDS and not self._failing():
            self._refresh(wait=_FIRST_WAIT_SECONDS)
        elif self._age() > REFRESH_SECONDS and self._may_try():
            threading.Thread(target=self._refresh, daemon=True).start()
        if self._keys is None:
            raise Refusal("keys-unavailable", 503)
        return self._keys.find(kid, algorithm)

    def _age(self) -> float:
        return self._clock() - self._read_at

    def _failing(self) -> bool:
        """Whether the last reading failed: callers with a known key do not wait for a server that is away."""
        return self._tried_at is not None and self._tried_at > self._read_at

    def _may_try(self) -> bool:
        return self._tried_at is None or self._clock() - self._tried_at >= RETRY_SECONDS

    def _refresh(self, wait: float = 0.0) -> None:
        """Read the set, unless that was just tried. One thread reads; others wait for it, but not for long."""
        if not (self._lock.acquire(timeout=wait) if wait else self._lock.acquire(blocking=False)):
            return
        try:
            if self._may_try():
                self._tried_at = self._clock()
                self._keys = Keys(self._read())
                self._read_at = self._clock()
        except (Failed, Refused, ValueError) as error:
            # The words of these errors are ours; none holds a URL.
            kept = "the last good keys are kept" if self._keys else "there are none yet"
            log.warning("keys of client %s cannot be read (%s); %s", self._name, error, kept)
        finally:
            self._lock.release()


class KeysFromFile:
    """The JWK Set in a file, read again when the file changes."""

    def __init__(self, name: str, path: Path) -> None:
        """Raises ``OSError`` or ``ValueError`` when it cannot be used."""
        self._name, self._path = name, path
        self._seen = self._stamp()
        self._keys = Keys(path.read_bytes())
        self._complained = ""
        self._lock = threading.Lock()

    def find(self, kid: str, algorithm: str) -> PyJWK:
        """The key. Raises ``Refusal``."""
        with self._lock:
            self._follow()
            keys = self._keys
        return keys.find(kid, algorithm)

    def _stamp(self) -> tuple[int, int, int, int]:
        stat = self._path.stat()
        return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino

    def _follow(self) -> None:
        """Read the file if it is another than before; until it can be used, the keys of before hold."""
        try:
            stamp = self._stamp()
            if stamp == self._seen:
                return
            self._keys, self._seen, self._complained = Keys(self._path.read_bytes()), stamp, ""
        except (OSError, ValueError) as error:
            why = type(error).__name__ if isinstance(error, OSError) else str(error)
            if why != self._complained:
                self._complained = why
                log.warning("keys of client %s cannot be read (%s); the last good keys are kept", self._name, why)
