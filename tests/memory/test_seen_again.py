"""Once in full per encounter, whatever was seen before; and warnings that a site wants to see once."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store.memory import Memory
from cds_service.store.reactions import EarlierCards
from cds_service.store.tables import call, card
from tests.asked import site_of
from tests.build import NOW, Json, ago, bundle, calcium, clearance, denosumab, encoded, prefetch, request, zoledronic
from tests.databases import BACKENDS
from tests.memory.build import KEY, Service, emptied, remembering, served
from tests.memory.test_said_at_order import REVIEW, _treated
from tests.memory.test_suppression import Clock
from tests.site.made import known_of
from tests.test_review_service import opened

ONJ, MONITORING = "bma-with-onj", "bma-monitoring"


@pytest.fixture(scope="module", params=BACKENDS)
def memory(request: pytest.FixtureRequest) -> Iterator[Memory]:
    with remembering(request) as made:
        yield made


@pytest.fixture
def serving(edition: Edition, memory: Memory) -> Callable[..., Service]:
    def made(days: int | None = 90, warning_days: int | None = None) -> Service:
        clock = Clock()
        earlier = EarlierCards(memory.database, KEY, None, days, clock, warning_days)
        return served(edition, dataclasses.replace(emptied(memory), earlier=earlier), clock)

    return made


def _told(service: Service, body: Json, calls: int, path: str = REVIEW) -> set[str]:
    answer = service.post(path, encoded(body))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    service.recorded(calls)
    return {each["source"]["topic"]["code"] for each in answer.get_json()["cards"]}


def _due(hook: str = "patient-view", encounter: str = "e-1", **members: Any) -> Json:
    """Only info: a monitoring that is due, and others."""
    body = _treated() | {"hook": hook, "hookInstance": str(uuid.uuid4())} | members
    body["context"] = body["context"] | {"encounterId": encounter}
    return body


# Once in full per encounter


def test_the_start_of_an_encounter_says_all_once_whatever_was_seen(serving: Callable[..., Service]) -> None:
    service = serving()
    everything = _told(service, _due(), 1)
    assert MONITORING in everything
    assert _told(service, _due(), 2) == set()
    assert _told(service, _due("encounter-start"), 3) == everything
    assert _told(service, _due("encounter-start"), 4) == set(), "started again"
    assert _told(service, _due(), 5) == set(), "the chart opened within it"
    assert _told(service, _due("encounter-start", "e-2"), 6) == everything


def test_the_chart_opened_after_the_start_is_told_nothing_again(serving: Callable[..., Service]) -> None:
    service = serving()
    assert MONITORING in _told(service, _due("encounter-start"), 1)
    assert _told(service, _due(), 2) == set()
    assert {row["outcome"] for row in service.rows(card)} <= {"shown", "folded", "seen"}


def test_a_retry_of_the_start_gets_the_same(serving: Callable[..., Service]) -> None:
    service, body = serving(), _due("encounter-start")
    assert _told(service, body, 1) == _told(service, body, 2) != set()


def test_without_the_memory_every_start_says_all(serving: Callable[..., Service]) -> None:
    service = serving(days=None, warning_days=None)
    assert _told(service, _due("encounter-start"), 1) == _told(service, _due("encounter-start"), 2) != set()


# Warnings, where a site wants that


def _jaw(**more: Any) -> Json:
    return opened(**more) | {"hookInstance": str(uuid.uuid4())}


def test_a_warning_is_sent_every_time_unless_the_site_says_otherwise(serving: Callable[..., Service]) -> None:
    service = serving()
    assert ONJ in _told(service, _jaw(), 1)
    assert ONJ in _told(service, _jaw(), 2)


@pytest.mark.parametrize(("days", "again"), [(6, False), (8, True)])
def test_a_warning_stays_away_for_the_days_of_the_site(serving: Callable[..., Service], days: int, again: bool) -> None:
    service = serving(warning_days=7)
    assert ONJ in _told(service, _jaw(), 1)
    with service.memory.database.engine.begin() as connection:
        connection.execute(update(call).values(at=NOW - timedelta(days=days)))
    assert (ONJ in _told(service, _jaw(), 2)) is again
    fates = [row["outcome"] for row in service.rows(card) if row["topic"] == ONJ]
    assert fates == ["shown", "shown" if again else "seen"]


def test_new_evidence_and_another_user_bring_a_warning_back(serving: Callable[..., Service]) -> None:
    service = serving(warning_days=7)
    _told(service, _jaw(), 1)
    given = {
        "resourceType": "MedicationAdministration", "id": "dose", "status": "completed",
        "medicationCodeableConcept": denosumab()["medicationCodeableConcept"], "subject": denosumab()["subject"],
        "effectiveDateTime": ago(2),
    }  # fmt: skip
    assert ONJ in _told(service, _jaw(medicationAdministrations=bundle(given)), 2)
    other = opened(user="Practitioner/doc-2") | {"hookInstance": str(uuid.uuid4())}
    assert ONJ in _told(service, other, 3)


def test_a_warning_seen_is_said_again_at_the_start_of_an_encounter_and_not_after_it(
    serving: Callable[..., Service],
) -> None:
    service = serving(warning_days=7)
    _told(service, _jaw(), 1)
    assert ONJ in _told(service, _jaw() | {"hook": "encounter-start"}, 2)
    assert ONJ not in _told(service, _jaw() | {"hook": "encounter-start"}, 3)
    assert ONJ not in _told(service, _jaw(), 4)


def _order(level: float | None = None, cleared: float = 90) -> Json:
    laboratory = bundle(clearance(cleared), calcium(level or 2.3))
    draft = zoledronic() if level is None else denosumab()
    return request(draft, prefetch=prefetch(laboratory=laboratory), hookInstance=str(uuid.uuid4()))


@pytest.mark.parametrize(
    ("body", "indicator", "again"),
    [
        (lambda: _order(cleared=45), "warning", False),
        (lambda: _order(cleared=25), "critical", True),
        (lambda: _order(2.0), "warning", True),
    ],
    ids=["a dose", "critical", "low calcium"],
)
def test_what_is_critical_and_a_low_calcium_are_sent_all_the_same(
    serving: Callable[..., Service], body: Callable[[], Json], indicator: str, again: bool
) -> None:
    service = serving(warning_days=7)
    first = service.call(body()).get_json()["cards"]
    urgent = {each["source"]["topic"]["code"] for each in first if each["indicator"] == indicator}
    assert urgent
    service.recorded(1)
    second = {each["source"]["topic"]["code"] for each in service.call(body()).get_json()["cards"]}
    assert (urgent <= second) is again
    assert bool(urgent & second) is again


def test_what_is_always_sent(edition: Edition) -> None:
    low = ["low", "low-uncorrected", "low-corrected"]
    assert {name: it.always for name, it in edition.recommendations.items() if it.always} == {
        "refractory-pain-radiotherapy": ["cord", "suspected-cord", "reported-cord"],
        "surgical-evaluation": ["every"],
        "psychological-support": ["self-harm"],
        "bma-monitoring": ["low-calcium"],
        "denosumab-hypocalcaemia": low,
        "bisphosphonate-hypocalcaemia": low,
    }


@pytest.mark.parametrize(("text", "days"), [("{}", None), ("seen: {warning_days: 7}", 7), ("seen: off", None)])
def test_the_site_says_for_how_long(
    edition: Edition, memory: Memory, tmp_path: Path, text: str, days: int | None
) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(text + "\n", encoding="utf-8")
    own = site_of(file, known_of(edition))
    url = memory.database.url.render_as_string(hide_password=False)
    made = Memory.open(Settings(database_url=url, hash_key=KEY), None, own.said_once)
    made.close(1)
    assert (made.earlier.warning_days if made.earlier else None) == days


@pytest.mark.parametrize("days", [0, 31])
def test_the_days_have_bounds(edition: Edition, tmp_path: Path, days: int) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(f"seen: {{warning_days: {days}}}\n", encoding="utf-8")
    with pytest.raises(Exception, match="warning_days"):
        site_of(file, known_of(edition))
