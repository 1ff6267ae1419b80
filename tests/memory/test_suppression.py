"""Suppression: a card that a user has overridden stays away, for the same patient, order and facts, for a while."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

import pytest

from cds_service.base.kinds import NOT_EVALUATED
from cds_service.deliver.issue import issue
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store import reactions
from cds_service.store.memory import Memory
from cds_service.store.reactions import EarlierCards
from cds_service.store.tables import card, feedback
from cds_service.tools.asking import answer_body
from cds_service.trust.gate import Identity
from cds_service.web.app import create_app
from tests.asked import BONE
from tests.build import (
    NOW,
    SERVICE,
    Json,
    bundle,
    calcium,
    clearance,
    encoded,
    order,
    prefetch,
    request,
    zoledronic,
)
from tests.databases import BACKENDS
from tests.memory.build import (
    CLIENTS,
    DOSE,
    EXAM,
    KEY,
    Service,
    emptied,
    event,
    low,
    remembering,
    served,
    suppressing,
    until,
    without,
)
from tests.site.made import site

SUGGESTION = "e56e1945-20b3-4393-8503-a1a20fd73152"
ZH = {"Accept_Language": "zh-CN"}


@pytest.fixture(scope="module", params=BACKENDS)
def memory(request: pytest.FixtureRequest) -> Iterator[Memory]:
    with remembering(request) as made:
        yield made


@dataclasses.dataclass
class Clock:
    """The present of the service; tests move it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(edition: Edition, memory: Memory, clock: Clock) -> Service:
    return served(edition, suppressing(emptied(memory), clock), clock)


def shown(service: Service, body: Json, topic: str, caller: str | None = None, **headers: str) -> str:
    """The id of the card of a topic, once it is recorded."""
    cards = service.call(body, caller, **headers).get_json()["cards"]
    (found,) = [each["uuid"] for each in cards if each["source"]["topic"]["code"] == topic]
    until(lambda: any(str(row["uuid"]) == found for row in service.rows(card)))
    return str(found)


def overridden(service: Service, body: Json, topic: str = DOSE, caller: str | None = None, **members: str) -> None:
    """The user sees that card and overrides it."""
    sent = event(card=shown(service, body, topic, caller), outcomeTimestamp="2026-03-02T09:00:00Z") | members
    assert service.tell(sent, caller=caller).status_code == 200


def again(**members: Json) -> Json:
    """The same order drafted anew: another call, another id of the draft, another time of writing."""
    body = low(hookInstance=str(uuid.uuid4()), **members)
    draft = zoledronic(id=f"draft-{uuid.uuid4()}", authoredOn="2026-03-02T08:59:00Z")
    return body | {"context": body["context"] | {"draftOrders": {"entry": [{"resource": draft}]} | BUNDLE}}


BUNDLE = {"resourceType": "Bundle", "type": "collection"}
NSAID = {"text": "ibuprofen"}


# What stays away


def test_an_overridden_card_stays_away_and_only_that_one(service: Service) -> None:
    overridden(service, low())
    assert service.topics(again()) == [EXAM]
    assert service.topics(again()) == [EXAM]


def test_what_was_kept_back_is_recorded_as_suppressed(service: Service) -> None:
    overridden(service, low())
    service.topics(again())
    (_, second) = service.recorded(2)
    kept = {each["topic"]: each for each in service.rows(card) if each["call_id"] == second["id"]}
    assert {topic: each["outcome"] for topic, each in kept.items()} == {DOSE: "suppressed", EXAM: "shown"}
    (first,) = [each for each in service.rows(card) if each["topic"] == DOSE and each["outcome"] == "shown"]
    assert first["sameness"] == kept[DOSE]["sameness"] is not None


def test_a_call_of_which_all_cards_are_kept_back_has_no_cards(service: Service) -> None:
    overridden(service, low())
    overridden(service, low(), EXAM)
    answer = service.call(again())
    assert (answer.status_code, answer.get_json()) == (200, {"cards": []})
    assert [row["outcome"] for row in service.recorded(3)] == ["cards", "cards", "no-cards"]


def test_a_retry_of_the_call_is_answered_without_the_overridden_card(service: Service) -> None:
    overridden(service, low())
    assert service.topics(low()) == [EXAM]


