"""Ties each rule to its topic and to what it is about: topic code = YAML = module = texts = cases.

A rule is a pure function ``(subject, facts, parameters) -> Outcome``, called once for every subject that one of its
triggers fits. Its name in the module is the ``Rule``; whoever runs rules is given them, there is no registry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cds_service.base.kinds import DrugGroup
from cds_service.evaluate.outcome import Outcome
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Chart, DrugOrder, RequestedProcedure, Subject
from cds_service.knowledge.model import Parameters

BONE_MODIFYING: tuple[DrugGroup, ...] = ("bisphosphonate", "rankl-inhibitor")


@dataclass(frozen=True, slots=True)
class OnDrug:
    """A draft that orders (or, with ``stops``, ends) a drug of these groups."""

    groups: frozenset[DrugGroup]
    stops: bool

    def fits(self, subject: Subject) -> bool:
        return (
            isinstance(subject, DrugOrder)
            and subject.stops is self.stops
            and not self.groups.isdisjoint(subject.groups)
        )


@dataclass(frozen=True, slots=True)
class OnProcedure:
    """A draft that requests one of these procedures (concept ids)."""

    concepts: frozenset[str]

    def fits(self, subject: Subject) -> bool:
        if not isinstance(subject, RequestedProcedure) or subject.stops:
            return False
        return not self.concepts.isdisjoint(subject.concepts)


@dataclass(frozen=True, slots=True)
class OnChart:
    """The chart was opened."""

    def fits(self, subject: Subject) -> bool:
        return isinstance(subject, Chart)


Trigger = OnDrug | OnProcedure | OnChart


def ordered(*groups: DrugGroup) -> Trigger:
    """A drug of these groups is ordered."""
    return OnDrug(frozenset(groups), stops=False)


def stopped(*groups: DrugGroup) -> Trigger:
    """A drug of these groups is ended."""
    return OnDrug(frozenset(groups), stops=True)


def procedure(*concepts: str) -> Trigger:
    """One of these procedures (concept ids of the code lists) is requested."""
    return OnProcedure(frozenset(concepts))


def chart_opened() -> Trigger:
    """The patient's chart is opened."""
    return OnChart()


# The subject's own type depends on the triggers: a rule on drugs takes a DrugOrder.
RuleFunction = Callable[[Any, Facts, Parameters], Outcome]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule and what it is about."""

    topic: str
    function: RuleFunction
    triggers: tuple[Trigger, ...]

    def about(self, subject: Subject) -> bool:
        """Whether this subject is the rule's business."""
        return any(trigger.fits(subject) for trigger in self.triggers)


def rule(topic: str, *triggers: Trigger) -> Callable[[RuleFunction], Rule]:
    """The function is the rule of this topic, asked for every subject that one of the triggers fits."""

    def tie(function: RuleFunction) -> Rule:
        return Rule(topic, function, triggers)

    return tie
