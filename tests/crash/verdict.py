"""What the database holds after a kill, compared with the book of what was sent."""

from __future__ import annotations

import shutil
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path

from clients import Batch, Book, Event  # beside this file
from sqlalchemy import select, text

from cds_service.store.engine import Database, parse_url
from cds_service.store.tables import feedback, feedback_reason, feedback_suggestion

_PATIENCE_SECONDS = 10.0
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
)


@dataclass
class Stored:
    """Every event in the database, as many times as it is there."""

    events: dict[uuid.UUID, list[Event]]
    orphans: int  # reasons and suggestions of no event


@dataclass
class Verdict:
    """What is wrong, by name: cards, batches or rows. All empty: nothing is."""

    lost: set[uuid.UUID] = field(default_factory=set)  # acknowledged, and not there
    doubled: set[uuid.UUID] = field(default_factory=set)
    torn: set[Batch] = field(default_factory=set)  # there in part
    incomplete: set[uuid.UUID] = field(default_factory=set)  # there without its reasons, suggestions or time
    never_sent: set[object] = field(default_factory=set)
    unknown_stored: int = 0  # events whose batch got no answer
    unknown_not_stored: int = 0

    def look(self, book: Book, stored: Stored, before: set[uuid.UUID]) -> None:
        """After a life of the server; ``before``: the cards that were there when it began."""
        there = stored.events
        self.lost |= book.acknowledged - there.keys()
        self.never_sent |= there.keys() - book.events.keys()
        self.never_sent |= {f"part {number}" for number in range(stored.orphans)}
        for card, found in there.items():
            if len(found) > 1:
                self.doubled.add(card)
            if any(event != book.events.get(card, event) for event in found):
                self.incomplete.add(card)
        self._batches(book, stored, before)

    def _batches(self, book: Book, stored: Stored, before: set[uuid.UUID]) -> None:
        """A batch that brought one event brought all of them. What another batch brought too proves nothing of it."""
        carriers: defaultdict[uuid.UUID, int] = defaultdict(int)
        for batch, _ in book.life:
            for card in {event.card for event in batch}:
                carriers[card] += 1
        for batch, status in book.life:
            cards = {event.card for event in batch}
            own = {card for card in cards - before if carriers[card] == 1}
            brought = own & stored.events.keys()
            if brought and not cards <= stored.events.keys():
                self.torn.add(batch)
            if status == 0:
                self.unknown_stored += len(brought)
                self.unknown_not_stored += len(own - brought)

    def wrong(self) -> list[str]:
        """What there is of each kind, in words."""
        names = [each.name for each in fields(self) if each.type.startswith("set")]
        return [f"{len(getattr(self, name))} {name.replace('_', ' ')}" for name in names]

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.torn or self.incomplete or self.never_sent)


def read(url: str) -> Stored:
    """What the killed server has left, without touching it: the next server finds it as it was."""
    with _as_it_lies(url) as database, database.engine.connect() as connection:
        reasons: defaultdict[bytes, set[str]] = defaultdict(set)
        for digest, code in connection.execute(select(feedback_reason)):
            reasons[digest].add(code)
        suggestions: defaultdict[bytes, set[uuid.UUID]] = defaultdict(set)
        for digest, suggestion in connection.execute(select(feedback_suggestion)):
            suggestions[digest].add(suggestion)
        events: defaultdict[uuid.UUID, list[Event]] = defaultdict(list)
        columns = feedback.c
        for digest, card, outcome, at in connection.execute(
            select(columns.digest, columns.card, columns.outcome, columns.outcome_at)
        ):
            parts = frozenset(reasons.pop(digest, ())), frozenset(suggestions.pop(digest, ()))
            events[card].append(Event(card, outcome, at, *parts))
    return Stored(dict(events), len(reasons) + len(suggestions))


@contextmanager
def _as_it_lies(url: str) -> Iterator[Database]:
    """The database once nobody writes to it. Of SQLite a copy is read: reading would tidy up after the crash."""
    parsed = parse_url(url)
    with tempfile.TemporaryDirectory() as folder:
        if parsed.get_backend_name() == "sqlite":
            assert parsed.database is not None
            for name in (parsed.database, f"{parsed.database}-wal"):
                if Path(name).exists():
                    shutil.copy(name, folder)
            parsed = parsed.set(database=str(Path(folder) / Path(parsed.database).name))
        database = Database(parsed)
        try:
            _wait_for_others(database)
            yield database
        finally:
            database.close()


def _wait_for_others(database: Database) -> None:
    """PostgreSQL finishes what it was told before it sees that the client is dead."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not database.is_sqlite:
        with database.engine.connect() as connection:
            if connection.scalar(_OTHERS) == 0:
                return
        if time.monotonic() > end:
            raise RuntimeError("PostgreSQL still serves the killed server")
        time.sleep(0.02)
