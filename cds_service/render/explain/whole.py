"""The whole explanation of one call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cds_service.base.kinds import Missing, RequestText
from cds_service.call.problems import Cause
from cds_service.evaluate.findings import Findings
from cds_service.evaluate.topic import Topic
from cds_service.facts.subjects import Subject
from cds_service.record.read import Record
from cds_service.render.escape import shorten
from cds_service.render.explain.facts import chapters, order_of
from cds_service.render.explain.model import Explanation, LeftOut
from cds_service.render.explain.rules import rule_of
from cds_service.render.explain.teller import Teller
from cds_service.render.explain.verdicts import verdict
from cds_service.render.response import named


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of a service and what was found. ``findings`` None: no rule was asked; ``topics``: all that the
    service has; ``unmet``: data without which the order could not be checked."""

    service: str
    at: datetime
    subjects: Sequence[Subject]
    record: Record
    findings: Findings | None
    topics: Sequence[Topic]
    unmet: Sequence[Cause] = ()


def explanation(asked: Asked, teller: Teller) -> Explanation:
    """All of it, in the language of ``teller``. It holds values of the patient: it is shown, never kept."""
    found = asked.findings
    verdicts = tuple(verdict(f, found, teller) for f in found.all) if found else ()
    spoken = dict.fromkeys(v.topic for v in verdicts)
    return Explanation(
        language=teller.tag,
        at=asked.at,
        service=asked.service,
        knowledge=teller.version,
        orders=tuple(order_of(subject, teller) for subject in asked.subjects),
        chapters=tuple(chapters(found.facts, teller)) if found else (),
        verdicts=verdicts,
        rules=tuple(rule_of(teller.recommendations[topic], teller) for topic in spoken),
        left_out=tuple(_left_out(asked, tuple(spoken), teller)),
        note=teller.word("no-card" if found or asked.unmet else "none-asked"),
    )


def _left_out(asked: Asked, spoken: Sequence[str], teller: Teller) -> Iterator[LeftOut]:
    """What was not obtained or not used, then what was not asked."""
    for path, _ in asked.unmet:
        what = teller.missing(named(path))
        yield LeftOut("unmet", teller.line("unmet", what=what), named(path))
    for gap in _gaps(asked.findings):
        yield LeftOut("not-obtained", teller.line("not-obtained", missing=gap), gap.what)
    record = asked.record
    for kind, count in record.unreadable.items():
        told = teller.line("unreadable", kind=RequestText(kind), count=count)
        yield LeftOut("unreadable", told, shorten(kind), count)
    if record.other_patient:
        count = record.other_patient
        yield LeftOut("other-patient", teller.line("other-patient", count=count), count=count)
    if record.later:
        yield LeftOut("later", teller.line("later", count=record.later), count=record.later)
    for topic in asked.topics:
        if topic.code not in spoken:
            yield LeftOut("not-asked", teller.line("not-asked", topic=teller.display(topic.code)), topic.code)


def _gaps(found: Findings | None) -> Iterator[Missing]:
    if found:
        yield from found.facts.gaps.values()
        yield from found.facts.treatment.unreadable.values()