def test_an_accepted_card_is_shown_again(service: Service) -> None:
    accepted = event(card=shown(service, low(), DOSE), outcome="accepted", acceptedSuggestions=[{"id": SUGGESTION}])
    assert service.tell(accepted).status_code == 200
    assert service.topics(again()) == [DOSE, EXAM]


def test_the_feedback_may_come_before_the_card_is_recorded(edition: Edition, memory: Memory, clock: Clock) -> None:
    # The same call, not recorded: as if its row were still waiting.
    unrecorded = create_app(Settings(), edition, clock).test_client().post(SERVICE, json=low()).get_json()
    service = served(edition, suppressing(emptied(memory), clock), clock)
    first = {each["source"]["topic"]["code"]: each["uuid"] for each in unrecorded["cards"]}
    assert service.tell(event(card=first[DOSE], outcomeTimestamp="2026-03-02T09:00:00Z")).status_code == 200
    service.call(low())
    service.recorded(1)
    assert service.topics(again()) == [EXAM]


# What ends it


def _other_user(body: Json) -> Json:
    return body | {"context": body["context"] | {"userId": "Practitioner/doc-2"}}


def _other_patient(body: Json) -> Json:
    moved: Json = json.loads(json.dumps(body).replace("pat-1", "pat-2"))
    return moved


def _other_dose(body: Json) -> Json:
    moved: Json = json.loads(json.dumps(body).replace('"value": 4,', '"value": 3.8,'))
    return moved


def _newer_result(body: Json) -> Json:
    return body | {"prefetch": low(renal=clearance(45, days_ago=1))["prefetch"]}


def _other_result(body: Json) -> Json:
    return body | {"prefetch": low(renal=clearance(44))["prefetch"]}


def _other_document(body: Json) -> Json:
    return body | {"prefetch": low(renal=clearance(45) | {"id": "another"})["prefetch"]}


@pytest.mark.parametrize(
    "changed", [_other_user, _other_patient, _other_dose, _newer_result, _other_result, _other_document]
)
def test_anything_new_shows_the_card_again(service: Service, changed: Callable[[Json], Json]) -> None:
    overridden(service, low())
    body = again() if changed is not _other_dose else low(hookInstance=str(uuid.uuid4()))
    different = changed(body)
    assert different != body
    assert service.topics(different)[0] == DOSE
    assert service.topics(again()) == [EXAM], "the override itself still stands"


def test_another_language_shows_the_card_again(service: Service) -> None:
    overridden(service, low())
    assert DOSE in service.topics(again(), **ZH)


def test_another_caller_is_shown_the_card(edition: Edition, memory: Memory, clock: Clock) -> None:
    service = served(edition, suppressing(emptied(memory), clock), clock, clients=CLIENTS)
    overridden(service, low(), caller="east")
    assert DOSE in service.topics(again(), "west")
    assert DOSE not in service.topics(again(), "east")


def test_feedback_of_another_caller_about_the_card_counts_for_nothing(
    edition: Edition, memory: Memory, clock: Clock
) -> None:
    service = served(edition, suppressing(emptied(memory), clock), clock, clients=CLIENTS)
    sent = event(card=shown(service, low(), DOSE, "east"), outcomeTimestamp="2026-03-02T09:00:00Z")
    assert service.tell(sent, caller="west").status_code == 200
    assert DOSE in service.topics(again(), "east")


def test_a_critical_card_is_never_kept_back(service: Service) -> None:
    body = low(renal=clearance(25))
    (critical, *_) = service.call(body).get_json()["cards"]
    assert critical["indicator"] == "critical"
    topic = critical["source"]["topic"]["code"]
    overridden(service, body, topic)
    assert topic in service.topics(body | {"hookInstance": str(uuid.uuid4())})
    assert {row["sameness"] for row in service.rows(card) if row["indicator"] == "critical"} == {None}


def test_the_card_of_what_was_not_checked_is_never_kept_back(service: Service) -> None:
    body = request(zoledronic(), prefetch={key: it for key, it in prefetch().items() if key != "procedures"})
    overridden(service, body, NOT_EVALUATED)
    assert NOT_EVALUATED in service.topics(body | {"hookInstance": str(uuid.uuid4())})
    assert {row["sameness"] for row in service.rows(card) if row["topic"] == NOT_EVALUATED} == {None}


