"""Each recommendation of a service once for every order it is about; none sees another.

Scope (who the guideline is about) and precedence (``replaces`` in the YAML) are applied here, so that rules need not.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

from cds_service.call.problems import RuleFailed
from cds_service.edition import Content
from cds_service.evaluate.outcome import Advise, CannotTell, Indicator, NoAdvice, Outcome
from cds_service.evaluate.scope import at_oncology_dose, scope_of
from cds_service.evaluate.triggers import Rule
from cds_service.facts.facts import Facts, Missing, Order, ScopeKind
from cds_service.knowledge.model import Parameters, Recommendation

URGENCY: tuple[Indicator, ...] = ("info", "warning", "critical")
SILENT: frozenset[ScopeKind] = frozenset({"other-primary", "osteoporosis"})


@dataclass(frozen=True, slots=True)
class Due:
    """A recommendation whose rule is about one of the draft orders."""

    recommendation: Recommendation
    rule: Rule
    order: Order
    silent: bool  # evaluated and counted, never shown


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule said about one order. ``replaced_by``: the topic whose card stands in for this one."""

    recommendation: Recommendation
    order: Order
    scope: ScopeKind
    outcome: Outcome
    silent: bool = False
    replaced_by: str | None = None

    @property
    def topic(self) -> str:
        return self.recommendation.topic


@dataclass(frozen=True, slots=True)
class Unknown:
    """A topic that could not be decided for an order, and what was missing."""

    topic: str
    order: Order
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was said, in the order of the service's topics."""

    facts: Facts
    all: tuple[Finding, ...]

    @property
    def advice(self) -> tuple[tuple[Finding, Advise], ...]:
        """The findings that become cards."""
        shown = (f for f in self.all if not f.silent and not f.replaced_by)
        return tuple((f, f.outcome) for f in shown if isinstance(f.outcome, Advise))

    @property
    def silent(self) -> tuple[tuple[Finding, Advise], ...]:
        """The findings that would have become cards, had the site not silenced their topics."""
        kept_back = (f for f in self.all if f.silent and not f.replaced_by)
        return tuple((f, f.outcome) for f in kept_back if isinstance(f.outcome, Advise))

    @property
    def unknown(self) -> tuple[Unknown, ...]:
        return tuple(
            Unknown(f.topic, f.order, f.outcome.missing)
            for f in self.all
            if isinstance(f.outcome, CannotTell) and not f.silent
        )


def due(
    content: Content, service: str, orders: Iterable[Order], silent: Container[str] = frozenset()
) -> tuple[Due, ...]:
    """Which recommendations of a service are about which of the selected orders; ``silent``: topics kept back."""
    return tuple(
        Due(recommendation, rule, order, recommendation.topic in silent)
        for recommendation, rule in content.recommendations_of(service)
        for order in orders
        if order.selected and rule.about(order)
    )


def needs_of(dues: Iterable[Due]) -> tuple[str, ...]:
    """The prefetch keys without which these recommendations must not be answered."""
    return tuple(dict.fromkeys(need for d in dues for need in d.recommendation.needs.required))


def wanted_by(dues: Iterable[Due]) -> tuple[str, ...]:
    """The prefetch keys that these recommendations can use."""
    needs = (d.recommendation.needs for d in dues)
    return tuple(dict.fromkeys(key for n in needs for key in (*n.required, *n.optional)))


def evaluate(dues: Iterable[Due], facts: Facts) -> Findings:
    """Ask every rule. Raises ``RuleFailed`` naming the topic when one raises: never a missing card."""
    scopes = {each.order.key: scope_of(each.order, facts) for each in dues}
    findings = tuple(_ask(each, facts, scopes[each.order.key]) for each in dues)
    return Findings(facts, tuple(_replaced(f, findings) for f in findings))


def _ask(each: Due, facts: Facts, scope: ScopeKind) -> Finding:
    return Finding(each.recommendation, each.order, scope, _outcome(each, facts, scope), each.silent)


def _outcome(each: Due, facts: Facts, scope: ScopeKind) -> Outcome:
    if scope in SILENT:
        return NoAdvice("out-of-scope")
    if scope == "no-diagnosis" and not (each.recommendation.drug_safety and at_oncology_dose(each.order)):
        return NoAdvice("out-of-scope")
    try:
        return each.rule.function(each.order, facts, Parameters(each.recommendation))
    except Exception as error:
        # The message could hold a patient's value; the chained error keeps it out of ours.
        raise RuleFailed(each.recommendation.topic, "rule") from error


def _as_urgent(one: Advise, other: Advise) -> bool:
    """A card never stands in for a more urgent one."""
    return URGENCY.index(one.indicator) >= URGENCY.index(other.indicator)


def _replaced(finding: Finding, findings: tuple[Finding, ...]) -> Finding:
    if not isinstance(finding.outcome, Advise):
        return finding
    for other in findings:
        stands_in = finding.topic in other.recommendation.replaces and other.order is finding.order and not other.silent
        if stands_in and isinstance(other.outcome, Advise) and _as_urgent(other.outcome, finding.outcome):
            return replace(finding, replaced_by=other.topic)
    return finding
