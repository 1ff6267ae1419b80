"""``cards/cases/<topic>.yaml``: cases (given → expect) and walks (a given whose one number crosses a limit)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from cds_service.base.complaints import ContentError
from cds_service.base.kinds import LanguageTag
from cds_service.base.yamlfile import load_as
from cds_service.edition import Edition
from cds_service.evaluate.outcome import Advise, NoAdvice, Outcome
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Subject
from cds_service.knowledge.model import Band, File, Parameters, Recommendation
from cds_service.review.given import facts_of


class Case(File, frozen=True):
    """``expect`` reads: ``advise warning <say>``, ``no advice <because>``, or ``cannot tell <what> ...``.

    ``translated``: the name, which is English, in the other languages.
    """

    name: str
    given: dict[str, Any]
    expect: str
    translated: dict[LanguageTag, str] = {}


class Walk(File, frozen=True):
    """``given`` with ``axis`` (a dotted path into it) set on, just below and just above every limit of ``around``:

    names of parameters, or of a table (its bounds for ``order.drug``). ``translated`` as in a case.
    """

    name: str
    axis: str
    around: list[str]
    step: Decimal
    given: dict[str, Any]
    # "percent-off" style limits do not translate into the axis one to one: extra points, stated as they are
    points: list[Decimal] = []
    translated: dict[LanguageTag, str] = {}


class CaseFile(File, frozen=True):
    topic: str
    cases: list[Case]
    walks: list[Walk] = []


@dataclass(frozen=True, slots=True)
class Asked:
    """One question put to a rule and its answer."""

    facts: Facts
    subject: Subject
    outcome: Outcome

    @property
    def said(self) -> str:
        """The answer in the words of ``expect``."""
        match self.outcome:
            case Advise(indicator, say):
                return f"advise {indicator} {say}"
            case NoAdvice(because):
                return f"no advice {because}"
            case cannot:
                return f"cannot tell {' '.join(m.what for m in cannot.missing)}"


def load_cases(folder: Path) -> Iterator[CaseFile]:
    """Every case file, sorted by topic. Raises ``ContentError`` for a file not named as its topic."""
    for path in sorted(folder.glob("*.yaml")):
        file = load_as(path, CaseFile)
        if file.topic != path.stem:
            raise ContentError(
                path, None, f"topic {file.topic!r} is not the file's name", f"name the file {file.topic}.yaml"
            )
        yield file


def named(it: Case | Walk, tag: LanguageTag) -> tuple[str, LanguageTag]:
    """The name in a language, and in which it is: English, where nobody has translated it."""
    return (it.translated[tag], tag) if tag in it.translated else (it.name, "en")


def ask(edition: Edition, topic: str, given: dict[str, Any]) -> Asked:
    """Put the question of a ``given`` mapping to a topic's rule. Raises ``msgspec.ValidationError`` for a bad key."""
    facts, subject = facts_of(
        given,
        edition.knowledge.guideline.drugs,
        edition.knowledge.measurements,
        edition.readers.conversion,
        edition.readers.table,
    )
    rule = edition.rules[topic]
    if not rule.about(subject):
        raise msgspec.ValidationError(f"the rule of {topic} is not about the subject of this case")
    return Asked(
        facts, subject, rule.function(subject, facts, Parameters(edition.knowledge.guideline.recommendations[topic]))
    )


def steps(walk: Walk, recommendation: Recommendation) -> list[Decimal]:
    """The points of a walk, ascending: each limit, one step below and one step above it."""
    limits = {limit for name in walk.around for limit in _limits(name, walk, recommendation)}
    points = {point for limit in limits for point in (limit - walk.step, limit, limit + walk.step)}
    return sorted(p for p in points | set(walk.points) if p > 0)


def _limits(name: str, walk: Walk, recommendation: Recommendation) -> Iterator[Decimal]:
    if name in recommendation.parameters:
        yield recommendation.parameters[name].value
        return
    drug = walk.given["order"]["drug"]
    for band in recommendation.tables[name].rows[drug]:
        yield from _bounds(band)


def _bounds(band: Band) -> Iterator[Decimal]:
    yield from (b for b in (band.above, band.from_, band.below, band.to) if b is not None)


def with_axis(given: Any, axis: str, value: Decimal) -> Any:
    """A copy of ``given`` with the value at a dotted path (``order.dose_mg``, ``uses.0.days_ago``)."""
    head, _, rest = axis.partition(".")
    whole: Any = int(value) if value == value.to_integral_value() else value
    if isinstance(given, list):
        copied: Any = list(given)
        copied[int(head)] = with_axis(given[int(head)], rest, value) if rest else whole
        return copied
    return given | {head: with_axis(given.get(head, {}), rest, value) if rest else whole}
