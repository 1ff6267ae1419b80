"""Any feedback: never a fault of ours, and the store grows by acknowledged distinct events only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.edition import Edition
from cds_service.store.tables import feedback, feedback_reason, feedback_suggestion
from tests.build import Json, encoded
from tests.databases import BACKENDS
from tests.memory.build import FEEDBACK, SYSTEM, Service, emptied, issues, remembering, served


@pytest.fixture(scope="module", params=BACKENDS)
def service(request: pytest.FixtureRequest, edition: Edition) -> Iterator[Service]:
    with remembering(request) as memory:
        yield served(edition, memory, feedback={"comments": True})


# Few values, so that the same event comes again.
UUIDS = [f"0000000{number}-0000-4000-8000-000000000000" for number in range(3)]
TIMES = ["2026-03-02T08:00:00Z", "2026-03-02T16:00:00+08:00", "2026-03-02T08:00:01Z"]
CODES = ["need-more-info", "patient-refuses", "nobody's"]


def _some(values: list[str], least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=least, max_size=3, unique=True)


def _event(card: str, time: str, suggestions: list[str], codes: list[str], comment: str | None) -> Json:
    made: Json = {"card": card, "outcome": "accepted" if suggestions else "overridden", "outcomeTimestamp": time}
    if suggestions:
        made["acceptedSuggestions"] = [{"id": each} for each in suggestions]
    if codes:
        made["overrideReasons"] = [{"reason": {"code": each, "system": SYSTEM}} for each in codes]
    if comment:
        made["overrideReason"] = {"userComment": comment}
    return made


comments = st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
events = st.builds(_event, st.sampled_from(UUIDS), st.sampled_from(TIMES), _some(UUIDS), _some(CODES), comments)
batches = st.lists(events, min_size=1, max_size=4)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _meaning(event: Json) -> tuple[object, ...]:
    """What makes an event the one it is."""
    moment = event["outcomeTimestamp"].replace("16:00:00+08:00", "08:00:00Z")
    suggestions = frozenset(each["id"] for each in event.get("acceptedSuggestions", ()))
    reasons = frozenset(each["reason"]["code"] for each in event.get("overrideReasons", ()))
    return event["card"], event["outcome"], moment, suggestions, reasons


@settings(max_examples=40, deadline=None)
@given(sent=st.lists(batches, max_size=4))
def test_every_distinct_event_that_was_acknowledged_is_there_once(service: Service, sent: list[list[Json]]) -> None:
    emptied(service.memory)
    distinct: set[tuple[object, ...]] = set()
    for batch in sent:
        answer = service.tell(*batch)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        distinct |= {_meaning(event) for event in batch}
        assert len(service.rows(feedback)) == len(distinct)
    assert len(service.rows(feedback_suggestion)) == sum(len(meaning[3]) for meaning in distinct)  # type: ignore[arg-type]
    assert len(service.rows(feedback_reason)) == sum(len(meaning[4]) for meaning in distinct)  # type: ignore[arg-type]


def _places(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    for key, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from _places(inner, (*path, key))


def _put(node: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    parent = node
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    return node


@settings(max_examples=80, deadline=None)
@given(batch=batches, data=st.data())
def test_a_changed_body_is_taken_whole_or_refused_with_nothing_stored(
    service: Service, batch: list[Json], data: st.DataObject
) -> None:
    emptied(service.memory)
    body: Any = json.loads(json.dumps({"feedback": batch}))
    path = data.draw(st.sampled_from(list(_places(body))))
    sent = encoded(_put(body, path, data.draw(anything)))
    if data.draw(st.booleans()):
        cut, more = data.draw(st.integers(0, len(sent))), data.draw(st.binary(max_size=4))
        sent = sent[:cut] + more + sent[cut + data.draw(st.integers(0, 3)) :]
    answer = service.post(FEEDBACK, sent)
    stored = len(service.rows(feedback))
    if answer.status_code == 200:
        # What is not read need not be UTF-8.
        assert 1 <= stored <= len(json.loads(sent.decode(errors="replace"))["feedback"])
    else:
        assert issues(answer, 400)[0]["expression"]
        assert stored == 0
