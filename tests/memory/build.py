"""The service with its memory, in this process: calls, feedback, and what of them is in the tables."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Table, select
from werkzeug.test import TestResponse

from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store import audit
from cds_service.store.audit import Audit, CallRecord
from cds_service.store.engine import Database, parse_url
from cds_service.store.memory import Memory
from cds_service.store.reactions import EarlierCards
from cds_service.store.tables import call, metadata
from cds_service.web.app import create_app
from tests.build import NOW, SERVICE, Json, bundle, calcium, clearance, encoded, prefetch, request, zoledronic
from tests.databases import postgresql_database
from tests.site.made import site

FEEDBACK = f"{SERVICE}/feedback"
KEY = b"a key of thirty-two characters.."
# Callers who show a certificate, so that tests need no keys; the proxy is this machine.
CLIENTS = [{"name": name, "certificate_subjects": [f"CN={name}"]} for name in ("east", "west")]
SYSTEM = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
CARD = "4e0a3a1e-3283-4575-ab82-028d55fe2719"
_SENTINEL = "sentinel"

# A draft above its dose, and no oral examination before a first dose.
DOSE = "bisphosphonate-renal-dose"
EXAM = "dental-exam-before-bma"


def low(*, renal: Json | None = None, **members: Any) -> Json:
    """A request that gets the cards DOSE and EXAM."""
    laboratory = bundle(renal or clearance(45), calcium(2.3))
    return request(zoledronic(), prefetch=prefetch(laboratory=laboratory, procedures=None)) | members


def event(**changes: Any) -> Json:
    """An overridden card without a reason."""
    return {"card": CARD, "outcome": "overridden", "outcomeTimestamp": "2026-03-02T08:11:13Z"} | changes


@dataclass(frozen=True)
class Service:
    """An application and the memory it writes to."""

    http: FlaskClient
    memory: Memory

    def post(self, path: str, data: bytes, caller: str | None = None, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if caller:
            named["X-SSL-Client-S-DN"] = f"CN={caller}"
        return self.http.post(path, data=data, headers={"Content-Type": "application/json"} | named)

    def call(self, body: Json, caller: str | None = None, **headers: str) -> TestResponse:
        return self.post(SERVICE, encoded(body), caller, **headers)

    def topics(self, body: Json, caller: str | None = None, **headers: str) -> list[str]:
        """The topics of the cards that the answer shows."""
        answer = self.call(body, caller, **headers)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return [card["source"]["topic"]["code"] for card in answer.get_json()["cards"]]

    def tell(self, *events: Json, caller: str | None = None) -> TestResponse:
        return self.post(FEEDBACK, encoded({"feedback": list(events)}), caller)

    def rows(self, table: Table) -> list[Json]:
        return rows(self.memory.database, table)

    def recorded(self, calls: int) -> list[Json]:
        """The rows of that many calls, as soon as they are there."""
        until(lambda: len(self.rows(call)) >= calls)
        found = sorted(self.rows(call), key=lambda row: row["id"])
        assert len(found) == calls
        return found


def served(edition: Edition, memory: Memory, clock: Callable[[], datetime] = lambda: NOW, **members: Any) -> Service:
    """The service of a site file with these members."""
    settings = Settings(proxies=(ip_network("127.0.0.1"),), public_url="https://cds.example.org")
    own = dataclasses.replace(edition, site=site(**members))
    return Service(create_app(settings, own, clock, memory).test_client(), memory)


def suppressing(memory: Memory, clock: Callable[[], datetime] = lambda: NOW, key: bytes = KEY) -> Memory:
    """The same memory with suppression on, for a day."""
    return dataclasses.replace(memory, earlier=EarlierCards(memory.database, key, 24, None, clock))


@contextmanager
def remembering(request: pytest.FixtureRequest) -> Iterator[Memory]:
    """A memory on the backend ``request.param`` whose writer does not dawdle."""
    edition: Edition = request.getfixturevalue("edition")
    with pytest.MonkeyPatch.context() as patch, _url(request) as url:
        patch.setattr(audit, "_GATHER_SECONDS", 0.001)
        patch.setattr(audit, "_RETRY_SECONDS", 0.02)
        memory = Memory.open(Settings(database_url=url), edition.site.suppression)
        try:
            yield memory
        finally:
            memory.close(10)


@contextmanager
def _url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        folder = request.getfixturevalue("tmp_path_factory").mktemp("memory")
        yield f"sqlite:///{folder / 'cds.sqlite3'}"
    else:
        with postgresql_database(request.getfixturevalue("postgresql")) as url:
            yield url


def emptied(memory: Memory) -> Memory:
    """Nothing waits to be written, and nothing is in the tables."""
    if memory.audit._writer is not None:
        memory.audit.record(record(issuer=_SENTINEL))
        until(lambda: any(row["issuer"] == _SENTINEL for row in rows(memory.database, call)))
    with memory.database.engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    return memory


@contextmanager
def auditing(memory: Memory, size: int) -> Iterator[Memory]:
    """The same memory with a queue of its own."""
    own = Audit(memory.database, size)
    try:
        yield dataclasses.replace(memory, audit=own)
    finally:
        own.close(10)


def record(**changes: Any) -> CallRecord:
    """A call as it is queued to be written."""
    made = CallRecord(
        at=datetime.now(UTC),
        issuer="",
        tenant="",
        hook="order-sign",
        service="bone-modifying-agents",
        fhir_version="R4",
        profile="generic",
        duration_ms=1.0,
        status=200,
        outcome="no-cards",
        knowledge="k",
    )
    return dataclasses.replace(made, **changes)


def rows(database: Database, table: Table) -> list[Json]:
    with database.engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def dump(database: Database) -> str:
    """Every column of every table as text."""
    values = (value for table in metadata.sorted_tables for row in rows(database, table) for value in row.values())
    return "\n".join(value.hex() if isinstance(value, bytes) else str(value) for value in values)


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def nowhere(folder: Path, *, sqlite: bool) -> Database:
    """A database that cannot be reached."""
    # A folder is no file; nobody listens on port 1.
    url = f"sqlite:///{folder}" if sqlite else "postgresql://cds@127.0.0.1:1/cds"
    return Database(parse_url(url))


@contextmanager
def without(memory: Memory, table: Table) -> Iterator[None]:
    """While this lasts the table is not there."""
    _rename(memory.database, table.name, "away")
    try:
        yield
    finally:
        _rename(memory.database, "away", table.name)


def _rename(database: Database, old: str, new: str) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql(f'ALTER TABLE "{old}" RENAME TO "{new}"')


def issues(answer: TestResponse, status: int) -> list[Json]:
    """The issues of an OperationOutcome; each says what is wrong."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    body = answer.get_json()
    assert body["resourceType"] == "OperationOutcome"
    found: list[Json] = body["issue"]
    assert found
    assert all(issue["details"]["text"] for issue in found)
    return found
