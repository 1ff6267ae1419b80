"""``POST /cds-services/{id}/feedback``: what is taken, what is refused, and what is then in the store."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, and_, select

from cds_service.call.feedback import UNRECOGNISED, Feedback
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store.memory import Memory
from cds_service.store.reactions import keep
from cds_service.store.tables import card, feedback, feedback_reason, feedback_suggestion
from cds_service.trust.gate import Identity
from cds_service.web.app import create_app
from tests.build import NOW, SERVICE, Json, encoded
from tests.databases import BACKENDS
from tests.memory.build import (
    CARD,
    CLIENTS,
    DOSE,
    FEEDBACK,
    SYSTEM,
    Service,
    dump,
    emptied,
    event,
    issues,
    low,
    nowhere,
    remembering,
    served,
    without,
)

MARK = "Zzyzx"
OTHERS = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222")
SUGGESTIONS = ("e56e1945-20b3-4393-8503-a1a20fd73152", "a2c3d4e5-0000-4000-8000-0000000000ff")
WRONG_ADVICE = "recipient-does-not-trust"
# The examples of the CDS Hooks specification, "Feedback", with reasons of its own made-up code system.
ACCEPTED = {
    "card": CARD,
    "outcome": "accepted",
    "acceptedSuggestions": [{"id": SUGGESTIONS[0]}],
    "outcomeTimestamp": "2020-12-11T20:12:13Z",
}
OVERRIDDEN = {
    "card": "f6b95768-b1c8-40dc-8385-bf3504b82ffb",
    "outcome": "overridden",
    "outcomeTimestamp": "2020-12-11T20:12:13Z",
}
WITH_REASON = OVERRIDDEN | {
    "overrideReason": {
        "reason": {"code": "d7ecf885", "system": "https://example.com/cds-hooks/override-reason-system"},
        "userComment": "clinician entered comment",
    }
}


@pytest.fixture(scope="module", params=BACKENDS)
def memory(request: pytest.FixtureRequest) -> Iterator[Memory]:
    with remembering(request) as made:
        yield made


@pytest.fixture
def service(edition: Edition, memory: Memory) -> Service:
    return served(edition, emptied(memory))


def reasons(service: Service) -> list[str]:
    return sorted(row["code"] for row in service.rows(feedback_reason))


def overridden(code: str | None = WRONG_ADVICE, system: str | None = SYSTEM, **members: Any) -> Json:
    return event(overrideReason={"reason": {"code": code, "system": system}, **members})


# The shape of the specification


@pytest.mark.parametrize(
    ("sent", "outcome", "suggestions", "stored_reasons"),
    [
        (ACCEPTED, "accepted", [SUGGESTIONS[0]], []),
        (OVERRIDDEN, "overridden", [], []),
        (WITH_REASON, "overridden", [], [UNRECOGNISED]),
    ],
    ids=["accepted with suggestion", "overridden", "overridden with reason and comment"],
)
def test_the_examples_of_the_specification_are_stored(
    service: Service, sent: Json, outcome: str, suggestions: list[str], stored_reasons: list[str]
) -> None:
    answer = service.tell(sent)
    assert (answer.status_code, answer.get_json()) == (200, {})
    (row,) = service.rows(feedback)
    assert (str(row["card"]), row["outcome"], row["service"]) == (sent["card"], outcome, "bone-modifying-agents")
    assert row["outcome_at"] == datetime(2020, 12, 11, 20, 12, 13, tzinfo=UTC)
    assert [str(each["suggestion"]) for each in service.rows(feedback_suggestion)] == suggestions
    assert reasons(service) == stored_reasons


def test_a_batch_is_stored_whole(service: Service) -> None:
    batch = [event(), event(card=OTHERS[0]), ACCEPTED | {"card": OTHERS[1]}]
    assert service.tell(*batch).status_code == 200
    assert {str(row["card"]) for row in service.rows(feedback)} == {CARD, *OTHERS}


def test_the_largest_batch_is_taken_and_one_more_is_refused(service: Service) -> None:
    many = [event(card=str(uuid.UUID(int=number))) for number in range(1001)]
    assert issues(service.tell(*many), 400)[0]["expression"] == ["feedback"]
    assert service.rows(feedback) == []
    assert service.tell(*many[:1000]).status_code == 200
    assert len(service.rows(feedback)) == 1000


def test_members_the_specification_does_not_know_are_ignored(service: Service) -> None:
    assert service.tell(event(vendor={"x": [1]})).status_code == 200
    assert len(service.rows(feedback)) == 1


@pytest.mark.parametrize("media", ["application/json", "application/fhir+json", "application/json; charset=utf-8"])
def test_both_media_types_are_taken(service: Service, media: str) -> None:
    assert service.post(FEEDBACK, encoded({"feedback": [event()]}), Content_Type=media).status_code == 200


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2026-03-02T16:11:13+08:00", datetime(2026, 3, 2, 8, 11, 13, tzinfo=UTC)),
        ("2026-03-01T23:41:13.250-08:30", datetime(2026, 3, 2, 8, 11, 13, 250_000, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_moment_is_stored_as_utc(service: Service, sent: str, stored: datetime) -> None:
    assert service.tell(event(outcomeTimestamp=sent)).status_code == 200
    # Looked for instead of read: a driver may show it in the zone of its session, where year 1 has no place.
    with service.memory.database.engine.connect() as connection:
        found = connection.scalars(select(feedback.c.card).where(feedback.c.outcome_at == stored)).all()
    assert [str(each) for each in found] == [CARD]


# What is refused, and changes nothing


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (ACCEPTED | {"acceptedSuggestions": []}, "acceptedSuggestions"),
        ({k: v for k, v in ACCEPTED.items() if k != "acceptedSuggestions"}, "acceptedSuggestions"),
        (ACCEPTED | {"acceptedSuggestions": [{"id": SUGGESTIONS[0]}, {"id": MARK}]}, "acceptedSuggestions[1].id"),
        (ACCEPTED | {"acceptedSuggestions": [{"uuid": SUGGESTIONS[0]}]}, "acceptedSuggestions[0].id"),
        (event(card=MARK), "card"),
        (event(card=7), "card"),
        (event(card=None), "card"),
        ({k: v for k, v in event().items() if k != "card"}, "card"),
        (event(outcome="ignored"), "outcome"),
        (event(outcome=MARK), "outcome"),
        (event(outcome=None), "outcome"),
        ({k: v for k, v in event().items() if k != "outcomeTimestamp"}, "outcomeTimestamp"),
        (event(outcomeTimestamp="2026-03-02T08:11:13"), "outcomeTimestamp"),
        (event(outcomeTimestamp="2026-03-02"), "outcomeTimestamp"),
        (event(outcomeTimestamp=MARK), "outcomeTimestamp"),
        (event(outcomeTimestamp=1_772_000_000), "outcomeTimestamp"),
        (event(outcomeTimestamp="0001-01-01T00:00:00+14:00"), "outcomeTimestamp"),
        (event(outcomeTimestamp="9999-12-31T23:59:59-14:00"), "outcomeTimestamp"),
        (event(outcomeTimestamp="2016-12-31T23:59:60Z"), "outcomeTimestamp"),
        (event(outcomeTimestamp="10000-01-01T00:00:00Z"), "outcomeTimestamp"),
        (event(outcomeTimestamp="0000-01-01T00:00:00Z"), "outcomeTimestamp"),
        (event(outcomeTimestamp="2026-02-29T00:00:00Z"), "outcomeTimestamp"),
        (event(overrideReason={}), "overrideReason"),
        (event(overrideReason=[MARK]), "overrideReason"),
        (event(overrideReason={"reason": MARK}), "overrideReason.reason"),
        (event(overrideReason={"userComment": "x" * 4001}), "overrideReason.userComment"),
        (event(overrideReasons=[{"userComment": "a"}, {"userComment": "x" * 4001}]), "overrideReasons[1].userComment"),
        (event(overrideReasons={"userComment": "x" * 4001}), "overrideReasons.userComment"),
        (event(overrideReasons=[{"code": "x" * 1001}]), "overrideReasons[0]"),
        (event(overrideReason={"reason": {"code": "x", "system": "x" * 1001}}), "overrideReason"),
        (event(overrideReasons=[{"userComment": "a"}] * 21), ""),
        (event(overrideReasons=[{"system": SYSTEM}]), "overrideReasons[0]"),
        (MARK, ""),
    ],
    ids=str,
)
def test_one_wrong_event_refuses_the_batch_and_says_where(service: Service, wrong: Json, where: str) -> None:
    answer = service.tell(event(card=OTHERS[0]), wrong, event(card=OTHERS[1]))
    (issue,) = issues(answer, 400)
    assert issue["expression"] == [f"feedback[1].{where}".rstrip(".")]
    assert MARK not in answer.get_data(as_text=True)
    assert service.rows(feedback) == []


@pytest.mark.parametrize(
    "card", ["0x0a3a1e-3283-4575-ab82-028d55fe2719", "4e0a3a1e_3283_4575_ab82_028d55fe", f"+{'1' * 31}"]
)
def test_what_only_resembles_a_uuid_is_refused(service: Service, card: str) -> None:
    assert issues(service.tell(event(card=card)), 400)[0]["expression"] == ["feedback[0].card"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b'"text"', b"{}", b'{"feedback": null}', b'{"feedback": {}}', b'{"feedback": []}',
        b'{"feedback": NaN}', b"\xff\xfe", b'{"feedback":' + b"[" * 100_000, b'{"x":' + b'{"a":' * 5000,
        encoded({"feedback": [event()]})[:-2],
        json.dumps({"feedback": [event(overrideReason={"userComment": MARK})]}).replace(MARK, "\\ud800").encode(),
        json.dumps({"feedback": [event(overrideReason={"userComment": MARK})]}).replace(MARK, "\\udc00x").encode(),
        b'{"feedback": [' + encoded(event()) + b'], "x": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
    ids=[
        "empty", "cut", "null", "list", "text", "no feedback", "feedback null", "feedback object", "no event", "nan",
        "utf16", "deep", "deep object", "cut event", "lone high surrogate", "lone low surrogate", "deep beside",
    ],
)  # fmt: skip
def test_what_is_no_feedback_is_a_400_that_points_at_something(service: Service, body: bytes) -> None:
    (issue,) = issues(service.post(FEEDBACK, body), 400)
    assert issue["expression"][0]
    assert service.rows(feedback) == []


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_media_type_is_a_415_and_stores_nothing(service: Service, media: str) -> None:
    (issue,) = issues(service.post(FEEDBACK, encoded({"feedback": [event()]}), Content_Type=media), 415)
    assert "application/json" in issue["details"]["text"]
    assert service.rows(feedback) == []


def test_feedback_for_an_unknown_service_is_a_404_that_lists_those_there_are(service: Service) -> None:
    answer = service.post(f"/cds-services/{MARK}/feedback", encoded({"feedback": [event()]}))
    (issue,) = issues(answer, 404)
    assert "bone-modifying-agents" in issue["details"]["text"]
    assert MARK not in answer.get_data(as_text=True)
    assert service.rows(feedback) == []


def test_a_repeated_key_is_one_event_or_none_and_never_a_fault(service: Service) -> None:
    body = encoded({"feedback": [event()]}).replace(b'"outcome":', b'"outcome": "ignored", "outcome":')
    status = service.post(FEEDBACK, body).status_code
    assert status in (200, 400)
    assert len(service.rows(feedback)) == (1 if status == 200 else 0)


# Repeats


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (event(), event()),
        (event(), event(outcomeTimestamp="2026-03-02T16:11:13+08:00")),
        (event(), event(card=CARD.upper())),
        (
            ACCEPTED | {"acceptedSuggestions": [{"id": each} for each in SUGGESTIONS]},
            ACCEPTED | {"acceptedSuggestions": [{"id": each} for each in reversed(SUGGESTIONS)]},
        ),
        (
            event(overrideReasons=[{"code": WRONG_ADVICE}, {"code": "need-more-info"}]),
            event(overrideReasons=[{"code": "need-more-info"}, {"code": WRONG_ADVICE}]),
        ),
    ],
    ids=["identical", "another zone", "upper case", "suggestions in another order", "reasons in another order"],
)
def test_the_same_event_twice_is_one(service: Service, first: Json, second: Json) -> None:
    assert service.tell(first, second).status_code == 200
    assert len(service.rows(feedback)) == 1
    assert service.tell(second).status_code == 200
    assert service.tell(first).status_code == 200
    assert len(service.rows(feedback)) == 1


@pytest.mark.parametrize(
    "other",
    [
        event(card=OTHERS[0]),
        event(outcomeTimestamp="2026-03-02T08:11:14Z"),
        event(outcomeTimestamp="2026-03-02T08:11:13.001Z"),
        overridden(),
        ACCEPTED | {"card": CARD, "outcomeTimestamp": "2026-03-02T08:11:13Z"},
    ],
    ids=["card", "second", "millisecond", "reason", "outcome"],
)
def test_what_differs_in_anything_is_another_event(service: Service, other: Json) -> None:
    assert service.tell(event()).status_code == 200
    assert service.tell(other).status_code == 200
    assert len(service.rows(feedback)) == 2


def test_the_same_batch_from_eight_threads_is_stored_once(edition: Edition, memory: Memory) -> None:
    service = served(edition, emptied(memory))
    batch = [overridden() | {"card": str(uuid.UUID(int=number))} for number in range(20)]

    def send(turn: int) -> int:
        own = Service(service.http.application.test_client(), memory)
        return own.tell(*(batch if turn % 2 else reversed(batch))).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send, range(16))) == {200}
    assert len(service.rows(feedback)) == len(service.rows(feedback_reason)) == 20


def test_the_same_event_of_two_callers_is_two(edition: Edition, memory: Memory) -> None:
    service = served(edition, emptied(memory), clients=CLIENTS)
    for caller in ("east", "west", "east"):
        assert service.tell(event(), caller=caller).status_code == 200
    assert sorted(row["issuer"] for row in service.rows(feedback)) == ["certificate:east", "certificate:west"]


def test_the_same_event_of_two_tenants_is_two(edition: Edition, memory: Memory) -> None:
    service = served(edition, emptied(memory))
    assert service.tell(event()).status_code == 200
    same = Feedback(uuid.UUID(CARD), "overridden", datetime(2026, 3, 2, 8, 11, 13, tzinfo=UTC))
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert keep(memory.database, [same], Identity(), "bone-modifying-agents", now).new == 0
    assert keep(memory.database, [same], Identity("", "clinic"), "bone-modifying-agents", now).new == 1
    assert keep(memory.database, [same], Identity("clinic", ""), "bone-modifying-agents", now).new == 1


# Reasons, comments, topics


@pytest.mark.parametrize(
    ("code", "system", "stored"),
    [
        (WRONG_ADVICE, SYSTEM, WRONG_ADVICE),
        (WRONG_ADVICE, None, WRONG_ADVICE),
        (WRONG_ADVICE, "https://other.example", UNRECOGNISED),
        (MARK, SYSTEM, UNRECOGNISED),
        (MARK, MARK, UNRECOGNISED),
        (WRONG_ADVICE.upper(), SYSTEM, UNRECOGNISED),
    ],
)
def test_a_reason_is_kept_as_a_code_of_ours_and_never_as_text(
    service: Service, code: str, system: str | None, stored: str
) -> None:
    assert service.tell(overridden(code, system, display=MARK)).status_code == 200
    assert reasons(service) == [stored]
    assert MARK not in dump(service.memory.database)


def test_a_site_maps_its_own_reasons(edition: Edition, memory: Memory) -> None:
    mapped = [
        {"code": "12", "system": "urn:oid:1.2.3", "reason": "need-more-info"},
        {"code": "99", "reason": WRONG_ADVICE},
    ]
    service = served(edition, emptied(memory), feedback={"reasons": mapped})
    sent = [("12", "urn:oid:1.2.3"), ("99", "urn:anything"), ("99", None), ("12", "urn:other")]
    for number, (code, system) in enumerate(sent):
        assert service.tell(overridden(code, system) | {"card": str(uuid.UUID(int=number))}).status_code == 200
    assert reasons(service) == ["need-more-info", WRONG_ADVICE, WRONG_ADVICE, UNRECOGNISED]


CODED = {"reason": {"code": WRONG_ADVICE, "system": SYSTEM}}


@pytest.mark.parametrize(
    ("members", "stored", "comment"),
    [
        ({"overrideReasons": [CODED | {"userComment": "a"}, {"reason": {"code": "need-more-info"}}]},
         ["need-more-info", WRONG_ADVICE], "a"),
        ({"overrideReasons": CODED | {"userComment": "a"}}, [WRONG_ADVICE], "a"),
        ({"overrideReasons": [{"code": WRONG_ADVICE, "system": SYSTEM}]}, [WRONG_ADVICE], None),
        ({"overrideReasons": {"code": WRONG_ADVICE, "system": SYSTEM, "display": "x"}}, [WRONG_ADVICE], None),
        ({"overrideReason": CODED, "overrideReasons": [CODED]}, [WRONG_ADVICE], None),
        ({"overrideReason": {"userComment": "a"}, "overrideReasons": [{"userComment": "b"}]}, [], "a\nb"),
        ({"overrideReason": {"userComment": "a"}, "overrideReasons": [{"userComment": "a"}]}, [], "a"),
        ({"overrideReasons": []}, [], None),
        ({"overrideReason": None, "overrideReasons": None}, [], None),
    ],
    ids=["list", "one", "bare codings", "bare coding", "both", "comments", "comment twice", "none", "null"],
)  # fmt: skip
def test_epics_override_reasons_are_read_in_every_shape(
    edition: Edition, memory: Memory, members: Json, stored: list[str], comment: str | None
) -> None:
    service = served(edition, emptied(memory), feedback={"comments": True})
    assert service.tell(event(**members)).status_code == 200
    assert reasons(service) == stored
    assert [row["comment"] for row in service.rows(feedback)] == [comment]


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("denosumabdose", "denosumab-dose"),
        ({"code": "denosumabdose", "system": "https://cds.example.org"}, "denosumab-dose"),
        ("denosumab-dose", "denosumab-dose"),
        (MARK, None),
        (None, None),
        ("", None),
        ({}, None),
    ],
    ids=str,
)
def test_the_topic_is_kept_when_it_is_one_of_ours(service: Service, sent: Any, stored: str | None) -> None:
    assert service.tell(event(topic=sent)).status_code == 200
    assert [row["topic"] for row in service.rows(feedback)] == [stored]


def test_comments_are_kept_only_where_the_site_turns_them_on(edition: Edition, memory: Memory) -> None:
    for comments in (False, True):
        service = served(edition, emptied(memory), feedback={"comments": comments})
        assert service.tell(overridden(userComment=MARK)).status_code == 200
        assert (MARK in dump(memory.database)) == comments


def test_a_comment_that_comes_with_the_second_telling_is_kept(edition: Edition, memory: Memory) -> None:
    service = served(edition, emptied(memory), feedback={"comments": True})
    for told in (overridden(), overridden(userComment="wrong unit"), overridden(userComment="later")):
        assert service.tell(told).status_code == 200
    assert [row["comment"] for row in service.rows(feedback)] == ["wrong unit"]


def test_the_same_bytes_are_one_event_though_the_site_maps_more_codes_meanwhile(
    edition: Edition, memory: Memory
) -> None:
    told = overridden("7", "urn:oid:2.999")
    assert served(edition, emptied(memory)).tell(told).status_code == 200
    mapped = {"reasons": [{"code": "7", "system": "urn:oid:2.999", "reason": "need-more-info"}]}
    later = served(edition, memory, feedback=mapped)
    assert later.tell(told).status_code == 200
    assert len(later.rows(feedback)) == 1


def test_two_reasons_unknown_here_are_two_events(service: Service) -> None:
    for code in ("7", "8"):
        assert service.tell(overridden(code, "urn:oid:2.999")).status_code == 200
    assert len(service.rows(feedback)) == 2


def test_more_suggestions_than_a_card_can_have_are_refused(service: Service) -> None:
    many = [{"id": str(uuid.uuid4())} for _ in range(101)]
    answer = service.tell(event(outcome="accepted", acceptedSuggestions=many))
    assert answer.status_code == 400
    assert answer.get_json()["issue"][0]["expression"] == ["feedback[0].acceptedSuggestions"]
    assert service.tell(event(outcome="accepted", acceptedSuggestions=many[1:])).status_code == 200


def test_a_comment_that_is_not_kept_never_reaches_the_file(edition: Edition, tmp_path: Path) -> None:
    memory = Memory.open(Settings(database_url=f"sqlite:///{tmp_path / 'own.sqlite3'}"), edition.site.suppression)
    try:
        assert served(edition, memory).tell(overridden(MARK, MARK, userComment=MARK)).status_code == 200
        written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert uuid.UUID(CARD).hex.encode() in written
        assert MARK.encode() not in written
    finally:
        memory.close(1)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a\0b\0", "ab"),
        ("\0", None),
        ("\U0001f9b4 骨转移 \u202e", "\U0001f9b4 骨转移 \u202e"),
        ("x" * 4000, "x" * 4000),
        ("\U0001f9b4" * 4000, "\U0001f9b4" * 4000),
        ("'); DROP TABLE feedback;--", "'); DROP TABLE feedback;--"),
    ],
    ids=["nul", "only nul", "emoji", "longest", "longest emoji", "sql"],
)
def test_any_comment_is_kept_as_it_is_but_for_nul(
    edition: Edition, memory: Memory, said: str, kept: str | None
) -> None:
    service = served(edition, emptied(memory), feedback={"comments": True})
    assert service.tell(event(overrideReason={"userComment": said})).status_code == 200
    assert [row["comment"] for row in service.rows(feedback)] == [kept]


# Cards, known and unknown


def _joined(memory: Memory) -> list[tuple[str, str]]:
    same = and_(card.c.issuer == feedback.c.issuer, card.c.tenant == feedback.c.tenant, card.c.uuid == feedback.c.card)
    with memory.database.engine.connect() as connection:
        found = connection.execute(select(card.c.topic, feedback.c.outcome).join(feedback, same))
        return [(row.topic, row.outcome) for row in found]


def test_feedback_that_comes_before_the_record_of_its_call_still_joins(edition: Edition, memory: Memory) -> None:
    service = served(edition, emptied(memory))
    without_memory = create_app(Settings(), edition, lambda: NOW).test_client()
    shown = without_memory.post(SERVICE, json=low()).get_json()["cards"]
    (dose,) = [each["uuid"] for each in shown if each["source"]["topic"]["code"] == DOSE]
    assert service.tell(event(card=dose)).status_code == 200
    assert _joined(memory) == []
    assert DOSE in service.topics(low())
    service.recorded(1)
    assert _joined(memory) == [(DOSE, "overridden")]


def test_an_unknown_card_is_kept_and_has_no_row_among_the_cards(service: Service) -> None:
    assert service.tell(event()).status_code == 200
    assert len(service.rows(feedback)) == 1
    assert service.rows(card) == []


# All or nothing


# Events are stored in an order of their own: among so many, some come before the one that cannot be.
PLAIN = [event(card=str(uuid.UUID(int=number))) for number in range(12)]


@pytest.mark.parametrize(
    ("table", "last"),
    [(feedback_reason, overridden()), (feedback_suggestion, ACCEPTED), (feedback, event())],
    ids=["reason", "suggestion", "event"],
)
def test_when_an_event_cannot_be_stored_nothing_of_its_batch_is(
    service: Service, caplog: pytest.LogCaptureFixture, table: Table, last: Json
) -> None:
    with without(service.memory, table):
        answer = service.tell(*PLAIN, last)
        # A database without its tables is away to SQLite, and a fault of ours to PostgreSQL.
        issues(answer, 503 if service.memory.database.is_sqlite else 500)
        assert any(r.levelname == "ERROR" for r in caplog.records)
        assert CARD not in caplog.text
    assert service.rows(feedback) == service.rows(feedback_reason) == service.rows(feedback_suggestion) == []
    assert service.tell(*PLAIN, last).status_code == 200
    assert len(service.rows(feedback)) == 13


def test_while_the_database_is_away_the_answer_says_send_again(
    edition: Edition, memory: Memory, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    away = nowhere(tmp_path, sqlite=memory.database.is_sqlite)
    emptied(memory)
    answer = served(edition, dataclasses.replace(memory, database=away)).tell(event())
    (issue,) = issues(answer, 503)
    assert issue["code"] == "transient"
    assert int(answer.headers["Retry-After"]) > 0
    assert any(r.levelname == "ERROR" and "feedback was not stored" in r.message for r in caplog.records)
    away.close()
    service = served(edition, memory)
    assert service.tell(event()).status_code == 200
    assert len(service.rows(feedback)) == 1


def test_sqlite_waits_for_the_disk_and_lets_readers_read(memory: Memory) -> None:
    database = memory.database
    wanted = {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} if database.is_sqlite else {
        "synchronous_commit": "on", "fsync": "on",
    }  # fmt: skip
    ask = "PRAGMA" if database.is_sqlite else "SHOW"
    with database.engine.connect() as connection:
        found = {name: str(connection.exec_driver_sql(f"{ask} {name}").scalar_one()) for name in wanted}
    assert found == wanted
