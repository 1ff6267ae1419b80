"""The heart: one patient's record and what is asked about it, judged. No call, no client, no uuid, no language.

Scope (whom the guideline is about) is applied here, so that rules need not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from cds_service.base.kinds import Missing
from cds_service.call.problems import RuleFailed
from cds_service.evaluate.findings import Finding, Findings, precedence
from cds_service.evaluate.gate import all_diagnoses_known, silences, silent_to_all
from cds_service.evaluate.outcome import CannotTell, NoAdvice, Outcome
from cds_service.evaluate.scope import OUT_OF_SCOPE, SILENT, ScopeKind, at_oncology_dose, scope_of
from cds_service.evaluate.topic import ABSENT, Question, Topic, required, wanted
from cds_service.facts.facts import Facts
from cds_service.facts.readers import Readers
from cds_service.facts.subjects import Chart, Subject
from cds_service.knowledge.model import SilentFor
from cds_service.record.completeness import Wanted
from cds_service.record.read import Record

WHOLE = frozenset({"obtained", "none"})


def judge(
    readers: Readers, asked: Sequence[Question], record: Record, subjects: Sequence[Subject], now: datetime
) -> Findings:
    """The findings of these questions (see ``questions``). ``subjects``: all of the call; ``now`` is aware.

    A topic whose required data were not obtained cannot tell. Raises ``RuleFailed`` naming the topic whose rule raises:
    never a missing card.
    """
    orders = tuple(s for s in subjects if not isinstance(s, Chart))
    return judged(asked, Facts(record, orders, now, readers))


def judged(asked: Sequence[Question], facts: Facts) -> Findings:
    """As ``judge``, on a page of facts that is there already: it holds all orders of the call."""
    return Findings(facts, precedence(_asked(asked, facts)))


def beyond(asked: Sequence[Question], facts: Facts) -> bool:
    """Whether none of these subjects is within the guideline, whatever else were known of the patient: another primary
    on record, or osteoporosis that explains the order."""
    return all_diagnoses_known(facts) and all(scope_of(question.subject, facts) in SILENT for question in asked)


def ended(asked: Sequence[Question], facts: Facts) -> Findings:
    """The findings of a chart that the gate ends (not ``gate.concerned``): no rule is asked, and no data missed."""
    scope, silent = scope_of(Chart(), facts), silent_to_all(Chart(), facts)
    return Findings(
        facts, tuple([Finding(q.topic, q.subject, scope, _outcome(q, facts, scope, silent)) for q in asked])
    )


def _asked(asked: Sequence[Question], facts: Facts) -> Iterable[Finding]:
    record = facts.record
    subjects = {q.subject.key: q.subject for q in asked}
    scopes = {key: (scope_of(subject, facts), silent_to_all(subject, facts)) for key, subject in subjects.items()}
    since = wanted(asked, facts.today) if _gaps(asked, record) and not beyond(asked, facts) else {}
    for question in asked:
        scope, silent = scopes[question.subject.key]
        unknown = tuple(_unknown(question.topic, record, since)) if since else ()
        outcome = CannotTell(unknown) if unknown else _outcome(question, facts, scope, silent)
        yield Finding(question.topic, question.subject, scope, outcome)


def _gaps(asked: Sequence[Question], record: Record) -> bool:
    """Whether anything required was not wholly obtained: hardly ever, so only then it is looked at how far back."""
    needs = record.needs
    return any(key not in needs or needs[key].state not in WHOLE for key in required(asked))


def _unknown(topic: Topic, record: Record, since: Wanted) -> Iterable[Missing]:
    """The required data of a topic that were not obtained, or not as far back as they are looked at."""
    for key in topic.required:
        known = record.needs.get(key, ABSENT)
        if not known.known_since(since[key]):
            yield Missing(key, known.state)


def _outcome(question: Question, facts: Facts, scope: ScopeKind, silent: SilentFor | None) -> Outcome:
    topic, subject = question.topic, question.subject
    if scope in SILENT:
        return NoAdvice(OUT_OF_SCOPE)
    if scope == "no-diagnosis" and not (topic.recommendation.drug_safety and at_oncology_dose(subject)):
        return NoAdvice(OUT_OF_SCOPE)
    if because := silent or silences(topic.recommendation, facts):
        return NoAdvice(because)
    try:
        return topic.rule.function(subject, facts, topic.parameters)
    except Exception as error:
        # The message could hold a patient's value; the chained error keeps it out of ours.
        raise RuleFailed(topic.code, "rule") from error
