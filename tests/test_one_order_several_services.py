"""One order may be asked about in every service of orders: nothing is said of it twice."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

import pytest

from cds_service import fixtures
from cds_service.base.kinds import NOT_EVALUATED, LanguageTag
from cds_service.call.problems import CallProblem
from cds_service.edition import Edition
from cds_service.tools.asking import answer_body
from tests.build import NOW, bundle, encoded, observation, order, prefetch, request, zoledronic


class Said(NamedTuple):
    """What a service said of a request: (topic, sentence, subject), claims, and (id, summary) of the cards."""

    service: str
    advice: tuple[tuple[str, str, str], ...]
    claims: frozenset[str]
    cards: tuple[tuple[str, str], ...]


def _said(edition: Edition, service: str, body: bytes, at: datetime, language: LanguageTag) -> Said | None:
    """None where the service refuses the request."""
    try:
        answer = answer_body(edition, service, body, at, language)
    except CallProblem:
        return None
    advice = answer.findings.advice if answer.findings else ()
    return Said(
        service,
        tuple((finding.code, said.say, finding.subject.key) for finding, said in advice),
        frozenset(claim for _, said in advice for claim in said.claims),
        # The card of what was not evaluated names the topics of its own service.
        tuple((c.uuid, c.summary) for c in answer.response.cards if c.source.topic.code != NOT_EVALUATED),
    )


@pytest.fixture(scope="module")
def everywhere(edition: Edition) -> dict[str, list[Said]]:
    """By situation of an order, what each service of orders said."""
    services = edition.service_ids_on("order-sign")
    orders = [each for each in fixtures.situations() if each.story.service in services]
    assert len(services) > 3
    asked = {each.name: (each.request, each.at, each.story.language) for each in orders}
    asked["an order set"] = (_order_set(), NOW, "en")
    return {name: [said for s in services if (said := _said(edition, s, *it))] for name, it in asked.items()}


def _order_set() -> bytes:
    """A bisphosphonate and an NSAID, for severe pain, in a mouth nobody has looked at: of two services."""
    score = observation("72514-3", 8, "{score}", days_ago=1, category=[{"coding": [{"code": "survey"}]}])
    known = prefetch(procedures=bundle(), observations=bundle(score))
    return encoded(request(zoledronic(), order("5640", 400), prefetch=known))


def test_no_topic_says_the_same_of_one_order_in_two_services(everywhere: dict[str, list[Said]]) -> None:
    spoke = 0
    for name, answers in everywhere.items():
        by: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
        for said in answers:
            for each in said.advice:
                by[each].append(said.service)
        assert {each: services for each, services in by.items() if len(services) > 1} == {}, name
        spoke += bool(by)
    assert spoke > 50


def test_no_card_is_shown_by_two_services(everywhere: dict[str, list[Said]]) -> None:
    """Neither by its id nor by its words."""
    compared = 0
    for name, answers in everywhere.items():
        uuids = [uuid for said in answers for uuid, _ in said.cards]
        summaries = [summary for said in answers for summary in {summary for _, summary in said.cards}]
        assert len(set(uuids)) == len(uuids), name
        assert len(set(summaries)) == len(summaries), name
        compared += sum(bool(said.cards) for said in answers) > 1
    assert compared > 0, "no order is of two services"
    assert sum(bool(said.cards) for said in everywhere["an order set"]) == 2


def test_no_two_services_claim_the_same_of_one_order(everywhere: dict[str, list[Said]]) -> None:
    """What two topics call by one name would be said twice, in other words."""
    for name, answers in everywhere.items():
        claims = [claim for said in answers for claim in said.claims]
        assert len(set(claims)) == len(claims), name
