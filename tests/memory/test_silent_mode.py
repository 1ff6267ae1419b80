"""Silent mode: a topic is evaluated and recorded and gives no card, for these clients and to that day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from cds_service.base.complaints import ContentError
from cds_service.base.kinds import NOT_EVALUATED
from cds_service.edition import Edition
from cds_service.site.check import Known
from cds_service.store.memory import Memory
from cds_service.store.tables import card
from tests import build
from tests.asked import site_of
from tests.build import NOW, Json, bundle, prefetch, request, zoledronic
from tests.databases import BACKENDS
from tests.memory.build import CLIENTS, DOSE, EXAM, Service, emptied, event, low, remembering, served, suppressing
from tests.site.made import known_of

EHR = "https://ehr.example.org/fhir"
TODAY = NOW.date().isoformat()
UNSTABLE = "renal-function-unstable"
# A situation in which the card of UNSTABLE stands in for that of DOSE.
REPLACED = request(zoledronic(), prefetch=prefetch(
    conditions=bundle(build.LUNG_CANCER, build.BONE_METASTASIS, build.condition("N17.9")),
    laboratory=bundle(build.clearance(45), build.calcium(2.3)),
))  # fmt: skip


@pytest.fixture(scope="module", params=BACKENDS)
def memory(request: pytest.FixtureRequest) -> Iterator[Memory]:
    with remembering(request) as made:
        yield made


def silent(topic: str, **members: Any) -> list[Json]:
    return [{"topic": topic, "until": TODAY} | members]


def kept(service: Service) -> dict[str, str]:
    """By topic, what became of the cards of the only call."""
    service.recorded(1)
    return {row["topic"]: row["outcome"] for row in service.rows(card)}


def _without(key: str) -> Json:
    return {name: it for name, it in prefetch().items() if name != key}


def test_a_silent_topic_is_recorded_and_not_shown(edition: Edition, memory: Memory) -> None:
    loud = served(edition, emptied(memory)).call(low()).get_json()["cards"]
    service = served(edition, emptied(memory), silent=silent(DOSE))
    assert service.topics(low()) == [EXAM]
    assert kept(service) == {DOSE: "silent", EXAM: "shown"}
    same = {(str(row["uuid"]), row["indicator"]) for row in service.rows(card)}
    assert same == {(each["uuid"], each["indicator"]) for each in loud}, "as it would have been shown"


def test_a_call_with_silent_cards_only_has_no_cards(edition: Edition, memory: Memory) -> None:
    service = served(edition, emptied(memory), silent=silent(DOSE) + silent(EXAM))
    assert service.call(low()).get_json() == {"cards": []}
    assert [row["outcome"] for row in service.recorded(1)] == ["no-cards"]
    assert len(service.rows(card)) == 2


def test_a_silent_topic_that_would_say_nothing_leaves_no_card(edition: Edition, memory: Memory) -> None:
    service = served(edition, emptied(memory), silent=silent(DOSE))
    assert service.topics(request(zoledronic())) == []
    assert kept(service) == {}


def test_it_is_silent_for_the_named_caller_only(edition: Edition, memory: Memory) -> None:
    service = served(edition, emptied(memory), clients=CLIENTS, silent=silent(DOSE, clients=["east"]))
    assert service.topics(low(), "east") == [EXAM]
    assert service.topics(low(), "west") == [DOSE, EXAM]
    service.recorded(2)
    by_caller = {(row["issuer"], row["topic"]): row["outcome"] for row in service.rows(card)}
    assert by_caller[("certificate:east", DOSE)] == "silent"
    assert by_caller[("certificate:west", DOSE)] == "shown"


def test_where_nobody_is_asked_it_is_silent_for_the_named_fhir_server_only(edition: Edition, memory: Memory) -> None:
    ward = {"name": "ward", "fhir_servers": [EHR]}
    service = served(edition, emptied(memory), clients=[ward], silent=silent(DOSE, clients=["ward"]))
    assert service.topics(low(fhirServer=EHR)) == [EXAM]
    assert service.topics(low()) == [DOSE, EXAM]
    assert service.topics(low(fhirServer="https://other.example.org/fhir")) == [DOSE, EXAM]


@pytest.mark.parametrize(
    ("time", "topics"),
    [
        ("2026-03-01T12:00:00", [EXAM]),
        ("2026-03-02T00:00:00", [EXAM]),
        ("2026-03-02T23:59:59", [EXAM]),
        ("2026-03-03T00:00:00", [DOSE, EXAM]),
    ],
)
def test_it_ends_with_the_day_where_the_server_stands(
    edition: Edition, memory: Memory, time: str, topics: list[str]
) -> None:
    there = datetime.fromisoformat(time).replace(tzinfo=timezone(timedelta(hours=8)))
    service = served(edition, emptied(memory), clock=lambda: there, silent=silent(DOSE))
    assert service.topics(low()) == topics


def test_a_silent_topic_takes_no_other_card_away(edition: Edition, memory: Memory) -> None:
    body = REPLACED
    loud = served(edition, emptied(memory)).topics(body)
    assert UNSTABLE in loud
    assert DOSE not in loud
    service = served(edition, emptied(memory), silent=silent(UNSTABLE))
    found = service.topics(body)
    assert DOSE in found
    assert UNSTABLE not in found
    assert kept(service)[UNSTABLE] == "silent"


def test_what_a_silent_topic_could_not_tell_is_not_told(edition: Edition, memory: Memory) -> None:
    body = request(zoledronic(), prefetch=_without("procedures"))
    assert served(edition, emptied(memory)).topics(body) == [NOT_EVALUATED]
    service = served(edition, emptied(memory), silent=silent("dental-exam-before-bma"))
    assert service.topics(body) == []
    assert kept(service) == {}


def test_what_only_a_silent_topic_needs_does_not_refuse_the_call(edition: Edition, memory: Memory) -> None:
    body = request(build.denosumab(), prefetch=_without("laboratory") | {"procedures": bundle()})
    needing = [topic for topic, it in edition.recommendations.items() if "laboratory" in it.needs.required]
    service = served(edition, emptied(memory), silent=[each for topic in needing for each in silent(topic)])
    assert service.topics(body) == ["dental-exam-before-bma"]


def test_a_silent_card_that_another_would_have_replaced_is_not_recorded(edition: Edition, memory: Memory) -> None:
    service = served(edition, emptied(memory), silent=silent(DOSE))
    assert service.topics(REPLACED) == [UNSTABLE]
    assert kept(service) == {UNSTABLE: "shown"}


def test_a_silent_card_is_no_matter_of_suppression(edition: Edition, memory: Memory) -> None:
    service = served(edition, suppressing(emptied(memory)), silent=silent(DOSE))
    service.topics(low())
    service.recorded(1)
    (quiet,) = [row for row in service.rows(card) if row["topic"] == DOSE]
    assert quiet["sameness"] is None
    told = event(card=str(quiet["uuid"]), outcomeTimestamp="2026-03-02T09:00:00Z")
    assert service.tell(told).status_code == 200
    assert served(edition, suppressing(memory)).topics(low()) == [DOSE, EXAM]


@pytest.fixture(scope="module")
def known(edition: Edition) -> Known:
    return known_of(edition)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "silent:\n  - {topic: denosumab-dose, until: 2026-12-31}\n  - {topic: denosumab-dos, until: 2026-12-31}\n",
            ":3: there is no topic 'denosumab-dos'. Remedy: did you mean denosumab-dose?",
        ),
        (
            "silent:\n  - topic: not-evaluated\n    until: 2026-12-31\n",
            ":2: not-evaluated cannot be silent. Remedy: remove it",
        ),
        (
            "clients: [{name: a}]\nsilent:\n  - topic: denosumab-dose\n    until: 2026-12-31\n    clients: [aa]\n",
            ":5: there is no client 'aa'. Remedy: did you mean a?",
        ),
        ("silent:\n  - topic: denosumab-dose\n", "until"),
        ("silent:\n  - topic: denosumab-dose\n    until: for ever\n", ":3: wrong value"),
        ("silent:\n  - topic: denosumab-dose\n    until: 2026-12-31\n    client: [ward]\n", ":4: unknown key 'client'"),
    ],
    ids=["topic", "not-evaluated", "client", "no end", "no date", "key"],
)
def test_a_mistake_stops_the_start_with_its_line_and_remedy(known: Known, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        site_of(file, known)
    assert "site.yaml" in str(caught.value)
    assert said in str(caught.value)
    assert "Remedy" in str(caught.value)
