"""The chart as a subject: hooks on which nothing was ordered ask the topics whose trigger is the opened chart."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest

from cds_service.answer import Answer
from cds_service.call.problems import BadRequest
from cds_service.edition import Edition
from cds_service.evaluate.outcome import NoAdvice, Outcome
from cds_service.evaluate.triggers import chart_opened
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Chart
from cds_service.knowledge.model import Parameters
from cds_service.tools.asking import answer_body
from tests.build import NOW, PATIENT, Json, encoded, prefetch, request, zoledronic

REVIEW = "review"
TOPIC = "dental-exam-before-bma"


@pytest.fixture
def reviewing(edition: Edition) -> Edition:
    """An edition with a service on the chart's hooks that asks one topic of it."""
    topic = edition.topics[TOPIC]

    def rule(subject: Chart, facts: Facts, p: Parameters) -> Outcome:
        assert isinstance(subject, Chart)
        assert facts.orders.all == ()
        return NoAdvice("looked-at" if facts.procedures.arranged(365, "dental-examination") else "not-looked-at")

    asked = dataclasses.replace(topic, rule=dataclasses.replace(topic.rule, function=rule, triggers=(chart_opened(),)))
    first = edition.knowledge.services.services[0]
    service = msgspec.structs.replace(first, id=REVIEW, hooks=["patient-view", "encounter-start"], topics=[TOPIC])
    services = msgspec.structs.replace(edition.knowledge.services, services=[first, service])
    knowledge = dataclasses.replace(edition.knowledge, services=services)
    return dataclasses.replace(edition, knowledge=knowledge, topics={**edition.topics, TOPIC: asked})


def opened(hook: str = "patient-view", **context: Any) -> Json:
    body = request(hook="order-sign")
    body |= {"hook": hook, "context": {"userId": "Practitioner/doc-1", "patientId": PATIENT} | context}
    return body


def ask(edition: Edition, body: Json, service: str = REVIEW) -> Answer:
    return answer_body(edition, service, encoded(body), NOW, "en")


def said(answered: Answer) -> list[Any]:
    assert answered.findings
    return [(f.code, f.subject, f.outcome) for f in answered.findings.all]


@pytest.mark.parametrize("hook", ["patient-view", "encounter-start"])
def test_an_opened_chart_is_asked_about(reviewing: Edition, hook: str) -> None:
    answered = ask(reviewing, opened(hook, encounterId="e1"))
    assert answered.call.kind == "chart"
    assert answered.subjects == (Chart(),)
    assert said(answered) == [(TOPIC, Chart(), NoAdvice("looked-at"))]


def test_an_order_hook_asks_nothing_of_the_chart(reviewing: Edition) -> None:
    answered = answer_body(reviewing, "bone-modifying-agents", encoded(request(zoledronic())), NOW, "en")
    assert TOPIC not in [f.code for f in (answered.findings.all if answered.findings else ())]


def test_a_hook_belongs_to_its_service(reviewing: Edition) -> None:
    for body, service in [(opened(), "bone-modifying-agents"), (request(zoledronic()), REVIEW)]:
        with pytest.raises(BadRequest) as caught:
            ask(reviewing, body, service)
        assert caught.value.where == "hook"


def test_a_chart_hook_needs_its_patient_and_no_orders(reviewing: Edition) -> None:
    body = opened()
    del body["context"]["patientId"]
    with pytest.raises(BadRequest) as caught:
        ask(reviewing, body)
    assert caught.value.where == "context.patientId"


def test_the_prefetch_of_the_service_is_what_its_topics_read(reviewing: Edition) -> None:
    assert set(reviewing.prefetch(REVIEW)) == set(reviewing.topics[TOPIC].needs)
    less = opened() | {"prefetch": {k: v for k, v in prefetch().items() if k in reviewing.prefetch(REVIEW)}}
    assert said(ask(reviewing, less)) == said(ask(reviewing, opened()))
