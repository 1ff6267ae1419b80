"""The service of the opened chart: of whom anything is said, what is read, and how quiet the answer is."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal, get_args

import pytest

from cds_service.answer import Answer
from cds_service.base.kinds import LANGUAGES, REVIEW_SUMMARY, Indicator
from cds_service.edition import Edition
from cds_service.evaluate.findings import Finding, Findings
from cds_service.evaluate.outcome import Advise, NoAdvice
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Chart
from cds_service.fixtures import load
from cds_service.knowledge.model import SilentFor
from cds_service.record.completeness import Completeness
from cds_service.render.model import Response
from cds_service.site.model import ReviewOptions
from cds_service.site.settings import Settings
from cds_service.tools.asking import answer_body
from tests.build import (
    BONE_METASTASIS,
    LUNG_CANCER,
    NOW,
    PATIENT,
    SNOMED,
    Json,
    ago,
    bundle,
    condition,
    encoded,
    order,
    patient,
    request,
)  # fmt: skip

REVIEW, TOPIC = "bone-metastasis-review", "bma-with-onj"
KEYS = (
    "patient", "conditions", "observations", "medicationRequests", "medicationStatements", "medicationAdministrations",
    "procedures", "serviceRequests",
)  # fmt: skip
JAW = condition("M87.180")
ACTIVE = order("993449", 120, status="active", authoredOn=ago(300))
SICK = (LUNG_CANCER, BONE_METASTASIS, JAW)
HOSPICE = "385763009"


def opened(hook: str = "patient-view", user: str = "Practitioner/doc-1", **prefetch: Any) -> Json:
    """A chart with jaw necrosis on denosumab: one warning, unless ``prefetch`` says otherwise."""
    told = {key: bundle() for key in KEYS}
    told |= {"patient": patient(), "conditions": bundle(*SICK), "medicationRequests": bundle(ACTIVE)}
    context = {"userId": user, "patientId": PATIENT, "encounterId": "e-1"}
    return request(hook="order-sign") | {"hook": hook, "context": context, "prefetch": told | prefetch}


def ask(edition: Edition, body: Json, language: str = "en") -> Answer:
    return answer_body(edition, REVIEW, encoded(body), NOW, language)  # type: ignore[arg-type]


def topics(answered: Answer) -> list[str]:
    return [card.source.topic.code for card in answered.response.cards]


@pytest.mark.parametrize("hook", ["patient-view", "encounter-start"])
def test_both_hooks_of_the_chart_say_the_same(edition: Edition, hook: str) -> None:
    assert TOPIC in topics(ask(edition, opened(hook)))


# Of whom nothing is said


NOBODY: dict[str, Json] = {
    "dead": opened(patient=patient(deceasedBoolean=True)),
    "dead, as a word": opened(patient=patient(deceasedBoolean="true")),
    "dead since a day": opened(patient=patient(deceasedDateTime=ago(3))),
    "dead since a year": opened(patient=patient(deceasedDateTime="2025")),
    "a child": opened(patient=patient(birthDate="2008-03-03")),
    "no diagnosis of ours": opened(conditions=bundle(JAW)),
    "another primary": opened(conditions=bundle(condition("C50.911"), BONE_METASTASIS, JAW)),
    "opened by the patient": opened(user=f"Patient/{PATIENT}"),
    "opened by a relative": opened(user="RelatedPerson/daughter"),
}


@pytest.mark.parametrize("body", NOBODY.values(), ids=NOBODY)
def test_nothing_is_said_of_whom_the_review_is_not_about(edition: Edition, body: Json) -> None:
    assert ask(edition, body).response.cards == []


SOMEBODY: dict[str, Json] = {
    "alive": opened(patient=patient(deceasedBoolean=False)),
    "of age today": opened(patient=patient(birthDate="2008-03-02")),
    "of unknown age": opened(patient={"resourceType": "Patient", "id": PATIENT}),
    "primary not recorded": opened(conditions=bundle(BONE_METASTASIS, JAW)),
    "opened by a service": opened(user="PractitionerRole/ward-7"),
}


@pytest.mark.parametrize("body", SOMEBODY.values(), ids=SOMEBODY)
def test_the_others_are_spoken_of(edition: Edition, body: Json) -> None:
    assert TOPIC in topics(ask(edition, body))


def silent_for_comfort_care(edition: Edition) -> Edition:
    topic = edition.topics[TOPIC]
    silent = _replaced(topic.recommendation, silent_for=["comfort-care"])
    topics_ = {**edition.topics, TOPIC: dataclasses.replace(topic, recommendation=silent)}
    return dataclasses.replace(edition, topics=topics_)


def _replaced(struct: Any, **changes: Any) -> Any:
    return type(struct)(**{name: getattr(struct, name) for name in struct.__struct_fields__} | changes)


def hospice(kind: str, days: int, **more: Any) -> Json:
    code = {"coding": [{"system": SNOMED, "code": HOSPICE}]}
    made = {"resourceType": kind, "id": "h", "code": code, "subject": {"reference": f"Patient/{PATIENT}"}}
    if kind == "Procedure":
        return made | {"status": "completed", "performedDateTime": ago(days)} | more
    return made | {"status": "active", "intent": "order", "authoredOn": ago(days)} | more


STAY = {
    "resourceType": "Encounter", "id": "stay", "status": "finished", "class": {"code": "IMP"},
    "type": [{"coding": [{"system": SNOMED, "code": HOSPICE}]}], "subject": {"reference": f"Patient/{PATIENT}"},
    "period": {"start": ago(100), "end": ago(90)},
}  # fmt: skip
HOSPICES: dict[str, tuple[Json, bool]] = {
    "on the problem list": ({"conditions": bundle(*SICK, condition(HOSPICE, SNOMED, onsetDateTime=ago(400)))}, True),
    "ended long ago": (
        {
            "conditions": bundle(
                *SICK,
                condition(HOSPICE, SNOMED, onsetDateTime=ago(181), clinicalStatus={"coding": [{"code": "resolved"}]}),
            )
        },
        False,
    ),
    "in Chinese": ({"conditions": bundle(*SICK, condition("x") | {"code": {"text": "安宁疗护"}})}, True),
    "palliative care is none": ({"conditions": bundle(*SICK, condition("x") | {"code": {"text": "姑息治疗"}})}, False),
    "given on the first day of the window": ({"procedures": bundle(hospice("Procedure", 180))}, True),
    "given the day before": ({"procedures": bundle(hospice("Procedure", 181))}, False),
    "asked for": ({"serviceRequests": bundle(hospice("ServiceRequest", 180))}, True),
    "a stay": ({"encounters": bundle(STAY)}, True),
    "asked for and taken back": ({"serviceRequests": bundle(hospice("ServiceRequest", 1, status="revoked"))}, False),
}


@pytest.mark.parametrize(("told", "silent"), HOSPICES.values(), ids=HOSPICES)
def test_comfort_care_silences_the_topics_that_say_so(edition: Edition, told: Json, silent: bool) -> None:
    answered = ask(silent_for_comfort_care(edition), opened(**told))
    assert answered.findings
    assert ([f.outcome for f in answered.findings.all if f.code == TOPIC] == [NoAdvice("comfort-care")]) is silent
    assert TOPIC in topics(ask(edition, opened(**told)))


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_reason_of_the_gate_has_its_line(edition: Edition, tag: str) -> None:
    assert set(edition.wordings[tag].language.quiet) == set(get_args(SilentFor))


# What is asked for


def test_discovery_asks_for_ten_keys_at_most_and_for_results_once(edition: Edition) -> None:
    asked = set(edition.prefetch(REVIEW))
    assert len(asked) <= 10
    assert not asked & {"laboratory", "measurements", "appointments", "allergies"}


# How quiet it is


def found(edition: Edition, *indicators: Indicator) -> Findings:
    """So many topics that speak, in page order."""
    facts = Facts.told(NOW)
    topics_ = list(edition.topics.values())
    every = (
        Finding(topic, Chart(), "lung-cancer", Advise(indicator, "x"))
        for topic, indicator in zip(topics_, indicators, strict=False)
    )
    return Findings(facts, tuple(every))


INFO, WARNING, CRITICAL = "info", "warning", "critical"
MIXED: list[tuple[list[Any], list[int]]] = [
    ([INFO] * 3, [0, 1, 2]),
    ([INFO] * 4, [0, 1, 2, 3]),  # a summary of one is a card
    ([INFO] * 5, [0, 1, 2]),
    ([WARNING] * 5, [0, 1, 2, 3, 4]),
    ([INFO, WARNING, INFO, CRITICAL, INFO, INFO], [0, 1, 3]),
    ([INFO, INFO, WARNING, WARNING, WARNING, CRITICAL], [2, 3, 4, 5]),
    ([INFO] * 8 + [WARNING] * 4, [8, 9, 10, 11]),
]


@pytest.mark.parametrize(("indicators", "standing"), MIXED)
def test_what_is_urgent_stands_and_the_rest_is_folded(
    edition: Edition, indicators: list[Any], standing: list[int]
) -> None:
    findings = found(edition, *indicators)
    quiet = findings.quieted(3, ())
    codes = [f.code for f in findings.all]
    assert sorted(codes.index(f.code) for f, _ in quiet.advice) == standing
    folded = {f.code for f, _ in quiet.summarised}
    assert folded | {f.code for f, _ in quiet.advice} == set(codes)
    assert {f.folded_into for f in quiet.all if f.code in folded} <= {REVIEW_SUMMARY}


def test_what_is_due_comes_first_among_what_may_wait(edition: Edition) -> None:
    findings = found(edition, INFO, INFO, WARNING, INFO, INFO, INFO)
    codes = [f.code for f in findings.all]
    quiet = findings.quieted(3, {codes[4], codes[5]})
    assert [codes.index(f.code) for f, _ in quiet.advice] == [2, 4, 5]


def test_a_site_may_have_every_card_by_itself(edition: Edition) -> None:
    loud = dataclasses.replace(edition, site=_replaced(edition.site, review=ReviewOptions(full_cards="all")))
    findings = found(edition, *[INFO] * 9)
    assert loud.quieted(findings, REVIEW) is findings
    assert len(edition.quieted(findings, REVIEW).advice) == 3


def told_again(edition: Edition, name: str, full_cards: Literal["all"] | None = None) -> Response:
    """The answer to a situation at a site with this setting."""
    situation = load(name)
    site = _replaced(edition.site, review=ReviewOptions(full_cards=full_cards))
    there = dataclasses.replace(edition, site=site)
    return answer_body(there, REVIEW, situation.request, situation.at, "en").response


def test_the_summary_holds_the_topics_that_stand_by_themselves_elsewhere(edition: Edition) -> None:
    folded = told_again(edition, "review-many-points").cards
    loud = told_again(edition, "review-many-points", "all").cards
    summary = folded[-1]
    assert summary.source.topic.code == REVIEW_SUMMARY
    held = [each for listed in summary.extension.values() for each in listed]
    full = [card for card in folded if card is not summary]
    assert len(full) == 3
    # Code, urgency and id of every topic are the same, folded or not; and each has its line.
    named = [(c.source.topic.code, c.indicator, c.uuid) for c in full] + [(h.topic, h.indicator, h.uuid) for h in held]
    assert sorted(named) == sorted((c.source.topic.code, c.indicator, c.uuid) for c in loud)
    lines = {c.summary for c in loud} - {c.summary for c in full}
    assert len(lines) == len(held) >= 2
    assert all(line in (summary.detail or "") for line in lines)


FAILED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
TREATMENT = ("medicationRequests", "medicationAdministrations")


def test_data_that_failed_are_a_card_where_something_urgent_may_hide(edition: Edition) -> None:
    assert topics(ask(edition, opened(**dict.fromkeys(TREATMENT, FAILED))))[-1] == "not-evaluated"


def test_data_that_nobody_sent_are_none(edition: Edition) -> None:
    body = opened()
    for key in TREATMENT:
        del body["prefetch"][key]
    answered = ask(edition, body)
    assert answered.findings
    assert TOPIC in {unknown.topic for unknown in answered.findings.unknown}
    assert "not-evaluated" not in topics(answered)


@pytest.mark.parametrize("cause", ["server-not-allowed", "forbidden", "not-found", "scope", "absent"])
def test_what_never_comes_is_no_failure(cause: str) -> None:
    """Else every opening of every chart would say it."""
    assert not Completeness("not-obtained", cause).failed
    assert Completeness("not-obtained", "timeout").failed


# What another source says


def test_what_a_label_says_beside_the_guideline_goes_with_the_label_rules(edition: Edition) -> None:
    long = bundle(order("993449", 120, status="active", authoredOn=ago(800)))
    body = opened(conditions=bundle(LUNG_CANCER, BONE_METASTASIS), medicationRequests=long)
    without = Edition.load(Settings(label_rules=False))
    said = [_of("bma-duration-review", ask(e, body)) for e in (edition, without)]
    assert [s.count("\n\nNot from the guideline: ") for s in said] == [1, 0]
    assert all("2024, §4.1.3; no grade" in s for s in said)


def _of(topic: str, answered: Answer) -> str:
    return next(c.detail or "" for c in answered.response.cards if c.source.topic.code == topic)