# The window


@pytest.mark.parametrize(("hours", "topics"), [(23, [EXAM]), (25, [DOSE, EXAM])])
def test_after_the_window_the_card_is_shown_again(
    service: Service, clock: Clock, hours: int, topics: list[str]
) -> None:
    overridden(service, low())
    clock.now = NOW + timedelta(hours=hours)
    assert service.topics(again()) == topics


def test_a_client_whose_clock_runs_ahead_does_not_stretch_the_window(service: Service, clock: Clock) -> None:
    overridden(service, low(), outcomeTimestamp="2099-01-01T00:00:00Z")
    assert service.topics(again()) == [EXAM]
    clock.now = NOW + timedelta(hours=25)
    assert service.topics(again()) == [DOSE, EXAM]


def test_an_old_override_that_is_reported_late_has_run_out(service: Service) -> None:
    overridden(service, low(), outcomeTimestamp="2026-03-01T08:59:00Z")
    assert service.topics(again()) == [DOSE, EXAM]


# When it cannot be said, and where it is off


def test_when_the_lookup_fails_everything_is_shown(
    service: Service, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactions, "_PAUSE_SECONDS", 0.0)
    overridden(service, low())
    with without(service.memory, feedback):
        assert service.topics(again()) == [DOSE, EXAM]
    assert "everything is shown" in caplog.text
    assert service.topics(again()) == [EXAM]


def test_a_database_that_failed_is_left_alone_for_a_while(service: Service) -> None:
    overridden(service, low())
    with without(service.memory, feedback):
        assert service.topics(again()) == [DOSE, EXAM]
    assert service.topics(again()) == [DOSE, EXAM], "shown, not asked about"


def test_a_critical_card_is_not_taken_for_the_overridden_card_of_a_draft_with_the_same_id(
    edition: Edition, memory: Memory
) -> None:
    service = served(edition, suppressing(emptied(memory)))
    laboratory = bundle(clearance(25), calcium(2.3))
    mild, grave = order("115264", 6, id="x"), zoledronic(id="x")
    overridden(service, request(mild, prefetch=prefetch(laboratory=laboratory)))
    both = request(grave, mild, prefetch=prefetch(laboratory=laboratory), hookInstance=str(uuid.uuid4()))
    shown = service.call(both).get_json()["cards"]
    assert any(each["indicator"] == "critical" and each["source"]["topic"]["code"] == DOSE for each in shown)


def test_a_hook_instance_used_twice_suppresses_nothing(edition: Edition, memory: Memory) -> None:
    service = served(edition, suppressing(emptied(memory)))
    overridden(service, low())
    # The same instance and draft, for somebody else: nobody knows which of the two cards was overridden.
    elsewhere = _other_patient(low())
    assert DOSE in service.topics(elsewhere)
    service.recorded(2)
    assert DOSE in service.topics(_other_patient(again()))


def test_users_without_a_name_are_not_one_user(edition: Edition, memory: Memory) -> None:
    service = served(edition, suppressing(emptied(memory)))
    nameless = low()
    nameless["context"] |= {"userId": ""}
    overridden(service, nameless)
    assert DOSE in service.topics(nameless | {"hookInstance": str(uuid.uuid4())})


def test_one_id_on_two_fhir_servers_is_two_patients(edition: Edition, memory: Memory) -> None:
    service = served(edition, suppressing(emptied(memory)))
    overridden(service, low(fhirServer="https://a.example/r4"))
    assert DOSE in service.topics(again() | {"fhirServer": "https://b.example/r4"})


def test_where_suppression_is_off_nothing_is_hashed_and_nothing_kept_back(edition: Edition, memory: Memory) -> None:
    service = served(edition, emptied(memory))
    assert memory.earlier is None
    overridden(service, low())
    assert service.topics(again()) == [DOSE, EXAM]
    service.recorded(2)
    assert {row["sameness"] for row in service.rows(card)} == {None}


