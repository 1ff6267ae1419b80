"""Sliders and strips: which number of the request is moved, and that a strip says what asking at a point says."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from cds_service import fixtures
from cds_service.base.kinds import LANGUAGES
from cds_service.caller import DEFAULTS
from cds_service.edition import Edition
from cds_service.workbench import documents
from cds_service.workbench.desk import Desk, Laid, Wish
from cds_service.workbench.knobs import Knob, turned
from cds_service.workbench.strips import Strip
from tests.build import NOW

FIRST = "zoledronic-acid-dose-above-row"


@pytest.fixture(scope="module")
def desk(edition: Edition) -> Desk:
    return Desk(edition, DEFAULTS)


def laid(desk: Desk, name: str = FIRST, **numbers: str) -> Laid:
    return desk.lay(Wish("en", name, numbers=numbers), NOW)


def knob(it: Laid, key: str) -> Knob:
    return next(k for k in it.knobs if k.key == key)


def strip(desk: Desk, it: Laid, key: str) -> Strip:
    return next(each for each in desk.strips(it) if each.knob.key == key)


def moved(desk: Desk, key: str, value: str) -> documents.Json:
    return laid(desk, **{key: value}).turned


def test_a_number_is_moved_wherever_it_is_sent_and_nothing_else_is(desk: Desk) -> None:
    before, after = laid(desk).document, moved(desk, "creatinine", "2")
    sent = [r["valueQuantity"]["value"] for _, r in documents.resources(after) if r.get("id") == "creatinine"]
    assert sent == [2, 2]
    was = documents.written(before).decode()
    assert was.count("1.15") == 2
    assert was.replace("1.15", "2") == documents.written(after).decode()


def test_the_dose_of_the_draft_and_the_birthday_are_moved(desk: Desk) -> None:
    text = documents.written(moved(desk, "dose", "3.3")).decode()
    assert '"doseQuantity":{"value":3.3,' in text
    assert '"birthDate":"1945-06-10"' in documents.written(moved(desk, "age", "80")).decode()


@pytest.mark.parametrize("day", ["1960-02-29", "1961-03-01"])
def test_whoever_was_born_on_a_leap_day_ages_too(desk: Desk, day: str) -> None:
    document = json.loads(fixtures.load(FIRST).request)
    document["prefetch"]["patient"]["birthDate"] = day
    it = desk.lay(Wish("en", text=json.dumps(document), service="bone-modifying-agents"), fixtures.load(FIRST).at)
    ages = {}
    for years in range(18, 101):
        changed = turned(it.document, it.knobs, {"age": Decimal(years)}, it.trial.at.date())
        again = desk.lay(Wish("en", text=documents.written(changed).decode(), service=it.trial.service), it.trial.at)
        ages[years] = int(knob(again, "age").value)
    assert ages == {years: years for years in range(18, 101)}


def test_where_nothing_is_moved_the_request_is_the_one_shipped(desk: Desk) -> None:
    for name in fixtures.names()[::9]:
        if fixtures.load(name).story.status == 200:
            assert json.loads(documents.written(laid(desk, name).turned)) == json.loads(fixtures.load(name).request)


def test_no_knob_stands_outside_its_slider(desk: Desk) -> None:
    for name in fixtures.names():
        if fixtures.load(name).story.status != 200:
            continue
        for k in laid(desk, name).knobs:
            assert k.low <= k.value <= k.high, (name, k)
            assert 1 <= k.steps <= 20_000, (name, k)


def test_a_strip_shows_every_row_of_the_table_and_the_holes(desk: Desk) -> None:
    found = strip(desk, laid(desk), "creatinine")
    assert [(str(s.low), str(s.high), s.urgency) for s in found.segments[:5]] == [
        ("0.30", "0.86", "none"),
        ("0.87", "1.03", "warning"),
        ("1.04", "1.29", "warning"),
        ("1.30", "1.73", "warning"),
        ("1.74", "5.00", "critical"),
    ]
    assert [band[2] for band in found.bands] == ["none", "warning", "critical"]


def test_an_answer_that_holds_for_one_point_only_is_found(desk: Desk) -> None:
    points = [(s.low, s.high) for s in strip(desk, laid(desk), "dose").segments]
    assert (Decimal("3.3"), Decimal("3.3")) in points
    assert (Decimal("120.0"), Decimal("120.0")) in [
        (s.low, s.high) for s in strip(desk, laid(desk, "denosumab-everything-in-order"), "dose").segments
    ]


@pytest.mark.parametrize("key", ["creatinine", "weight", "calcium", "dose"])
def test_a_strip_says_what_asking_says(desk: Desk, key: str) -> None:
    """Each stretch at both ends."""
    found = strip(desk, laid(desk), key)
    for segment in found.segments:
        for value in (segment.low, segment.high):
            cards = desk.view(laid(desk, **{key: str(value)})).cards
            urgencies = [card["indicator"] for card in cards]
            assert segment.urgency == (urgencies[0] if urgencies else "none"), (key, value)


def test_stretches_cover_the_slider_without_a_gap(desk: Desk) -> None:
    for found in desk.strips(laid(desk)):
        assert found.segments[0].low == found.knob.low
        assert found.cuts[-1][1] == found.knob.steps
        bars = found.drawn
        assert sum(bar.width for bar in bars) == found.knob.steps + 1 == bars[-1].x + bars[-1].width


def test_both_languages_have_the_same_stretches(edition: Edition) -> None:
    told = {
        tag: Desk(edition, DEFAULTS).strips(Desk(edition, DEFAULTS).lay(Wish(tag, FIRST), NOW)) for tag in LANGUAGES
    }
    assert [s.cuts for s in told["en"]] == [s.cuts for s in told["zh-CN"]]
    shared = Desk(edition, DEFAULTS)
    first = [shared.strips(shared.lay(Wish(tag, FIRST), NOW)) for tag in LANGUAGES]
    assert first[1] == told["zh-CN"]


def test_nothing_of_a_request_of_one_s_own_is_remembered(edition: Edition) -> None:
    desk = Desk(edition, DEFAULTS)
    text = fixtures.load(FIRST).request_at(NOW).decode()
    assert desk.strips(desk.lay(Wish("en", text=text, service="bone-modifying-agents"), NOW))
    assert (desk._strips, desk._cuts) == ({}, {})


@pytest.mark.parametrize(
    "odd",
    [
        {"valueQuantity": {"value": True, "unit": "mg/dL"}},
        {"valueQuantity": {"value": "1.15", "unit": "mg/dL"}},
        {"valueQuantity": []},
        {"valueInteger": 3},
        {},
    ],
)
def test_a_result_that_states_no_number_has_no_slider_and_does_no_harm(desk: Desk, odd: documents.Json) -> None:
    document = json.loads(fixtures.load(FIRST).request)
    for _, resource in documents.resources(document):
        if resource.get("id") == "creatinine":
            del resource["valueQuantity"]
            resource.update(odd)
    it = desk.lay(Wish("en", text=json.dumps(document), service="bone-modifying-agents"), fixtures.load(FIRST).at)
    assert "creatinine" not in {k.key for k in it.knobs}
    assert desk.view(it).told.verdicts
