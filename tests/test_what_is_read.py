"""What a rule and its texts read is asked for; what has not happened is not read."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from cds_service import fixtures
from cds_service.base.kinds import LANGUAGES
from cds_service.call.problems import CallProblem
from cds_service.edition import Edition
from cds_service.evaluate.judge import judge
from cds_service.evaluate.outcome import Advise, NoAdvice
from cds_service.evaluate.topic import questions
from cds_service.facts.facts import CHAPTERS, Facts
from cds_service.knowledge.model import Parameters
from cds_service.record.read import Record
from cds_service.render.values import template_values
from cds_service.tools.asking import answer_body
from tests.asked import answered, call_of, facts_of
from tests.build import (
    KEYS,
    NOW,
    PATIENT,
    SNOMED,
    Json,
    ago,
    bundle,
    calcium,
    clearance,
    condition,
    prefetch,
    request,
    zoledronic,
)

SITUATIONS = [s for s in fixtures.situations() if s.story.status == 200]


def read_of(facts: Facts) -> set[str]:
    """The prefetch keys of the chapters that were read; ``results`` is what others are made of."""
    read = (CHAPTERS[name] for name in vars(facts) if name in CHAPTERS and name != "results")
    return {key for chapter in read for key in chapter.keys}


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda s: s.name)
def test_no_rule_and_no_text_reads_what_its_topic_does_not_ask_for(
    edition: Edition, situation: fixtures.Situation
) -> None:
    story = situation.story
    try:
        found = answer_body(edition, story.service, situation.request, situation.at, story.language)
    except CallProblem:
        return
    for finding in found.findings.all if found.findings else ():
        facts = Facts(found.record, found.findings.facts.orders.all, situation.at, edition.readers)
        topic = finding.topic
        outcome = topic.rule.function(finding.subject, facts, Parameters(topic.recommendation))
        for tag in LANGUAGES:
            said = edition.wordings[tag].language.topics[topic.code]
            values = template_values(topic.recommendation, finding.subject, facts, getattr(outcome, "data", {}))
            if isinstance(outcome, Advise):
                said.cards[outcome.say].detail.render(values)
            elif isinstance(outcome, NoAdvice):
                said.quiet[outcome.because].render(values)
        assert read_of(facts) <= set(topic.needs), topic.code


def test_a_chapter_reads_only_the_keys_it_names(edition: Edition) -> None:
    """Without the resources of a key that a chapter does not name, the chapter is the same."""
    full = prefetch(
        medicationAdministrations=bundle(_given("zoledronic acid", 40)),
        serviceRequests=bundle(_requested(2)),
        conditions=bundle(condition("C34.11"), condition("E11.9")),
    )
    whole = facts_of(edition, call_of(request(zoledronic(), prefetch=full)), KEYS)
    for name, chapter in CHAPTERS.items():
        less = {key: value for key, value in full.items() if key in chapter.keys}
        partial = facts_of(edition, call_of(request(zoledronic(), prefetch=less)), KEYS)
        assert getattr(partial, name) == getattr(whole, name), name


def _given(text: str, days: int) -> Json:
    return {
        "resourceType": "MedicationAdministration",
        "id": f"given-{days}",
        "status": "completed",
        "medicationCodeableConcept": {"text": text},
        "subject": {"reference": f"Patient/{PATIENT}"},
        "effectiveDateTime": ago(days),
    }


def _requested(days: int) -> Json:
    code = {"coding": [{"system": SNOMED, "code": "34043003"}]}
    subject = {"reference": f"Patient/{PATIENT}"}
    return {"resourceType": "ServiceRequest", "id": "s", "status": "active", "code": code, "subject": subject} | {
        "authoredOn": ago(days)
    }


def test_an_early_end_asks_for_the_calcium_its_rule_reads(edition: Edition) -> None:
    """It said "continue" to a patient with low calcium where the caller fetched only what was asked for."""
    topic = edition.topics["bma-early-discontinuation"]
    assert "laboratory" in topic.needs
    assert "laboratory" in edition.topics["denosumab-discontinuation"].needs
    stop = zoledronic(status="stopped", authoredOn=ago(60))
    low = prefetch(laboratory=bundle(clearance(90), calcium(1.8)))
    assert [f.code for f, _ in _findings(edition, stop, low).advice] == []
    unseen = {key: value for key, value in low.items() if key != "laboratory"}
    (finding,) = [f for f in _findings(edition, stop, unseen).all if f.code == "bma-early-discontinuation"]
    assert "laboratory" in [m.what for m in finding.subject and _gaps(edition, stop, unseen, finding.topic)]


def _findings(edition: Edition, draft: Json, found: Json) -> Any:
    return answered(edition, request(draft, prefetch=found)).findings


def _gaps(edition: Edition, draft: Json, found: Json, topic: Any) -> Any:
    return _findings(edition, draft, found).facts.lacking(*topic.optional)


# What has not happened

AHEAD = "2026-03-04"
EXAM = {"coding": [{"system": SNOMED, "code": "34043003"}]}


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "MedicationRequest", "status": "active", "intent": "order", "authoredOn": AHEAD},
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            "authoredOn": "2026-03-02T09:30:00Z",
        },
        {"resourceType": "MedicationStatement", "status": "active", "effectiveDateTime": AHEAD},
        {"resourceType": "MedicationStatement", "status": "active", "effectivePeriod": {"start": AHEAD}},
        {"resourceType": "MedicationStatement", "status": "recorded", "dateAsserted": AHEAD},
        {"resourceType": "MedicationAdministration", "status": "completed", "effectiveDateTime": AHEAD},
        {"resourceType": "MedicationAdministration", "status": "completed", "occurenceDateTime": AHEAD},
        {"resourceType": "MedicationAdministration", "status": "completed", "effectivePeriod": {"start": AHEAD}},
        {"resourceType": "Procedure", "status": "completed", "code": EXAM, "performedDateTime": AHEAD},
        {"resourceType": "Procedure", "status": "completed", "code": EXAM, "occurrencePeriod": {"start": AHEAD}},
        {
            "resourceType": "Procedure",
            "status": "completed",
            "code": EXAM,
            "performedDateTime": "2026-03-02T18:00+08:00",
        },
        {"resourceType": "ServiceRequest", "status": "active", "code": EXAM, "authoredOn": AHEAD},
        {"resourceType": "ServiceRequest", "status": "completed", "code": {"concept": EXAM}, "authoredOn": AHEAD},
        {"resourceType": "Condition", "code": {"text": "lung cancer"}, "recordedDate": AHEAD},
        {"resourceType": "Condition", "code": {"text": "lung cancer"}, "onsetDateTime": AHEAD},
    ],
    ids=lambda r: " ".join(str(v) for v in r.values() if isinstance(v, str)),
)
def test_what_is_dated_after_now_is_not_in_the_record(edition: Edition, resource: Json) -> None:
    drug = {"medicationCodeableConcept": {"text": "denosumab"}} if resource["resourceType"].startswith("Med") else {}
    later = resource | drug | {"id": "later", "subject": {"reference": f"Patient/{PATIENT}"}}
    only = {key: bundle() for key in KEYS} | {"theirOwn": bundle(later)}
    facts = facts_of(edition, call_of(request(zoledronic(), prefetch=only)), KEYS)
    assert (facts.treatment.uses, facts.procedures.all, facts.diagnoses.all) == ((), (), ())
    before = {k: "2026-02-20" if v == AHEAD or str(v).startswith("2026-03-02T") else v for k, v in later.items()}
    before |= {k: {"start": "2026-02-20"} for k, v in later.items() if isinstance(v, dict) and v.get("start")}
    seen = facts_of(edition, call_of(request(zoledronic(), prefetch=only | {"theirOwn": bundle(before)})), KEYS)
    assert seen.treatment.uses or seen.procedures.all or seen.diagnoses.all, "the same, dated before now, counts"


def test_what_is_left_out_as_later_is_counted(edition: Edition) -> None:
    found = prefetch(medicationAdministrations=bundle(_given("denosumab", -5)))
    assert answered(edition, request(zoledronic(), prefetch=found)).record.later == 1


def test_a_clock_that_is_a_little_ahead_has_not_seen_the_future(edition: Edition) -> None:
    just_now = _given("denosumab", 0) | {"effectiveDateTime": "2026-03-02T09:04:00Z"}
    found = prefetch(medicationAdministrations=bundle(just_now))
    assert answered(edition, request(zoledronic(), prefetch=found)).record.later == 0


def test_a_visit_that_lies_ahead_is_booked(edition: Edition) -> None:
    visit = {
        "resourceType": "Appointment",
        "id": "a",
        "status": "booked",
        "serviceType": [EXAM],
        "start": f"{AHEAD}T08:00:00Z",
    }
    found = prefetch(procedures=bundle(), appointments=bundle(visit))
    facts = facts_of(edition, call_of(request(zoledronic(), prefetch=found)), KEYS)
    assert [a.how for a in facts.procedures.all] == ["booked"]


# A record without a call


def test_a_record_of_resources_is_known_whole(edition: Edition) -> None:
    call = call_of(request(zoledronic(), prefetch=prefetch()))
    read = facts_of(edition, call, KEYS)
    resources = [r for kind in _kinds(edition, call) for r in kind]
    whole = Record.of(resources, PATIENT, KEYS, NOW)
    facts = Facts(whole, read.orders.all, NOW, edition.readers)
    assert (facts.renal, facts.calcium, facts.treatment, facts.gaps) == (read.renal, read.calcium, read.treatment, {})


def _kinds(edition: Edition, call: Any) -> Any:
    record = answered(edition, request(zoledronic(), prefetch=prefetch())).record
    return [*record.resources.values(), *record.coded.values()]


def test_a_topic_without_its_required_data_cannot_tell(edition: Edition) -> None:
    """The judge never guesses, whoever asks it: HTTP refuses such a call before."""
    call = call_of(
        request(zoledronic(), prefetch={key: value for key, value in prefetch().items() if key != "laboratory"})
    )
    facts = facts_of(edition, call, KEYS)
    asked = questions(edition.topics_of(call.service), facts.orders.all)
    findings = judge(edition.readers, asked, facts.record, facts.orders.all, NOW)
    unknown = {u.topic: [m.what for m in u.missing] for u in findings.unknown}
    assert unknown["bisphosphonate-renal-dose"] == ["laboratory"]
    assert "dental-exam-before-bma" not in unknown


def test_silent_topics_stand_in_for_none(edition: Edition) -> None:
    injured = prefetch(
        conditions=bundle(condition("C34.11"), condition("C79.51"), condition("N17.9")),
        laboratory=bundle(clearance(45), calcium(2.3)),
    )
    findings = _findings(edition, zoledronic(), injured)
    assert "renal-function-unstable" in [f.code for f, _ in findings.advice]
    silenced = findings.silencing({"renal-function-unstable"})
    assert "bisphosphonate-renal-dose" in [f.code for f, _ in silenced.advice]
    assert [f.code for f, _ in silenced.kept_back] == ["renal-function-unstable"]


def test_facts_are_told_once_and_never_changed(edition: Edition) -> None:
    facts = facts_of(edition, call_of(request(zoledronic())), KEYS)
    assert facts.renal is facts.renal
    for chapter in (facts.renal, facts.calcium, facts.patient, facts.diagnoses, facts.treatment, facts.procedures):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(chapter, dataclasses.fields(chapter)[0].name, None)
