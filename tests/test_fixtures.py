"""Every situation of ``fhir_fixtures/`` through the same line as HTTP, in both languages, and by the strict models."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from cds_service.base.folders import fixtures_root
from cds_service.base.kinds import LANGUAGES, WITHOUT_RULE
from cds_service.call.problems import CallProblem
from cds_service.edition import Edition
from cds_service.fixtures import Situation, load, names, situations
from cds_service.site.settings import Settings
from cds_service.tools.asking import answer_body
from cds_service.tools.validate import errors_of, resources_of
from cds_service.web.outcomes import of_problem

Json = dict[str, Any]

ALL = list(situations())
ANSWERED = [s for s in ALL if s.story.status == 200]
# A situation beside an edge of Table 2 is this far from it, in mL/min.
STEP = Decimal("0.1")
# Another day of another year: leap day, month lengths and weekdays differ from those of the stories.
ANOTHER_DAY = datetime.fromisoformat("2028-02-29T09:00:00+08:00")


def each(chosen: list[Situation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("situation", chosen, ids=lambda s: s.name)


def ask(edition: Edition, situation: Situation, language: str, body: bytes, now: datetime) -> tuple[int, Json]:
    """Status and body as a client would get them."""
    try:
        answered = answer_body(edition, situation.story.service, body, now, language)
    except CallProblem as problem:
        return of_problem(problem)
    return 200, json.loads(msgspec.json.encode(answered.response))


def topics(response: Json) -> list[str]:
    return [card["source"]["topic"]["code"] for card in response.get("cards", [])]


def skeleton(response: Json) -> list[Json]:
    """What must not depend on the language."""
    return [
        {
            "uuid": card["uuid"],
            "indicator": card["indicator"],
            "topic": card["source"]["topic"]["code"],
            "suggestions": [s["uuid"] for s in card.get("suggestions", [])],
        }
        for card in response.get("cards", [])
    ]


def cards_in(response: Json, *members: str) -> list[Json]:
    """These members of each card, for comparing the same story told twice."""
    return [{m: card.get(m) for m in members} for card in response["cards"]]


def suggested(situation: Situation) -> list[tuple[str, Json]]:
    """Action type and resource of every suggestion of the stored response."""
    return [
        (action["type"], action["resource"])
        for card in situation.response.get("cards", [])
        for suggestion in card.get("suggestions", [])
        for action in suggestion["actions"]
        if "resource" in action
    ]


def refused(situation: Situation) -> list[str]:
    """What fhir.resources refuses of the request's resources, with their path."""
    body = json.loads(situation.request)
    version = situation.story.dialect
    return [f"{where}: {error}" for where, resource in resources_of(body) for error in errors_of(resource, version)]


@each(ALL)
def test_answer_is_the_stored_one(edition: Edition, situation: Situation) -> None:
    status, response = ask(edition, situation, situation.story.language, situation.request, situation.at)

    assert status == situation.story.status
    assert response == situation.response
    assert topics(response) == situation.story.topics


@each(ANSWERED)
def test_other_languages_say_the_same(edition: Edition, situation: Situation) -> None:
    for language in LANGUAGES:
        _, response = ask(edition, situation, language, situation.request, situation.at)

        assert skeleton(response) == skeleton(situation.response)


@each(ALL)
def test_the_story_can_happen_on_another_day(edition: Edition, situation: Situation) -> None:
    moved = situation.request_at(ANOTHER_DAY)

    status, response = ask(edition, situation, situation.story.language, moved, ANOTHER_DAY)

    assert (status, topics(response)) == (situation.story.status, situation.story.topics)


@each(ANSWERED)
def test_suggested_resources_are_valid(situation: Situation) -> None:
    for kind, resource in suggested(situation):
        # An update is the client's own order: what the client's dialect breaks in it stays broken.
        if situation.story.valid or kind == "create":
            assert errors_of(resource, situation.story.dialect) == ()


