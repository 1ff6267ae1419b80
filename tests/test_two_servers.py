"""Two servers on two ports with one PostgreSQL are one service; and what was answered is recorded before one stops."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from sqlalchemy import Select, and_, func, select, text

from cds_service import fixtures
from cds_service.base.clock import local_now
from cds_service.store import schema
from cds_service.store.engine import Database, parse_url
from cds_service.store.tables import call, card, feedback
from tests.build import SERVICE, Json
from tests.databases import postgresql_database
from tests.servers import Server, running

T = TypeVar("T")

ISSUER = "https://ehr.example.org/oauth2"
TENANT = "ward-7"
# Both servers stand behind this one address; nobody listens there.
PUBLIC = "http://127.0.0.1:9"
DISCOVERY = "/cds-services"
FEEDBACK = f"{SERVICE}/feedback"
KEY = ec.generate_private_key(ec.SECP384R1())
KEY_ID = "key-1"
SITUATION = "zoledronic-acid-dose-above-row"
TOPIC = "bisphosphonate-renal-dose"
PATIENCE_SECONDS = 60  # a machine may be busy
BOTH_WAYS = pytest.mark.parametrize(("first", "second"), [(0, 1), (1, 0)], ids=["one then other", "other then one"])


def token(path: str) -> str:
    """A new token for a call of ``path``."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": PUBLIC + path, "iat": now, "exp": now + 300, "jti": str(uuid.uuid4())}
    return jwt.encode(claims | {"tenant": TENANT}, KEY, algorithm="ES384", headers={"kid": KEY_ID})


def site(folder: Path) -> Path:
    """A site file of one client and its keys, with suppression on."""
    public = json.loads(ECAlgorithm.to_jwk(KEY.public_key()))
    (folder / "keys.json").write_text(json.dumps({"keys": [public | {"kid": KEY_ID, "use": "sig", "alg": "ES384"}]}))
    entry = {"name": "main EHR", "issuer": ISSUER, "keys": {"jwks_file": "keys.json"}}
    (folder / "site.yaml").write_text(json.dumps({"clients": [entry], "suppression": {"hours": 24}}))
    return folder / "site.yaml"


def eventually(look: Callable[[], T], enough: Callable[[T], bool] = bool) -> T:
    """What is seen once it is enough; else what was last seen, for an assertion to show."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not enough(seen := look()) and time.monotonic() < end:
        time.sleep(0.05)
    return seen


@dataclass
class Pair:
    """The two servers and their database."""

    servers: tuple[Server, ...]
    database: Database
    waited: int = 0  # servers that waited at the same moment to make the tables

    def rows(self, query: Select[Any]) -> list[Any]:
        with self.database.engine.connect() as connection:
            return list(connection.execute(query))

    def post(self, number: int, path: str, body: Json) -> tuple[int, Json]:
        """A call of one of the servers, with a token of its own."""
        status, answer = self.servers[number].ask("POST", path, json.dumps(body).encode(), token(path))
        return status, json.loads(answer)

    def shown(self, number: int, visit: Visit) -> dict[str, str]:
        """What one of the servers shows: topic → uuid of the card."""
        status, answer = self.post(number, SERVICE, visit.request())
        assert status == 200, answer
        return {each["source"]["topic"]["code"]: each["uuid"] for each in answer["cards"]}

    def outcomes(self, name: str) -> list[str]:
        """What the record says became of the card: shown, suppressed."""
        return [row.outcome for row in self.rows(select(card.c.outcome).where(card.c.uuid == uuid.UUID(name)))]


@dataclass
class Visit:
    """A user who signs the order of the situation for a patient of this visit; every call is a new hookInstance."""

    user: str = "Practitioner/first"
    patient: str = field(default_factory=lambda: f"patient-{uuid.uuid4()}")

    def request(self) -> Json:
        situation = fixtures.load(SITUATION)
        told = json.loads(situation.request)["context"]["patientId"]
        body: Json = json.loads(situation.request_at(local_now()).decode().replace(told, self.patient))
        body["hookInstance"] = str(uuid.uuid4())
        body["context"]["userId"] = self.user
        return body


def overridden(name: str) -> Json:
    """Feedback: this card was overridden just now."""
    reason = {"reason": {"code": "risk-benefit-ratio"}}
    now = datetime.now(UTC).isoformat()
    return {"feedback": [{"card": name, "outcome": "overridden", "outcomeTimestamp": now, "overrideReason": reason}]}


def waiting(database: Database) -> int:
    """Sessions that wait to make the tables."""
    asked = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
    with database.engine.connect() as connection:
        mine = f"{asked} WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
        found: int = connection.scalar(text(mine))
        return found


@pytest.fixture(scope="module")
def pair(postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both started at once on an empty database: both see no tables, and go to make them at the same moment."""
    folder = tmp_path_factory.mktemp("site")
    with ExitStack() as stack:
        url = stack.enter_context(postgresql_database(postgresql))
        database = Database(parse_url(url))
        stack.callback(database.close)
        environ = {
            "CDS_DATABASE_URL": url,
            "CDS_SITE_FILE": str(site(folder)),
            "CDS_PUBLIC_URL": PUBLIC,
            "CDS_HASH_KEY": "made up for tests, " * 2,
            "WORKERS": "1",
        }
        with database.engine.begin() as connection:
            # They wait here for each other: who comes second finds the tables that the first has made.
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": schema._ADVISORY_LOCK})
            made = Pair((Server(environ), Server(environ)), database)
            for server in made.servers:
                stack.callback(server.stop)
            made.waited = eventually(lambda: waiting(database), lambda count: count == 2)
        for server in made.servers:
            server.wait()
        yield made


