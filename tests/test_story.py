"""One patient's story (``deploy/patient-story.md``): its page says what the stored answers say, its record grows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.fixtures import Situation, situations
from tests.test_fixtures import ask

Json = dict[str, Any]

ROOT = Path(__file__).parents[1]
PAGE = "deploy/patient-story.md"
STORY = sorted((s for s in situations() if s.name.startswith("story-")), key=lambda s: int(s.name.split("-")[1]))
BODIES = [json.loads(s.request) for s in STORY]
NAMES = [s.name for s in STORY]
# Every topic the guideline's Figure 1 and section 4 ask for along the way, at the step where it first comes.
FIRST = {
    "bone-metastasis-screening": 1, "positive-bone-scan-workup": 2, "solitary-lesion-biopsy": 3, "start-bma": 4,
    "multidisciplinary-plan": 4, "analgesia-ladder": 4, "dental-exam-before-bma": 5, "bisphosphonate-renal-dose": 5,
    "bma-monitoring": 6, "refractory-pain-radiotherapy": 7, "bisphosphonate-after-second-sre": 8,
    "bma-duration-review": 9,
}  # fmt: skip
# Where the resources of a type are sent. Observations: under one key of the review, under two of the order services.
KEYS = {
    "Condition": "conditions", "DiagnosticReport": "reports", "Encounter": "encounters", "Procedure": "procedures",
    "ServiceRequest": "serviceRequests", "MedicationRequest": "medicationRequests",
    "MedicationAdministration": "medicationAdministrations",
}  # fmt: skip


def page() -> str:
    return (ROOT / PAGE).read_text(encoding="utf-8")


def section(number: int) -> str:
    found = re.search(rf"^## Step {number}: .*?(?=^## )", page(), re.MULTILINE | re.DOTALL)
    assert found, f"no step {number} on the page"
    return found[0]


def rows(text: str) -> list[tuple[str, ...]]:
    return re.findall(r"^\| (\w+) \| `([a-z-]+)` \| (.*?) \| (.*?) \|$", text, re.MULTILINE)


def as_row(card: Json) -> tuple[str, ...]:
    """A card as the page tells it: urgency, topic, summary, and what its source line names of the guideline."""
    source = re.search(r"\*\*Source:\*\* [^,]*, (.*)\.$", card["detail"], re.MULTILINE)
    assert source, card["detail"]
    return card["indicator"], card["source"]["topic"]["code"], card["summary"], source[1]


def resources(body: Json) -> dict[str, Json]:
    """``type/id`` -> resource, of all that the call sends of the record."""
    bundles = [b for b in body["prefetch"].values() if b["resourceType"] == "Bundle"]
    found = [entry["resource"] for bundle in bundles for entry in bundle.get("entry", [])]
    return {f"{r['resourceType']}/{r['id']}": r for r in found}


def is_asked(resource: Json, keys: Json) -> bool:
    """Whether a call with these prefetch keys would bring the resource."""
    if resource["resourceType"] != "Observation":
        return KEYS[resource["resourceType"]] in keys
    return "observations" in keys or ("laboratory" in keys and "category" in resource)


def lasting(resource: Json) -> Json:
    """What of a resource stays: not its status, and not the end that an order or a diagnosis gets."""
    ended = {"status", "clinicalStatus", "abatementDateTime", "dosageInstruction"}
    return {name: value for name, value in resource.items() if name not in ended}


each = pytest.mark.parametrize("step", range(1, 10))


def test_the_steps_are_nine_in_the_order_of_their_days() -> None:
    assert [int(name.split("-")[1]) for name in NAMES] == list(range(1, 10))
    assert [s.at for s in STORY] == sorted({s.at for s in STORY})


@each
def test_the_page_says_what_the_stored_answer_says(step: int) -> None:
    situation, told = STORY[step - 1], section(step)

    assert told.startswith(f"## Step {step}: {situation.at:%Y-%m-%d}, ")
    assert rows(told) == [as_row(card) for card in situation.response["cards"]]


@each
def test_the_page_quotes_the_chinese_cards(edition: Edition, step: int) -> None:
    situation = STORY[step - 1]
    _, response = ask(edition, situation, "zh-CN", situation.request, situation.at)

    assert re.findall(r"「(.+?)」", section(step)) == [card["summary"] for card in response["cards"]]


@each
def test_the_page_shows_how_to_try_the_step(step: int) -> None:
    commands = re.findall(r"cds-service check (\S+)(.*)$", section(step), re.MULTILINE)

    assert commands == [(NAMES[step - 1], ""), (NAMES[step - 1], " --explain")]


def test_each_topic_of_the_guideline_comes_first_at_its_step() -> None:
    come: dict[str, int] = {}
    for number, situation in enumerate(STORY, start=1):
        for topic in situation.story.topics:
            come.setdefault(topic, number)

    assert {topic: come.get(topic) for topic in FIRST} == FIRST


def test_only_the_compressed_cord_is_critical() -> None:
    urgent = [
        (s.name, c["source"]["topic"]["code"])
        for s in STORY
        for c in s.response["cards"]
        if c["indicator"] == "critical"
    ]

    assert urgent == [("story-8-cord-compression-second-event", "refractory-pain-radiotherapy")]


def test_it_is_one_patient_all_the_way() -> None:
    assert len({json.dumps(body["prefetch"]["patient"], sort_keys=True) for body in BODIES}) == 1
    assert {body["context"]["patientId"] for body in BODIES} == {BODIES[0]["prefetch"]["patient"]["id"]}
    assert {r["subject"]["reference"] for body in BODIES for r in resources(body).values()} == {
        "Patient/synthetic-story"
    }


@pytest.mark.parametrize("step", range(2, 10))
def test_a_step_keeps_what_the_steps_before_it_had(step: int) -> None:
    here = resources(BODIES[step - 1])
    keys = BODIES[step - 1]["prefetch"]
    before = {ref: r for body in BODIES[: step - 1] for ref, r in resources(body).items() if is_asked(r, keys)}

    assert before
    assert {ref: lasting(here[ref]) if ref in here else None for ref in before} == {
        ref: lasting(r) for ref, r in before.items()
    }


@pytest.mark.parametrize("step", range(2, 10))
def test_a_step_brings_something_new(step: int) -> None:
    before = {ref for body in BODIES[: step - 1] for ref in resources(body)}

    assert resources(BODIES[step - 1]).keys() - before


@pytest.mark.parametrize("situation", STORY, ids=lambda s: s.name)
def test_nothing_on_record_is_of_a_later_day(situation: Situation) -> None:
    days = re.findall(rb'"(\d{4}-\d\d-\d\d)', situation.request)

    assert max(days).decode() <= f"{situation.at:%Y-%m-%d}"
