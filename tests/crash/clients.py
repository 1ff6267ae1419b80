"""Clients that post feedback as fast as they can, and the book of what they sent and what was acknowledged."""

from __future__ import annotations

import http.client
import json
import uuid
from collections import Counter, deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Lock, Thread

PATH = "/cds-services/bone-modifying-agents/feedback"
CLIENTS = 8
MOST_EVENTS = 5
_REASONS = ("need-more-info", "patient-refuses", "expert-contradicts", "risk-benefit-ratio", "recipient-does-not-trust")
_START = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Event:
    """One event of feedback; its card is its name."""

    card: uuid.UUID
    outcome: str
    at: datetime
    reasons: frozenset[str]
    suggestions: frozenset[uuid.UUID]

    @classmethod
    def made(cls, rng: Random) -> Event:
        outcome = rng.choice(("accepted", "overridden"))
        reasons = rng.sample(_REASONS, rng.randint(0, 3)) if outcome == "overridden" else []
        suggestions = [_uuid(rng) for _ in range(rng.randint(1, 3))] if outcome == "accepted" else []
        at = _START + timedelta(milliseconds=rng.randrange(10**9))
        return cls(_uuid(rng), outcome, at, frozenset(reasons), frozenset(suggestions))

    def as_json(self) -> dict[str, object]:
        body: dict[str, object] = {
            "card": str(self.card),
            "outcome": self.outcome,
            "outcomeTimestamp": self.at.isoformat(),
        }
        if self.reasons:
            body["overrideReasons"] = [{"reason": {"code": code}} for code in sorted(self.reasons)]
        if self.suggestions:
            body["acceptedSuggestions"] = [{"id": str(each)} for each in sorted(self.suggestions)]
        return body


Batch = tuple[Event, ...]


def _uuid(rng: Random) -> uuid.UUID:
    return uuid.UUID(int=rng.getrandbits(128), version=4)


class Book:
    """What was sent, and what became of it. A client owes every event until it is acknowledged."""

    def __init__(self) -> None:
        self.events: dict[uuid.UUID, Event] = {}
        self.acknowledged: set[uuid.UUID] = set()
        self.answers: Counter[int] = Counter()  # by HTTP status; 0: none came
        self.life: list[tuple[Batch, int]] = []  # since the last start of the server, with the answer
        self._owed: deque[Batch] = deque()
        self._recent: deque[Event] = deque(maxlen=3 * CLIENTS)
        self._lock = Lock()

    def next(self, rng: Random) -> Batch:
        """What a client sends next: what is owed as it was; else new events, some beside events sent before or just
        now by another client; at times nothing but those."""
        with self._lock:
            if self._owed:
                return self._owed.popleft()
            again = rng.sample(self._recent, rng.randint(1, 2)) if len(self._recent) > 1 and rng.random() < 0.2 else []
            fresh = rng.randint(0 if again else 1, MOST_EVENTS - len(again))
            batch = [*(Event.made(rng) for _ in range(fresh)), *again]
            rng.shuffle(batch)
            self._recent.extend(batch[:1])
            self.events |= {event.card: event for event in batch}
            return tuple(batch)

    def note(self, batch: Batch, status: int) -> None:
        with self._lock:
            self.life.append((batch, status))
            self.answers[status] += 1
            if status == 200:
                self.acknowledged |= {event.card for event in batch}

    def put_back(self, batch: Batch) -> None:
        """It never left."""
        with self._lock:
            self._owed.append(batch)

    def restart(self) -> None:
        """A new life of the server: what was not acknowledged in the last one is sent again."""
        self._owed.extend(batch for batch, status in self.life if status != 200)
        self.life = []

    @property
    def owed(self) -> int:
        return len(self._owed)


def post(connection: http.client.HTTPConnection, batch: Batch) -> int:
    """The status, once the answer has arrived to its last byte; 0 when it has not: nobody knows what became of it."""
    body = json.dumps({"feedback": [event.as_json() for event in batch]})
    try:
        connection.request("POST", PATH, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return 0
    return response.status


def _client(port: int, book: Book, rng: Random) -> None:
    """Until nobody listens any more."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    while True:
        batch = book.next(rng)
        if connection.sock is None:
            try:
                connection.connect()
            except OSError:
                book.put_back(batch)
                return
        book.note(batch, post(connection, batch))


def start(port: int, book: Book, seed: str) -> list[Thread]:
    """The clients, at work; each ends when the server is gone."""
    threads = [Thread(target=_client, args=(port, book, Random(f"{seed}/{n}"))) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    return threads


def settle(port: int, book: Book, attempts: int = 3) -> None:
    """Send what is owed, without anything else going on, each at most ``attempts`` times."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    book.restart()
    for batch in [book.next(Random(0)) for _ in range(book.owed)]:
        for _ in range(attempts):
            status = post(connection, batch)
            book.note(batch, status)
            if status == 200:
                break
    connection.close()