def test_two_servers_that_start_at_once_on_an_empty_database_make_its_tables_once(pair: Pair) -> None:
    assert pair.waited == 2, "they no longer wait for each other"
    assert schema.revision(pair.database) == schema.newest()
    assert [server.ask("GET", "/health")[0] for server in pair.servers] == [200, 200]


@BOTH_WAYS
def test_a_token_used_on_one_server_is_refused_on_the_other(pair: Pair, first: int, second: int) -> None:
    used = token(DISCOVERY)
    assert pair.servers[first].ask("GET", DISCOVERY, token=used)[0] == 200
    assert pair.servers[second].ask("GET", DISCOVERY, token=used)[0] == 401
    assert pair.servers[second].ask("GET", DISCOVERY, token=token(DISCOVERY))[0] == 200


def test_a_token_sent_to_both_servers_at_once_is_accepted_by_one(pair: Pair) -> None:
    with ThreadPoolExecutor(len(pair.servers)) as pool:
        for _ in range(10):
            used = token(DISCOVERY)
            asked = [pool.submit(server.ask, "GET", DISCOVERY, token=used) for server in pair.servers]
            assert sorted(each.result()[0] for each in asked) == [200, 401]


@BOTH_WAYS
def test_feedback_sent_to_either_server_is_one_record(pair: Pair, first: int, second: int) -> None:
    name = str(uuid.uuid4())
    event = overridden(name)
    assert [pair.post(number, FEEDBACK, event)[0] for number in (first, second, first)] == [200, 200, 200]
    (row,) = pair.rows(select(feedback).where(feedback.c.card == uuid.UUID(name)))
    assert (row.issuer, row.tenant, row.outcome) == (ISSUER, TENANT, "overridden")


@BOTH_WAYS
def test_feedback_to_one_server_meets_the_card_that_the_other_has_shown(pair: Pair, first: int, second: int) -> None:
    name = pair.shown(first, Visit())[TOPIC]
    assert pair.post(second, FEEDBACK, overridden(name))[0] == 200
    same = and_(feedback.c.issuer == card.c.issuer, feedback.c.tenant == card.c.tenant, feedback.c.card == card.c.uuid)
    joined = select(card.c.topic, card.c.outcome, feedback.c.outcome, card.c.issuer, card.c.tenant).join(feedback, same)
    found = eventually(lambda: pair.rows(joined.where(card.c.uuid == uuid.UUID(name))))
    assert found == [(TOPIC, "shown", "overridden", ISSUER, TENANT)]


@BOTH_WAYS
def test_a_card_overridden_through_one_server_stays_away_on_the_other(pair: Pair, first: int, second: int) -> None:
    visit = Visit()
    before = pair.shown(second, visit)
    name = pair.shown(first, visit)[TOPIC]
    # It counts once the card itself is recorded.
    assert eventually(lambda: pair.outcomes(name)) == ["shown"]
    assert pair.post(first, FEEDBACK, overridden(name))[0] == 200

    assert pair.shown(second, visit).keys() == before.keys() - {TOPIC}
    same = select(card.c.sameness).where(card.c.uuid == uuid.UUID(name))
    suppressed = select(card.c.topic).where(card.c.outcome == "suppressed", card.c.sameness.in_(same))
    assert eventually(lambda: pair.rows(suppressed)) == [(TOPIC,)]
    assert TOPIC in pair.shown(second, Visit("Practitioner/second", visit.patient))
    assert TOPIC in pair.shown(second, Visit())


def test_calls_answered_just_before_sigterm_are_recorded_when_the_server_has_ended(database_url: str) -> None:
    body = json.dumps(Visit().request()).encode()
    with running({"CDS_DATABASE_URL": database_url, "WORKERS": "2"}) as (server,):
        answers = [server.ask("POST", SERVICE, body) for _ in range(10)]
        assert server.stop() == 0
    assert [status for status, _ in answers] == [200] * 10
    shown = sum(len(json.loads(answer)["cards"]) for _, answer in answers)
    database = Database(parse_url(database_url))
    try:
        with database.engine.connect() as connection:
            counts = [connection.scalar(select(func.count()).select_from(table)) for table in (call, card)]
    finally:
        database.close()
    assert counts == [10, shown]
