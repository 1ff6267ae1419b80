"""The made-up orders of analgesics, imaging and local treatment: few cards, every topic heard, none a habit."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from cds_service.base.kinds import NOT_EVALUATED
from cds_service.base.yamlfile import load_as
from cds_service.edition import Edition
from cds_service.tools.burden.assumptions import Assumptions, assumptions
from cds_service.tools.burden.by_service import AskedOrder, ByService, ask_order, asked_orders, by_topic
from cds_service.tools.burden.order_calls import ordered
from cds_service.tools.burden.orders import FILE, OrderAssumptions, Ordering, order_assumptions, orderings
from tests.contradictions import faults


@pytest.fixture(scope="module")
def assumed() -> Assumptions:
    return assumptions()


@pytest.fixture(scope="module")
def held() -> OrderAssumptions:
    return order_assumptions()


@pytest.fixture(scope="module")
def services(edition: Edition, assumed: Assumptions, held: OrderAssumptions) -> ByService:
    return asked_orders(edition, assumed, held)


def test_no_service_has_more_cards_than_it_may(services: ByService) -> None:
    assert [service.service for service, _ in services] == ["cancer-pain", "bone-imaging", "local-therapy"]
    for service, orders in services:
        made = by_topic(orders)
        assert made.orders == service.orders
        assert 0 < made.per_order <= service.most, service.service


def test_every_topic_speaks_and_is_silent_most_of_the_time(edition: Edition, services: ByService) -> None:
    """At most at every fourth order of its service; and what can be known is known, so nothing is not evaluated."""
    for service, orders in services:
        made = by_topic(orders)
        topics = {topic.code for topic in edition.topics_of(service.service)} - {NOT_EVALUATED}
        assert {code: made.share(code) for code in topics if not 0 < made.share(code) <= 0.25} == {}
        assert made.share(NOT_EVALUATED) == 0


def test_a_critical_card_is_about_more_than_4_g(services: ByService) -> None:
    """Of these services only acetaminophen has one, and in this ward only one order is above its maximum."""
    critical = {
        each.order.item.what
        for _, orders in services
        for each in orders
        if any(card.indicator == "critical" for card in each.answer.response.cards)
    }
    assert critical == {"acetaminophen 1 g every 4 hours"}


def test_an_order_says_the_same_in_both_languages(edition: Edition, services: ByService) -> None:
    """English with codes and a dose in members, or Chinese texts alone: each topic comes to the same, silent or not."""
    for service, orders in services:
        for each in orders:
            other = ask_order(edition, service, _in_the_other_language(each.order))
            assert _found(other) == _found(each), (each.order.name, each.order.item.what, each.order.reason)


def _in_the_other_language(order: Ordering) -> Ordering:
    said = [(r.zh, r.en) if order.chinese else (r.en, r.zh) for r in order.item.reasons]
    return replace(order, chinese=not order.chinese, reason=dict(said)[order.reason])


def _found(asked: AskedOrder) -> set[tuple[str, str, str]]:
    """What each topic came to, and why."""
    found = asked.answer.findings.all if asked.answer.findings else ()
    return {
        (f.code, type(f.outcome).__name__, getattr(f.outcome, "because", getattr(f.outcome, "say", ""))) for f in found
    }


def test_no_two_cards_of_an_order_contradict_or_repeat_a_number(services: ByService) -> None:
    told = [each for _, orders in services for each in orders]
    assert {each.order.name: found for each in told if (found := faults(each.answer))} == {}


def test_orders_are_as_often_as_their_shares_say(assumed: Assumptions, held: OrderAssumptions) -> None:
    service = next(each for each in held.services if each.service == "bone-imaging")
    made = orderings(assumed, held, service)
    known = [each for each in made if each.metastasis]
    assert len(known) == service.orders * service.groups[0].share
    scans = [each for each in known if each.item.what == "bone scan"]
    weight = sum(each.share for each in service.groups[0].orders)
    assert len(scans) == pytest.approx(len(known) * scans[0].item.share / weight, abs=1)
    unstated = [each for each in scans if not each.reason]
    assert len(unstated) == pytest.approx(0.3 * len(scans), abs=1)
    assert sum(each.chinese for each in made) / len(made) == pytest.approx(float(held.chinese.value), abs=0.1)


def test_another_seed_is_another_record_of_the_same_orders(assumed: Assumptions, held: OrderAssumptions) -> None:
    service = held.services[0]
    one = orderings(assumed, held, service)
    other = orderings(msgspec.structs.replace(assumed, seed=assumed.seed + 1), held, service)
    assert [each.item for each in one] == [each.item for each in other]
    assert [ordered(each) for each in one] != [ordered(each) for each in other]
    assert [ordered(each) for each in one] == [ordered(each) for each in orderings(assumed, held, service)]


def test_what_no_patient_has_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = load_as(FILE, OrderAssumptions)
    group = shipped.services[0].groups[0]
    group = msgspec.structs.replace(group, record={"pain_knwon": group.record["pain_known"]})
    wrong = msgspec.structs.replace(shipped.services[0], groups=(group,))
    monkeypatch.setattr(
        "cds_service.tools.burden.orders.load_as", lambda *_: msgspec.structs.replace(shipped, services=(wrong,))
    )
    with pytest.raises(KeyError, match="pain_knwon"):
        order_assumptions()
