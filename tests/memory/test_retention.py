"""Retention: what is older than a site wants to keep goes, with all that belongs to it, and nothing else does."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from cds_service.call.feedback import Feedback
from cds_service.deliver.issue import Issued
from cds_service.edition import Edition
from cds_service.store import audit, retention
from cds_service.store.memory import Memory
from cds_service.store.reactions import keep
from cds_service.store.retention import Purged, count, purge
from cds_service.store.tables import call, card, feedback, feedback_reason, feedback_suggestion, loss
from cds_service.trust.gate import Identity
from tests.commands import run
from tests.databases import BACKENDS
from tests.memory.build import emptied, record, remembering, rows

LIMIT = datetime(2026, 3, 2, 9, tzinfo=UTC)
BEFORE = LIMIT - timedelta(microseconds=1)
EAST, WEST = "https://east.example", "https://west.example"


@pytest.fixture(scope="module", params=BACKENDS)
def memory(request: pytest.FixtureRequest) -> Iterator[Memory]:
    with remembering(request) as made:
        yield made


@pytest.fixture
def store(memory: Memory) -> Memory:
    return emptied(memory)


def kept(memory: Memory, when: datetime, issuer: str = EAST, number: int = 1, comment: str | None = "said") -> None:
    """That many calls with two cards each, and as many feedback events with reason, suggestion and comment."""
    cards = tuple(Issued(uuid.uuid4(), "denosumab-dose", "warning", "shown") for _ in range(2))
    with memory.database.engine.begin() as connection:
        audit._insert(connection, [record(at=when, issuer=issuer, cards=cards)] * number)
    events = [
        Feedback(uuid.uuid4(), "overridden", when, (uuid.uuid4(),), ("need-more-info",), None, comment)
        for _ in range(number)
    ]
    assert keep(memory.database, events, Identity(issuer), "s", when).new == number


def lost(memory: Memory, when: datetime) -> None:
    with memory.database.engine.begin() as connection:
        connection.execute(insert(loss).values(at=when, calls=1))


def sizes(memory: Memory) -> Sequence[int]:
    """Rows of calls, cards, feedback, reasons, suggestions, losses; feedback with a comment."""
    tables = (call, card, feedback, feedback_reason, feedback_suggestion, loss)
    commented = [row for row in rows(memory.database, feedback) if row["comment"] is not None]
    return (*(len(rows(memory.database, table)) for table in tables), len(commented))


def test_what_is_older_goes_with_all_that_belongs_to_it(store: Memory) -> None:
    for when in (BEFORE, LIMIT):
        kept(store, when)
        lost(store, when)
    assert sizes(store) == (2, 4, 2, 2, 2, 2, 2)
    assert purge(store.database, LIMIT) == Purged(calls=1, feedback=1, comments=1)
    assert sizes(store) == (1, 2, 1, 1, 1, 1, 1)
    assert {row["at"] for row in rows(store.database, call)} == {LIMIT}
    assert {row["received_at"] for row in rows(store.database, feedback)} == {LIMIT}
    assert purge(store.database, LIMIT) == Purged(0, 0, 0)


def test_the_age_of_feedback_is_when_it_came_in(store: Memory) -> None:
    ahead = Feedback(uuid.uuid4(), "overridden", LIMIT + timedelta(days=9999))
    keep(store.database, [ahead], Identity(), "s", BEFORE)
    assert purge(store.database, LIMIT).feedback == 1


def test_one_issuers_rows_go_and_the_others_stay(store: Memory) -> None:
    for issuer in (EAST, WEST, ""):
        kept(store, BEFORE, issuer)
    lost(store, BEFORE)
    assert purge(store.database, LIMIT, EAST) == Purged(1, 1, 1)
    assert {row["issuer"] for table in (call, card, feedback) for row in rows(store.database, table)} == {WEST, ""}
    assert sizes(store) == (2, 4, 2, 2, 2, 1, 2), "a loss is nobody's"
    assert purge(store.database, LIMIT, "") == Purged(1, 1, 1)
    assert {row["issuer"] for table in (call, card, feedback) for row in rows(store.database, table)} == {WEST}


def test_comments_alone_can_go(store: Memory) -> None:
    kept(store, BEFORE)
    kept(store, BEFORE, WEST)
    kept(store, LIMIT)
    kept(store, BEFORE, comment=None)
    assert purge(store.database, LIMIT, EAST, comments_only=True) == Purged(0, 0, 1)
    assert sizes(store) == (4, 8, 4, 4, 4, 0, 2)


@pytest.mark.parametrize("number", [5, 6, 7])
def test_more_than_one_portion_goes_whole(store: Memory, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(retention, "_CHUNK", 3)
    kept(store, BEFORE, number=number)
    kept(store, LIMIT)
    assert purge(store.database, LIMIT) == Purged(number, number, number)
    assert sizes(store) == (1, 2, 1, 1, 1, 0, 1)


@pytest.mark.parametrize("issuer", [None, EAST])
def test_counting_says_what_would_go_and_leaves_it(store: Memory, issuer: str | None) -> None:
    kept(store, BEFORE, EAST, 2)
    kept(store, BEFORE, WEST, comment=None)
    kept(store, LIMIT)
    before = sizes(store)
    said = count(store.database, LIMIT, issuer)
    assert sizes(store) == before
    assert purge(store.database, LIMIT, issuer) == said


# The command


@pytest.fixture
def configured(store: Memory, edition: Edition, monkeypatch: pytest.MonkeyPatch) -> Memory:
    url = store.database.url.render_as_string(hide_password=False)
    monkeypatch.setattr("os.environ", {"CDS_DATABASE_URL": url})
    now = datetime.now(UTC)
    kept(store, now - timedelta(days=31))
    kept(store, now - timedelta(days=31), WEST)
    kept(store, now - timedelta(days=29))
    return store


@pytest.mark.parametrize(
    ("options", "said", "left"),
    [
        ([], "deleted: 2 calls with their cards, 2 feedback events, 2 comments", (1, 1, 1)),
        (["--issuer", WEST], "deleted: 1 calls with their cards, 1 feedback events, 1 comments", (2, 2, 2)),
        (["--comments-only"], "deleted: 2 comments", (3, 3, 1)),
        (["--dry-run"], "would be deleted: 2 calls with their cards, 2 feedback events, 2 comments", (3, 3, 3)),
        (["--dry-run", "--comments-only"], "would be deleted: 2 comments", (3, 3, 3)),
    ],
    ids=["all", "issuer", "comments", "dry run", "dry run of comments"],
)
def test_the_command_says_what_it_deleted(
    configured: Memory, options: list[str], said: str, left: tuple[int, ...]
) -> None:
    result = run("purge", "--older-than", "30", *options)
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"{said} (before ")
    calls, _, events, _, _, _, comments = sizes(configured)
    assert (calls, events, comments) == left


def test_older_than_nothing_is_everything(configured: Memory) -> None:
    assert run("purge", "--older-than", "0").exit_code == 0
    assert sizes(configured) == (0,) * 7


@pytest.mark.parametrize("days", [["--older-than", "-1"], ["--older-than", "x"], []])
def test_without_a_number_of_days_nothing_is_deleted(configured: Memory, days: list[str]) -> None:
    before = sizes(configured)
    assert run("purge", *days).exit_code == 2
    assert sizes(configured) == before


@pytest.mark.parametrize("days", ["1000000", "99999999999"])
def test_more_days_than_there_were_are_no_fault(configured: Memory, days: str) -> None:
    result = run("purge", "--older-than", days)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert sizes(configured)[0] == 3