def test_another_key_gives_other_hashes(edition: Edition, memory: Memory) -> None:
    emptied(memory)
    for key in (KEY, KEY, KEY[::-1]):
        served(edition, suppressing(memory, key=key)).call(low())
    rows = served(edition, memory).recorded(3)
    hashes = [
        {each["sameness"] for each in served(edition, memory).rows(card) if each["call_id"] == row["id"]}
        for row in rows
    ]
    assert hashes[0] == hashes[1]
    assert hashes[0].isdisjoint(hashes[2])
    assert all(len(digest) == 32 for digest in hashes[0])


def test_suppression_is_on_where_the_site_says_so(edition: Edition, memory: Memory) -> None:
    url = memory.database.url.render_as_string(hide_password=False)
    settings = Settings(database_url=url, hash_key=KEY)
    for hours in (None, 48):
        own = dataclasses.replace(edition, site=site(suppression={"hours": hours} if hours else None))
        opened = Memory.open(settings, own.site.suppression)
        opened.close(1)
        assert isinstance(opened.earlier, EarlierCards) == bool(hours)


# What is compared


class _Nothing:
    """Nobody has overridden anything; what was asked for is kept."""

    key = KEY
    warning_days: int | None = None

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def overridden(self, samenesses: Iterable[bytes]) -> frozenset[bytes]:
        self.asked += samenesses
        return frozenset()

    def seen(self, cards: Mapping[uuid.UUID, bytes]) -> frozenset[bytes]:
        assert frozenset(cards.values()) <= frozenset(self.asked)
        return frozenset()


def _asked(edition: Edition, who: Identity, body: Json) -> frozenset[bytes]:
    asked = _Nothing()
    own = dataclasses.replace(edition, site=site())
    found = answer_body(own, BONE, encoded(body), NOW, who=who)
    issue(found.response, found.findings, found.call, found.caller, asked)
    return frozenset(asked.asked)


def test_issuer_tenant_patient_and_user_are_told_apart_wherever_one_ends(edition: Edition) -> None:
    def by(patient: str, user: str) -> Json:
        body = json.loads(json.dumps(low()).replace("pat-1", patient))
        return body | {"context": body["context"] | {"userId": user}}

    callers = [Identity("a", "bc"), Identity("ab", "c"), Identity("abc", ""), Identity("", "abc")]
    found = [_asked(edition, who, by("p1", "u")) for who in callers]
    found += [_asked(edition, Identity("a", "bc"), by(*each)) for each in (("p", "1u"), ("p1", "u2"))]
    assert all(len(each) == 2 for each in found)
    assert len(frozenset().union(*found)) == 2 * len(found)
    assert _asked(edition, callers[0], by("p1", "u")) == found[0]


_HASHED = """
from fractions import Fraction
from cds_service.base.kinds import Dose
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.drugs import Product
from cds_service.deliver.evidence import content
print(hash("x"))
print(content(DrugOrder(
    "k", 1, None, "text", ("zoledronic-acid", "calcium"), frozenset({"bisphosphonate", "calcium", "nsaid", "platinum"}),
    Product("oncology"), True, False, Dose(Fraction(10, 3), False, "3.3 mg"),
    indications=frozenset("abcdefghijk"), stop_reasons=frozenset("lmnopq"),
)))
"""


def test_the_same_order_is_the_same_in_every_worker() -> None:
    """Sets have another order in every process."""
    said = [
        subprocess.run(
            [sys.executable, "-c", _HASHED],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for seed in ("1", "2")
    ]
    assert said[0][0] != said[1][0]
    assert said[0][1:] == said[1][1:]
    assert "10/3" in said[0][1]


def test_a_fact_that_a_short_card_does_not_state_shows_it_again(service: Service) -> None:
    """The card of risk factors says "clearance below 60": a clearance that falls from 58 to 50 is news all the same."""

    def at(value: int) -> Json:
        found = prefetch(laboratory=bundle(clearance(value), calcium(2.3)))
        nsaid = found["medicationRequests"]["entry"][0]["resource"] | {"id": "n", "medicationCodeableConcept": NSAID}
        found["medicationRequests"]["entry"].append({"resource": nsaid})
        # 3.5 mg is the dose of both clearances: there is no dose card whose line the factors would be.
        return request(zoledronic(3.5), prefetch=found, hookInstance=str(uuid.uuid4()))

    overridden(service, at(58), "renal-risk-factors")
    assert service.topics(at(58)) == []
    assert service.topics(at(52)) == ["renal-risk-factors"]
