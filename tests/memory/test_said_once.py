"""Said once: an info card that a user was sent for a patient is not sent again while its evidence is the same."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from cds_service import fixtures
from cds_service.base.kinds import NOT_EVALUATED
from cds_service.call.problems import CallProblem
from cds_service.deliver.issue import issue
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store import reactions
from cds_service.store.memory import Memory
from cds_service.store.reactions import EarlierCards
from cds_service.store.tables import call, card
from cds_service.tools.asking import answer_body
from tests import build
from tests.asked import site_of
from tests.build import NOW, Json, bundle, clearance, prefetch, request, zoledronic
from tests.databases import BACKENDS
from tests.memory.build import KEY, Service, emptied, event, remembering, rows, served, without
from tests.memory.test_suppression import Clock
from tests.site.made import known_of

DENTAL, SUPPLEMENT, DOSE = "dental-exam-before-bma", "calcium-vitamin-d-supplement", "bisphosphonate-renal-dose"
GIVEN = "medicationAdministrations"


def dose_given(days_ago: int = 28) -> Json:
    return {
        "resourceType": "MedicationAdministration",
        "id": f"dose-{days_ago}",
        "status": "completed",
        "medicationCodeableConcept": {"coding": [{"system": build.RXNORM, "code": "77655"}]},
        "subject": {"reference": f"Patient/{build.PATIENT}"},
        "effectiveDateTime": build.ago(days_ago),
    }


def plain(*drafts: Json, **known: Any) -> Json:
    """On treatment and not examined: the only card is the dental one, and it is info. Each call is one of its own."""
    data = prefetch(**({"procedures": bundle(), GIVEN: bundle(dose_given())} | known))
    return request(*(drafts or [zoledronic()]), prefetch=data, hookInstance=str(uuid.uuid4()))


@pytest.fixture(scope="module", params=BACKENDS)
def memory(request: pytest.FixtureRequest) -> Iterator[Memory]:
    with remembering(request) as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(edition: Edition, memory: Memory, clock: Clock) -> Service:
    earlier = EarlierCards(memory.database, KEY, None, 90, clock)
    return served(edition, dataclasses.replace(emptied(memory), earlier=earlier), clock)


def told(service: Service, body: Json, calls: int = 1) -> list[str]:
    """The topics shown, once the call is recorded."""
    topics = service.topics(body)
    service.recorded(calls)
    return topics


def _by(user: str, body: Json) -> Json:
    return body | {"context": body["context"] | {"userId": user}}


def test_an_info_card_is_sent_once(service: Service) -> None:
    assert told(service, plain()) == [DENTAL]
    assert told(service, plain(), 2) == []
    assert [row["outcome"] for row in service.rows(call)] == ["cards", "no-cards"]
    assert [row["outcome"] for row in service.rows(card)] == ["shown", "seen"]


def test_it_stays_away_although_it_is_only_remembered_from_a_card_that_was_shown(
    service: Service, clock: Clock
) -> None:
    """What was not sent does not prolong anything: 90 days after the sending it is sent again."""
    told(service, plain())
    told(service, plain(), 2)
    with service.memory.database.engine.begin() as connection:
        for row in service.rows(call):
            at = NOW - timedelta(days=91) if row["outcome"] == "cards" else NOW
            connection.execute(update(call).where(call.c.id == row["id"]).values(at=at))
    assert service.topics(plain()) == [DENTAL]


@pytest.mark.parametrize(("days", "topics"), [(89, []), (91, [DENTAL])])
def test_after_the_window_it_is_sent_again(service: Service, days: int, topics: list[str]) -> None:
    told(service, plain())
    with service.memory.database.engine.begin() as connection:
        connection.execute(update(call).values(at=NOW - timedelta(days=days)))
    assert service.topics(plain()) == topics


def test_a_retry_is_no_repetition(service: Service) -> None:
    first = plain()
    assert told(service, first) == [DENTAL]
    assert told(service, first, 2) == [DENTAL]
    assert told(service, plain(), 3) == []
    assert told(service, first, 4) == [DENTAL], "also after another call"


def test_what_was_read_when_selecting_is_not_said_again_when_signing(service: Service) -> None:
    select = plain() | {"hook": "order-select"}
    select["context"] = select["context"] | {"selections": [f"MedicationRequest/{zoledronic()['id']}"]}
    assert told(service, select) == [DENTAL]
    assert told(service, plain(), 2) == []


def _due(day: str) -> Json:
    stated = zoledronic()["dosageInstruction"][0]
    return zoledronic(dosageInstruction=[stated | {"timing": {"event": [day]}}])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (zoledronic(), zoledronic(id="another-draft", authoredOn="2026-03-30")),
        (_due("2026-03-02"), _due("2026-03-30")),
    ],
    ids=["draft and day of writing", "day it is due"],
)
def test_another_draft_of_the_same_order_is_no_other_order(service: Service, first: Json, second: Json) -> None:
    assert told(service, plain(first)) == [DENTAL]
    assert service.topics(plain(second)) == []


def _examined_long_ago() -> Json:
    return plain(procedures=bundle(build.dental_exam(300)))


def _not_supplemented() -> Json:
    return plain(medicationRequests=bundle())


def _incomplete() -> Json:
    body = plain()
    del body["prefetch"]["appointments"]
    return body


@pytest.mark.parametrize(
    "changed",
    [
        _examined_long_ago,
        _not_supplemented,
        lambda: plain(build.denosumab()),
        lambda: _by("Practitioner/doc-2", plain()),
        lambda: plain() | {"fhirServer": "https://b.example/r4"},
    ],
    ids=["evidence", "another topic folded in", "drug", "user", "fhir server"],
)
def test_what_changes_brings_it_back(service: Service, changed: Any) -> None:
    told(service, plain())
    assert DENTAL in service.topics(changed())


def test_another_dose_is_no_other_reason_for_an_examination_but_another_reason_for_a_card_about_it(
    service: Service,
) -> None:
    assert told(service, plain(zoledronic(3))) == [DOSE, DENTAL]
    assert told(service, plain(zoledronic(3)), 2) == []
    assert told(service, plain(zoledronic(2)), 3) == [DOSE]


def test_another_language_brings_it_back(service: Service) -> None:
    told(service, plain())
    assert service.topics(plain(), Accept_Language="zh-CN") == [DENTAL]


def test_what_is_folded_into_a_seen_card_is_seen(service: Service) -> None:
    assert told(service, _not_supplemented()) == [DENTAL]
    assert told(service, _not_supplemented(), 2) == []
    fates = [(row["topic"], row["outcome"]) for row in service.rows(card)]
    assert sorted(fates) == sorted([(DENTAL, "shown"), (SUPPLEMENT, "folded"), (DENTAL, "seen"), (SUPPLEMENT, "seen")])


def _examined() -> Json:
    return _not_supplemented() | {
        "prefetch": _not_supplemented()["prefetch"] | {"procedures": bundle(build.dental_exam(30))}
    }


@pytest.mark.parametrize(
    ("first", "second", "topics"),
    [
        (_not_supplemented, plain, []),
        (_not_supplemented, _examined, []),
        (_examined, _not_supplemented, [DENTAL]),
        (_not_supplemented, lambda: plain(medicationRequests=bundle(), laboratory=bundle(clearance(85))), []),
        (lambda: plain(medicationRequests=bundle(), laboratory=bundle(clearance(85))), _not_supplemented, []),
    ],
    ids=["less of it", "what was folded, alone", "more of it", "calcium too old", "calcium that is not high"],
)
def test_what_was_said_in_another_card_was_said(service: Service, first: Any, second: Any, topics: list[str]) -> None:
    assert told(service, first()) != []
    assert told(service, second(), 2) == topics


def test_a_warning_that_held_it_said_it_too(service: Service) -> None:
    """Before the first dose the supplements are a line of a warning; with the examination done they stand alone."""
    first = plain(medicationRequests=bundle(), medicationAdministrations=bundle())
    assert told(service, first) == [DENTAL]
    assert told(service, first | {"hookInstance": str(uuid.uuid4())}, 2) == [DENTAL], "a warning"
    assert told(service, _examined(), 3) == []


def test_an_override_of_less_does_not_take_away_more(edition: Edition, memory: Memory, clock: Clock) -> None:
    only = dataclasses.replace(emptied(memory), earlier=EarlierCards(memory.database, KEY, 24, None, clock))
    service = served(edition, only, clock)
    (sent,) = service.call(plain()).get_json()["cards"]
    service.recorded(1)
    assert service.tell(event(card=sent["uuid"], outcomeTimestamp="2026-03-02T09:00:00Z")).status_code == 200
    assert told(service, plain(), 2) == []
    assert told(service, _not_supplemented(), 3) == [DENTAL]


def test_warnings_and_critical_cards_are_always_sent(service: Service) -> None:
    for value in (45, 25):
        laboratory = bundle(clearance(value), build.calcium(2.3))
        bodies = [
            request(zoledronic(), prefetch=prefetch(laboratory=laboratory), hookInstance=str(uuid.uuid4()))
            for _ in "12"
        ]
        first = service.call(bodies[0]).get_json()["cards"]
        assert {each["indicator"] for each in first} == {"warning" if value == 45 else "critical"}
        service.recorded(1 if value == 45 else 3)
        second = service.call(bodies[1]).get_json()["cards"]
        assert [each["summary"] for each in second] == [each["summary"] for each in first]
        service.recorded(2 if value == 45 else 4)


def test_the_card_of_what_was_not_checked_is_always_sent(service: Service) -> None:
    body = request(zoledronic(), prefetch={key: it for key, it in prefetch().items() if key != "procedures"})
    (shown,) = service.call(body).get_json()["cards"]
    assert shown["source"]["topic"]["code"] == NOT_EVALUATED
    assert shown["indicator"] == "info"
    service.recorded(1)
    assert service.topics(body | {"hookInstance": str(uuid.uuid4())}) == [NOT_EVALUATED]


def test_users_without_a_name_are_not_one_user(service: Service) -> None:
    assert told(service, _by(" ", plain())) == [DENTAL]
    assert service.topics(_by(" ", plain())) == [DENTAL]


def test_what_silent_mode_kept_back_was_not_seen(edition: Edition, memory: Memory, clock: Clock) -> None:
    earlier = EarlierCards(memory.database, KEY, None, 90, clock)
    both = dataclasses.replace(emptied(memory), earlier=earlier)
    quiet = served(edition, both, clock, silent=[{"topic": DENTAL, "until": NOW.date().isoformat()}])
    assert told(quiet, plain()) == []
    assert served(edition, both, clock).topics(plain()) == [DENTAL]


def test_when_the_lookup_fails_everything_is_sent(
    service: Service, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reactions, "_PAUSE_SECONDS", 0.0)
    told(service, plain())
    with without(service.memory, card):
        assert service.topics(plain()) == [DENTAL]
    assert "everything is shown" in caplog.text


def test_an_override_and_a_sending_are_told_apart(edition: Edition, memory: Memory, clock: Clock) -> None:
    both = dataclasses.replace(emptied(memory), earlier=EarlierCards(memory.database, KEY, 24, 90, clock))
    service = served(edition, both, clock)
    (sent,) = service.call(plain()).get_json()["cards"]
    service.recorded(1)
    assert service.tell(event(card=sent["uuid"], outcomeTimestamp="2026-03-02T09:00:00Z")).status_code == 200
    told(service, plain(), 2)
    assert [row["outcome"] for row in service.rows(card)] == ["shown", "suppressed"]


def test_nothing_in_the_store_names_anybody(service: Service) -> None:
    told(service, plain())
    (row,) = service.rows(card)
    assert len(row["sameness"]) == len(row["part"]) == 32
    assert row["sameness"] != row["part"]
    kept = "".join(
        str(value) for table in (call, card) for each in rows(service.memory.database, table) for value in each.values()
    )
    assert build.PATIENT not in kept
    assert "doc-1" not in kept


# When it is on


@pytest.mark.parametrize(
    ("text", "key", "days"),
    [("{}", KEY, 90), ("seen: {days: 7}", KEY, 7), ("seen: off", KEY, None), ("{}", None, None)],
)
def test_it_is_on_where_there_is_a_key_and_the_site_does_not_say_no(
    edition: Edition, memory: Memory, tmp_path: Any, text: str, key: bytes | None, days: int | None
) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(text + "\n", encoding="utf-8")
    own = site_of(file, known_of(edition))
    url = memory.database.url.render_as_string(hide_password=False)
    opened = Memory.open(Settings(database_url=url, hash_key=key), own.suppression, own.said_once)
    opened.close(1)
    assert (opened.earlier is not None) is (days is not None)
    if opened.earlier and days:
        assert opened.earlier._days == timedelta(days=days)


@pytest.mark.parametrize("days", [6, 181])
def test_the_window_has_bounds(edition: Edition, tmp_path: Any, days: int) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(f"seen: {{days: {days}}}\n", encoding="utf-8")
    with pytest.raises(Exception, match="days"):
        site_of(file, known_of(edition))


def test_a_development_server_makes_its_own_key_and_production_does_not() -> None:
    made = Settings().keyed()
    assert made.hash_key is not None
    assert len(made.hash_key) >= 32
    assert made.hash_key != Settings().keyed().hash_key
    assert Settings(hash_key=KEY).keyed().hash_key == KEY
    assert Settings(profile="production").keyed().hash_key is None


# What tells two cards apart


class _Nothing:
    """Nothing was shown before; what was asked for is kept."""

    key = KEY
    warning_days: int | None = None

    def __init__(self) -> None:
        self.asked: dict[uuid.UUID, bytes] = {}

    def overridden(self, samenesses: Any) -> frozenset[bytes]:
        return frozenset()

    def claimed(self, cards: Any, days: Any = None) -> frozenset[bytes]:
        return frozenset()

    def said_at_order(self, claims: Any) -> frozenset[bytes]:
        return frozenset()

    def seen(self, parts: Any) -> frozenset[bytes]:
        self.asked |= parts
        return frozenset()


def _info(edition: Edition, situation: fixtures.Situation, now: datetime) -> dict[str, tuple[str, bytes, str, str]]:
    """By uuid, the info cards of a situation: topic, sameness, summary, detail."""
    asked = _Nothing()
    story = situation.story
    found = answer_body(edition, story.service, situation.request, now, story.language)
    issue(found.response, found.findings, found.call, found.caller, asked)
    cards = {each.uuid: each for each in found.response.cards}
    return {
        str(name): (cards[str(name)].source.topic.code, same, cards[str(name)].summary, cards[str(name)].detail or "")
        for name, same in asked.asked.items()
        if str(name) in cards
    }


def test_a_day_later_a_card_is_the_same_card_and_says_the_same_but_for_ages(edition: Edition) -> None:
    """Over all situations: the evidence is no other because a day has passed."""
    compared = 0
    for situation in fixtures.situations():
        try:
            today, later = (_info(edition, situation, situation.at + timedelta(days=n)) for n in (0, 1))
        except CallProblem:
            continue
        for name in today.keys() & later.keys():
            if _numberless(today[name][3]) == _numberless(later[name][3]):
                compared += 1
                assert today[name][1] == later[name][1], (situation.name, today[name], later[name])
    assert compared > 15


def _numberless(text: str) -> str:
    return "".join(each for each in text if not each.isdigit())