@each(ALL)
def test_requests_break_fhir_only_on_purpose(situation: Situation) -> None:
    assert (refused(situation) == []) is situation.story.valid


def test_every_situation_has_a_synthetic_patient_and_a_hook_instance_of_its_own() -> None:
    bodies = {s.name: json.loads(s.request) for s in ALL}
    # The steps of the story are one patient (test_story.py).
    alone = {name: b["context"]["patientId"] for name, b in bodies.items() if not name.startswith("story-")}
    patients = {b["context"]["patientId"] for b in bodies.values()}

    assert all(patient.startswith("synthetic-") for patient in patients)
    assert len(set(alone.values())) == len(alone) == len(patients) - 1
    assert len({b["hookInstance"] for b in bodies.values()}) == len(ALL)


def test_there_are_at_least_sixty() -> None:
    assert len(ALL) >= 60


def test_every_dialect_has_situations() -> None:
    assert {s.story.dialect for s in ALL} == {"R4", "R4B", "R5", "epic", "sandbox", "medplum", "thin-chinese"}


def test_every_topic_fires_somewhere_and_is_asked_in_vain_somewhere(edition: Edition) -> None:
    fired: set[str] = set()
    silent: set[str] = set()
    for situation in ANSWERED:
        story = situation.story
        findings = answer_body(edition, story.service, situation.request, situation.at, story.language).findings
        for finding in findings.all if findings else ():
            (fired if finding.code in situation.story.topics else silent).add(finding.code)
        for code in WITHOUT_RULE:
            (fired if code in situation.story.topics else silent).add(code)

    every = {topic for service in edition.knowledge.services.services for topic in service.topics}
    assert fired == every
    assert silent == every


def test_every_edge_of_table_2_has_a_situation_on_it_and_one_beside_it(edition: Edition) -> None:
    rows = edition.knowledge.guideline.recommendations["bisphosphonate-renal-dose"].tables["table_2"].rows
    told = set(names())
    for drug, bands in rows.items():
        edges = {e for b in bands for e in (b.above, b.from_, b.to, b.below) if e is not None}
        for edge in edges:
            beside = {_of_table_2(drug, edge - STEP), _of_table_2(drug, edge + STEP)}
            assert _of_table_2(drug, edge) in told
            assert beside & told, (drug, edge)


def _of_table_2(drug: str, clearance: Decimal) -> str:
    return f"table-2-{drug}-clearance-{clearance}".replace(".", "-")


def test_the_example_of_the_readme_exists() -> None:
    assert "zoledronic-acid-dose-above-row" in names()
    assert load("zoledronic-acid-dose-above-row").story.topics[0] == "bisphosphonate-renal-dose"


@pytest.mark.parametrize("story", ["zoledronic-acid", "tooth-extraction"])
def test_every_fhir_version_gets_the_same_cards(story: str) -> None:
    told = {v: load(f"version-{v.lower()}-{story}").response for v in ("R4", "R4B", "R5")}

    said = {v: cards_in(r, "summary", "detail", "indicator") for v, r in told.items()}
    assert said["R4"] == said["R4B"] == said["R5"]


def test_suggestions_come_back_in_the_version_of_the_caller() -> None:
    for kind, resource in suggested(load("version-r5-zoledronic-acid")):
        if resource["resourceType"] == "MedicationRequest":
            assert "medication" in resource, kind
            assert "medicationCodeableConcept" not in resource
        else:
            assert "concept" in resource["code"], kind


def main() -> None:
    """Store the answers as they are now; what changed is for a reader to judge (see ``fhir_fixtures/README.md``)."""
    edition = Edition.load(Settings())
    for situation in ALL:
        _, response = ask(edition, situation, situation.story.language, situation.request, situation.at)
        if response != situation.response:
            stored = fixtures_root() / situation.name / "response.json"
            stored.write_text(json.dumps(response, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            print(f"{situation.name}: {', '.join(topics(response)) or 'no card'}")


if __name__ == "__main__":
    main()
