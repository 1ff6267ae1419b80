"""What is reviewed, as pages: each topic with its source, numbers, decision tables, cases and situations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

import msgspec

from cds_service.base.folders import content_root
from cds_service.base.kinds import LanguageTag
from cds_service.edition import Edition
from cds_service.evaluate.outcome import Advise, NoAdvice
from cds_service.knowledge.model import Recommendation, Statement
from cds_service.render.explain.model import RulePage
from cds_service.render.explain.rules import rule_page
from cds_service.render.explain.teller import Teller
from cds_service.render.texts import one_line
from cds_service.render.values import template_values
from cds_service.review.cases import Asked, CaseFile, Walk, ask, load_cases, named, steps, with_axis
from cds_service.workbench.situations import Listed, catalogue


class Told(msgspec.Struct, frozen=True):
    """What a rule said: ``outcome`` and ``indicator`` as the code has them, ``sentence`` in words."""

    outcome: str
    indicator: str | None
    key: str
    sentence: str


class CaseRow(msgspec.Struct, frozen=True):
    """A case and its answer. ``language``: of the name, which not everybody has translated."""

    name: str
    language: LanguageTag
    given: str
    told: Told


class Decision(msgspec.Struct, frozen=True):
    """A decision table: the points of a walk and the answer at each."""

    name: str
    given: str
    axis: str
    rows: tuple[tuple[str, Told], ...]


class TopicPage(msgspec.Struct, frozen=True):
    page: RulePage
    services: tuple[str, ...]
    statements: tuple[Statement, ...]
    decisions: tuple[Decision, ...]
    cases: tuple[CaseRow, ...]
    situations: tuple[Listed, ...]


class Entry(msgspec.Struct, frozen=True):
    """A topic on the list. ``where``: its places in the source."""

    topic: str
    words: str
    kind: str
    where: str
    grade: str | None
    situations: int


class Shelf:
    """The pages of an edition; each is made when it is first asked for."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._made: dict[tuple[str, LanguageTag], TopicPage] = {}

    @cached_property
    def _cases(self) -> Mapping[str, CaseFile]:
        return {file.topic: file for file in load_cases(content_root() / "cases")}

    def services(self, tag: LanguageTag) -> tuple[tuple[str, tuple[Entry, ...]], ...]:
        """The topics by service, in page order."""
        edition, teller = self._edition, self._edition.teller(tag)
        return tuple(
            (service.id, tuple(_entry(edition.recommendations[t], teller) for t in service.topics if self.has(t)))
            for service in edition.knowledge.services.services
        )

    def has(self, topic: str) -> bool:
        return topic in self._edition.recommendations

    def topic(self, topic: str, tag: LanguageTag) -> TopicPage:
        """The page of an active topic."""
        if (topic, tag) not in self._made:
            self._made[topic, tag] = self._make(topic, tag)
        return self._made[topic, tag]

    def _make(self, topic: str, tag: LanguageTag) -> TopicPage:
        edition, teller = self._edition, self._edition.teller(tag)
        recommendation, file = edition.recommendations[topic], self._cases.get(topic)
        statements = edition.knowledge.guideline.registry.statements
        return TopicPage(
            page=rule_page(topic, teller),
            services=tuple(s.id for s in edition.knowledge.services.services if topic in s.topics),
            statements=tuple(each for each in statements if topic in each.topics),
            decisions=tuple(_decision(edition, recommendation, w, teller) for w in file.walks) if file else (),
            cases=tuple(_cases(edition, recommendation, file, teller)) if file else (),
            situations=tuple(each for each in catalogue() if topic in each.topics),
        )


def _entry(it: Recommendation, teller: Teller) -> Entry:
    source = it.source
    where = [*(f"§{s}" if source.kind == "guideline" else s for s in source.sections)]
    where += [f"Rec. {n}" for n in source.recommendation] + ([source.table] if source.table else [])
    shown = sum(it.topic in each.topics for each in catalogue())
    return Entry(it.topic, teller.display(it.topic), source.kind, ", ".join(where), source.grade, shown)


def _decision(edition: Edition, recommendation: Recommendation, walk: Walk, teller: Teller) -> Decision:
    asked = {
        point: ask(edition, recommendation.topic, with_axis(walk.given, walk.axis, point))
        for point in steps(walk, recommendation)
    }
    rows = tuple((f"{point.normalize():f}", _told(one, recommendation, teller)) for point, one in asked.items())
    name, _ = named(walk, teller.tag)
    return Decision(name, said(walk.given), walk.axis.rsplit(".", maxsplit=1)[-1], rows)


def _cases(edition: Edition, it: Recommendation, file: CaseFile, teller: Teller) -> Iterator[CaseRow]:
    for case in file.cases:
        yield CaseRow(*named(case, teller.tag), said(case.given), _told(ask(edition, it.topic, case.given), it, teller))


def _told(one: Asked, recommendation: Recommendation, teller: Teller) -> Told:
    """An answer in the sentences its card or explanation has."""
    match outcome := one.outcome:
        case Advise():
            values = template_values(recommendation, one.subject, one.facts, outcome.data)
            summary = teller.language.topics[recommendation.topic].cards[outcome.say].summary.render(values)
            return Told("advise", outcome.indicator, outcome.say, one_line(summary))
        case NoAdvice():
            values = template_values(recommendation, one.subject, one.facts, outcome.data)
            quiet = teller.texts[recommendation.topic].quiet[outcome.because]
            return Told("no-advice", None, outcome.because, teller.sentence(quiet, values))
    return Told("cannot-tell", None, "", teller.line("missing", missing=outcome.missing))


def said(given: Mapping[str, Any]) -> str:
    """A ``given`` of the cases on one line."""
    return json.dumps(given, ensure_ascii=False, default=_plain).replace('"', "")[1:-1]


def _plain(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else str(value)
