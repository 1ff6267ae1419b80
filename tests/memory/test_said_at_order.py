"""What an order's card has just told a user, the opened chart does not repeat."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from cds_service import fixtures
from cds_service.call.problems import CallProblem
from cds_service.deliver import claims
from cds_service.edition import Edition
from cds_service.report.reading import figures
from cds_service.store.memory import Memory
from cds_service.store.reactions import EarlierCards
from cds_service.store.tables import call, card, claim
from cds_service.tools.asking import answer_body
from tests.build import NOW, Json, ago, bundle, calcium, denosumab, encoded, prefetch, request, zoledronic
from tests.databases import BACKENDS
from tests.memory.build import KEY, Service, emptied, remembering, served
from tests.memory.test_said_once import dose_given
from tests.memory.test_suppression import Clock
from tests.test_review_service import ACTIVE, JAW, SICK, opened

REVIEW = "/cds-services/bone-metastasis-review"
ONJ, MONITORING, DENTAL = "bma-with-onj", "bma-monitoring", "dental-exam-before-bma"


@pytest.fixture(scope="module", params=BACKENDS)
def memory(request: pytest.FixtureRequest) -> Iterator[Memory]:
    with remembering(request) as made:
        yield made


def serving(edition: Edition, memory: Memory, days: int | None = 90) -> Service:
    clock = Clock()
    hours = edition.knowledge.services.order_hours
    earlier = EarlierCards(memory.database, KEY, 24, days, clock, order_hours=hours)
    return served(edition, dataclasses.replace(emptied(memory), earlier=earlier), clock)


@pytest.fixture
def service(edition: Edition, memory: Memory) -> Service:
    return serving(edition, memory)


def ordered(**members: Any) -> Json:
    """Denosumab is ordered in spite of the jaw: a warning."""
    known = prefetch(conditions=bundle(*SICK), laboratory=bundle(calcium(2.3)))
    return request(denosumab(), prefetch=known, hookInstance=str(uuid.uuid4())) | members


def chart(**prefetch: Any) -> Json:
    return opened(**prefetch) | {"hookInstance": str(uuid.uuid4())}


def told(service: Service, body: Json, calls: int) -> list[str]:
    """The topics of an order's answer, once it is recorded."""
    topics = service.topics(body)
    service.recorded(calls)
    return topics


def seen(service: Service, body: Json, **headers: str) -> list[str]:
    """The topics of the answer to an opened chart."""
    answer = service.post(REVIEW, encoded(body), **headers)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [each["source"]["topic"]["code"] for each in answer.get_json()["cards"]]


def test_the_chart_does_not_repeat_the_order_and_says_so_in_the_record(service: Service) -> None:
    before = seen(service, chart())
    assert ONJ in before
    service.recorded(1)
    assert ONJ in told(service, ordered(), 2), "the order is not silenced by the chart"
    after = seen(service, chart())
    assert ONJ not in after
    service.recorded(3)
    rows = [(row["topic"], row["outcome"]) for row in service.rows(card) if row["topic"] == ONJ]
    assert rows == [(ONJ, "shown"), (ONJ, "shown"), (ONJ, "said-at-order")]
    now, day = datetime.now(UTC), timedelta(days=1)
    made = figures(service.memory.database, now - day, now + day, wrong_advice="recipient-does-not-trust")
    counted = {topic.topic: topic.cards for topic in made.topics}
    assert (counted[ONJ].shown, counted[ONJ].said_at_order, counted[ONJ].kept_back) == (2, 1, 1)


def _another_user() -> Json:
    return opened(user="Practitioner/doc-2") | {"hookInstance": str(uuid.uuid4())}


def _another_jaw() -> Json:
    return chart(conditions=bundle(*SICK[:2], JAW | {"id": "since", "onsetDateTime": ago(1)}))


def _another_server() -> Json:
    return chart() | {"fhirServer": "https://b.example/r4"}


@pytest.mark.parametrize("body", [_another_user, _another_jaw, _another_server])
def test_another_user_other_evidence_or_another_patient_is_told(service: Service, body: Any) -> None:
    told(service, ordered(), 1)
    assert ONJ in seen(service, body())


