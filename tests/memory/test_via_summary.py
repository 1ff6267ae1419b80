"""Feedback on a card that holds other topics is told of each of them, marked as such."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from cds_service.base.kinds import REVIEW_SUMMARY
from cds_service.edition import Edition
from cds_service.fixtures import load
from cds_service.report.figures import Topic
from cds_service.report.reading import figures
from cds_service.store.memory import Memory
from cds_service.store.tables import card, feedback
from tests.build import Json, bundle
from tests.databases import BACKENDS
from tests.memory.build import Service, emptied, event, remembering, served
from tests.memory.test_said_once import DENTAL, SUPPLEMENT, plain

REVIEW = "/cds-services/bone-metastasis-review"
REASON = "patient-refuses"


@pytest.fixture(scope="module", params=BACKENDS)
def memory(request: pytest.FixtureRequest) -> Iterator[Memory]:
    with remembering(request) as made:
        yield made


def _held(shown: Json) -> list[Json]:
    return [each for listed in shown["extension"].values() for each in listed]


def _counted(service: Service) -> dict[str, Topic]:
    now = datetime.now(UTC)
    day = timedelta(days=1)
    made = figures(service.memory.database, now - day, now + day, wrong_advice="recipient-does-not-trust")
    return {topic.topic: topic for topic in made.topics}


def test_what_became_of_the_summary_became_of_each_of_its_topics(edition: Edition, memory: Memory) -> None:
    situation = load("review-many-points")
    service = served(edition, emptied(memory), lambda: situation.at)
    cards = service.post(REVIEW, situation.request).get_json()["cards"]
    summary = next(each for each in cards if each["source"]["topic"]["code"] == REVIEW_SUMMARY)
    first, *others = _held(summary)
    assert others
    service.recorded(1)
    of = {str(row["uuid"]): row["held_by"] for row in service.rows(card)}
    assert {of[each["uuid"]] for each in (first, *others)} == {uuid.UUID(summary["uuid"])}
    assert {of[each["uuid"]] for each in cards} == {None}

    moment = situation.at.isoformat()
    said = event(card=summary["uuid"], outcomeTimestamp=moment, overrideReason={"reason": {"code": REASON}})
    own = event(
        card=first["uuid"], outcomeTimestamp=moment, outcome="accepted", acceptedSuggestions=[{"id": first["uuid"]}]
    )
    for _ in "12":  # sent again it is one event
        answer = service.post(f"{REVIEW}/feedback", json.dumps({"feedback": [said, own]}).encode())
        assert answer.status_code == 200, answer.get_data(as_text=True)
    assert len(service.rows(feedback)) == 2
    topics = _counted(service)
    assert (topics[REVIEW_SUMMARY].overridden, topics[REVIEW_SUMMARY].overridden_via) == (1, 0)
    for each in others:
        topic = topics[each["topic"]]
        assert (topic.overridden, topic.overridden_via, topic.reasons_via) == (0, 1, {REASON: 1})
    direct = topics[first["topic"]]
    assert (direct.accepted, direct.overridden, direct.overridden_via) == (1, 0, 0)
    for each in cards:
        if each is not summary:
            topic = topics[each["source"]["topic"]["code"]]
            assert topic.accepted_via == topic.overridden_via == 0


def test_a_topic_merged_into_another_card_is_told_of_too_also_sooner_than_its_call_is_recorded(
    edition: Edition, memory: Memory
) -> None:
    service = served(edition, emptied(memory))
    body = plain(medicationRequests=bundle())
    uuids = {topic: str(name) for name, topic in _names(service, body).items()}
    emptied(memory)
    assert service.tell(event(card=uuids[DENTAL])).status_code == 200
    service.call(body)
    service.recorded(1)
    topics = _counted(service)
    assert (topics[DENTAL].overridden, topics[DENTAL].overridden_via) == (1, 0)
    assert (topics[SUPPLEMENT].overridden, topics[SUPPLEMENT].overridden_via) == (0, 1)


def _names(service: Service, body: Json) -> dict[uuid.UUID, str]:
    service.call(body)
    service.recorded(1)
    return {row["uuid"]: row["topic"] for row in service.rows(card)}
