"""The made-up ward: what was aimed at is held, and its page is what the rules give."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import msgspec
import pytest

from cds_service.deliver.issue import issue
from cds_service.edition import Edition
from cds_service.tools.burden.assumptions import Assumptions, assumptions
from cds_service.tools.burden.by_service import ByService, asked_orders
from cds_service.tools.burden.measure import Asked, Remembered, asked, count, opened_charts, over_time, without_repeats
from cds_service.tools.burden.orders import order_assumptions
from cds_service.tools.burden.page import page_file, render
from cds_service.tools.burden.patients import DRUGS, Drug, followed, ward
from tests.contradictions import faults

Ward = tuple[dict[Drug, list[Asked]], list[Asked]]


@pytest.fixture(scope="module")
def assumed() -> Assumptions:
    return assumptions()


@pytest.fixture(scope="module")
def answered(edition: Edition, assumed: Assumptions) -> Ward:
    return asked(edition, assumed), over_time(edition, assumed)


@pytest.fixture(scope="module")
def charts(edition: Edition, assumed: Assumptions) -> list[Asked]:
    return opened_charts(edition, assumed)


@pytest.fixture(scope="module")
def services(edition: Edition, assumed: Assumptions) -> ByService:
    return asked_orders(edition, assumed, order_assumptions())


def test_the_page_is_fresh(assumed: Assumptions, answered: Ward, charts: list[Asked], services: ByService) -> None:
    made = render(assumed, *answered, charts, order_assumptions(), services)
    assert page_file().read_text(encoding="utf-8") == made, "run make burden"


def test_an_opened_chart_has_no_more_cards_than_aimed_at(assumed: Assumptions, charts: list[Asked]) -> None:
    made = count(charts, Remembered(assumed.count("said_once")))
    assert made.orders == len(charts)
    assert made.cards.total() > 100
    assert made.per_order <= assumed.aims.per_opening


def test_an_opened_chart_never_has_more_than_a_few_cards_that_may_wait(
    assumed: Assumptions, charts: list[Asked]
) -> None:
    """So many, and the one that holds the others, or the one other: alone it is not folded."""
    waiting = [[c for c in each.answer.response.cards if c.indicator == "info"] for each in charts]
    assert max(map(len, waiting)) == assumed.aims.at_once + 1


def test_denosumab_has_no_more_cards_than_aimed_at(assumed: Assumptions, answered: Ward) -> None:
    made = count(answered[0]["denosumab"], Remembered(assumed.count("said_once")))
    assert made.orders == assumed.number("orders")
    assert made.per_order <= assumed.aims.denosumab


def test_a_critical_card_needs_a_low_calcium_that_was_measured(assumed: Assumptions, answered: Ward) -> None:
    """Corrected below 2.00, and a total below the laboratory's range: never by a downward correction alone."""
    critical = [each for each in answered[0]["denosumab"] if each.critical]
    assert critical
    for each in critical:
        assert each.answer.findings
        calcium = each.answer.findings.facts.calcium
        assert calcium.value is not None
        assert calcium.value < 2
        assert not calcium.downward
        assert each.visit.calcium is not None
        assert each.visit.calcium < 2.11


def test_saying_it_once_takes_away_info_cards_and_nothing_else(assumed: Assumptions, answered: Ward) -> None:
    every_time = count(answered[1])
    once = count(answered[1], Remembered(assumed.count("said_once")))
    more = {key: n for key, n in every_time.cards.items() if key[1] != "info"}
    assert more == {key: n for key, n in once.cards.items() if key[1] != "info"}
    assert once.per_order < 0.7 * every_time.per_order


def test_without_repeats_nobody_reads_the_same_words_twice_in_the_window(assumed: Assumptions, answered: Ward) -> None:
    """As the clinical review counted: warnings too, and whatever was said last, sent or not, is what is repeated."""
    days = assumed.count("said_once")
    once, fewer = count(answered[1], Remembered(days)), without_repeats(answered[1], days)
    assert sum(n for key, n in fewer.cards.items() if key[1] != "info") < sum(
        n for key, n in once.cards.items() if key[1] != "info"
    )
    assert without_repeats(answered[1], days, summary_alone=True).per_order < fewer.per_order < once.per_order
    assert without_repeats(answered[1], 28).cards == count(answered[1]).cards, "a cycle is no repeat of itself"
    first = {
        (each.visit.name, card.source.topic.code, card.summary, card.detail)
        for each in answered[1]
        for card in each.answer.response.cards
    }
    assert without_repeats(answered[1], 10_000).cards.total() == len(first)