def test_another_language_is_told(service: Service) -> None:
    told(service, ordered(), 1)
    assert ONJ in seen(service, chart(), Accept_Language="zh-CN")


@pytest.mark.parametrize(("hours", "again"), [(23, False), (25, True)])
def test_it_holds_for_a_day(service: Service, hours: int, again: bool) -> None:
    told(service, ordered(), 1)
    with service.memory.database.engine.begin() as connection:
        connection.execute(update(call).values(at=NOW - timedelta(hours=hours)))
    assert (ONJ in seen(service, chart())) is again


@pytest.mark.parametrize("fate", ["suppressed", "seen", "silent"])
def test_only_what_was_shown_was_said(service: Service, fate: str) -> None:
    told(service, ordered(), 1)
    with service.memory.database.engine.begin() as connection:
        connection.execute(update(card).values(outcome=fate))
    assert ONJ in seen(service, chart())


def test_without_the_memory_of_said_once_nothing_changes(edition: Edition, memory: Memory) -> None:
    service = serving(edition, memory, days=None)
    told(service, ordered(), 1)
    assert ONJ in seen(service, chart())


def test_a_user_without_a_name_is_told(service: Service) -> None:
    nobody = ordered()
    nobody["context"] = nobody["context"] | {"userId": " "}
    told(service, nobody, 1)
    assert service.rows(claim) == []


def _treated(**more: Any) -> Json:
    """Zoledronic acid is given, and the mouth was not looked at; whether a creatinine is there is ``more``."""
    given = bundle(dose_given())
    return chart(conditions=bundle(*SICK[:2]), medicationRequests=bundle(), medicationAdministrations=given, **more)


def _creatinine() -> Json:
    return {
        "resourceType": "Observation", "id": "creatinine", "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]},
        "subject": {"reference": ACTIVE["subject"]["reference"]}, "effectiveDateTime": ago(3),
        "valueQuantity": {"value": 0.8, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"},
    }  # fmt: skip


def test_a_card_with_one_thing_more_than_the_order_said_is_sent_in_full(service: Service) -> None:
    known = prefetch(procedures=bundle(), medicationAdministrations=bundle(dose_given()))
    assert DENTAL in told(service, request(zoledronic(), prefetch=known, hookInstance=str(uuid.uuid4())), 1)
    assert MONITORING in seen(service, _treated()), "a creatinine is due too"
    service.recorded(2)
    assert MONITORING not in seen(service, _treated(observations=bundle(_creatinine())))


class _Everything:
    """A memory in which orders have said everything already."""

    key = KEY

    def said_at_order(self, claims: Iterable[bytes]) -> frozenset[bytes]:
        return frozenset(claims)


def test_critical_cards_and_the_spinal_cord_always_speak(edition: Edition) -> None:
    """Over all situations of an opened chart, even where orders had said everything."""
    urgent = dropped = 0
    for situation in fixtures.situations():
        story = situation.story
        if story.service != "bone-metastasis-review":
            continue
        try:
            found = answer_body(edition, story.service, situation.request, situation.at, story.language)
        except CallProblem:
            continue
        if found.findings is None:
            continue
        left = {f.code for f, _ in claims.unsaid(found.findings, found.call, found.caller, _Everything()).advice}
        for finding, advice in found.findings.advice:
            if advice.indicator == "critical" or finding.code == "refractory-pain-radiotherapy":
                urgent += 1
                assert finding.code in left, situation.name
            dropped += finding.code not in left
    assert urgent > 3
    assert dropped > 3


@pytest.mark.parametrize("critical", [True, False])
def test_a_critical_card_with_claims_speaks_too(edition: Edition, critical: bool) -> None:
    found = answer_body(edition, "bone-metastasis-review", encoded(chart()), NOW, "en")
    assert found.findings is not None
    urgent = tuple(
        _with(f, indicator="critical" if critical else f.outcome.indicator) if f.code == ONJ else f  # type: ignore[union-attr]
        for f in found.findings.all
    )
    findings = dataclasses.replace(found.findings, all=urgent)
    left = {f.code for f, _ in claims.unsaid(findings, found.call, found.caller, _Everything()).advice}
    assert (ONJ in left) is critical


def _with(finding: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(finding, outcome=msgspec.structs.replace(finding.outcome, **changes))
