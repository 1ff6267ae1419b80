"""What the rules said of each subject, and which card stands in for which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

from cds_service.base.kinds import URGENCY, Missing
from cds_service.evaluate.outcome import Advise, CannotTell, Outcome
from cds_service.evaluate.scope import ScopeKind
from cds_service.evaluate.topic import Topic
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Subject


@dataclass(frozen=True, slots=True)
class Finding:
    """What one topic said about one subject.

    ``silent``: it is counted and never shown. ``replaced_by``: the topic whose card stands in for this one.
    """

    topic: Topic
    subject: Subject
    scope: ScopeKind
    outcome: Outcome
    silent: bool = False
    replaced_by: str | None = None

    @property
    def code(self) -> str:
        return self.topic.code


@dataclass(frozen=True, slots=True)
class Unknown:
    """A topic that could not be decided for a subject, and what was missing."""

    topic: str
    subject: Subject
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was said, in the order of the service's topics."""

    facts: Facts
    all: tuple[Finding, ...]

    def silencing(self, topics: Container[str]) -> Findings:
        """The same with these topics silent: a card that is not shown stands in for none."""
        if not any(f.code in topics for f in self.all):
            return self
        marked = tuple(replace(f, silent=f.code in topics, replaced_by=None) for f in self.all)
        return Findings(self.facts, precedence(marked))

    @property
    def advice(self) -> tuple[tuple[Finding, Advise], ...]:
        """The findings that become cards."""
        shown = (f for f in self.all if not f.silent and not f.replaced_by)
        return tuple((f, f.outcome) for f in shown if isinstance(f.outcome, Advise))

    @property
    def kept_back(self) -> tuple[tuple[Finding, Advise], ...]:
        """The findings that would have become cards, were their topics not silent."""
        silent = (f for f in self.all if f.silent and not f.replaced_by)
        return tuple((f, f.outcome) for f in silent if isinstance(f.outcome, Advise))

    @property
    def unknown(self) -> tuple[Unknown, ...]:
        return tuple(
            Unknown(f.code, f.subject, f.outcome.missing)
            for f in self.all
            if isinstance(f.outcome, CannotTell) and not f.silent
        )


def precedence(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings with those marked that another card of the same subject stands in for (``replaces`` in the YAML).

    A card never stands in for a more urgent one. Linear in the subjects: only findings of one subject are compared.
    """
    found = tuple(findings)
    replacing: dict[str, list[tuple[Finding, Advise]]] = defaultdict(list)
    for each in found:
        if isinstance(each.outcome, Advise) and each.topic.recommendation.replaces and not each.silent:
            replacing[each.subject.key].append((each, each.outcome))
    return tuple(_marked(f, replacing[f.subject.key]) for f in found) if replacing else found


def _marked(finding: Finding, replacing: Iterable[tuple[Finding, Advise]]) -> Finding:
    if not isinstance(finding.outcome, Advise):
        return finding
    urgency = URGENCY.index(finding.outcome.indicator)
    for other, advice in replacing:
        if finding.code in other.topic.recommendation.replaces and URGENCY.index(advice.indicator) >= urgency:
            return replace(finding, replaced_by=other.code)
    return finding