def test_no_two_cards_contradict_or_repeat_a_number(answered: Ward) -> None:
    wrong = {
        each.visit.name: found for orders in answered[0].values() for each in orders if (found := faults(each.answer))
    }
    assert wrong == {}


def test_no_two_cards_of_a_chart_contradict_or_repeat_a_number(charts: list[Asked]) -> None:
    assert {(each.visit.name, each.today): found for each in charts if (found := faults(each.answer))} == {}


def test_the_ward_is_the_one_assumed(assumed: Assumptions) -> None:
    """Shares and means lie where they were put: a ward that is drawn wrongly measures another product."""
    today = [visits[-1] for drug in DRUGS for visits in ward(assumed, drug)]
    share = {
        "repeat": sum(bool(v.doses) for v in today),
        "exam": sum(v.exam is not None for v in today),
        "supplements": sum(v.supplements for v in today),
        "nsaid": sum(v.nsaid for v in today),
        "calcium_known": sum(v.calcium is not None for v in today),
    }
    for name, number in share.items():
        assert number / len(today) == pytest.approx(assumed.number(name), abs=0.06), name
    calcium = [v.calcium for v in today if v.calcium is not None]
    assert sum(calcium) / len(calcium) == pytest.approx(assumed.number("calcium"), abs=0.02)


def test_who_is_followed_gets_an_order_every_cycle(assumed: Assumptions) -> None:
    for visits in followed(assumed)[:5]:
        assert [len(v.doses) for v in visits] == list(range(len(visits)))
        assert {b.today - a.today for a, b in pairwise(visits)} == {timedelta(days=28)}
        assert len({(v.sex, v.born, v.nsaid, v.exam) for v in visits if v.exam}) <= 1


def test_a_record_does_not_forget_a_weight(assumed: Assumptions) -> None:
    weights = [[v.weight for v in visits] for visits in followed(assumed)]
    assert any(a and a == b for some in weights for a, b in pairwise(some)), "an older one counts on"
    for some in weights:
        for before, after in pairwise(some):
            assert before is None or (after is not None and after[0] >= before[0])


def test_what_was_said_is_not_said_again_in_another_card(assumed: Assumptions, answered: Ward) -> None:
    """Of those followed, every card about examination and supplements says something of them anew."""
    memory, said = Remembered(assumed.count("said_once")), {}
    topics = {"dental-exam-before-bma", "calcium-vitamin-d-supplement"}
    for each in answered[1]:
        memory.now = datetime.combine(each.today, time(9, tzinfo=UTC))
        left, issued = issue(each.answer.response, each.answer.findings, each.answer.call, each.answer.caller, memory)
        memory.remember(issued)
        for card in (c for c in left.cards if c.indicator == "info" and c.source.topic.code in topics):
            parts = {(card.source.topic.code, "info")}
            parts |= {(held.topic, held.indicator) for some in card.extension.values() for held in some}
            days = [said.get((each.visit.name, *part)) for part in parts]
            assert any(day is None or (each.today - day).days >= 90 for day in days), (each.visit.name, each.today)
            said |= {(each.visit.name, *part): each.today for part in parts}
    assert said


def test_another_seed_is_another_ward(assumed: Assumptions) -> None:
    other = msgspec.structs.replace(assumed, seed=assumed.seed + 1)
    assert ward(other, "denosumab") != ward(assumed, "denosumab")


_DRAWN = """
from cds_service.tools.burden.assumptions import assumptions
from cds_service.tools.burden.calls import request
from cds_service.tools.burden.patients import ward
import hashlib
print(hash("x"))
visits = [visit for some in ward(assumptions(), "denosumab") for visit in some]
print(hashlib.sha256(b"".join(request(visit, 4) for visit in visits)).hexdigest())
"""


def test_the_ward_is_the_same_in_every_process_and_time_zone() -> None:
    drawn = [
        subprocess.run(
            [sys.executable, "-c", _DRAWN],
            env=os.environ | {"PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for seed, zone in (("1", "Asia/Shanghai"), ("2", "America/Los_Angeles"))
    ]
    assert drawn[0][0] != drawn[1][0]
    assert drawn[0][1] == drawn[1][1]
